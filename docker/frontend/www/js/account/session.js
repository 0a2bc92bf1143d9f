import { Backoff } from '../core/backoff.js';
import { Emitter } from '../core/emitter.js';
import { HttpError, call } from '../net/http.js';

/** @typedef {import('../types.js').User} User */
/** @typedef {import('../core/clock.js').Clock} Clock */
/** @typedef {import('../net/tabs.js').Tabs} Tabs */

/**
 * @typedef {object} Grant             An access token, in memory only.
 * @property {string} token
 * @property {User} user
 * @property {number} receivedAt       Machine clock, milliseconds: the one clock that tabs share.
 * @property {number} life             Milliseconds from then on. The server's `expires_in`, not its
 *                                     `expires_at`: the two machines' clocks may differ.
 *
 * @typedef {object} Trouble           The auth service doesn't answer.
 * @property {number} retryAt          On the page's clock.
 * @property {boolean} locked          No token is left: nothing can be sent until it answers again.
 *
 * @typedef {'starting'|'signed-in'|'signed-out'} Status
 */

/** A refresh that is given up may still have rotated the cookie on the server, so patience is cheaper than haste. */
const REFRESH_TIMEOUT = 10000;
/** A token is replaced after a random part of its life between these two, so that tabs and users spread. */
const RENEW_FROM = 0.5;
const RENEW_TO = 0.66;

/** Milliseconds that what another tab got may take to this one, also on a busy machine. */
const HEARING = 1000;

/** Milliseconds between two tries at least, however short tokens live. */
const RETRY_FLOOR = 200;

/** There is no session any more; only a new sign-in helps. */
export class SessionEnded extends HttpError {
  /** @param {string} code */
  constructor(code) {
    super({ status: 401, code });
  }
}

/**
 * Who is signed in, and the access token that proves it.
 *
 * The refresh token is a cookie that this code can't read. Over all tabs one refresh runs at a time, and its
 * result goes to the others through the broadcast channel; neither token is ever stored or put in a URL.
 */
export class Session {
  /** @type {Emitter<Status>} */
  changed = new Emitter();
  /** @type {Emitter<Grant>} A new token of the same user: open sockets want to hear of it. */
  renewed = new Emitter();
  /** @type {Emitter<Trouble|null>} */
  troubled = new Emitter();

  /** @type {Status} */
  status = 'starting';
  /** @type {string|null} Why the session ended: a code of the auth service, `signed_out`, or null for never signed in. */
  reason = null;

  #grant = /** @type {Grant|null} */ (null);
  /** Where this tab's monotonic clock stood when the grant came: immune to a machine clock that is set. */
  #grantAt = 0;
  #refreshing = /** @type {Promise<void>|null} */ (null);
  #timer = /** @type {unknown} */ (null);
  #trouble = /** @type {Trouble|null} */ (null);
  /** The user is signing out in some tab: what is refused from now on is refused for that. */
  #leaving = false;

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {Tabs} options.tabs
   * @param {typeof fetch} [options.get]
   * @param {() => void} [options.switched]   Somebody (else) signed in to this browser, in another tab.
   */
  constructor({ clock, tabs, get = (...args) => fetch(...args), switched = () => {} }) {
    this.clock = clock;
    this.tabs = tabs;
    this.get = get;
    this.switched = switched;
    this.backoff = new Backoff({ min: 500, max: 10000, random: clock.random });
    tabs.listen((message) => {
      if (message.type === 'grant') this.#adopt(message.grant);
      if (message.type === 'signing-out') this.#leaving = message.yes;
      if (message.type === 'signed-out') this.#end(message.reason);
    });
  }

  /** @returns {User|null} */
  get user() {
    return this.#grant?.user ?? null;
  }

