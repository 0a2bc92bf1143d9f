import { base64url, readFrame, writeFrame } from '/js/net/frames.js';
import { Runs } from '/js/chat/runs.js';
import { Threads, unread } from '/js/chat/threads.js';
import { Timeline } from '/js/chat/timeline.js';
import { questionApart } from '/js/view/thread-view.js';
import { equal, ok, test } from './harness.js';

const message = (seq, more = {}) => ({
  message_id: `m-${seq}`,
  thread_id: 't',
  seq,
  role: 'user',
  text: `text ${seq}`,
  created_at: '2026-01-31T12:00:00.000Z',
  ...more,
});

test('messages are shown by seq, each once, in whatever order they come', () => {
  const timeline = new Timeline();
  for (const seq of [3, 1, 3, 2, 1]) timeline.add(message(seq));
  equal(timeline.list().map(({ seq }) => seq), [1, 2, 3]);
});

test('the frontier stops before a gap, and passes it when it is filled', () => {
  const timeline = new Timeline();
  for (const seq of [1, 2, 5]) timeline.add(message(seq));
  equal([timeline.frontier, timeline.gap], [2, true]);
  timeline.add(message(4));
  timeline.add(message(3));
  equal([timeline.frontier, timeline.gap], [5, false]);
});

test('an acknowledgement and its message are one', () => {
  const timeline = new Timeline();
  timeline.add(message(1));
  equal(timeline.add(message(1, { text: 'as stored', file: { id: 'f' } })), false);
  equal(timeline.list().map(({ text, file }) => [text, file.id]), [['as stored', 'f']]);
});

test('another message with a seq that is taken is not shown', () => {
  const timeline = new Timeline();
  timeline.add(message(1));
  equal(timeline.add(message(1, { message_id: 'other' })), false);
  equal(timeline.size, 1);
});

test('history may begin late, and older messages come in front', () => {
  const timeline = new Timeline(10);
  timeline.add(message(11));
  equal([timeline.frontier, timeline.gap], [11, false]);
  timeline.prepend(8, [message(9), message(10)]);
  equal([timeline.list().map(({ seq }) => seq), timeline.base, timeline.frontier, timeline.gap], [[9, 10, 11], 8, 11, false]);
});

test('a gap of the store itself is accepted', () => {
  const timeline = new Timeline();
  for (const seq of [1, 4]) timeline.add(message(seq));
  timeline.acceptGap();
  equal([timeline.frontier, timeline.gap], [4, false]);
  timeline.add(message(5));
  equal([timeline.frontier, timeline.gap], [5, false]);
});

test('an answer that was overtaken says which question it answers', () => {
  const messages = [message(1), message(2), message(3, { answers: 'm-2' }), message(4, { answers: 'm-1' }), message(5, { answers: 'm-4' })];
  equal(messages.map((_, index) => questionApart(messages, index) ?? null), [null, null, null, 'text 1', null]);
});

const event = (n, type, payload = {}) => ({ type, payload, run_id: 'r', thread_id: 't', event_id: `r:${n}`, n });

test('a run grows by its events in order, each once, whatever comes twice or early', () => {
  const runs = new Runs();
  const events = [
    event(1, 'agent_started', { query_message_id: 'q' }),
    event(2, 'agent_thinking', { text: 'Hm' }),
    event(3, 'tool_executing', { tool: 'sum', input: '1 2' }),
    event(4, 'tool_completed', { tool: 'sum', output: '3' }),
    event(5, 'stream_chunk', { text: 'It is ', index: 0 }),
    event(6, 'stream_chunk', { text: '3', index: 1 }),
  ];
  for (const index of [0, 0, 2, 1, 5, 3, 2, 4, 5]) runs.apply(events[index]);
  const run = runs.get('r');
  equal([run.n, run.text, run.query_message_id, run.state], [6, 'It is 3', 'q', 'running']);
  equal(run.steps.map((step) => step.text ?? [step.tool, step.output, step.done]), ['Hm', ['sum', '3', true]]);
  equal(runs.positions('t'), { r: 6 });
});

test('events that came early are noticed as a gap', () => {
  const runs = new Runs();
  runs.apply(event(1, 'agent_started'));
  equal(runs.apply(event(4, 'stream_chunk', { text: 'x' })), null);
  ok(runs.gap('r'), 'the run has a gap');
});

test('the stored answer ends a run whatever was missed, and nothing comes after an end', () => {
  const runs = new Runs();
  runs.apply(event(1, 'agent_started'));
  runs.answered('r', 't');
  equal([runs.unanswered('t').length, runs.apply(event(2, 'stream_chunk', { text: 'late' }))], [0, null]);
});

test('a failed run stays to be seen', () => {
  const runs = new Runs();
  runs.apply(event(1, 'agent_started'));
  runs.apply(event(2, 'agent_error', { code: 'tool_failed', text: 'No.' }));
  equal(runs.unanswered('t').map(({ state, error }) => [state, error.text]), [['failed', 'No.']]);
});

