import { h, icon, reconcile, setData, setText, show } from './dom.js';
import { bytes, plural, refused, shortened, when } from './words.js';

/** @typedef {import('../types.js').Message} Message */
/** @typedef {import('../types.js').OutboxEntry} OutboxEntry */
/** @typedef {import('../types.js').EntryState} EntryState */
/** @typedef {import('../types.js').FileInfo} FileInfo */
/** @typedef {import('../chat/runs.js').Run} Run */
/** @typedef {import('../account/files.js').Upload} Upload */

/**
 * @typedef {{kind: 'message', message: Message, run?: Run, question?: string}
 *   | {kind: 'run', run: Run}
 *   | {kind: 'upload', upload: Upload}
 *   | {kind: 'entry', entry: OutboxEntry, state: EntryState}} Item     One line of the conversation.
 *
 * @typedef {object} Actions
 * @property {(entry: OutboxEntry) => void} discard
 * @property {(run: Run) => void} stop
 * @property {(upload: Upload) => void} retryUpload
 * @property {(upload: Upload) => void} removeUpload
 * @property {(file: FileInfo, button: HTMLElement) => void} download
 * @property {number} maxBytes          Largest upload.
 */

/** @type {Record<EntryState, string>} */
const ENTRY_WORDS = {
  waiting: 'Waiting to be sent',
  sent: 'Sending…',
  limited: 'Waiting for your limit',
  failed: 'Not sent',
};

/**
 * Stable over a line's whole life: a pending message keeps its element when it is stored, and a run when its
 * answer is.
 *
 * @param {Item} item
 */
export function itemKey(item) {
  switch (item.kind) {
    case 'message':
      return item.message.role === 'agent' && item.message.run_id ? `run:${item.message.run_id}` : `m:${item.message.message_id}`;
    case 'run':
      return `run:${item.run.run_id}`;
    case 'upload':
      return `u:${item.upload.id}`;
    default:
      return `m:${item.entry.message_id}`;
  }
}

/**
 * @param {Item} item
 * @param {Actions} actions
 * @returns {HTMLElement}
 */