  /** Milliseconds that the token still lives; 0 without one. */
  get left() {
    if (this.#grant === null) return 0;
    return Math.max(0, this.#grantAt + this.#grant.life - this.clock.now());
  }

  /** Whether the token is in the first half of its life. */
  get young() {
    return this.#grant !== null && this.left > this.#grant.life / 2;
  }

  get trouble() {
    return this.#trouble;
  }

  /** Find out whether this browser is signed in. Goes on trying for as long as nobody answers. */
  start() {
    this.#keepTrying();
  }

  /**
   * @returns {Promise<string>} A token that still lives.
   * @throws {SessionEnded} Nobody is signed in any more.
   * @throws {HttpError} The auth service can't be asked right now.
   */
  async token() {
    if (this.left === 0) await this.refresh();
    if (this.#grant === null) throw new SessionEnded('signed_out');
    return this.#grant.token;
  }

  /**
   * Get a new token. Callers that come while one is being fetched share it.
   *
   * @param {string} [stale]   The token that was refused; a newer one is good enough.
   */
  async refresh(stale) {
    if (this.status === 'signed-out') throw new SessionEnded('signed_out');
    if (stale !== undefined && this.#grant !== null && this.#grant.token !== stale) return;
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  /** Like {@link refresh}, but goes on in the background until it works or the session is over. */
  renewSoon() {
    this.#keepTrying();
  }

  async signOut() {
    const token = this.#grant?.token;
    this.#setLeaving(true);
    try {
      await call('/auth/logout', {
        method: 'POST',
        get: this.get,
        headers: { 'X-Requested-With': 'fetch', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      });
    } catch (error) {
      this.#setLeaving(false);
      throw error;
    }
    this.tabs.tell({ type: 'signed-out', reason: 'signed_out' });
    this.#end('signed_out');
  }

  /** @param {boolean} yes */
  #setLeaving(yes) {
    this.#leaving = yes;
    this.tabs.tell({ type: 'signing-out', yes });
  }

  /** @returns {Promise<void>} */
  #refreshOnce() {
    const before = this.#grant;
    return new Promise((resolve, reject) => {
      const turn = this.tabs.takeTurn('refresh', async (waited) => {
        // While this tab waited for its turn another one may have brought a new token.
        if (waited && this.#grant === before) await this.#hearOfGrant();
        const grant = this.#grant !== before && this.left > 0 ? null : await this.#fetchGrant();
        if (grant !== null) this.#adopt(grant);
        resolve();
        if (grant !== null) this.tabs.tell({ type: 'grant', grant });
      });
      turn.catch(reject);
    });
  }

  /** @returns {Promise<void>} Once this tab has a new grant, or none came in time: the other tab may have got none. */
  #hearOfGrant() {
    return new Promise((resolve) => {
      const done = () => {
        forget();
        this.clock.cancel(timer);
        resolve();
      };
      const forget = this.renewed.subscribe(done);
      const timer = this.clock.after(done, HEARING);
    });
  }

  /**
   * @returns {Promise<Grant>}
   * @throws {SessionEnded} The refresh token is not good for another one; this tab is signed out by then.
   * @throws {HttpError}
   */
  async #fetchGrant() {
    let answer;
    try {
      answer = await call('/auth/refresh', {
        method: 'POST',
        get: this.get,
        timeout: REFRESH_TIMEOUT,
        headers: { 'X-Requested-With': 'fetch', Accept: 'application/json' },
        // Survives a reload in mid-flight: the cookie that the server rotated must arrive.
        keepalive: true,
      });
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) throw error;
      this.#end(error.code === 'refresh_missing' && this.status === 'starting' ? null : error.code);
      throw new SessionEnded(error.code);
    }
    const { access_token: token, expires_in: seconds, user } = await answer.json();
    // Signed out while this was on its way: what it brought must not sign anybody in again.
    if (this.status === 'signed-out') throw new SessionEnded('signed_out');
    return { token, user, life: seconds * 1000, receivedAt: this.clock.wall() };
  }

  /** @param {Grant} grant */
  #adopt(grant) {
    const somebodyElse = this.#grant !== null && grant.user.user_id !== this.#grant.user.user_id;
    if (this.status === 'signed-out' || somebodyElse) {
      this.switched();
      return;
    }
    const age = Math.max(0, this.clock.wall() - grant.receivedAt);
    const grantAt = this.clock.now() - age;
    if (this.#grant !== null && grantAt + grant.life < this.#grantAt + this.#grant.life) return;
    this.#grant = grant;
    this.#grantAt = grantAt;
    this.backoff.reset();
    this.#setTrouble(null);
    this.#schedule(this.left * (RENEW_FROM + this.clock.random() * (RENEW_TO - RENEW_FROM)));
    if (this.status !== 'signed-in') this.#setStatus('signed-in');
    this.renewed.emit(grant);
  }

  async #keepTrying() {
    this.clock.cancel(this.#timer);
    try {
      await this.refresh();
    } catch (error) {
      if (error instanceof SessionEnded) return;
      // Three more tries fit into what is left of the token; without one the backoff decides.
      const wait = this.left > 0 ? Math.min(this.backoff.next(), this.left / 3) : this.backoff.next();
      const delay = Math.max(wait, RETRY_FLOOR);
      this.#setTrouble({ retryAt: this.clock.now() + delay, locked: this.left <= delay });
      this.#schedule(delay);
    }
  }

  /** @param {number} delay */
  #schedule(delay) {
    this.clock.cancel(this.#timer);
    this.#timer = this.clock.after(() => this.#keepTrying(), delay);
  }

  /** @param {string|null} reason */
  #end(reason) {
    if (this.status === 'signed-out') return;
    this.clock.cancel(this.#timer);
    this.#grant = null;
    this.reason = this.#leaving ? 'signed_out' : reason;
    this.#setTrouble(null);
    this.#setStatus('signed-out');
  }

  /** @param {Trouble|null} trouble */
  #setTrouble(trouble) {
    this.#trouble = trouble;
    this.troubled.emit(trouble);
  }

  /** @param {Status} status */
  #setStatus(status) {
    this.status = status;
    this.changed.emit(status);
  }
}
