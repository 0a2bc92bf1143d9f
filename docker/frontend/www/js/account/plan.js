import { Emitter } from '../core/emitter.js';

/**
 * @typedef {object} Plan
 * @property {'free'|'paid'} plan
 * @property {number|null} limit        Messages in one window; null without a limit.
 * @property {number|null} window       Seconds.
 * @property {number|null} [remaining]  Messages left in the window, where the platform says so.
 */

/** The user's plan, and changing it. */
export class PlanBook {
  /** @type {Emitter<Plan|null>} */
  changed = new Emitter();
  /** @type {Plan|null} */
  plan = null;

  /**
   * @param {import('../net/http.js').Api} api
   * @param {import('../net/tabs.js').Tabs} tabs
   */
  constructor(api, tabs) {
    this.api = api;
    this.tabs = tabs;
    tabs.listen((message) => message.type === 'plan' && this.#set(message.plan));
  }

  async load() {
    this.#set(await this.api.json('GET', '/api/plan'));
  }

  /** @param {'free'|'paid'} plan */
  async choose(plan) {
    const answer = await this.api.json('POST', '/api/plan', { json: { plan } });
    if (answer?.plan) this.#set(answer);
    else await this.load();
    this.tabs.tell({ type: 'plan', plan: this.plan });
  }

  /** @param {Plan} plan */
  #set(plan) {
    this.plan = plan;
    this.changed.emit(plan);
  }
}

/**
 * @param {Plan} plan
 * @returns {string} What the plan allows, in words.
 */
export function allowance(plan) {
  if (plan.limit === null || plan.limit === undefined) return 'Unlimited messages';
  const window = plan.window === 60 ? 'a minute' : `every ${plan.window} s`;
  const left = typeof plan.remaining === 'number' ? ` · ${plan.remaining} left` : '';
  return `${plan.limit} messages ${window}${left}`;
}
