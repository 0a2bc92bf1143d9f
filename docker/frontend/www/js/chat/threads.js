/** @typedef {import('../types.js').Thread} Thread */

/** What a thread without a title is called. */
export const UNTITLED = 'New conversation';

/**
 * The user's threads: the platform's list, brought up to date by what arrives, and drafts that exist on
 * this page only.
 */
export class Threads {
  /** @type {Map<string, Thread>} */
  #threads = new Map();
  /** @type {Set<Set<string>>} Of each list that is being asked for: threads that something came for meanwhile. */
  #listings = new Set();
  /** Titles given here that the platform has not confirmed yet. */
  #renames = new Map();

  /** @param {string} id */
  get(id) {
    return this.#threads.get(id);
  }

  /** @returns {Thread[]} Newest first. */
  list() {
    return [...this.#threads.values()].sort((one, other) => Date.parse(other.updated_at) - Date.parse(one.updated_at));
  }

  /** Titles to send again: thread id → title. */
  get unconfirmed() {
    return new Map(this.#renames);
  }

  /**
   * Note what happens while the platform's list is asked for: a thread that moves to the front then is on none of its pages.
   *
   * @param {() => Promise<Thread[]>} ask
   * @returns {Promise<{id: string, read_seq: number}[]>} As {@link replace}.
   */
  async replaceBy(ask) {
    const grown = new Set();
    this.#listings.add(grown);
    try {
      return this.replace(await ask(), grown);
    } finally {
      this.#listings.delete(grown);
    }
  }

  /**
   * @param {Thread[]} threads   The platform's list.
   * @param {Set<string>} [grown]   Threads that live though they are not on it.
   * @returns {{id: string, read_seq: number}[]} Threads that were read further here than the platform knows.
   */
  replace(threads, grown = new Set()) {
    const behind = [];
    const listed = new Set(threads.map((thread) => thread.id));
    for (const [id, thread] of this.#threads) if (!thread.draft && !listed.has(id) && !grown.has(id)) this.#threads.delete(id);
    for (const thread of threads) {
      const known = this.#threads.get(thread.id);
      if (known && known.read_seq > thread.read_seq) behind.push({ id: thread.id, read_seq: known.read_seq });
      this.#threads.set(thread.id, {
        ...thread,
        draft: false,
        title: this.#renames.get(thread.id) ?? (known && isNewer(known, thread) ? known.title : thread.title),
        title_version: Math.max(thread.title_version ?? 0, known?.title_version ?? 0),
        // The list was made before it arrived; neither position ever goes back.
        last_seq: Math.max(thread.last_seq, known?.last_seq ?? 0),
        read_seq: Math.max(thread.read_seq, known?.read_seq ?? 0),
      });
    }
    return behind;
  }

  /**
   * @param {string} id
   * @param {string} now    RFC 3339
   * @returns {Thread}
   */
  draft(id, now) {
    const known = this.#threads.get(id);
    if (known) return known;
    const thread = { id, title: '', last_seq: 0, read_seq: 0, updated_at: now, draft: true };
    this.#threads.set(id, thread);
    return thread;
  }

  /**
   * @param {string} id
   * @returns {boolean} Whether it was a draft.
   */
  dropDraft(id) {
    return this.#threads.get(id)?.draft === true && this.#threads.delete(id);
  }

  /**
   * @param {string} id
   * @param {number} seq
   * @param {string} at
   * @returns {boolean} Whether the thread was in the platform's list already.
   */
  grow(id, seq, at) {
    const thread = this.#threads.get(id);
    for (const grown of this.#listings) grown.add(id);
    const known = thread !== undefined && !thread.draft;
    const grown = thread ?? this.draft(id, at);
    if (seq > grown.last_seq) {
      grown.last_seq = seq;
      if (Date.parse(at) > Date.parse(grown.updated_at)) grown.updated_at = at;
    }
    grown.draft = false;
    return known;
  }

  /**
   * @param {string} id
   * @param {number} seq
   */
  read(id, seq) {
    const thread = this.#threads.get(id);
    if (thread) thread.read_seq = Math.max(thread.read_seq, seq);
  }

  /**
   * @param {string} id
   * @param {string} title
   */
  rename(id, title) {
    const thread = this.#threads.get(id);
    if (thread) thread.title = title;
    this.#renames.set(id, title);
  }

  /** @param {string} id   The platform refused it; its own list says what the thread is called. */
  forgetRename(id) {
    this.#renames.delete(id);
  }

  /**
   * @param {string} id
   * @param {string} title    What the platform says it is called now.
   * @param {number} [version]
   */
  renamed(id, title, version = 0) {
    const thread = this.#threads.get(id);
    // A rename of ours that is still on its way comes later and wins.
    const ours = this.#renames.get(id);
    if (ours === title) this.#renames.delete(id);
    if (thread && (ours === undefined || ours === title) && version >= (thread.title_version ?? 0)) {
      thread.title = title;
      thread.title_version = version;
    }
  }
}

/**
 * A list was made before it arrived: its title may be older than what was told meanwhile.
 *
 * @param {Thread} known
 * @param {Thread} listed
 */
function isNewer(known, listed) {
  return (known.title_version ?? 0) > (listed.title_version ?? 0);
}

/** @param {Thread} thread */
export function unread(thread) {
  return Math.max(0, thread.last_seq - thread.read_seq);
}
