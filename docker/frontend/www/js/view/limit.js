import { HttpError } from '../net/http.js';
import { Countdown } from './countdown.js';
import { byId, setData, setText, show } from './dom.js';
import { notify, settle } from './notices.js';
import { refused, seconds } from './words.js';

/**
 * The notice above the composer when the plan's limit is used up: what happened, for how long, and the way out.
 */
export class LimitView {
  /**
   * @param {object} options
   * @param {import('../core/clock.js').Clock} options.clock
   * @param {import('../chat/outbox.js').Outbox} options.outbox
   * @param {import('../account/plan.js').PlanBook} options.plans
   */
  constructor({ clock, outbox, plans }) {
    const countdown = new Countdown(clock, byId('limit-countdown'), (left) => `Sending again in ${seconds(left)}.`);
    outbox.limited.subscribe((limit) => {
      const box = byId('limit');
      setData(box, { limit: limit?.limit, window: limit?.window });
      if (limit !== null) setText(byId('limit-text'), limitText(limit));
      countdown.to(limit?.until ?? null);
      show(box, limit !== null);
    });
    plans.changed.subscribe((plan) => {
      if (plan?.plan !== 'paid') return;
      outbox.liftLimit();
      settle('plan');
    });
    byId('limit-upgrade').addEventListener('click', () => {
      plans.choose('paid').catch((error) => {
        if (!(error instanceof HttpError)) throw error;
        notify('plan', `Your plan was not changed. ${refused(error)}`, { kind: 'warning' });
      });
    });
  }
}

/** @param {import('../types.js').Limit} limit */
export function limitText({ limit, window }) {
  if (limit === null) return 'You have reached your plan’s limit.';
  return `You have used the ${limit} messages of your plan${window ? ` in ${window} s` : ''}.`;
}
