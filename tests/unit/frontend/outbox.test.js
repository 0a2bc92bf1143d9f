import { Emitter } from '/js/core/emitter.js';
import { MemoryStore, openOutboxStore } from '/js/chat/outbox-store.js';
import { Outbox } from '/js/chat/outbox.js';
import { Tabs } from '/js/net/tabs.js';
import { HeldClock, equal, fresh, ok, settle, test, until } from './harness.js';

class Wire {
  changed = new Emitter();
  online = true;
  sent = [];
  send(type, { payload, message_id, thread_id }) {
    if (!this.online) return false;
    this.sent.push({ type, text: payload.text, message_id, thread_id });
    return true;
  }
  go(online) {
    this.online = online;
    this.changed.emit({ state: online ? 'online' : 'offline' });
  }
  get texts() {
    return this.sent.map(({ text }) => text);
  }
}

async function makeTab({ user = fresh('user'), origin = fresh('origin'), store, online = true } = {}) {
  const [wire, clock, tabs] = [new Wire(), new HeldClock(), new Tabs(origin)];
  wire.online = online;
  const outbox = new Outbox({ store: store ?? (await openOutboxStore()), link: wire, tabs, clock, userId: user, patience: 2000 });
  await outbox.start();
  const accept = (seq, index = -1) => {
    const { message_id, thread_id } = wire.sent.at(index);
    outbox.onFrame({ type: 'message_accepted', message_id, thread_id, seq, payload: { seq, created_at: 'now' } });
  };
  return { outbox, wire, clock, tabs, user, origin, accept };
}

test('one message of a thread is under way at a time, in the order of typing', async () => {
  const { outbox, wire, accept } = await makeTab();
  await Promise.all(['a', 'b', 'c'].map((text) => outbox.enqueue('t', text)));
  equal(wire.texts, ['a']);
  accept(1);
  accept(2);
  equal(wire.texts, ['a', 'b', 'c']);
  equal(outbox.list().map((entry) => [entry.text, outbox.state(entry)]), [['c', 'sent']]);
});

test('threads do not wait for each other', async () => {
  const { outbox, wire } = await makeTab();
  await outbox.enqueue('t1', 'a');
  await outbox.enqueue('t2', 'b');
  equal(wire.texts, ['a', 'b']);
});

test('what is not acknowledged is sent again with the same id, also after a new connection', async () => {
  const { outbox, wire, clock } = await makeTab();
  await outbox.enqueue('t', 'a');
  await clock.move(2000);
  wire.go(false);
  equal(outbox.list().map((entry) => outbox.state(entry)), ['waiting']);
  wire.go(true);
  outbox.pump();
  equal(wire.texts, ['a', 'a', 'a']);
  equal(new Set(wire.sent.map(({ message_id }) => message_id)).size, 1);
});

test('offline, messages wait in order and are counted; the disk has them', async () => {
  const { outbox, wire, user } = await makeTab({ online: false });
  for (const text of ['a', 'b', 'c']) await outbox.enqueue('t', text);
  equal([outbox.waiting, wire.texts], [3, []]);
  const store = await openOutboxStore();
  equal((await store.all(user)).map(({ text }) => text), ['a', 'b', 'c']);
});

test('a delivered message counts as acknowledged, whoever got the acknowledgement', async () => {
  const { outbox, wire } = await makeTab();
  await outbox.enqueue('t', 'a');
  outbox.onFrame({ type: 'message', message_id: wire.sent[0].message_id, thread_id: 't', payload: {} });
  equal(outbox.waiting, 0);
});

test('acknowledged messages leave the disk, and duplicates of the acknowledgement do nothing', async () => {
  const { outbox, wire, user, accept } = await makeTab();
  const seen = [];
  outbox.acknowledged.subscribe(({ seq }) => seen.push(seq));
  await outbox.enqueue('t', 'a');
  accept(4);
  accept(4);
  await until(async () => (await (await openOutboxStore()).all(user)).length === 0, 'the entry leaves the disk');
  equal([seen, wire.texts], [[4], ['a']]);
});

test('a limit holds everything back for exactly the time it names, and the order stays', async () => {
  const { outbox, wire, clock, accept } = await makeTab();
  for (const text of ['a', 'b']) await outbox.enqueue('t', text);
  await outbox.enqueue('u', 'c');
  const refused = wire.sent[0].message_id;
  outbox.onFrame({ type: 'rate_limited', message_id: refused, payload: { limit: 5, window: 60, retry_after: 7 } });
  equal([outbox.state(outbox.list()[0]), outbox.limit.limit, outbox.limit.window], ['limited', 5, 60]);
  await clock.move(6999);
  equal(wire.texts, ['a', 'c']);
  await clock.move(1);
  equal([wire.texts.slice(2), outbox.limit], [['a', 'c'], null]);
  accept(1, 2);
  equal(wire.texts.at(-1), 'b');
});

