import { Backoff } from '../core/backoff.js';
import { Emitter } from '../core/emitter.js';
import { readFrame, subprotocols, writeFrame } from './frames.js';
import { Heartbeat } from './heartbeat.js';

/** @typedef {import('../types.js').LinkStatus} LinkStatus */
/** @typedef {import('../types.js').Frame} Frame */
/** @typedef {import('../types.js').Settings} Settings */
/** @typedef {import('../core/clock.js').Clock} Clock */

/** Limits of one attempt, milliseconds: short at first, because after an outage a fresh packet beats waiting for TCP's next retransmission. */
const ATTEMPT_FIRST = 1000;
const ATTEMPT_LAST = 10000;

/** Close codes of docker/PROTOCOL.md. */
export const CLOSE = { refused: 1008, restarting: 1012, busy: 1013, ended: 4401 };

/**
 * The tab's WebSocket, kept open for as long as the user is signed in.
 *
 * A socket whose link died is abandoned at once: its close handshake could take minutes, and nothing it
 * still says is listened to. Whatever was under way is made good by the resume that follows
 * `established`.
 */
export class Link {
  /** @type {Emitter<LinkStatus>} */
  changed = new Emitter();
  /** @type {Emitter<Frame>} */
  frames = new Emitter();
  /** @type {Emitter<Frame>} Every new connection, right after the server's greeting. */
  established = new Emitter();

  /** @type {LinkStatus} */
  status = { state: 'connecting', cause: null, retryAt: null, connectionId: null, replica: null };

  /** The access token that the socket has: offered when it opened, or told since. */
  credential = '';

  #running = false;
  #socket = /** @type {WebSocket|null} */ (null);
  #timer = /** @type {unknown} */ (null);
  #greetedAt = 0;
  /** Rises with every attempt and every abandoned socket; what an older number brings is ignored. */
  #generation = 0;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {Settings} options.settings
   * @param {Clock} options.clock
   * @param {() => Promise<string>} options.token         A live access token; rejects while there is none.
   * @param {(code: number) => Promise<void>} options.refused   The server refused or ended the credential.
   * @param {() => Promise<'network'|'service'>} options.diagnose   Asks what is out of reach.
   * @param {(url: string, protocols: string[]) => WebSocket} [options.connect]
   */
  constructor({ url, settings, clock, token, refused, diagnose, connect }) {
    this.url = url;
    this.clock = clock;
    this.token = token;
    this.refused = refused;
    this.diagnose = diagnose;
    this.connect = connect ?? ((address, protocols) => new WebSocket(address, protocols));
    this.settings = settings;
    this.backoff = new Backoff({
      min: settings.reconnectMinSeconds * 1000,
      max: settings.reconnectMaxSeconds * 1000,
      random: clock.random,
    });
    this.heartbeat = new Heartbeat({
      clock,
      interval: settings.heartbeatSeconds * 1000,
      ping: () => this.send('ping', {}),
      dead: () => this.#lost('network'),
    });
  }

  get online() {
    return this.status.state === 'online';
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#attempt();
  }

  stop() {
    this.#running = false;
    this.#abandon();
    this.#set({ state: 'connecting', cause: null, retryAt: null, connectionId: null, replica: null });
  }

  /** Don't wait for the next attempt's time. Does nothing while online or while an attempt runs. */
  retryNow() {
    if (!this.#running || this.online || this.#socket !== null || this.status.retryAt === null) return;
    this.clock.cancel(this.#timer);
    this.#attempt();
  }

  /**
   * @param {string} type
   * @param {Parameters<typeof writeFrame>[1]} parts
   * @returns {boolean} Whether the frame was handed to an open socket (never: that it arrived).
   */
  send(type, parts) {
    if (!this.online || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(writeFrame(type, parts));
    return true;
  }

  /** @param {string} token   A newer access token, which the open socket goes on with. */
  renew(token) {
    this.credential = token;
    this.send('auth_refresh', { payload: { token } });
  }

  async #attempt() {
    const generation = ++this.#generation;
    const current = () => this.#running && generation === this.#generation;
    this.#set({ retryAt: null });
    let token;
    try {
      token = await this.token();
    } catch {
      // The session says why on its own notice; here it only means that this attempt has no credential.
      if (current()) this.#lost('auth');
      return;
    }
    if (!current()) return;
    this.credential = token;
    const socket = this.connect(this.url, subprotocols(token));
    this.#socket = socket;
    const patience = Math.min(ATTEMPT_FIRST * 2 ** Math.min(this.backoff.attempt, 8), ATTEMPT_LAST);
    this.#timer = this.clock.after(() => current() && this.#lost(null), patience);
    socket.onmessage = (event) => {
      if (!current()) return;
      this.heartbeat.heard();
      const frame = readFrame(event.data);
      if (frame === null) return;
      if (frame.type === 'connection_established') this.#greeted(frame);
      else if (frame.type !== 'pong') this.frames.emit(frame);
    };
    socket.onclose = (event) => {
      if (current()) this.#closed(event.code);
    };
  }

  /** @param {Frame} greeting */
  #greeted(greeting) {
    this.clock.cancel(this.#timer);
    this.#greetedAt = this.clock.now();
    const { connection_id: connectionId, replica } = greeting.payload;
    this.#set({ state: 'online', cause: null, retryAt: null, connectionId, replica });
    this.heartbeat.start();
    this.established.emit(greeting);
  }

  /** @param {number} code */
  #closed(code) {
    if (code === CLOSE.refused || code === CLOSE.ended) {
      const generation = this.#lost('auth', { retry: false });
      this.refused(code).finally(() => this.#running && generation === this.#generation && this.#retryLater());
      return;
    }
    this.#lost(code === CLOSE.restarting ? 'restarting' : code === CLOSE.busy ? 'busy' : null);
  }

  /**
   * @param {LinkStatus['cause']} cause   null: unknown, to be found out.
   * @param {{retry?: boolean}} [options]
   * @returns {number} The generation that the loss began.
   */
  #lost(cause, { retry = true } = {}) {
    const stable = this.online && this.clock.now() - this.#greetedAt >= this.settings.reconnectMinSeconds * 1000;
    this.#abandon();
    // A server that greets and closes at once must not be hammered: only a connection that lasted starts anew.
    if (stable) this.backoff.reset();
    const generation = this.#generation;
    this.#set({ state: 'offline', cause: cause ?? this.status.cause, retryAt: null, connectionId: null, replica: null });
    if (retry) this.#retryLater();
    if (cause === null) {
      void this.diagnose().then((found) => {
        if (this.#running && this.status.state === 'offline') this.#set({ cause: found });
      });
    }
    return generation;
  }

  #retryLater() {
    const wait = this.backoff.next();
    this.#set({ retryAt: this.clock.now() + wait });
    this.#timer = this.clock.after(() => this.#attempt(), wait);
  }

  #abandon() {
    this.#generation += 1;
    this.clock.cancel(this.#timer);
    this.heartbeat.stop();
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @param {Partial<LinkStatus>} change */
  #set(change) {
    this.status = { ...this.status, ...change };
    this.changed.emit(this.status);
  }
}

