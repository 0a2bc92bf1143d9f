import { setText } from './dom.js';

/** @typedef {import('../core/clock.js').Clock} Clock */

/**
 * Writes the time that is left into an element, once a second, for as long as there is any.
 */
export class Countdown {
  #timer = /** @type {unknown} */ (null);

  /**
   * @param {Clock} clock
   * @param {HTMLElement} element
   * @param {(milliseconds: number) => string} words
   */
  constructor(clock, element, words) {
    this.clock = clock;
    this.element = element;
    this.words = words;
  }

  /** @param {number|null} until   On the page's clock; null stops and empties. */
  to(until) {
    this.clock.cancel(this.#timer);
    if (until === null) {
      setText(this.element, '');
      return;
    }
    const left = until - this.clock.now();
    setText(this.element, this.words(left));
    // Wake when the number that is shown changes, not at a fixed beat.
    if (left > 0) this.#timer = this.clock.after(() => this.to(until), left % 1000 || 1000);
  }
}
