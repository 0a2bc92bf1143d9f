/** Milliseconds that a message to another tab may take. */
const HEARING = 20;

/**
 * What the tabs of one browser do together: tell each other things, and take turns.
 *
 * Web Locks exist in secure contexts only (https, or localhost). Without them every tab acts as if it were
 * alone, which the platform allows: sends are idempotent by `message_id`, and a refresh token has a short grace.
 */
export class Tabs {
  #channel = /** @type {BroadcastChannel|null} */ (null);

  /** @param {string} name   Tabs with the same name hear each other. */
  constructor(name) {
    this.name = name;
    if (typeof BroadcastChannel === 'function') this.#channel = new BroadcastChannel(name);
  }

  /** Whether tabs can wait for one another. */
  get takesTurns() {
    return Boolean(globalThis.navigator?.locks);
  }

  /** @param {Record<string, unknown> & {type: string}} message   Goes to the other tabs, not to this one. */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  /**
   * Tell the other tabs, and give them a moment to hear it before whatever follows. A lock that is freed at once
   * can reach the next tab before the news does.
   *
   * @param {Record<string, unknown> & {type: string}} message
   * @returns {Promise<void>}
   */
  tellAndWait(message) {
    this.tell(message);
    return new Promise((resolve) => setTimeout(resolve, HEARING));
  }

  /** @param {(message: any) => void} listener */
  listen(listener) {
    this.#channel?.addEventListener('message', (event) => listener(event.data));
  }

  /**
   * Run something while no other tab runs the same.
   *
   * @template T
   * @param {string} what
   * @param {() => Promise<T>} run
   * @returns {Promise<T>}
   */
  async takeTurn(what, run) {
    const locks = globalThis.navigator?.locks;
    // The DOM's types say that a lock's result is any; it is what `run` resolves to.
    return locks ? locks.request(`${this.name}:${what}`, run) : run();
  }

  /**
   * Hold a lock for as long as this tab lives. The browser frees it however the tab ends.
   *
   * @param {string} what
   * @returns {Promise<void>}   Resolves once it is held.
   */
  hold(what) {
    return new Promise((held) => {
      void this.takeTurn(what, () => {
        held();
        return new Promise(() => {});
      });
    });
  }

  close() {
    this.#channel?.close();
  }
}
