import { UNTITLED } from '../chat/threads.js';
import { byId, reconcile, setData, setText, show } from './dom.js';
import { busy, itemKey, makeItem, updateItem } from './message.js';

/** @typedef {import('./message.js').Item} Item */

/** How near to the end (pixels) still counts as reading the end. */
const NEAR = 80;

/** The open conversation: its messages, what is under way, what waits. */
export class ThreadView {
  #shown = /** @type {string|null} */ (null);
  #count = 0;
  #atEnd = true;

  /**
   * @param {object} options
   * @param {import('../chat/chat.js').Chat} options.chat
   * @param {import('../chat/outbox.js').Outbox} options.outbox
   * @param {import('../account/files.js').Files} options.files
   * @param {import('./message.js').Actions} options.actions
   */
  constructor({ chat, outbox, files, actions }) {
    this.chat = chat;
    this.outbox = outbox;
    this.files = files;
    this.actions = actions;
    this.scroller = byId('scroller');
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // Whoever reads the end keeps seeing it when a keyboard opens, the window turns or the composer grows.
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(this.scroller);
    byId('jump-to-end').addEventListener('click', () => this.toEnd());
    byId('load-earlier').addEventListener('click', () => this.#earlier());
    document.addEventListener('visibilitychange', () => this.#read());
  }

  draw() {
    const threadId = this.chat.openId;
    if (threadId === null) {
      this.#shown = null;
      return;
    }
    const switched = this.#shown !== threadId;
    this.#shown = threadId;
    if (switched) {
      this.#atEnd = true;
      this.#count = 0;
    }
    const state = this.chat.state(threadId);
    const section = byId('thread');
    setData(section, { threadId, state });
    const items = this.#items(threadId);
    reconcile(byId('messages'), items, {
      key: itemKey,
      make: (item) => makeItem(item, this.actions),
      update: (element, item) => updateItem(element, item, this.actions),
    });
    this.#drawStatus(state, items.length);
    show(byId('load-earlier'), this.chat.hasEarlier(threadId));
    if (this.#atEnd) this.toEnd();
    else show(byId('jump-to-end'), items.length > this.#count);
    if (this.#atEnd) this.#count = items.length;
    this.#read();
  }

  /** @returns {string} The open thread's title. */
  get title() {
    const thread = this.chat.openId === null ? undefined : this.chat.threads.get(this.chat.openId);
    return thread?.title || UNTITLED;
  }

  toEnd() {
    this.#atEnd = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    show(byId('jump-to-end'), false);
  }

  /**
   * @param {string} threadId
   * @returns {Item[]}
   */
  #items(threadId) {
    const { chat, outbox } = this;
    const messages = chat.messages(threadId);
    const answered = new Set(messages.map((message) => message.run_id).filter(Boolean));
    const runs = chat.runs.unanswered(threadId).filter((run) => run.n > 0 && !answered.has(run.run_id));
    // One whose answer was lost is stored all the same when its message is here; while it is under way its progress is shown.
    const uploads = this.files.uploads.filter((upload) => upload.thread_id === threadId && (busy(upload) || !chat.has(threadId, upload.message_id)));
    const entries = outbox.list().filter((entry) => entry.thread_id === threadId && !chat.has(threadId, entry.message_id));
    return [
      ...messages.map((message, index) => {
        const run = message.role === 'agent' && message.run_id ? chat.runs.get(message.run_id) : undefined;
        return /** @type {Item} */ ({ kind: 'message', message, run, question: questionApart(messages, index) });
      }),
      ...uploads.map((upload) => /** @type {Item} */ ({ kind: 'upload', upload })),
      ...runs.map((run) => /** @type {Item} */ ({ kind: 'run', run })),
      ...entries.map((entry) => /** @type {Item} */ ({ kind: 'entry', entry, state: outbox.state(entry) })),
    ];
  }

  /**
   * @param {import('../chat/chat.js').LoadState} state
   * @param {number} count
   */
  #drawStatus(state, count) {
    const words = {
      loading: 'Loading the conversation…',
      unreachable: 'The conversation can’t be loaded right now. Trying again…',
      missing: 'This conversation does not exist, or is not yours.',
      ready: count === 0 ? 'What would you like to know?' : '',
    }[state];
    const line = byId('thread-status');
    setData(line, { state });
    setText(line, words);
    show(line, words !== '');
    show(byId('composer-area'), state !== 'missing');
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#atEnd) {
      show(byId('jump-to-end'), false);
      this.#read();
    }
  }

  #read() {
    if (this.#atEnd && this.#shown !== null && document.visibilityState === 'visible') this.chat.markRead();
  }

  async #earlier() {
    const before = this.scroller.scrollHeight - this.scroller.scrollTop;
    const threadId = this.#shown;
    if (threadId === null) return;
    this.#atEnd = false;
    await this.chat.loadEarlier(threadId);
    if (this.#shown !== threadId) return;
    this.draw();
    // What the reader looks at stays where it is.
    this.scroller.scrollTop = this.scroller.scrollHeight - before;
  }
}

/**
 * @param {import('../types.js').Message[]} messages
 * @param {number} index   Of an answer.
 * @returns {string|undefined} The text of its question, where that is not the line before it: answers may overtake each other.
 */
export function questionApart(messages, index) {
  const { answers } = messages[index];
  if (!answers || messages[index - 1]?.message_id === answers) return undefined;
  return messages.find((message) => message.message_id === answers)?.text;
}
