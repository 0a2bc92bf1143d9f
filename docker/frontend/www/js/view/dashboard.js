import { allowance } from '../account/plan.js';
import { HttpError } from '../net/http.js';
import { drawAvatar } from './avatar.js';
import { byId, h, reconcile, setData, setText, show } from './dom.js';
import { fileButton } from './message.js';
import { refused, when } from './words.js';

/** @typedef {import('../types.js').User} User */
/** @typedef {import('../account/profile.js').Outcome} Outcome */

/** @type {Record<string, string>} Steps of the profile operation in the user's words. */
const STEPS = { profile: 'saving the profile', workspace: 'creating the workspace', event: 'recording the change' };

/** The page about the user: account, plan, profile, workspaces, files. */
export class Dashboard {
  /** @type {Map<string, string>} What each box was filled with: what differs from it is the user's own. */
  #filled = new Map();
  #refreshing = /** @type {Promise<void>|null} */ (null);

  /**
   * @param {object} options
   * @param {import('../net/http.js').Api} options.api
   * @param {import('../account/plan.js').PlanBook} options.plans
   * @param {import('../account/profile.js').ProfileOperation} options.operation
   * @param {import('../account/files.js').Files} options.files
   * @param {import('./message.js').Actions} options.actions
   * @param {() => Promise<unknown>} options.onSaved    The profile changed.
   */
  constructor({ api, plans, operation, files, actions, onSaved }) {
    this.api = api;
    this.plans = plans;
    this.operation = operation;
    this.files = files;
    this.actions = actions;
    this.onSaved = onSaved;
    plans.changed.subscribe(() => this.#drawPlan());
    operation.changed.subscribe((outcome) => this.#drawOutcome(outcome));
    byId('plan-change').addEventListener('click', () => this.#changePlan());
    byId('profile-form').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#save();
    });
    byId('timezones').replaceChildren(...zones().map((zone) => h('option', { value: zone })));
  }

  /** @param {User} user */
  drawUser(user) {
    const name = user.display_name || user.name;
    setText(byId('account-name'), user.name);
    setText(byId('account-email'), user.email);
    setText(byId('account-provider'), user.provider ? `Signed in with ${capitalised(user.provider)}` : '');
    setData(byId('account-picture'), { picture: user.picture });
    drawAvatar(byId('account-picture'), { name: user.name, picture: user.picture });
    setText(byId('page-title'), `Welcome, ${name}`);
    this.#fill('display-name', user.display_name ?? user.name ?? '');
    this.#fill('timezone', user.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? '');
  }

  /**
   * A box follows what was saved elsewhere until its user types in it. While a change is under way, or waits to be tried again,
   * it stays what it is, for trying again must be the same change.
   *
   * @param {string} id
   * @param {string} value
   */
  #fill(id, value) {
    const box = byId(id);
    const known = this.#filled.get(id);
    const { state } = this.operation.outcome;
    if (known !== undefined && (box.value !== known || (state !== 'idle' && state !== 'committed'))) return;
    box.value = value;
    this.#filled.set(id, value);
  }

