import { byId, setData, setText, show } from './dom.js';
import { Countdown } from './countdown.js';
import { plural, seconds } from './words.js';

/** @typedef {import('../types.js').LinkStatus} LinkStatus */

/** @type {Record<string, string>} What is known about the reason. */
const CAUSES = {
  service: ' The chat service is not answering.',
  restarting: ' The chat service is restarting.',
  busy: ' The chat service is busy.',
  auth: ' Your session can’t be renewed right now.',
};

/** Milliseconds that messages may be under way before the page mentions it. */
const PROMPT = 1000;

/**
 * @param {LinkStatus} status
 * @param {number} waiting    Messages that the platform has not acknowledged.
 * @returns {string}
 */
export function connectionText(status, waiting) {
  if (status.state === 'connecting') return 'Connecting…';
  const queue = waiting > 0 ? ` — ${plural(waiting, 'message')} waiting` : '';
  if (status.state === 'online') return `Online${queue}`;
  return `Offline${queue}.${CAUSES[status.cause ?? ''] ?? ''}${status.retryAt === null ? ' Reconnecting…' : ''}`;
}

/** The one place that says whether the page is connected, and what waits. */
export class ConnectionView {
  /** @type {number|null} Since when something waits, without a break. */
  #waitingSince = null;
  #timer = /** @type {unknown} */ (null);

  /**
   * @param {object} options
   * @param {import('../core/clock.js').Clock} options.clock
   * @param {import('../net/link.js').Link} options.link
   * @param {import('../chat/outbox.js').Outbox} options.outbox
   */
  constructor({ clock, link, outbox }) {
    this.link = link;
    this.outbox = outbox;
    this.clock = clock;
    this.countdown = new Countdown(clock, byId('connection-countdown'), (left) =>
      left > 0 ? ` Reconnecting in ${seconds(left)}…` : ' Reconnecting…',
    );
    byId('connection-retry').addEventListener('click', () => link.retryNow());
    link.changed.subscribe(() => this.draw());
    outbox.changed.subscribe(() => this.draw());
    this.draw();
  }

  /**
   * @param {number} waiting
   * @returns {boolean} Whether something has waited longer than a send usually takes.
   */
  #late(waiting) {
    if (waiting === 0) {
      this.#waitingSince = null;
      this.clock.cancel(this.#timer);
      return false;
    }
    if (this.#waitingSince === null) {
      this.#waitingSince = this.clock.now();
      this.#timer = this.clock.after(() => this.draw(), PROMPT);
    }
    return this.clock.now() - this.#waitingSince >= PROMPT;
  }

  draw() {
    const { status } = this.link;
    const { waiting } = this.outbox;
    const box = byId('connection');
    setData(box, {
      state: status.state,
      cause: status.cause ?? '',
      waiting,
      connectionId: status.connectionId,
      replica: status.replica,
    });
    const late = this.#late(waiting);
    setText(byId('connection-text'), connectionText(status, status.state === 'online' && !late ? 0 : waiting));
    this.countdown.to(status.state === 'offline' ? status.retryAt : null);
    const long = status.retryAt !== null && status.retryAt - this.clock.now() > 1500;
    show(byId('connection-retry'), status.state === 'offline' && long);
  }
}
