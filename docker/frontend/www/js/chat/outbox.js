import { Emitter, reportFailure } from '../core/emitter.js';
import { newId } from '../core/ids.js';

/** @typedef {import('../types.js').OutboxEntry} OutboxEntry */
/** @typedef {import('../types.js').EntryState} EntryState */
/** @typedef {import('../types.js').Frame} Frame */
/** @typedef {import('../types.js').Limit} Limit */
/** @typedef {import('../core/clock.js').Clock} Clock */
/** @typedef {import('./outbox-store.js').OutboxStore | import('./outbox-store.js').MemoryStore} Store */

/** Refusals that sending again can't change. */
const FINAL = new Set(['too_long', 'not_found', 'bad_frame', 'unknown_type']);
/** Ids remembered only until the store has let go of them as well. */
const DONE_KEPT = 1000;

/**
 * Messages from the moment they are typed until the platform acknowledges them.
 *
 * A tab sends what was typed in it; what a closed tab left behind is inherited by one that lives. Within a
 * thread one message is under way at a time: the next goes out when the platform has taken the one before,
 * so that no refusal, limit or lost connection can turn their order around. Whatever stays unacknowledged is
 * sent again with the same `message_id`, which the platform stores once.
 */
export class Outbox {
  /** @type {Emitter<void>} */
  changed = new Emitter();
  /** @type {Emitter<{entry: OutboxEntry, seq: number, created_at: string}>} */
  acknowledged = new Emitter();
  /** @type {Emitter<Limit|null>} */
  limited = new Emitter();

  /** @type {Limit|null} */
  limit = null;

  /** @type {OutboxEntry[]} By order. */
  #entries = [];
  /** @type {Map<string, {messageId: string, timer: unknown}>} Under way, by thread. */
  #flights = new Map();
  /** @type {Map<string, unknown>} Timers of threads that wait before the next try. */
  #waits = new Map();
  /** Acknowledged here, though perhaps not yet removed from the store. */
  #done = new Set();
  /** Owners whose end this tab waits for. */
  #watched = new Set();
  #limitTimer = /** @type {unknown} */ (null);
  #queue = Promise.resolve();
  /** Rises with every entry added here; a reading of the store that began before is out of date. */
  #version = 0;
  #started = false;

  /**
   * @param {object} options
   * @param {Store} options.store
   * @param {import('../net/link.js').Link} options.link
   * @param {import('../net/tabs.js').Tabs} options.tabs
   * @param {Clock} options.clock
   * @param {string} options.userId
   * @param {number} options.patience    Milliseconds to wait for an acknowledgement before sending again.
   * @param {string} [options.owner]     This tab's name.
   */
  constructor({ store, link, tabs, clock, userId, patience, owner = newId() }) {
    this.store = store;
    this.link = link;
    this.tabs = tabs;
    this.clock = clock;
    this.userId = userId;
    this.patience = patience;
    this.owner = owner;
  }