  /**
   * @param {string} id
   * @returns {string} What the user wrote into a box; empty where that is what the page had filled in: another device may have
   *     changed it since, and only what was typed here is changed from here.
   */
  #typed(id) {
    const value = byId(id).value.trim();
    return value === this.#filled.get(id)?.trim() ? '' : value;
  }

  /** Ask for what may have changed since the page was last looked at. Calls that come meanwhile share the answer. */
  refresh() {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refreshOnce() {
    const tasks = [this.plans.load(), this.#loadWorkspaces(), this.#loadFiles()];
    for (const result of await Promise.allSettled(tasks)) {
      // The connection's own notice says that the platform is away; what is shown stays.
      if (result.status === 'rejected' && !(result.reason instanceof HttpError)) throw result.reason;
    }
  }

  async #loadWorkspaces() {
    const { workspaces } = await this.api.json('GET', '/api/workspaces');
    reconcile(byId('workspaces'), /** @type {{id: string, name: string, created_at: string}[]} */ (workspaces), {
      key: (workspace) => workspace.id,
      make: (workspace) => h('li', { 'data-workspace-id': workspace.id }, h('span', { class: 'workspace-name' }), h('span', { class: 'muted small' })),
      update: (element, workspace) => {
        setText(element.children[0], workspace.name);
        setText(element.children[1], when(workspace.created_at));
      },
    });
    show(byId('workspaces-empty'), workspaces.length === 0);
  }

  async #loadFiles() {
    const files = await this.files.list();
    reconcile(byId('files'), files, {
      key: (file) => file.id,
      make: (file) => h('li', {}, fileButton(file, this.actions)),
      update: () => {},
    });
    show(byId('files-empty'), files.length === 0);
  }

  #drawPlan() {
    const { plan } = this.plans;
    if (plan === null) return;
    const paid = plan.plan === 'paid';
    // What is said of a change is said of the plan that it led to.
    if (byId('plan').dataset.plan !== plan.plan) setText(byId('plan-status'), '');
    setData(byId('plan'), { plan: plan.plan });
    setText(byId('plan'), paid ? 'Paid' : 'Free');
    setText(byId('plan-allowance'), allowance(plan));
    setText(byId('user-chip-plan'), paid ? 'Paid plan' : 'Free plan');
    const button = byId('plan-change');
    setText(button, paid ? 'Change to free' : 'Upgrade to paid');
    button.classList.toggle('button-primary', !paid);
    show(button, true);
  }

  async #changePlan() {
    const wanted = this.plans.plan?.plan === 'paid' ? 'free' : 'paid';
    setText(byId('plan-status'), 'Changing your plan…');
    try {
      await this.plans.choose(wanted);
      setText(byId('plan-status'), wanted === 'paid' ? 'You are on the paid plan now.' : 'You are on the free plan now.');
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      setText(byId('plan-status'), `Your plan was not changed. ${refused(error)}`);
    }
  }

  async #save() {
    const name = byId('workspace-name').value.trim();
    const displayName = this.#typed('display-name');
    const timezone = this.#typed('timezone');
    const change = {
      ...(displayName ? { display_name: displayName } : {}),
      ...(timezone ? { timezone } : {}),
      workspace: { name },
    };
    const outcome = await this.operation.save(change);
    if (outcome.state !== 'committed') return;
    // What was typed since is the next change.
    if (byId('workspace-name').value.trim() === name) byId('workspace-name').value = '';
    if (displayName) this.#filled.set('display-name', displayName);
    if (timezone) this.#filled.set('timezone', timezone);
    await Promise.allSettled([this.onSaved(), this.#loadWorkspaces()]);
  }

  /** @param {Outcome} outcome */
  #drawOutcome(outcome) {
    const line = byId('profile-status');
    setData(line, { state: outcome.state, operationId: outcome.operationId, failedStep: outcome.failedStep });
    line.textContent = outcomeWords(outcome);
    const busy = outcome.state === 'saving' || outcome.state === 'rolling_back';
    const button = byId('profile-save');
    button.disabled = busy;
    setText(button, busy ? 'Saving…' : outcome.canRetry ? 'Try again' : 'Save');
  }
}

/**
 * @param {Outcome} outcome
 * @returns {string}
 */
export function outcomeWords(outcome) {
  const step = outcome.failedStep ? ` It failed while ${STEPS[outcome.failedStep] ?? outcome.failedStep}.` : '';
  switch (outcome.state) {
    case 'saving':
      return 'Saving profile, workspace and record…';
    case 'committed':
      return 'Saved: profile, workspace and record.';
    case 'rolling_back':
      return `Not saved.${step} Undoing what was done…`;
    case 'rolled_back':
      return `Nothing was changed.${step} Everything was rolled back.`;
    case 'in_progress':
      return 'Another change of yours is still being saved. Try again in a moment.';
    case 'refused':
      return outcome.detail || 'This was not accepted.';
    case 'unknown':
      return 'No answer came. Try again: it can’t be saved twice.';
    default:
      return '';
  }
}

/** @param {string} id   Of a provider, such as `canaille`. */
function capitalised(id) {
  return id.charAt(0).toUpperCase() + id.slice(1);
}

/** @returns {string[]} */
function zones() {
  return typeof Intl.supportedValuesOf === 'function' ? ['UTC', ...Intl.supportedValuesOf('timeZone')] : ['UTC'];
}
