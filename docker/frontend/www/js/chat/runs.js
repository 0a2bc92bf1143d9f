/** @typedef {import('../types.js').Frame} Frame */
/** @typedef {import('../types.js').Step} Step */

/**
 * @typedef {object} Run                What this tab knows of one agent run.
 * @property {string} run_id
 * @property {string} thread_id
 * @property {string|null} query_message_id
 * @property {'running'|'completed'|'failed'|'stopped'} state
 * @property {boolean} stopping         Its user has asked it to stop.
 * @property {number} n                 The last event applied; 1, 2, … without a gap.
 * @property {Step[]} steps
 * @property {string} text              The answer as far as it was streamed.
 * @property {{code: string, text: string}|null} error
 * @property {Map<number, Frame>} early Events that came before one that is missing.
 */

/** The events of a run; anything else is not this module's. */
export const RUN_EVENTS = new Set([
  'agent_started',
  'agent_thinking',
  'tool_executing',
  'tool_completed',
  'stream_chunk',
  'agent_completed',
  'agent_error',
  'agent_stopped',
]);

/** Finished runs whose traces are kept for reading. */
const FINISHED_KEPT = 200;

/**
 * The agent runs of all threads, built from their events in the order of `n`, each applied once.
 */
export class Runs {
  /** @type {Map<string, Run>} */
  #runs = new Map();

  /** @param {string} runId */
  get(runId) {
    return this.#runs.get(runId);
  }

  /**
   * @param {string} threadId
   * @returns {Run[]} Runs that have no stored answer yet: under way, or failed.
   */
  unanswered(threadId) {
    return [...this.#runs.values()].filter((run) => run.thread_id === threadId && (run.state === 'running' || run.state === 'failed'));
  }

  /** @returns {Run[]} Runs that were asked to stop and have not ended yet. */
  stopping() {
    return [...this.#runs.values()].filter((run) => run.stopping && run.state === 'running');
  }

  /**
   * @param {string} threadId
   * @returns {Record<string, number>} What a resume says about unfinished runs: the last event held of each.
   */
  positions(threadId) {
    const running = [...this.#runs.values()].filter((run) => run.thread_id === threadId && run.state === 'running');
    return Object.fromEntries(running.map((run) => [run.run_id, run.n]));
  }

  /** @param {string} runId   Whether events are missing in front of ones that came. */
  gap(runId) {
    return (this.#runs.get(runId)?.early.size ?? 0) > 0;
  }

  /**
   * @param {Frame} event
   * @returns {Run|null} The run that changed; null when the event was known, or is too early.
   */
  apply(event) {
    if (!event.run_id || !event.thread_id || event.n === undefined) return null;
    const run = this.#find(event.run_id, event.thread_id);
    if (event.n <= run.n || run.state !== 'running') return null;
    run.early.set(event.n, event);
    let changed = false;
    for (let next = run.early.get(run.n + 1); next !== undefined; next = run.early.get(run.n + 1)) {
      run.early.delete(run.n + 1);
      run.n += 1;
      advance(run, next);
      changed = true;
    }
    if (changed && run.state !== 'running') this.#forgetOld();
    return changed ? run : null;
  }

  /**
   * The stored answer came: whatever events were missed on the way, the run is over.
   *
   * @param {string} runId
   * @param {string} threadId
   * @param {boolean} [stopped]
   */
  answered(runId, threadId, stopped = false) {
    const run = this.#find(runId, threadId);
    // A failed run stays one even if it left a message that says so.
    if (run.state === 'running') finish(run, stopped ? 'stopped' : 'completed');
    this.#forgetOld();
  }

  /**
   * @param {string} runId
   * @param {string} threadId
   * @returns {Run}
   */
  #find(runId, threadId) {
    let run = this.#runs.get(runId);
    if (run === undefined) {
      run = {
        run_id: runId,
        thread_id: threadId,
        query_message_id: null,
        state: 'running',
        stopping: false,
        n: 0,
        steps: [],
        text: '',
        error: null,
        early: new Map(),
      };
      this.#runs.set(runId, run);
    }
    return run;
  }

  #forgetOld() {
    const finished = [...this.#runs.values()].filter((run) => run.state !== 'running');
    for (const run of finished.slice(0, Math.max(0, finished.length - FINISHED_KEPT))) this.#runs.delete(run.run_id);
  }
}

/**
 * @param {Run} run
 * @param {Frame} event
 */
function advance(run, event) {
  const { payload } = event;
  switch (event.type) {
    case 'agent_started':
      run.query_message_id = payload.query_message_id ?? null;
      break;
    case 'agent_thinking':
      run.steps.push({ kind: 'thinking', text: payload.text ?? '' });
      break;
    case 'tool_executing':
      run.steps.push({ kind: 'tool', tool: payload.tool, input: payload.input, done: false });
      break;
    case 'tool_completed': {
      const open = run.steps.find((step) => step.kind === 'tool' && step.tool === payload.tool && !step.done);
      if (open) Object.assign(open, { output: payload.output, done: true });
      else run.steps.push({ kind: 'tool', tool: payload.tool, output: payload.output, done: true });
      break;
    }
    case 'stream_chunk':
      run.text += payload.text ?? '';
      break;
    case 'agent_completed':
      finish(run, 'completed');
      break;
    case 'agent_stopped':
      finish(run, 'stopped');
      break;
    case 'agent_error':
      run.error = { code: payload.code ?? 'agent_error', text: payload.text ?? '' };
      finish(run, 'failed');
      break;
    default:
      break;
  }
}

/**
 * @param {Run} run
 * @param {'completed'|'failed'|'stopped'} state
 */
function finish(run, state) {
  run.state = state;
  run.early.clear();
}
