import { Backoff } from '/js/core/backoff.js';
import { Heartbeat } from '/js/net/heartbeat.js';
import { Link } from '/js/net/link.js';
import { HeldClock, equal, ok, settle, test } from './harness.js';

const SETTINGS = { heartbeatSeconds: 5, reconnectMinSeconds: 0.5, reconnectMaxSeconds: 30, fileMaxBytes: 1 };

test('backoff waits a random part of a ceiling that doubles up to its maximum', () => {
  const chances = [0, 0.5, 0.999, 1, 1, 1, 1];
  const backoff = new Backoff({ min: 500, max: 3000, random: () => chances.shift() });
  equal(Array.from({ length: 7 }, () => Math.round(backoff.next())), [0, 500, 1998, 3000, 3000, 3000, 3000]);
  backoff.reset();
  equal(backoff.attempt, 0);
});

test('backoff stays finite after very many attempts', () => {
  const backoff = new Backoff({ min: 500, max: 30000, random: () => 1 });
  for (let attempt = 0; attempt < 5000; attempt += 1) backoff.next();
  equal(backoff.next(), 30000);
});

function heartbeat(clock, answer) {
  const seen = { pings: [], dead: [] };
  const beat = new Heartbeat({
    clock,
    interval: 5000,
    ping: () => {
      seen.pings.push(clock.now());
      if (answer()) beat.heard();
    },
    dead: () => seen.dead.push(clock.now()),
  });
  beat.start();
  return { beat, seen };
}

test('a link whose pings are answered lives, however long it is quiet otherwise', async () => {
  const clock = new HeldClock();
  const { beat, seen } = heartbeat(clock, () => true);
  await clock.move(60000);
  equal([seen.pings.length, seen.dead.length], [12, 0]);
  beat.stop();
});

test('a silent link is dead two intervals after its last frame, not three', async () => {
  const clock = new HeldClock();
  let answers = true;
  const { beat, seen } = heartbeat(clock, () => answers);
  await clock.move(7000);
  answers = false;
  beat.heard();
  const last = clock.now();
  await clock.move(30000);
  equal(seen.dead, [last + 10000]);
});

test('a tab whose timers slept does not take its own absence for a dead link', async () => {
  const clock = new HeldClock();
  const { beat, seen } = heartbeat(clock, () => false);
  const { after } = clock;
  clock.after = (run, wait) => after(run, wait + 60000);
  await clock.move(5000);
  equal(seen.dead, []);
  await clock.move(62000);
  beat.heard();
  await clock.move(62000);
  equal(seen.dead, [], 'a frame had come since');
  beat.stop();
});

class Socket {
  static all = [];
  readyState = WebSocket.CONNECTING;
  sent = [];
  closed = false;
  onmessage = null;
  onclose = null;
  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    Socket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  greet(id = 'c-1') {
    this.readyState = WebSocket.OPEN;
    this.say('connection_established', { connection_id: id, replica: 'r' });
  }
  say(type, payload = {}, envelope = {}) {
    this.onmessage?.({ data: JSON.stringify({ type, payload, ...envelope }) });
  }
  drop(code = 1006) {
    this.onclose?.({ code });
  }
}

function link(options = {}) {
  Socket.all = [];
  const clock = new HeldClock();
  const seen = { refused: [], frames: [], states: [] };
  const made = new Link({
    url: 'ws://x/ws',
    settings: SETTINGS,
    clock,
    token: async () => 'a.b.c',
    refused: async (code) => void seen.refused.push(code),
    diagnose: async () => 'service',
    connect: (url, protocols) => new Socket(url, protocols),
    ...options,
  });
  made.frames.subscribe((frame) => seen.frames.push(frame.type));
  made.changed.subscribe(({ state }) => seen.states.at(-1) !== state && seen.states.push(state));
  made.start();
  return { link: made, clock, seen };
}

test('the token travels in the subprotocol, never in the address', async () => {
  link();
  await settle();
  equal(Socket.all[0].url, 'ws://x/ws');
  equal(Socket.all[0].protocols, ['jwt-auth', `jwt.${btoa('a.b.c').replace(/=+$/, '')}`]);
});

test('it is online only after the greeting, and sends only then', async () => {
  const { link: made, seen } = link();
  await settle();
  equal(made.send('ping', {}), false);
  Socket.all[0].greet();
  equal([made.online, made.send('ping', {}), seen.states.at(-1)], [true, true, 'online']);
});

test('what an abandoned socket still says is not listened to', async () => {
  const { clock, seen } = link();
  await settle();
  const [first] = Socket.all;
  first.greet();
  const { onmessage, onclose } = first;
  await clock.move(10000);
  ok(first.closed, 'the dead socket is abandoned');
  await clock.move(1000);
  Socket.all[1].greet('c-2');
  onmessage({ data: JSON.stringify({ type: 'message', payload: {} }) });
  onclose({ code: 1006 });
  equal([seen.frames, seen.states.at(-1)], [[], 'online']);
});

test('an attempt without a greeting is given up, at first soon and then more patiently', async () => {
  const { clock } = link();
  await settle();
  await clock.move(1000);
  ok(Socket.all[0].closed, 'the first attempt ends after a second');
  await clock.move(250);
  equal(Socket.all.length, 2);
  await clock.move(1900);
  ok(!Socket.all[1].closed, 'the second may take two');
  await clock.move(200);
  ok(Socket.all[1].closed, 'and no longer');
});

test('a server that greets and closes at once is not hammered', async () => {
  const { clock, link: made } = link();
  clock.chance = 1;
  const times = [];
  for (let round = 0; round < 6; round += 1) {
    await settle();
    times.push(clock.now());
    Socket.all.at(-1).greet();
    Socket.all.at(-1).drop(1013);
    equal(made.status.cause, 'busy');
    while (Socket.all.length === round + 1) await clock.move(100);
  }
  const waits = times.slice(1).map((at, index) => at - times[index]);
  ok(waits.at(-1) >= 8000, `waits grow, seen ${waits}`);
});

test('a connection that lasted starts the backoff anew', async () => {
  const { clock, link: made } = link();
  await settle();
  for (let round = 0; round < 3; round += 1) Socket.all.at(-1).drop(), await clock.move(5000);
  Socket.all.at(-1).greet();
  await clock.move(2000);
  Socket.all.at(-1).say('pong');
  Socket.all.at(-1).drop();
  ok(made.status.retryAt - clock.now() <= 500, 'the next attempt comes within the first ceiling');
});

test('a refused credential is renewed before the next attempt', async () => {
  const { clock, seen } = link();
  await settle();
  Socket.all[0].drop(1008);
  await settle();
  equal(seen.refused, [1008]);
  await clock.move(1000);
  equal(Socket.all.length, 2);
});

test('no credential means no attempt, and it goes on by itself', async () => {
  let tries = 0;
  const { clock, link: made } = link({
    token: async () => {
      tries += 1;
      if (tries < 3) throw new Error('auth is away');
      return 't';
    },
  });
  await settle();
  equal([made.status.state, made.status.cause], ['offline', 'auth']);
  await clock.move(3000);
  equal([tries, Socket.all.length], [3, 1]);
});

test('the cause of a loss is asked for', async () => {
  const { link: made } = link();
  await settle();
  Socket.all[0].greet();
  Socket.all[0].drop();
  await settle();
  equal([made.status.state, made.status.cause], ['offline', 'service']);
});

test('stopped, it stays stopped', async () => {
  const { clock, link: made } = link();
  await settle();
  Socket.all[0].greet();
  made.stop();
  await clock.move(60000);
  equal([Socket.all.length, Socket.all[0].closed], [1, true]);
});
