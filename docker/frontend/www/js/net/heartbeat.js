/** @typedef {import('../core/clock.js').Clock} Clock */

/**
 * Finds out that a link is dead although its socket says 'open': dropped packets close nothing.
 *
 * Every interval a ping goes out; a link without any frame for two intervals is dead. A tab whose timers
 * were slowed down (in the background, or asleep) must not take its own absence for the server's: only
 * a ping that had at least half an interval to be answered counts.
 */
export class Heartbeat {
  #timer = /** @type {unknown} */ (null);
  #heardAt = 0;
  #pingAt = 0;
  /** When the oldest ping went out that nothing came after; null while all is well. */
  #unansweredAt = /** @type {number|null} */ (null);

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {number} options.interval      Milliseconds.
   * @param {() => void} options.ping
   * @param {() => void} options.dead      Called once; the heartbeat has stopped by then.
   */
  constructor({ clock, interval, ping, dead }) {
    this.clock = clock;
    this.interval = interval;
    this.ping = ping;
    this.dead = dead;
  }

  start() {
    this.stop();
    this.#heardAt = this.#pingAt = this.clock.now();
    this.#unansweredAt = null;
    this.#schedule();
  }

  stop() {
    this.clock.cancel(this.#timer);
    this.#timer = null;
  }

  /** A frame came in. */
  heard() {
    this.#heardAt = this.clock.now();
    this.#unansweredAt = null;
  }

  /** When the link counts as dead unless a frame comes before. */
  get #deadAt() {
    if (this.#unansweredAt === null) return Number.POSITIVE_INFINITY;
    return Math.max(this.#heardAt + 2 * this.interval, this.#unansweredAt + this.interval / 2);
  }

  #schedule() {
    const next = Math.min(this.#pingAt + this.interval, this.#deadAt);
    this.#timer = this.clock.after(() => this.#beat(), next - this.clock.now());
  }

  #beat() {
    const now = this.clock.now();
    if (now >= this.#deadAt) {
      this.stop();
      this.dead();
      return;
    }
    if (now - this.#pingAt >= this.interval) {
      this.#pingAt = now;
      this.#unansweredAt ??= now;
      this.ping();
    }
    this.#schedule();
  }
}
