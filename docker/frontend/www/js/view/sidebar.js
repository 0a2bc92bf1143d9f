import { unread, UNTITLED } from '../chat/threads.js';
import { drawAvatar } from './avatar.js';
import { byId, h, reconcile, setData, setText, show } from './dom.js';
import { plural, when } from './words.js';

/** @typedef {import('../types.js').Thread} Thread */

/** The list of conversations, and who is signed in. On narrow screens it slides in over the page. */
export class Sidebar {
  /**
   * @param {object} options
   * @param {import('../chat/chat.js').Chat} options.chat
   * @param {import('../chat/outbox.js').Outbox} options.outbox
   * @param {() => void} options.onNew
   */
  constructor({ chat, outbox, onNew }) {
    this.chat = chat;
    this.outbox = outbox;
    byId('new-thread').addEventListener('click', () => {
      this.close();
      onNew();
    });
    byId('sidebar-open').addEventListener('click', () => this.open());
    byId('sidebar-close').addEventListener('click', () => this.close());
    byId('scrim').addEventListener('click', () => this.close());
    byId('sidebar').addEventListener('click', (/** @type {any} */ event) => event.target.closest('a') && this.close());
    document.addEventListener('keydown', (event) => event.key === 'Escape' && this.close());
  }

  open() {
    document.body.dataset.sidebar = 'open';
    byId('sidebar-open').setAttribute('aria-expanded', 'true');
    show(byId('scrim'), true);
    byId('sidebar-close').focus();
  }

  close() {
    if (document.body.dataset.sidebar !== 'open') return;
    delete document.body.dataset.sidebar;
    byId('sidebar-open').setAttribute('aria-expanded', 'false');
    show(byId('scrim'), false);
    byId('sidebar-open').focus();
  }

  draw() {
    const { chat } = this;
    const threads = chat.threads.list();
    reconcile(byId('threads'), threads, {
      key: (thread) => thread.id,
      make: (thread) => makeItem(thread),
      update: (element, thread) => updateItem(element, thread, chat.openId === thread.id, this.#waiting(thread.id)),
    });
    show(byId('threads-empty'), chat.listed && threads.length === 0);
    const home = byId('nav-dashboard');
    if (chat.openId === null) home.setAttribute('aria-current', 'page');
    else home.removeAttribute('aria-current');
    const sum = threads.reduce((total, thread) => total + unread(thread), 0);
    document.title = sum > 0 ? `(${sum}) Abacus` : 'Abacus';
  }

  /** @param {string} threadId */
  #waiting(threadId) {
    return this.outbox.list().filter((entry) => entry.thread_id === threadId && !entry.problem).length;
  }

  /** @param {import('../types.js').User} user */
  drawUser(user) {
    const name = user.display_name || user.name;
    setText(byId('user-chip-name'), name);
    drawAvatar(/** @type {HTMLElement} */ (document.querySelector('#user-chip .avatar')), { name, picture: user.picture });
  }
}

/** @param {Thread} thread */
function makeItem(thread) {
  return h(
    'li',
    { class: 'thread-item' },
    h(
      'a',
      { class: 'nav-item', href: `/threads/${thread.id}`, 'data-route': true },
      h('span', { class: 'thread-item-title' }),
      h('span', { class: 'thread-item-time muted small' }),
      h('span', { class: 'thread-item-waiting', hidden: true }),
      h('span', { class: 'thread-item-unread', hidden: true }),
    ),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Thread} thread
 * @param {boolean} open
 * @param {number} waiting
 */
function updateItem(element, thread, open, waiting) {
  const count = open && document.visibilityState === 'visible' ? 0 : unread(thread);
  setData(element, { threadId: thread.id, unread: count, lastSeq: thread.last_seq, readSeq: thread.read_seq });
  const link = /** @type {HTMLElement} */ (element.firstElementChild);
  if (open) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`.thread-item-${name}`));
  setText(part('title'), thread.title || UNTITLED);
  setText(part('time'), when(thread.updated_at));
  setText(part('unread'), count > 0 ? String(count) : '');
  part('unread').setAttribute('aria-label', `${count} unread`);
  part('unread').setAttribute('role', 'img');
  show(part('unread'), count > 0);
  setText(part('waiting'), waiting > 0 ? `${waiting} waiting` : '');
  part('waiting').title = waiting > 0 ? `${plural(waiting, 'message')} not sent yet` : '';
  show(part('waiting'), waiting > 0);
}