export function makeItem(item, actions) {
  if (item.kind === 'upload') return makeUpload(item.upload, actions);
  const agent = item.kind === 'run' || (item.kind === 'message' && item.message.role === 'agent');
  return h(
    'li',
    { class: 'message' },
    agent && h('span', { class: 'message-mark', 'aria-hidden': 'true' }, icon('spark')),
    h(
      'article',
      { class: 'message-body', 'aria-label': agent ? 'Analyst' : 'You' },
      agent && h('details', { class: 'trace', hidden: true }, h('summary', {}), h('ol', { class: 'trace-steps' })),
      h('p', { class: 'message-question muted small', hidden: true }),
      h('p', { class: 'message-text' }),
      h('div', { class: 'message-file' }),
      h('p', { class: 'message-meta' }, h('span', { class: 'message-state' }), h('span', { class: 'message-actions' })),
    ),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Item} item
 * @param {Actions} actions
 */
export function updateItem(element, item, actions) {
  if (item.kind === 'upload') updateUpload(element, item.upload, actions);
  else if (item.kind === 'entry') updateEntry(element, item.entry, item.state, actions);
  else if (item.kind === 'run') updateRun(element, item.run, actions);
  else {
    updateMessage(element, item.message, item.run, actions);
    drawQuestion(element, item.question);
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} selector
 * @returns {any}
 */
const part = (element, selector) => element.querySelector(selector);

/**
 * @param {HTMLElement} element
 * @param {Message} message
 * @param {Run|undefined} run
 * @param {Actions} actions
 */
function updateMessage(element, message, run, actions) {
  setData(element, {
    messageId: message.message_id,
    seq: message.seq,
    role: message.role,
    state: run?.state === 'failed' ? 'failed' : message.stopped ? 'stopped' : 'stored',
    runId: message.run_id,
    queryId: message.answers,
    createdAt: message.created_at,
  });
  element.removeAttribute('aria-busy');
  setText(part(element, '.message-text'), message.text);
  setText(part(element, '.message-state'), message.stopped ? `Stopped · ${when(message.created_at)}` : when(message.created_at));
  part(element, '.message-actions').replaceChildren();
  if (message.role === 'agent') drawTrace(element, run);
  drawFile(part(element, '.message-file'), message.file ?? null, actions);
}

/**
 * @param {HTMLElement} element
 * @param {string} [question]   What an answer answers, where that is not the line before it.
 */
function drawQuestion(element, question) {
  const line = part(element, '.message-question');
  setText(line, question === undefined ? '' : `Answers: ${shortened(question)}`);
  show(line, question !== undefined);
}

/**
 * @param {HTMLElement} element
 * @param {OutboxEntry} entry
 * @param {EntryState} state
 * @param {Actions} actions
 */
function updateEntry(element, entry, state, actions) {
  const changed = element.dataset.state !== state;
  setData(element, { messageId: entry.message_id, role: 'user', state, seq: null });
  setText(part(element, '.message-text'), entry.text);
  setText(part(element, '.message-state'), entry.problem ? `Not sent: ${entry.problem}` : ENTRY_WORDS[state]);
  if (!changed) return;
  const discard = h('button', { type: 'button', class: 'link-button', onclick: () => actions.discard(entry) }, 'Discard');
  part(element, '.message-actions').replaceChildren(...(state === 'failed' ? [discard] : []));
}

/**
 * @param {HTMLElement} element
 * @param {Run} run
 * @param {Actions} actions
 */
function updateRun(element, run, actions) {
  const failed = run.state === 'failed';
  const state = failed ? 'failed' : run.stopping ? 'stopping' : 'streaming';
  setData(element, { role: 'agent', state, runId: run.run_id, queryId: run.query_message_id });
  element.setAttribute('aria-busy', String(!failed));
  drawTrace(element, run);
  const text = failed ? run.error?.text || 'The analyst could not answer this.' : run.text;
  setText(part(element, '.message-text'), text);
  setText(part(element, '.message-state'), failed ? 'Failed' : run.stopping ? 'Stopping…' : run.text ? 'Writing…' : 'Working…');
  const line = part(element, '.message-actions');
  const stoppable = state === 'streaming' && run.query_message_id !== null;
  if (stoppable === (line.childElementCount > 0)) return;
  const stop = h('button', { type: 'button', class: 'link-button', onclick: () => actions.stop(run) }, 'Stop');
  line.replaceChildren(...(stoppable ? [stop] : []));
}

/**
 * The steps of a run, folded into one line that says what happens now, or what was done.
 *
 * @param {HTMLElement} element
 * @param {Run|undefined} run
 */
function drawTrace(element, run) {
  const trace = part(element, '.trace');
  const steps = run?.steps ?? [];
  show(trace, run !== undefined && (steps.length > 0 || run.state === 'running'));
  if (run === undefined) return;
  setText(part(trace, 'summary'), traceSummary(run));
  const numbered = steps.map((step, index) => ({ step, index }));
  reconcile(part(trace, 'ol'), numbered, {
    key: ({ index }) => String(index),
    make: ({ step }) =>
      h(
        'li',
        { 'data-kind': step.kind, 'data-tool': step.tool },
        icon(step.kind === 'tool' ? 'tool' : 'spark'),
        h('div', {}, h('p', { class: 'trace-title' }), h('pre', { class: 'trace-in', hidden: true }), h('pre', { class: 'trace-out', hidden: true })),
      ),
    update: (line, { step }) => {
      setData(line, { done: step.kind === 'thinking' || step.done });
      setText(part(line, '.trace-title'), step.kind === 'tool' ? String(step.tool) : String(step.text));
      for (const [name, value] of [['in', step.input], ['out', step.output]]) {
        const box = part(line, `.trace-${name}`);
        show(box, value !== undefined && value !== null);
        setText(box, value === undefined || value === null ? '' : readable(value));
      }
    },
  });
}

/** @param {Run} run */
function traceSummary(run) {
  const tools = run.steps.filter((step) => step.kind === 'tool');
  if (run.state !== 'running') return tools.length ? `Used ${plural(tools.length, 'tool')}` : 'How this was answered';
  const last = run.steps.at(-1);
  if (last?.kind === 'tool' && !last.done) return `Using ${last.tool}…`;
  if (last?.kind === 'tool') return `Used ${plural(tools.length, 'tool')}`;
  return last?.text || 'Thinking…';
}

/**
 * @param {unknown} value   What a tool was given or gave.
 * @returns {string} One line for each member of a flat object; JSON for anything deeper.
 */
function readable(value) {
  if (typeof value === 'string') return value;
  const members = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : null;
  if (members === null) return JSON.stringify(value);
  return members.map(([name, item]) => `${name}: ${typeof item === 'string' ? item : JSON.stringify(item)}`).join('\n');
}

/**
 * @param {HTMLElement} holder
 * @param {FileInfo|null} file
 * @param {Actions} actions
 */
function drawFile(holder, file, actions) {
  if (holder.dataset.fileId === (file?.id ?? undefined)) return;
  setData(holder, { fileId: file?.id });
  holder.replaceChildren(...(file ? [fileButton(file, actions)] : []));
}

/**
 * @param {FileInfo} file
 * @param {Pick<Actions, 'download'>} actions
 * @returns {HTMLElement}
 */
export function fileButton(file, actions) {
  const button = h(
    'button',
    { type: 'button', class: 'file-card', 'data-file-id': file.id, 'data-sha256': file.sha256, 'aria-label': `Download ${file.name}` },
    icon('file'),
    h('span', { class: 'file-name' }, file.name),
    h('span', { class: 'muted small' }, typeof file.size === 'number' ? bytes(file.size) : ''),
    icon('down'),
  );
  button.addEventListener('click', () => actions.download(file, button));
  return button;
}

/**
 * @param {Upload} upload
 * @param {Actions} actions
 */
function makeUpload(upload, actions) {
  return h(
    'li',
    { class: 'message' },
    h(
      'article',
      { class: 'message-body', 'aria-label': 'You' },
      upload.question && h('p', { class: 'message-text' }, upload.question),
      h(
        'div',
        { class: 'upload-card' },
        icon('file'),
        h('div', { class: 'upload-facts' }, h('span', { class: 'file-name' }, upload.file.name), h('span', { class: 'upload-amount muted small' })),
        h('button', { type: 'button', class: 'icon-button icon-button-small upload-remove', onclick: () => actions.removeUpload(upload) }, icon('close')),
        h('progress', { max: 100, value: 0, 'aria-label': `Upload of ${upload.file.name}` }),
      ),
      h('p', { class: 'message-meta' }, h('span', { class: 'message-state', role: 'status' }), h('span', { class: 'message-actions' })),
    ),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Upload} upload
 * @param {Actions} actions
 */
function updateUpload(element, upload, actions) {
  const percent = upload.file.size ? Math.floor((upload.sent / upload.file.size) * 100) : 0;
  const stateChanged = element.dataset.state !== upload.state;
  setData(element, { role: 'user', state: upload.state, uploadId: upload.id, percent, fileId: upload.result?.id, error: upload.error?.code });
  const bar = part(element, 'progress');
  bar.value = percent;
  show(bar, busy(upload));
  const { size } = upload.file;
  setText(part(element, '.upload-amount'), upload.state === 'uploading' ? `${bytes(upload.sent)} of ${bytes(size)} · ${percent} %` : bytes(size));
  setText(part(element, '.message-state'), uploadWords(upload, actions.maxBytes));
  if (!stateChanged) return;
  part(element, '.upload-remove').setAttribute('aria-label', busy(upload) ? `Stop the upload of ${upload.file.name}` : `Take ${upload.file.name} off the list`);
  show(part(element, '.upload-remove'), upload.state !== 'stored');
  const again = h('button', { type: 'button', class: 'link-button', onclick: () => actions.retryUpload(upload) }, 'Try again');
  part(element, '.message-actions').replaceChildren(...(upload.error && upload.error.passing ? [again] : []));
}

/** @param {Upload} upload   Whether it is under way. */
export const busy = (upload) => upload.state === 'uploading' || upload.state === 'storing';

/**
 * @param {Upload} upload
 * @param {number} maxBytes
 */
function uploadWords(upload, maxBytes) {
  switch (upload.state) {
    case 'uploading':
      return 'Uploading…';
    case 'storing':
      return 'Checking and storing…';
    case 'stored':
      return 'Stored. The analyst is reading it…';
    default:
      return `Not uploaded: ${refused(upload.error ?? { code: 'unreachable' }, { maxBytes })}`;
  }
}
