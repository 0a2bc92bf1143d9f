/**
 * Exponential backoff with full jitter: attempt n waits a uniformly random time between zero and
 * min(max, min·2ⁿ). Full jitter spreads many clients best when one failure drops them all at once.
 */
export class Backoff {
  #attempt = 0;

  /**
   * @param {object} options
   * @param {number} options.min        Milliseconds: the first ceiling.
   * @param {number} options.max        Milliseconds: the last ceiling.
   * @param {() => number} options.random
   */
  constructor({ min, max, random }) {
    this.min = Math.max(1, min);
    this.max = Math.max(this.min, max);
    this.random = random;
  }

  /** How many waits were handed out since the last reset. */
  get attempt() {
    return this.#attempt;
  }

  /** @returns {number} Milliseconds to wait before the next attempt. */
  next() {
    // 2^30 is beyond every ceiling that makes sense; it only keeps the power finite.
    const ceiling = Math.min(this.max, this.min * 2 ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    return this.random() * ceiling;
  }

  reset() {
    this.#attempt = 0;
  }
}
