import { Emitter, reportFailure } from '../core/emitter.js';
import { HttpError } from '../net/http.js';
import { RUN_EVENTS, Runs } from './runs.js';
import { Threads } from './threads.js';
import { Timeline } from './timeline.js';

/** @typedef {import('../types.js').Frame} Frame */
/** @typedef {import('../types.js').Message} Message */
/** @typedef {import('../core/clock.js').Clock} Clock */

/** @typedef {'loading'|'ready'|'unreachable'|'missing'} LoadState */

/** Messages fetched at a time; older ones come when asked for. */
const PAGE = 200;
/** Milliseconds that a missing message may take to arrive by itself before it is asked for. */
const GAP_PATIENCE = 250;
/** Resumes without effect after which a gap is taken to be in the store itself. */
const GAP_TRIES = 4;
/** Milliseconds before a history that could not be loaded is asked for again. */
const RELOAD_AFTER = 2000;
const RELOAD_ONLINE_AFTER = 400;
/** Milliseconds before what the platform could not do is asked for again. */
const REPEAT_AFTER = 1000;
/** Threads whose messages are held in memory. */
const TIMELINES_KEPT = 20;

/**
 * The conversations of the signed-in user: what is stored, what is under way, and keeping both complete
 * over lost connections.
 */
export class Chat {
  /** @type {Emitter<void>} Threads, messages or runs changed. */
  changed = new Emitter();

  threads = new Threads();
  runs = new Runs();
  /** @type {string|null} */
  openId = null;
  listed = false;

  /** @type {Map<string, Timeline>} */
  #timelines = new Map();
  /** @type {Map<string, LoadState>} */
  #states = new Map();
  /** @type {Map<string, {timer: unknown, tries: number, frontier: number}>} */
  #gaps = new Map();
  /** @type {Map<string, unknown>} Timers of threads whose frames were refused for now. */
  #repeats = new Map();
  #listTimer = /** @type {unknown} */ (null);