  async start() {
    await this.tabs.hold(`outbox-owner:${this.owner}`);
    this.tabs.listen((message) => message.type === 'outbox' && void this.#reload());
    this.link.changed.subscribe((status) => {
      if (status.state !== 'online') this.#ground();
    });
    await this.#reload();
    this.#started = true;
  }

  /** @returns {OutboxEntry[]} Everything of this user's that waits, of all tabs, by order. */
  list() {
    return this.#entries;
  }

  /** How many messages wait for the platform. */
  get waiting() {
    return this.#entries.filter((entry) => !entry.problem).length;
  }

  /**
   * @param {OutboxEntry} entry
   * @returns {EntryState}
   */
  state(entry) {
    if (entry.problem) return 'failed';
    if (this.#flights.get(entry.thread_id)?.messageId === entry.message_id) return 'sent';
    return this.limit === null ? 'waiting' : 'limited';
  }

  /**
   * @param {string} threadId
   * @param {string} text
   * @returns {Promise<void>} Resolves when the message can't be lost any more.
   */
  async enqueue(threadId, text) {
    const entry = {
      message_id: newId(),
      thread_id: threadId,
      user_id: this.userId,
      owner: this.owner,
      text,
      created_at: new Date(this.clock.wall()).toISOString(),
    };
    // One after the other: two quick sends must not overtake each other on the way to the disk.
    const kept = this.#queue.then(() => this.store.add(entry));
    this.#queue = kept.then(() => undefined, reportFailure);
    const order = await kept;
    this.#version += 1;
    const others = this.#entries.filter((other) => other.order !== order);
    this.#entries = [...others, { ...entry, order }].sort((one, other) => one.order - other.order);
    this.#tellAll();
    this.pump();
  }

  /** Send what can be sent. Harmless at any time. */
  pump() {
    if (!this.link.online || this.limit !== null) return;
    /** @type {Set<string>} */
    const seen = new Set();
    for (const entry of this.#entries) {
      if (entry.owner !== this.owner || entry.problem || seen.has(entry.thread_id)) continue;
      seen.add(entry.thread_id);
      if (!this.#flights.has(entry.thread_id) && !this.#waits.has(entry.thread_id)) this.#send(entry);
    }
  }

  /** @param {OutboxEntry} entry   One that the platform will never take; the user gave it up. */
  async discard(entry) {
    await this.#settle(entry);
  }

  /** Forget everything of this user's, because the user signed out knowing it. */
  async clear() {
    await this.store.clear(this.userId);
    await this.#reload();
    this.tabs.tell({ type: 'outbox' });
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} Whether the frame was about a message of this outbox.
   */
  onFrame(frame) {
    const entry = this.#entries.find((candidate) => candidate.message_id === frame.message_id);
    if (frame.type === 'rate_limited') {
      this.#refuse(frame, entry);
      return true;
    }
    if (frame.type === 'auth_refreshed') {
      // What an expired token held up can go at once.
      this.#stopWaiting();
      this.pump();
      return true;
    }
    if (entry === undefined) return false;
    if (frame.type === 'message_accepted') {
      const created = frame.payload.created_at ?? entry.created_at;
      this.acknowledged.emit({ entry, seq: Number(frame.seq), created_at: created });
      void this.#settle(entry);
    } else if (frame.type === 'message') {
      // Delivered to all tabs, so it is stored, whether or not the acknowledgement reached its sender.
      void this.#settle(entry);
    } else if (frame.type === 'error_message') {
      this.#fail(entry, frame.payload);
    } else {
      return false;
    }
    return true;
  }

  /** The plan changed: what was refused may pass now. */
  liftLimit() {
    if (this.limit === null) return;
    this.clock.cancel(this.#limitTimer);
    this.limit = null;
    this.limited.emit(null);
    this.changed.emit();
    this.pump();
  }

  /** @param {OutboxEntry} entry */
  #send(entry) {
    const parts = { payload: { text: entry.text }, message_id: entry.message_id, thread_id: entry.thread_id };
    if (!this.link.send('user_message', parts)) return;
    const timer = this.clock.after(() => {
      this.#land(entry.thread_id);
      this.pump();
    }, this.patience);
    this.#flights.set(entry.thread_id, { messageId: entry.message_id, timer });
    this.changed.emit();
  }

  /** @param {OutboxEntry} entry */
  async #settle(entry) {
    this.#done.add(entry.message_id);
    if (this.#done.size > DONE_KEPT) this.#done.delete(this.#done.values().next().value);
    this.#entries = this.#entries.filter((other) => other.message_id !== entry.message_id);
    if (this.#flights.get(entry.thread_id)?.messageId === entry.message_id) this.#land(entry.thread_id);
    this.changed.emit();
    this.pump();
    await this.store.remove(entry.order).catch(reportFailure);
    this.tabs.tell({ type: 'outbox' });
  }

  /**
   * @param {Frame} frame
   * @param {OutboxEntry|undefined} entry
   */
  #refuse(frame, entry) {
    if (entry) this.#land(entry.thread_id);
    const wait = Math.max(0.05, Number(frame.payload.retry_after) || 1) * 1000;
    const { limit = null, window = null } = frame.payload;
    this.clock.cancel(this.#limitTimer);
    this.limit = { until: this.clock.now() + wait, limit, window };
    this.#limitTimer = this.clock.after(() => this.liftLimit(), wait);
    this.limited.emit(this.limit);
    this.changed.emit();
  }

  /**
   * @param {OutboxEntry} entry
   * @param {Record<string, any>} problem
   */
  #fail(entry, problem) {
    this.#land(entry.thread_id);
    if (FINAL.has(problem.code)) {
      const failed = { ...entry, problem: problem.text || problem.code };
      this.#entries = this.#entries.map((other) => (other.order === entry.order ? failed : other));
      void this.store.replace(failed).then(() => this.tabs.tell({ type: 'outbox' }), reportFailure);
      this.pump();
    } else {
      // The platform can't take it now (a store is away, a token is being renewed): the same again, a little later.
      const wait = this.patience * (0.5 + this.clock.random() / 2);
      const timer = this.clock.after(() => {
        this.#waits.delete(entry.thread_id);
        this.pump();
      }, wait);
      this.#waits.set(entry.thread_id, timer);
    }
    this.changed.emit();
  }

  /** @param {string} threadId */
  #land(threadId) {
    this.clock.cancel(this.#flights.get(threadId)?.timer);
    this.#flights.delete(threadId);
  }

  /** The connection is gone, and with it every acknowledgement that was on its way. */
  #ground() {
    for (const threadId of [...this.#flights.keys()]) this.#land(threadId);
    this.#stopWaiting();
    this.changed.emit();
  }

  #stopWaiting() {
    for (const timer of this.#waits.values()) this.clock.cancel(timer);
    this.#waits.clear();
  }

  async #reload() {
    let version;
    /** @type {OutboxEntry[]} */
    let entries;
    do {
      version = this.#version;
      entries = await this.store.all(this.userId);
    } while (version !== this.#version);
    this.#entries = entries.filter((entry) => !this.#done.has(entry.message_id));
    for (const owner of new Set(this.#entries.map((entry) => entry.owner))) {
      // Without locks nobody can tell whether a tab still lives: then only what lay there at the start is inherited.
      const mayBeGone = this.tabs.takesTurns || !this.#started;
      if (owner !== this.owner && mayBeGone && !this.#watched.has(owner)) void this.#inherit(owner);
    }
    this.changed.emit();
    this.pump();
  }

  /**
   * Wait until another tab is gone (its lock is free), then send what it left.
   *
   * @param {string} owner
   */
  async #inherit(owner) {
    this.#watched.add(owner);
    try {
      await this.tabs.takeTurn(`outbox-owner:${owner}`, () => this.store.adopt(owner, this.owner));
    } catch (error) {
      reportFailure(error); // It stays watched: another tab, or the next load, inherits instead.
      return;
    }
    this.#watched.delete(owner);
    await this.#reload();
    this.tabs.tell({ type: 'outbox' });
  }

  #tellAll() {
    this.changed.emit();
    this.tabs.tell({ type: 'outbox' });
  }
}
