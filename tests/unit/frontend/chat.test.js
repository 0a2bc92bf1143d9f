import { Chat } from '/js/chat/chat.js';
import { Emitter } from '/js/core/emitter.js';
import { HttpError } from '/js/net/http.js';
import { HeldClock, equal, test } from './harness.js';

const AT = '2026-01-31T12:00:00.000Z';
const thread = (id, last_seq = 1) => ({ id, title: id, last_seq, read_seq: 0, updated_at: AT });

/** @param {(path: string) => any} answer   What the platform answers to a call. */
function makeChat(answer) {
  const sent = [];
  const asked = [];
  const link = { frames: new Emitter(), established: new Emitter(), online: true, send: (type, parts) => sent.push({ type, ...parts }) };
  const outbox = { acknowledged: new Emitter(), onFrame() {}, list: () => [], pump() {} };
  const api = {
    json: async (_method, path) => {
      asked.push(path);
      return answer(path);
    },
  };
  const clock = new HeldClock();
  return { chat: new Chat({ api, link, outbox, clock }), sent, asked, link, clock };
}

test('threads are listed however many pages they fill', async () => {
  const pages = { '/api/threads': { threads: [thread('a')], next: '2.b' }, '/api/threads?after=2.b': { threads: [thread('c')], next: null } };
  const { chat } = makeChat((path) => pages[path]);
  await chat.refreshList();
  equal(chat.threads.list().map(({ id }) => id), ['a', 'c']);
});

test('a thread that moves to the front while the list is read stays', async () => {
  const { chat, link } = makeChat((path) => {
    if (path !== '/api/threads') return { threads: [], next: null };
    link.frames.emit({ type: 'message', thread_id: 'moves', seq: 1, payload: { message_id: 'm', role: 'user', text: '', created_at: AT } });
    return { threads: [thread('a')], next: '2.b' };
  });
  await chat.refreshList();
  equal(chat.threads.list().map(({ id }) => id).sort(), ['a', 'moves']);
});

test('of a thread that the list does not know the latest history is loaded, and it is resumed', async () => {
  const { chat, sent, asked } = makeChat((path) => {
    if (path.endsWith('limit=1')) return { messages: [], has_more: true, last_seq: 1000 };
    const after = Number(new URLSearchParams(path.split('?')[1]).get('after'));
    const messages = Array.from({ length: 1000 - after }, (_, index) => ({ message_id: `m${after + index}`, thread_id: 'old', seq: after + index + 1, role: 'user', text: '', created_at: AT }));
    return { messages: messages.slice(0, 200), has_more: messages.length > 200, last_seq: 1000 };
  });
  await chat.open('old');
  equal(asked, ['/api/threads/old/messages?limit=1', '/api/threads/old/messages?after=800&limit=200']);
  equal([chat.messages('old').length, chat.hasEarlier('old')], [200, true]);
  equal(sent, [{ type: 'resume', thread_id: 'old', payload: { after: 1000, runs: {} } }]);
});

test('a history that could not be loaded is asked for again sooner where the connection stands', async () => {
  const { chat, asked, link, clock } = makeChat(() => {
    throw new HttpError({ status: 503, code: 'backend_unavailable' });
  });
  await chat.open('t');
  await clock.move(400);
  equal(asked.length, 2);
  link.online = false;
  await clock.move(400);
  equal(asked.length, 3);
  await clock.move(400);
  equal(asked.length, 3);
});

const started = { type: 'agent_started', thread_id: 't', run_id: 'r', n: 1, payload: { query_message_id: 'q' } };
const stop = { type: 'stop', thread_id: 't', message_id: 'q' };

test('a stop that was lost with its connection is asked for again', async () => {
  const { chat, sent, link } = makeChat(() => ({ threads: [], next: null }));
  link.frames.emit(started);
  chat.stop(chat.runs.get('r'));
  link.established.emit();
  equal(sent, [stop, stop]);
  link.frames.emit({ type: 'agent_stopped', thread_id: 't', run_id: 'r', n: 2, payload: {} });
  link.established.emit();
  equal(sent.length, 2);
});

test('a stop that the platform could not take is repeated after a while', async () => {
  const { chat, sent, link } = makeChat(() => ({ threads: [], next: null }));
  link.frames.emit(started);
  chat.stop(chat.runs.get('r'));
  link.frames.emit({ type: 'error_message', thread_id: 't', message_id: 'q', payload: { code: 'unavailable' } });
  equal(sent, [stop]);
  await chat.clock.move(1000);
  equal(sent, [stop, stop]);
});

test('a draft that was left without a word is no conversation, and is one again when it is gone back to', async () => {
  const { chat, asked, sent, link } = makeChat(() => ({ threads: [], next: null }));
  await chat.open('new', { draft: true });
  await chat.open('stored', { draft: true });
  chat.threads.grow('stored', 1, AT);
  for (const id of ['new', 'stored']) chat.dropDraft(id);
  equal(chat.threads.list().map(({ id }) => id), ['stored']);
  link.established.emit();
  equal(sent.map(({ thread_id }) => thread_id), ['stored']);
  await chat.open('new', { draft: true });
  equal([chat.state('new'), asked], ['ready', ['/api/threads']]);
});

test('of many threads those are let go that were not looked at for longest', async () => {
  const { chat, asked } = makeChat((path) => ({ messages: [], has_more: false, last_seq: path.includes('limit=1') ? 0 : 1 }));
  for (let number = 0; number < 20; number += 1) await chat.open(`t${number}`);
  await chat.open('t0');
  await chat.open('one more');
  const before = asked.length;
  await chat.open('t0');
  equal([asked.length, chat.state('t0'), chat.state('t1')], [before, 'ready', 'loading']);
});
