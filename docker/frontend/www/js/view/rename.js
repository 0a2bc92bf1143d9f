import { byId, show } from './dom.js';

/** Renaming the open conversation, in place of its title. */
export class RenameView {
  #editing = /** @type {string|null} */ (null);

  /** @param {{chat: import('../chat/chat.js').Chat}} options */
  constructor({ chat }) {
    this.chat = chat;
    byId('rename').addEventListener('click', () => this.#begin());
    byId('rename-cancel').addEventListener('click', () => this.#end());
    byId('rename-form').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      const title = byId('thread-title-input').value.trim();
      if (this.#editing !== null && title !== '') this.chat.rename(this.#editing, title);
      this.#end();
    });
    byId('thread-title-input').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Escape') this.#end();
    });
  }

  draw() {
    if (this.#editing !== null && this.#editing !== this.chat.openId) this.#editing = null;
    const editing = this.#editing !== null;
    show(byId('rename-form'), editing);
    show(byId('page-title'), !editing);
    show(byId('rename'), this.chat.openId !== null && !editing);
  }

  #begin() {
    this.#editing = this.chat.openId;
    if (this.#editing === null) return;
    byId('thread-title-input').value = this.chat.threads.get(this.#editing)?.title ?? '';
    this.draw();
    byId('thread-title-input').select();
  }

  #end() {
    this.#editing = null;
    this.draw();
    byId('rename').focus();
  }
}
