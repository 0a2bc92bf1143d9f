import { Emitter } from '../core/emitter.js';
import { pause } from '../core/clock.js';
import { newId } from '../core/ids.js';
import { HttpError } from '../net/http.js';

/** @typedef {import('../core/clock.js').Clock} Clock */

/**
 * @typedef {object} Change             What the user wants to be called, where, and working in what.
 * @property {string} [display_name]
 * @property {string} [timezone]
 * @property {{name: string}} [workspace]
 *
 * @typedef {'idle'|'saving'|'committed'|'rolling_back'|'rolled_back'|'in_progress'|'refused'|'unknown'} OperationState
 *
 * @typedef {object} Outcome
 * @property {OperationState} state
 * @property {string|null} operationId
 * @property {string|null} failedStep   profile, workspace or event
 * @property {string} detail
 * @property {boolean} canRetry
 */

/** @type {Outcome} */
const IDLE = { state: 'idle', operationId: null, failedStep: null, detail: '', canRetry: false };

/** Three steps and their undoing, each with its own limit on the server: longer than all of them together. */
const TIMEOUT = 30000;
/** Milliseconds between looks at an operation that is still being undone. */
const LOOK_EVERY = 500;
const LOOKS = 40;

/**
 * One profile change over three stores: all of it happens, or nothing.
 *
 * The idempotency key belongs to what is being changed, not to a click: trying the same change again can't
 * apply it twice, even when the first answer was lost.
 */
export class ProfileOperation {
  /** @type {Emitter<Outcome>} */
  changed = new Emitter();
  outcome = IDLE;

  #key = /** @type {string|null} */ (null);
  #change = /** @type {string|null} */ (null);

  /**
   * @param {object} options
   * @param {import('../net/http.js').Api} options.api
   * @param {Clock} options.clock
   */
  constructor({ api, clock }) {
    this.api = api;
    this.clock = clock;
  }

  /** The key of the change under way or last tried. */
  get key() {
    return this.#key;
  }

  /**
   * @param {Change} change
   * @returns {Promise<Outcome>}
   */
  async save(change) {
    if (this.outcome.state === 'saving' || this.outcome.state === 'rolling_back') return this.outcome;
    const content = JSON.stringify(change);
    if (this.#key === null || content !== this.#change || this.outcome.state === 'committed') this.#key = newId();
    this.#change = content;
    this.#set({ ...IDLE, state: 'saving' });
    try {
      const answer = await this.api.json('PATCH', '/auth/profile', {
        json: change,
        headers: { 'Idempotency-Key': this.#key },
        timeout: TIMEOUT,
      });
      return this.#set({ ...IDLE, state: 'committed', operationId: answer.operation_id });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return this.#failed(error);
    }
  }

  /**
   * @param {HttpError} error
   * @returns {Promise<Outcome>}
   */
  async #failed(error) {
    const { operation_id: operationId = null, state, failed_step: failedStep = null } = error.body;
    const facts = { operationId, failedStep, detail: error.detail, canRetry: true };
    if (state === 'rolled_back') return this.#set({ ...facts, state });
    if (state === 'rolling_back') {
      this.#set({ ...facts, state, canRetry: false });
      return this.#followUp(facts);
    }
    if (error.status === 409) return this.#set({ ...facts, state: 'in_progress' });
    if (error.status >= 400 && error.status < 500) return this.#set({ ...facts, state: 'refused' });
    return this.#set({ ...facts, state: 'unknown' });
  }

  /**
   * Wait for the end of an undoing that the platform goes on with by itself.
   *
   * @param {Omit<Outcome, 'state'>} facts
   * @returns {Promise<Outcome>}
   */
  async #followUp(facts) {
    for (let look = 0; look < LOOKS; look += 1) {
      await pause(this.clock, LOOK_EVERY);
      try {
        const { state } = await this.api.json('GET', `/auth/operations/${facts.operationId}`);
        if (state === 'committed' || state === 'rolled_back') return this.#set({ ...facts, state });
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        if (!error.passing) break;
      }
    }
    return this.#set({ ...facts, state: 'unknown' });
  }

  /** @param {Outcome} outcome */
  #set(outcome) {
    this.outcome = outcome;
    this.changed.emit(outcome);
    return outcome;
  }
}
