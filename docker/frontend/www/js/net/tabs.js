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

  /** @param {(message: any) => void} listener */
  listen(listener) {
    this.#channel?.addEventListener('message', (event) => listener(event.data));
  }

  /**
   * Run something while no other tab runs the same.
   *
   * @template T
   * @param {string} what
   * @param {(waited: boolean) => Promise<T>} run   Is told whether another tab had its turn before: a lock that is
   *   freed can reach this tab before what was told until then.
   * @returns {Promise<T>}
   */
  async takeTurn(what, run) {
    const locks = globalThis.navigator?.locks;
    if (!locks) return run(false);
    const name = `${this.name}:${what}`;
    // The DOM's types say that a lock's result is any; it is what the callback resolves to.
    const done = await locks.request(name, { ifAvailable: true }, async (lock) => lock && { result: await run(false) });
    return done ? done.result : locks.request(name, () => run(true));
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
