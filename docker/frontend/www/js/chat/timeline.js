/** @typedef {import('../types.js').Message} Message */

/**
 * The stored messages of one thread that this tab holds: each once, ordered by `seq`.
 *
 * `frontier` is the last seq up to which nothing is missing. A resume asks for what comes after it, so a
 * message that came too early never hides one that is still on its way.
 */
export class Timeline {
  /** @type {Map<number, Message>} */
  #bySeq = new Map();
  /** @type {Map<string, Message>} */
  #byId = new Map();
  /** @type {Set<string>} */
  #runs = new Set();
  #frontier;

  /** @param {number} [base]   The seq before the first one held: history starts after it. */
  constructor(base = 0) {
    this.base = base;
    this.#frontier = base;
  }

  get frontier() {
    return this.#frontier;
  }

  /** Whether a message is held that comes after one that is missing. */
  get gap() {
    return this.#bySeq.size > this.#frontier - this.base;
  }

  get size() {
    return this.#bySeq.size;
  }

  /** @param {string} messageId */
  has(messageId) {
    return this.#byId.has(messageId);
  }

  /** @param {string} runId   Whether the run's stored answer is held. */
  answered(runId) {
    return this.#runs.has(runId);
  }

  /**
   * @param {Message} message
   * @returns {boolean} Whether it was new. One that is known is replaced in place, never shown twice.
   */
  add(message) {
    const known = this.#byId.get(message.message_id);
    if (known !== undefined) {
      // An acknowledgement brings less than the message itself; keep what either of them knows.
      Object.assign(known, message);
      return false;
    }
    if (message.seq <= this.base || this.#bySeq.has(message.seq)) return false;
    this.#bySeq.set(message.seq, message);
    this.#byId.set(message.message_id, message);
    if (message.role === 'agent' && message.run_id) this.#runs.add(message.run_id);
    while (this.#bySeq.has(this.#frontier + 1)) this.#frontier += 1;
    return true;
  }

  /**
   * Put older history in front.
   *
   * @param {number} base
   * @param {Message[]} messages    Everything between the new base and the old one.
   */
  prepend(base, messages) {
    if (base >= this.base) return;
    this.base = base;
    for (const message of messages) this.add(message);
  }

  /** Take the gap for granted: the store itself has nothing there. */
  acceptGap() {
    this.#frontier = Math.max(this.#frontier, ...this.#bySeq.keys());
    this.base = this.#frontier - this.#bySeq.size;
  }

  /** @returns {Message[]} By seq. */
  list() {
    return [...this.#bySeq.values()].sort((one, other) => one.seq - other.seq);
  }
}
