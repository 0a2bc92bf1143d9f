import { byId, setData, setText, show } from './dom.js';
import { Countdown } from './countdown.js';
import { plural, seconds } from './words.js';

/** @typedef {import('../types.js').LinkStatus} LinkStatus */

/** How the state of the connection begins, by cause. */
const HEADLINES = {
  network: 'Offline',
  service: 'Offline — the chat service is not answering',
  restarting: 'Offline — the chat service is restarting',
  busy: 'Offline — the chat service is busy',
  auth: 'Offline — your session can’t be renewed right now',
};

/**
 * @param {LinkStatus} status
 * @param {number} waiting    Messages that the platform has not acknowledged.
 * @returns {string}
 */
export function connectionText(status, waiting) {
  if (status.state === 'online') return waiting > 0 ? `Online — sending ${plural(waiting, 'message')}` : 'Online';
  if (status.state === 'connecting') return 'Connecting…';
  const headline = HEADLINES[status.cause ?? 'network'];
  const queue = waiting > 0 ? `${headline === 'Offline' ? ' —' : ','} ${plural(waiting, 'message')} waiting` : '';
  return `${headline}${queue}.${status.retryAt === null ? ' Reconnecting…' : ''}`;
}

/** The one place that says whether the page is connected, and what waits. */
export class ConnectionView {
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
    setText(byId('connection-text'), connectionText(status, waiting));
    this.countdown.to(status.state === 'offline' ? status.retryAt : null);
    const long = status.retryAt !== null && status.retryAt - this.clock.now() > 1500;
    show(byId('connection-retry'), status.state === 'offline' && long);
  }
}