test('a stopped run is over and has an answer', () => {
  const runs = new Runs();
  runs.apply(event(1, 'agent_started', { query_message_id: 'q' }));
  runs.get('r').stopping = true;
  equal(runs.stopping().map(({ query_message_id }) => query_message_id), ['q']);
  runs.answered('r', 't', true);
  runs.apply(event(2, 'agent_stopped'));
  equal([runs.get('r').state, runs.stopping(), runs.unanswered('t')], ['stopped', [], []]);
});

test('traces of finished runs are not kept for ever', () => {
  const runs = new Runs();
  for (let index = 0; index < 300; index += 1) runs.answered(`r-${index}`, 't');
  equal([runs.get('r-0'), runs.get('r-299').state], [undefined, 'completed']);
});

const thread = (more = {}) => ({ id: 't', title: 'One', last_seq: 5, read_seq: 2, updated_at: '2026-01-31T12:00:00Z', ...more });

test('a list that was made earlier takes nothing back', () => {
  const threads = new Threads();
  threads.replace([thread()]);
  threads.grow('t', 7, '2026-01-31T12:00:05Z');
  threads.read('t', 7);
  equal(threads.replace([thread({ last_seq: 6, read_seq: 3 })]), [{ id: 't', read_seq: 7 }]);
  equal([threads.get('t').last_seq, threads.get('t').read_seq, unread(threads.get('t'))], [7, 7, 0]);
});

test('read markers never go back', () => {
  const threads = new Threads();
  threads.replace([thread()]);
  threads.read('t', 4);
  threads.read('t', 3);
  equal(threads.get('t').read_seq, 4);
});

test('a rename of ours wins until the platform has confirmed it', () => {
  const threads = new Threads();
  threads.replace([thread()]);
  threads.rename('t', 'Mine');
  threads.renamed('t', 'Theirs');
  equal([threads.get('t').title, [...threads.unconfirmed]], ['Mine', [['t', 'Mine']]]);
  threads.renamed('t', 'Mine');
  threads.renamed('t', 'Theirs');
  equal([threads.get('t').title, threads.unconfirmed.size], ['Theirs', 0]);
});

test('titles are the newest, in whichever order they are told', () => {
  const threads = new Threads();
  threads.replace([thread({ title_version: 1 })]);
  threads.renamed('t', 'Three', 3);
  threads.renamed('t', 'Two', 2);
  equal(threads.get('t').title, 'Three');
  // A list that was asked for before the title was given.
  threads.replace([thread({ title: 'Two', title_version: 2 })]);
  equal([threads.get('t').title, threads.get('t').title_version], ['Three', 3]);
  threads.replace([thread({ title: 'Four', title_version: 4 })]);
  equal(threads.get('t').title, 'Four');
});

test('a rename of ours that did not last is confirmed, and the newer one stays', () => {
  const threads = new Threads();
  threads.replace([thread()]);
  threads.rename('t', 'Mine');
  threads.renamed('t', 'Theirs', 2);
  threads.renamed('t', 'Mine', 1);
  threads.renamed('t', 'Theirs', 2);
  equal([threads.get('t').title, threads.unconfirmed.size], ['Theirs', 0]);
});

test('drafts survive the list, other threads that are gone do not', () => {
  const threads = new Threads();
  threads.replace([thread({ id: 'old' })]);
  threads.draft('mine', '2026-01-31T12:00:00Z');
  threads.replace([thread()]);
  equal(threads.list().map(({ id }) => id).sort(), ['mine', 't']);
});

test('frames are flat wherever the platform put their ids', () => {
  const inside = readFrame(JSON.stringify({ type: 'stream_chunk', payload: { run_id: 'r', event_id: 'r:7', text: 'x' }, thread_id: 't' }));
  equal([inside.run_id, inside.n, inside.thread_id], ['r', 7, 't']);
  const outside = readFrame(JSON.stringify({ type: 'message_accepted', message_id: 'm', seq: 3 }));
  equal([outside.message_id, outside.seq, outside.payload], ['m', 3, {}]);
});

test('what is no frame is none', () => {
  for (const text of ['', 'no', '3', 'null', '[]', '{}', '{"type":1}']) equal(readFrame(text), null, text);
});

test('a frame that is written has the envelope of the contract', () => {
  const frame = JSON.parse(writeFrame('user_message', { payload: { text: 'é' }, message_id: 'm', thread_id: 't' }));
  ok(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(frame.timestamp), 'a timestamp with milliseconds in UTC');
  equal([frame.type, frame.payload, frame.message_id, frame.thread_id], ['user_message', { text: 'é' }, 'm', 't']);
});

test('base64url has no padding and none of the two letters that mean something else in headers', () => {
  equal(base64url('\u{1F680}??>>~~'), '8J-agD8_Pj5-fg');
});
