import { Emitter } from '../core/emitter.js';
import { newId } from '../core/ids.js';
import { HttpError, refusal } from '../net/http.js';

/** @typedef {import('../types.js').FileInfo} FileInfo */

/**
 * @typedef {object} Upload
 * @property {string} id
 * @property {string} thread_id
 * @property {string} message_id          Of the message that carries the file; every try has the same, so that it is stored once.
 * @property {File} file
 * @property {string} question
 * @property {() => Promise<unknown>} ready   What must be done before each try.
 * @property {'uploading'|'storing'|'stored'|'failed'} state    storing: all bytes are out, the answer isn't in.
 * @property {number} sent                Bytes.
 * @property {FileInfo|null} result
 * @property {HttpError|null} error
 */

/** Milliseconds without a byte going out, or without an answer once all are, after which an upload is given up. */
const STALLED = 20000;
const UNANSWERED = 60000;

/** Uploads of this tab, with their progress, and downloads. */
export class Files {
  /** @type {Emitter<Upload>} */
  changed = new Emitter();
  /** @type {Upload[]} */
  uploads = [];

  /** @type {Map<string, XMLHttpRequest>} */
  #requests = new Map();

  /**
   * @param {object} options
   * @param {import('../net/http.js').Api} options.api
   * @param {() => Promise<string>} options.token
   * @param {(stale: string) => Promise<unknown>} options.renew
   * @param {number} options.maxBytes
   */
  constructor({ api, token, renew, maxBytes }) {
    this.api = api;
    this.token = token;
    this.renew = renew;
    this.maxBytes = maxBytes;
  }

  /**
   * @param {string} threadId
   * @param {File} file
   * @param {string} question
   * @param {() => Promise<unknown>} [ready]   What must be done before each try; the upload is on the page meanwhile.
   * @returns {Promise<Upload>} When it is stored, or has failed.
   */
  start(threadId, file, question, ready = async () => {}) {
    /** @type {Upload} */
    const upload = {
      id: newId(),
      thread_id: threadId,
      message_id: newId(),
      file,
      question,
      ready,
      state: 'uploading',
      sent: 0,
      result: null,
      error: null,
    };
    this.uploads = [...this.uploads, upload];
    return this.#run(upload);
  }

  /** @param {Upload} upload */
  retry(upload) {
    return this.#run(Object.assign(upload, { state: 'uploading', sent: 0, error: null }));
  }

  /** @param {Upload} upload   Stop it, or take its result or failure off the page. */
  remove(upload) {
    this.#requests.get(upload.id)?.abort();
    this.uploads = this.uploads.filter((other) => other !== upload);
    this.changed.emit(upload);
  }

  /**
   * Fetch a file's bytes with the bearer token (a plain link could not carry it) and save them.
   *
   * @param {FileInfo} file
   */
  async download(file) {
    const answer = await this.api.send('GET', `/api/files/${file.id}`, { timeout: 120000, headers: { Accept: '*/*' } });
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement('a');
    link.href = url;
    link.download = file.name;
    link.click();
    // The browser has taken hold of the bytes by the end of this task.
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  /** @returns {Promise<FileInfo[]>} */
  async list() {
    const { files } = await this.api.json('GET', '/api/files');
    return files;
  }

  /** @param {Upload} upload */
  async #run(upload) {
    this.changed.emit(upload);
    try {
      if (upload.file.size === 0) throw new HttpError({ status: 400, code: 'empty_file' });
      if (upload.file.size > this.maxBytes) throw new HttpError({ status: 413, code: 'file_too_large' });
      await upload.ready();
      const token = await this.token();
      upload.result = await this.#post(upload, token).catch(async (error) => {
        if (!(error instanceof HttpError) || error.status !== 401) throw error;
        await this.renew(token);
        return this.#post(upload, await this.token());
      });
      upload.state = 'stored';
    } catch (error) {
      upload.state = 'failed';
      upload.error = error instanceof HttpError ? error : new HttpError({ status: 0, code: 'unreachable', detail: String(error) });
    }
    this.changed.emit(upload);
    return upload;
  }

  /**
   * XMLHttpRequest, because fetch does not tell how much of a request body is out.
   *
   * @param {Upload} upload
   * @param {string} token
   * @returns {Promise<FileInfo>}
   */
  #post(upload, token) {
    return new Promise((resolve, reject) => {
      // Taken off the page before anything of it was out.
      if (!this.uploads.includes(upload)) {
        reject(new HttpError({ status: 0, code: 'aborted' }));
        return;
      }
      const request = new XMLHttpRequest();
      this.#requests.set(upload.id, request);
      request.open('POST', '/api/files');
      request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.setRequestHeader('Accept', 'application/json');
      let code = 'aborted';
      /** @type {ReturnType<typeof setTimeout>} */
      let timer;
      const within = (/** @type {number} */ milliseconds) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          code = 'timeout';
          request.abort();
        }, milliseconds);
      };
      request.upload.onprogress = (event) => {
        within(STALLED);
        // The multipart frame counts as well: scale to the file, so that 100 % is its last byte.
        upload.sent = event.lengthComputable ? Math.round((event.loaded / event.total) * upload.file.size) : event.loaded;
        this.changed.emit(upload);
      };
      request.upload.onload = () => {
        within(UNANSWERED);
        Object.assign(upload, { sent: upload.file.size, state: 'storing' });
        this.changed.emit(upload);
      };
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
        else reject(refusal(request.status, request.responseText));
      };
      request.onerror = () => reject(new HttpError({ status: 0, code: 'unreachable' }));
      request.onabort = () => reject(new HttpError({ status: 0, code }));
      request.onloadend = () => {
        clearTimeout(timer);
        this.#requests.delete(upload.id);
      };
      const form = new FormData();
      form.append('thread_id', upload.thread_id);
      form.append('message_id', upload.message_id);
      if (upload.question) form.append('question', upload.question);
      form.append('file', upload.file, upload.file.name);
      within(STALLED);
      request.send(form);
    });
  }
}