test('an upgrade lifts the limit at once', async () => {
  const { outbox, wire } = await makeTab();
  await outbox.enqueue('t', 'a');
  outbox.onFrame({ type: 'rate_limited', message_id: wire.sent[0].message_id, payload: { retry_after: 60 } });
  outbox.liftLimit();
  equal(wire.texts, ['a', 'a']);
});

test('what the platform can never take is set aside, and what follows goes on', async () => {
  const { outbox, wire } = await makeTab();
  await outbox.enqueue('t', 'too long');
  await outbox.enqueue('t', 'b');
  outbox.onFrame({ type: 'error_message', message_id: wire.sent[0].message_id, payload: { code: 'too_long', text: 'At most 16000.' } });
  equal(wire.texts, ['too long', 'b']);
  const [failed] = outbox.list();
  equal([outbox.state(failed), failed.problem, outbox.waiting], ['failed', 'At most 16000.', 1]);
  await outbox.discard(failed);
  equal(outbox.list().length, 1);
});

test('what the platform can never take is known as that in all tabs', async () => {
  const one = await makeTab();
  const two = await makeTab({ user: one.user, origin: one.origin });
  await one.outbox.enqueue('t', 'too long');
  await until(() => two.outbox.waiting === 1, 'the other tab knows that it waits');
  one.outbox.onFrame({ type: 'error_message', message_id: one.wire.sent[0].message_id, payload: { code: 'too_long', text: 'At most 16000.' } });
  await until(() => two.outbox.list()[0]?.problem === 'At most 16000.', 'the other tab knows that it was refused');
});

test('what the platform can not take now is tried again later, before what follows it', async () => {
  const { outbox, wire, clock } = await makeTab();
  await outbox.enqueue('t', 'a');
  await outbox.enqueue('t', 'b');
  outbox.onFrame({ type: 'error_message', message_id: wire.sent[0].message_id, payload: { code: 'unavailable', text: '' } });
  equal(wire.texts, ['a']);
  await clock.move(2000);
  equal(wire.texts, ['a', 'a']);
});

test('a renewed token releases at once what an expired one held up', async () => {
  const { outbox, wire } = await makeTab();
  await outbox.enqueue('t', 'a');
  outbox.onFrame({ type: 'error_message', message_id: wire.sent[0].message_id, payload: { code: 'token_expired', text: '' } });
  outbox.onFrame({ type: 'auth_refreshed', payload: {} });
  equal(wire.texts, ['a', 'a']);
});

test('two tabs show all that waits and each sends only its own', async () => {
  const one = await makeTab();
  const two = await makeTab({ user: one.user, origin: one.origin });
  await one.outbox.enqueue('t', 'from one');
  await two.outbox.enqueue('t', 'from two');
  await until(() => one.outbox.waiting === 2 && two.outbox.waiting === 2, 'both tabs count both');
  equal([one.wire.texts, two.wire.texts], [['from one'], ['from two']]);
  one.accept(1);
  await until(() => two.outbox.waiting === 1, 'the other tab hears of the acknowledgement');
});

test('what a closed tab left is sent by one that lives, once and in order', async () => {
  const origin = fresh('origin');
  const user = fresh('user');
  const gone = document.createElement('iframe');
  gone.src = `/tests/closing-tab.html?origin=${origin}&user=${user}`;
  document.body.append(gone);
  await until(() => gone.contentWindow?.left === true, 'the other tab has queued its messages');
  const heirs = [await makeTab({ user, origin }), await makeTab({ user, origin })];
  await settle(20);
  equal(heirs.map(({ wire }) => wire.texts), [[], []], 'nothing is taken from a living tab');
  gone.remove();
  await until(() => heirs.some(({ wire }) => wire.sent.length > 0), 'an heir sends');
  const heir = heirs.find(({ wire }) => wire.sent.length > 0);
  for (let seq = 1; seq <= 3; seq += 1) heir.accept(seq);
  await settle(20);
  equal(heirs.map(({ wire }) => wire.texts).filter((texts) => texts.length), [['left 1', 'left 2', 'left 3']]);
});

test('another user of this browser neither sees nor sends what waits', async () => {
  const one = await makeTab({ online: false });
  await one.outbox.enqueue('t', 'private');
  const other = await makeTab({ origin: one.origin });
  await settle(10);
  equal([other.outbox.waiting, other.wire.texts], [0, []]);
});

test('signing out knowingly forgets what waits', async () => {
  const { outbox, user } = await makeTab({ online: false });
  await outbox.enqueue('t', 'a');
  await outbox.clear();
  equal([outbox.waiting, (await (await openOutboxStore()).all(user)).length], [0, 0]);
});

test('without IndexedDB it works for as long as the page is open', async () => {
  const { outbox, wire, accept } = await makeTab({ store: new MemoryStore() });
  await outbox.enqueue('t', 'a');
  accept(1);
  await settle();
  equal([wire.texts, outbox.waiting], [['a'], 0]);
  ok(!outbox.store.durable, 'it says so');
});
