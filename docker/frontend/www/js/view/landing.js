import { byId, h, show } from './dom.js';
import { signInError, signedOut } from './words.js';

/**
 * The page before signing in: the providers, and why one is here.
 */
export class Landing {
  /**
   * @param {object} options
   * @param {import('../core/clock.js').Clock} options.clock
   * @param {typeof fetch} [options.get]
   */
  constructor({ clock, get = (...args) => fetch(...args) }) {
    this.clock = clock;
    this.get = get;
    this.open = false;
  }

  /**
   * @param {object} why
   * @param {string|null} why.error     The callback's refusal.
   * @param {string|null} why.reason    Why the session ended.
   * @param {string} why.returnTo       The local path to come back to.
   */
  show({ error, reason, returnTo }) {
    this.open = true;
    const errorBox = byId('sign-in-error');
    errorBox.textContent = error ? signInError(error) : '';
    errorBox.dataset.code = error ?? '';
    show(errorBox, Boolean(error));
    const reasonBox = byId('sign-out-reason');
    reasonBox.textContent = reason && !error ? signedOut(reason) : '';
    reasonBox.dataset.code = reason ?? '';
    show(reasonBox, Boolean(reason && !error));
    void this.#loadProviders(returnTo, 0);
  }

  /**
   * @param {string} returnTo
   * @param {number} attempt
   */
  async #loadProviders(returnTo, attempt) {
    const list = byId('providers');
    try {
      const answer = await this.get('/auth/config', { signal: AbortSignal.timeout(5000), headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const { providers } = await answer.json();
      list.dataset.state = 'ready';
      list.replaceChildren(...providers.map((/** @type {{id: string, name: string}} */ provider) => signInLink(provider, returnTo)));
    } catch (error) {
      console.warn('the providers could not be read', error);
      list.dataset.state = 'unreachable';
      list.replaceChildren(h('p', { class: 'notice notice-warning', role: 'status' }, 'Signing in is not possible right now. Trying again…'));
      const wait = Math.min(500 * 2 ** attempt, 5000) * (0.5 + this.clock.random() / 2);
      this.clock.after(() => void this.#loadProviders(returnTo, attempt + 1), wait);
    }
  }
}

/**
 * @param {{id: string, name: string}} provider
 * @param {string} returnTo
 */
function signInLink({ id, name }, returnTo) {
  const query = new URLSearchParams({ provider: id, return_to: returnTo });
  return h('a', { class: 'button button-primary wide', href: `/auth/login?${query}`, 'data-provider': id }, `Sign in with ${name}`);
}
