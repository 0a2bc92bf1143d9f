/**
 * A list of listeners. One that throws is reported to the console and does not keep the others from hearing.
 *
 * @template T
 */
export class Emitter {
  /** @type {Set<(event: T) => void>} */
  #listeners = new Set();

  /**
   * @param {(event: T) => void} listener
   * @returns {() => void} Ends the subscription.
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {T} event */
  emit(event) {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        reportFailure(error);
      }
    }
  }
}

/**
 * Put an unexpected failure where a developer looks, without stopping what is under way.
 *
 * @param {unknown} error
 */
export function reportFailure(error) {
  console.error(error);
}