  /**
   * @param {object} options
   * @param {import('../net/http.js').Api} options.api
   * @param {import('../net/link.js').Link} options.link
   * @param {import('./outbox.js').Outbox} options.outbox
   * @param {Clock} options.clock
   */
  constructor({ api, link, outbox, clock }) {
    this.api = api;
    this.link = link;
    this.outbox = outbox;
    this.clock = clock;
    link.frames.subscribe((frame) => this.onFrame(frame));
    link.established.subscribe(() => this.#resumeAll());
    outbox.acknowledged.subscribe(({ entry, seq, created_at }) => {
      const { message_id, thread_id, text } = entry;
      if (seq > 0) this.#store({ message_id, thread_id, seq, role: 'user', text, created_at });
    });
  }

  /** @param {string} threadId */
  messages(threadId) {
    return this.#timelines.get(threadId)?.list() ?? [];
  }

  /** @param {string} threadId   Whether older messages exist than those held. */
  hasEarlier(threadId) {
    return (this.#timelines.get(threadId)?.base ?? 0) > 0;
  }

  /**
   * @param {string} threadId
   * @param {string} messageId
   */
  has(threadId, messageId) {
    return this.#timelines.get(threadId)?.has(messageId) ?? false;
  }

  /** @param {string} threadId */
  state(threadId) {
    return this.#states.get(threadId) ?? 'loading';
  }

  async refreshList() {
    // Read markers that were lost with their connection.
    const behind = await this.threads.replaceBy(() => this.#listed());
    this.listed = true;
    for (const { id, read_seq } of behind) this.link.send('thread_read', { thread_id: id, payload: { seq: read_seq } });
    for (const [threadId, timeline] of this.#timelines) {
      if (timeline.frontier < (this.threads.get(threadId)?.last_seq ?? 0)) this.#askLater(threadId);
    }
    this.changed.emit();
  }

  /** @returns {Promise<import('../types.js').Thread[]>} All threads, however many pages they fill. */
  async #listed() {
    const found = new Map();
    for (let query = ''; ; ) {
      const { threads, next } = await this.api.json('GET', `/api/threads${query}`);
      for (const thread of threads) found.set(thread.id, thread);
      if (!next) return [...found.values()];
      query = `?after=${encodeURIComponent(next)}`;
    }
  }

  /**
   * Show a thread: load its latest history, then let the socket bring what the history missed.
   *
   * @param {string|null} threadId
   * @param {{draft?: boolean}} [options]   A thread that this browser has just made up.
   */
  async open(threadId, { draft = false } = {}) {
    this.openId = threadId;
    if (threadId === null) return;
    if (draft) this.threads.draft(threadId, new Date(this.clock.wall()).toISOString());
    this.changed.emit();
    const held = this.#timelines.get(threadId) ?? (this.threads.get(threadId)?.draft ? new Timeline() : null);
    if (held === null) await this.#load(threadId);
    else this.#hold(threadId, held);
  }

  /** @param {string} threadId   Left by its user. A draft that nobody wrote in is no conversation. */
  dropDraft(threadId) {
    if (this.threads.dropDraft(threadId)) this.#letGo(threadId);
    this.changed.emit();
  }

  /** @param {string} threadId */
  async loadEarlier(threadId) {
    const timeline = this.#timelines.get(threadId);
    if (timeline === undefined || timeline.base === 0) return;
    const base = Math.max(0, timeline.base - PAGE);
    const { messages } = await this.api.json('GET', `/api/threads/${threadId}/messages?after=${base}&limit=${timeline.base - base}`);
    timeline.prepend(base, messages);
    this.changed.emit();
  }

  /**
   * @param {string} threadId
   * @param {string} title
   */
  rename(threadId, title) {
    this.threads.rename(threadId, title);
    this.#sendRename(threadId, title);
    this.changed.emit();
  }

  /**
   * Let the analyst stop. What it has said stays; the run ends when the platform says so.
   *
   * @param {import('./runs.js').Run} run
   */
  stop(run) {
    run.stopping = true;
    this.#sendStop(run);
    this.changed.emit();
  }

  /** The user sees the end of the open thread. */
  markRead() {
    const thread = this.openId === null ? undefined : this.threads.get(this.openId);
    const timeline = this.openId === null ? undefined : this.#timelines.get(this.openId);
    if (!thread || !timeline || thread.draft || timeline.frontier <= thread.read_seq) return;
    if (this.link.send('thread_read', { thread_id: thread.id, payload: { seq: timeline.frontier } })) {
      this.threads.read(thread.id, timeline.frontier);
      this.changed.emit();
    }
  }

  /** @param {Frame} frame */
  onFrame(frame) {
    this.outbox.onFrame(frame);
    if (frame.type === 'message') {
      this.#store(/** @type {Message} */ ({ ...frame.payload, thread_id: frame.thread_id, seq: frame.seq ?? frame.payload.seq }));
    } else if (RUN_EVENTS.has(frame.type)) {
      this.#advanceRun(frame);
    } else if (frame.type === 'thread_renamed' && frame.thread_id) {
      if (!this.threads.get(frame.thread_id)) this.#refreshListSoon();
      this.threads.renamed(frame.thread_id, frame.payload.title, frame.payload.version);
      this.changed.emit();
    } else if (frame.type === 'thread_read' && frame.thread_id) {
      this.threads.read(frame.thread_id, Number(frame.payload.seq ?? frame.seq));
      this.changed.emit();
    } else if (frame.type === 'error_message' && frame.message_id) {
      const run = this.runs.stopping().find(({ query_message_id }) => query_message_id === frame.message_id);
      if (run) this.clock.after(() => this.#sendStop(run), REPEAT_AFTER);
    } else if (frame.type === 'error_message' && frame.thread_id) {
      this.#refused(frame.thread_id, frame.payload.code);
    }
  }

  /**
   * A resume, rename or read marker was not taken.
   *
   * @param {string} threadId
   * @param {string} code
   */
  #refused(threadId, code) {
    if (code === 'not_found' || code === 'too_long' || code === 'bad_frame') {
      this.threads.forgetRename(threadId);
      this.#refreshListSoon();
      return;
    }
    // The platform can't do it now. All three are harmless to repeat, and which one it was doesn't matter then.
    this.clock.cancel(this.#repeats.get(threadId));
    const timer = this.clock.after(() => {
      this.#repeats.delete(threadId);
      this.#resume(threadId);
      const title = this.threads.unconfirmed.get(threadId);
      if (title !== undefined) this.#sendRename(threadId, title);
      this.#refreshListSoon();
    }, REPEAT_AFTER);
    this.#repeats.set(threadId, timer);
  }

  /** @param {Message} message */
  #store(message) {
    const known = this.threads.grow(message.thread_id, message.seq, message.created_at);
    if (!known) this.#refreshListSoon();
    if (message.role === 'agent' && message.run_id) this.runs.answered(message.run_id, message.thread_id, message.stopped);
    const timeline = this.#timelines.get(message.thread_id);
    if (timeline) {
      timeline.add(message);
      if (timeline.gap) this.#askLater(message.thread_id);
    }
    this.changed.emit();
  }

  /** @param {Frame} frame */
  #advanceRun(frame) {
    const answered = this.#timelines.get(frame.thread_id ?? '')?.answered(frame.run_id ?? '');
    if (answered && !this.runs.get(frame.run_id ?? '')) return;
    if (this.runs.apply(frame) !== null) this.changed.emit();
    if (frame.run_id && frame.thread_id && this.runs.gap(frame.run_id)) this.#askLater(frame.thread_id);
  }

  /** @param {string} threadId */
  async #load(threadId) {
    this.#states.set(threadId, 'loading');
    try {
      const thread = this.threads.get(threadId);
      // One that the list does not know (yet) is no reason to load its whole history.
      const last = thread?.last_seq ?? (await this.api.json('GET', `/api/threads/${threadId}/messages?limit=1`)).last_seq;
      const base = thread?.draft ? 0 : Math.max(0, last - PAGE);
      const timeline = new Timeline(base);
      let after = base;
      for (let more = true; more; ) {
        const page = await this.api.json('GET', `/api/threads/${threadId}/messages?after=${after}&limit=${PAGE}`);
        for (const message of page.messages) timeline.add(message);
        more = page.has_more && page.messages.length > 0;
        after = page.messages.at(-1)?.seq ?? after;
      }
      for (const { run_id, stopped } of timeline.list()) if (run_id && this.runs.get(run_id)) this.runs.answered(run_id, threadId, stopped);
      this.#hold(threadId, timeline);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (error.status !== 404) {
        this.#states.set(threadId, 'unreachable');
        // Where the connection stands the platform is back, and its proxy lets requests through within a second.
        const pause = this.link.online ? RELOAD_ONLINE_AFTER : RELOAD_AFTER;
        this.clock.after(() => {
          if (this.openId === threadId && this.state(threadId) === 'unreachable') void this.#load(threadId).catch(reportFailure);
        }, pause);
      } else if (this.outbox.list().some((entry) => entry.thread_id === threadId)) {
        this.threads.draft(threadId, new Date(this.clock.wall()).toISOString());
        this.#hold(threadId, new Timeline());
      } else {
        this.#states.set(threadId, 'missing');
      }
    }
    this.changed.emit();
    this.#resume(threadId);
  }

  /**
   * Keep a thread's messages at hand, and let go of the one that was held longest without being looked at.
   *
   * @param {string} threadId
   * @param {Timeline} timeline
   */
  #hold(threadId, timeline) {
    // Taken out first, so that it stands behind all that were looked at earlier.
    this.#timelines.delete(threadId);
    this.#timelines.set(threadId, timeline);
    this.#states.set(threadId, 'ready');
    const oldest = this.#timelines.size > TIMELINES_KEPT ? [...this.#timelines.keys()].find((id) => id !== this.openId) : undefined;
    if (oldest !== undefined) this.#letGo(oldest);
    this.changed.emit();
  }

  /** @param {string} threadId */
  #letGo(threadId) {
    this.#timelines.delete(threadId);
    this.#states.delete(threadId);
  }

  /** A new connection: everything that this tab shows is asked for from where it stands. */
  #resumeAll() {
    for (const threadId of this.#timelines.keys()) this.#resume(threadId);
    for (const [threadId, title] of this.threads.unconfirmed) this.#sendRename(threadId, title);
    for (const run of this.runs.stopping()) this.#sendStop(run);
    this.outbox.pump();
    this.refreshList().catch((error) => this.#failed(error, () => this.#refreshListSoon(2000)));
    const open = this.openId;
    if (open !== null && this.#states.get(open) === 'unreachable') void this.#load(open).catch(reportFailure);
  }

  /** @param {string} threadId */
  #resume(threadId) {
    const thread = this.threads.get(threadId);
    const after = this.#timelines.get(threadId)?.frontier ?? thread?.last_seq;
    if (thread?.draft || after === undefined) return;
    const payload = { after, runs: this.runs.positions(threadId) };
    this.link.send('resume', { thread_id: threadId, payload });
  }

  /**
   * Something is missing in front of what came. It is probably on its way; if not, ask for it.
   *
   * @param {string} threadId
   */
  #askLater(threadId) {
    const gap = this.#gaps.get(threadId) ?? { timer: null, tries: 0, frontier: -1 };
    if (gap.timer !== null) return;
    const look = () => {
      gap.timer = null;
      const timeline = this.#timelines.get(threadId);
      const open = (timeline?.gap ?? false) || this.runs.unanswered(threadId).some((run) => this.runs.gap(run.run_id));
      if (!open) {
        this.#gaps.delete(threadId);
        return;
      }
      const stuck = gap.frontier === timeline?.frontier;
      gap.tries = stuck ? gap.tries + 1 : 1;
      gap.frontier = timeline?.frontier ?? -1;
      if (gap.tries > GAP_TRIES) {
        if (timeline?.gap) timeline.acceptGap();
        this.#gaps.delete(threadId);
        this.changed.emit();
        return;
      }
      this.#resume(threadId);
      gap.timer = this.clock.after(look, GAP_PATIENCE * 2 ** gap.tries);
    };
    gap.timer = this.clock.after(look, GAP_PATIENCE);
    this.#gaps.set(threadId, gap);
  }

  /**
   * @param {string} threadId
   * @param {string} title
   */
  #sendRename(threadId, title) {
    const thread = this.threads.get(threadId);
    // A thread that nobody wrote in yet exists on this page only; naming it makes it real.
    if (thread?.draft) {
      this.api
        .json('POST', '/api/threads', { json: { id: threadId, title } })
        .then(() => {
          this.threads.renamed(threadId, title);
          return this.refreshList();
        })
        .catch((error) => this.#failed(error, () => {}));
      return;
    }
    this.link.send('thread_rename', { thread_id: threadId, payload: { title } });
  }

  /** @param {import('./runs.js').Run} run */
  #sendStop({ thread_id, query_message_id, state }) {
    if (state === 'running' && query_message_id) this.link.send('stop', { thread_id, message_id: query_message_id });
  }

  #refreshListSoon(wait = 100) {
    this.clock.cancel(this.#listTimer);
    this.#listTimer = this.clock.after(() => {
      this.refreshList().catch((error) => this.#failed(error, () => this.#refreshListSoon(2000)));
    }, wait);
  }

  /**
   * @param {unknown} error
   * @param {() => void} again   What to do when it may pass; a new connection asks again anyway.
   */
  #failed(error, again) {
    if (error instanceof HttpError && error.passing && this.link.online) again();
    else if (!(error instanceof HttpError)) reportFailure(error);
  }
}
