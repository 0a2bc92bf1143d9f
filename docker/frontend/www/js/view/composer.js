import { byId, setText, show } from './dom.js';
import { bytes } from './words.js';

/**
 * Where messages are written. It never refuses to take one: without a connection they wait in the outbox.
 */
export class Composer {
  /** @type {File|null} */
  #file = null;
  /** Unfinished texts by thread. */
  #drafts = new Map();
  #threadId = '';

  /**
   * @param {object} options
   * @param {(text: string) => Promise<void>} options.onText
   * @param {(file: File, question: string) => void} options.onFile
   */
  constructor({ onText, onFile }) {
    this.onText = onText;
    this.onFile = onFile;
    this.input = byId('message-input');
    // A touch keyboard has no Shift to hold: its Enter key breaks the line, and the button sends.
    this.touch = matchMedia('(pointer: coarse)');
    const sayEnter = () => this.input.setAttribute('enterkeyhint', this.touch.matches ? 'enter' : 'send');
    this.touch.addEventListener('change', sayEnter);
    sayEnter();
    this.picker = byId('file-input');
    byId('composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener('input', () => this.#drawTools());
    this.input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      // While an input method composes a word, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || this.touch.matches) return;
      event.preventDefault();
      this.#submit();
    });
    this.picker.addEventListener('change', () => this.#attach(this.picker.files?.[0] ?? null));
    byId('attachment-remove').addEventListener('click', () => this.#attach(null));
    const area = byId('thread');
    area.addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
    area.addEventListener('drop', (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      this.#attach(event.dataTransfer?.files?.[0] ?? null);
    });
  }

  /** @param {string} threadId */
  open(threadId) {
    if (threadId === this.#threadId) return;
    this.#drafts.set(this.#threadId, this.input.value);
    this.#threadId = threadId;
    this.input.value = this.#drafts.get(threadId) ?? '';
    this.#attach(null);
    this.#drawTools();
  }

  focus() {
    this.input.focus();
  }

  /**
   * @param {string} threadId
   * @returns {boolean} Whether something unfinished belongs to it.
   */
  holds(threadId) {
    if (threadId !== this.#threadId) return (this.#drafts.get(threadId) ?? '') !== '';
    return this.input.value !== '' || this.#file !== null;
  }

  #submit() {
    // What is said is sent as it was typed; nothing but blanks is nothing.
    const text = this.input.value.trim() === '' ? '' : this.input.value;
    const file = this.#file;
    const threadId = this.#threadId;
    if (file === null && text === '') return;
    this.input.value = '';
    this.#drafts.delete(threadId);
    if (file !== null) {
      this.#attach(null);
      this.onFile(file, text);
    } else {
      this.onText(text).catch(() => this.#giveBack(threadId, text));
    }
    this.#drawTools();
  }

  /**
   * What can't be kept goes back to where it was typed, in front of what was typed there since.
   *
   * @param {string} threadId
   * @param {string} text
   */
  #giveBack(threadId, text) {
    const open = threadId === this.#threadId;
    const since = open ? this.input.value : (this.#drafts.get(threadId) ?? '');
    const both = since === '' ? text : `${text}\n${since}`;
    if (open) this.input.value = both;
    else this.#drafts.set(threadId, both);
    this.#drawTools();
  }

  /** @param {File|null} file */
  #attach(file) {
    this.#file = file;
    if (file === null) this.picker.value = '';
    setText(byId('attachment-name'), file?.name ?? '');
    setText(byId('attachment-size'), file ? bytes(file.size) : '');
    show(byId('attachment'), file !== null);
    this.input.placeholder = file ? 'What do you want to know about it?' : 'Ask anything that can be computed, or attach a PDF';
    this.#drawTools();
  }

  #drawTools() {
    byId('send').disabled = this.input.value.trim() === '' && this.#file === null;
    // Browsers without `field-sizing` grow by hand.
    if (!CSS.supports('field-sizing', 'content')) {
      this.input.style.height = 'auto';
      this.input.style.height = `${this.input.scrollHeight}px`;
    }
  }
}
