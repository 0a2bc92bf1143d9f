import { ProfileOperation } from '/js/account/profile.js';
import { allowance } from '/js/account/plan.js';
import { readSettings } from '/js/core/settings.js';
import { HttpError, refusal } from '/js/net/http.js';
import { drawAvatar, initials } from '/js/view/avatar.js';
import { connectionText } from '/js/view/connection.js';
import { outcomeWords } from '/js/view/dashboard.js';
import { h, reconcile } from '/js/view/dom.js';
import { limitText } from '/js/view/limit.js';
import { bytes, refused, seconds, shortened, signInError } from '/js/view/words.js';
import { HeldClock, equal, ok, test, until } from './harness.js';

const status = (more) => ({ state: 'offline', cause: 'network', retryAt: 1, connectionId: null, replica: null, ...more });

test('the connection says that it is offline and how many messages wait', () => {
  equal(connectionText(status(), 3), 'Offline — 3 messages waiting.');
  equal(connectionText(status(), 1), 'Offline — 1 message waiting.');
  equal(connectionText(status({ retryAt: null }), 0), 'Offline. Reconnecting…');
  equal(connectionText(status({ cause: 'service' }), 2), 'Offline — 2 messages waiting. The chat service is not answering.');
  equal(connectionText(status({ state: 'online', cause: null }), 0), 'Online');
});

test('times are rounded up, so that zero means now', () => {
  equal([seconds(0), seconds(1), seconds(1000), seconds(61500)], ['0 s', '1 s', '1 s', '1 min 2 s']);
});

test('a title is cut between characters, never inside of one', () => {
  equal([...shortened(`${'a'.repeat(79)}\u{1F680}b`)].length, 80);
  equal([shortened(' a\n b '), shortened('\u{1F680}'.repeat(90)).isWellFormed()], ['a b', true]);
});

test('sizes are in decimal units', () => {
  equal([bytes(1), bytes(999), bytes(1500), bytes(5242880)], ['1 byte', '999 bytes', '1.5 KB', '5.2 MB']);
});

test('every refusal has words, known or not', () => {
  equal(refused({ code: 'file_too_large' }, { maxBytes: 10000000 }), 'The file is too large: at most 10 MB.');
  equal(refused({ code: 'new_code', detail: 'In the platform’s words.' }), 'In the platform’s words.');
  equal(refused({ code: 'http_502', status: 502 }), 'The service can’t do that right now.');
  ok(signInError('nobody_knows').length > 10, 'an unknown code has words as well');
});

test('a proxy’s own page becomes a refusal with its status', () => {
  equal([refusal(502, '<html>').code, refusal(500, 'null').code, refusal(409, '{"error":"busy","detail":"x"}').code], ['http_502', 'http_500', 'busy']);
});

test('settings that make no sense are the defaults', () => {
  const settings = readSettings({ heartbeat_seconds: 0, reconnect_min_seconds: 'x', reconnect_max_seconds: 2, file_max_bytes: null });
  equal(settings, { heartbeatSeconds: 5, reconnectMinSeconds: 0.5, reconnectMaxSeconds: 2, fileMaxBytes: 10485760 });
});

test('plans and limits in words', () => {
  equal(allowance({ plan: 'free', limit: 5, window: 60 }), '5 messages a minute');
  equal(allowance({ plan: 'free', limit: 5, window: 2, remaining: 3 }), '5 messages every 2 s · 3 left');
  equal(allowance({ plan: 'paid', limit: null, window: 60 }), 'Unlimited messages');
  equal(limitText({ until: 0, limit: 5, window: 60 }), 'You have used the 5 messages of your plan in 60 s.');
});

test('initials of any name', () => {
  equal(['Ada Lovelace', 'ada', ' Ada  King  Lovelace ', '', '李 小龙', '🦉 Owl'].map(initials), ['AL', 'A', 'AL', '?', '李小', '🦉O']);
});

test('a picture that does not load leaves the initials', async () => {
  const holder = h('div');
  drawAvatar(holder, { name: 'Ada Lovelace', picture: '/no/such/picture.png' });
  equal([holder.dataset.shows, holder.textContent], ['initials', 'AL']);
  const pixel = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';
  drawAvatar(holder, { name: 'Ada Lovelace', picture: pixel });
  await until(() => holder.dataset.shows === 'picture', 'the picture is shown');
  equal(holder.querySelector('img').alt, 'Picture of Ada Lovelace');
});

test('a picture that comes late is not shown for somebody else', () => {
  const images = [];
  const real = document.createElement;
  document.createElement = (tag) => {
    const element = real.call(document, tag);
    if (tag === 'img') images.push(element);
    return element;
  };
  const holder = h('div');
  try {
    for (const name of ['Ada', 'Grace']) drawAvatar(holder, { name, picture: `/${name}.png` });
  } finally {
    document.createElement = real;
  }
  for (const image of images.reverse()) image.dispatchEvent(new Event('load'));
  equal(holder.querySelector('img').alt, 'Picture of Grace');
});

test('a picture can not be a script', () => {
  const holder = h('div');
  drawAvatar(holder, { name: 'Ada', picture: 'javascript:alert(1)' });
  equal(holder.querySelector('img'), null);
});

test('text stays text, whatever is in it', () => {
  const element = h('p', { title: '"><b>' }, '<img src=x onerror=alert(1)>');
  equal([element.children.length, element.textContent], [0, '<img src=x onerror=alert(1)>']);
});

test('a list keeps the elements of what stays, in the new order', () => {
  const list = h('ul');
  const draw = (items) =>
    reconcile(list, items, { key: (item) => item, make: (item) => h('li', {}, item), update: () => {} });
  draw(['a', 'b', 'c']);
  const [a, , c] = list.children;
  draw(['c', 'x', 'a']);
  equal([...list.children].map((item) => item.textContent), ['c', 'x', 'a']);
  ok(list.children[0] === c && list.children[2] === a, 'the same elements');
});

function operation(answers) {
  const calls = [];
  const api = {
    json: async (method, path, { headers } = {}) => {
      calls.push({ method, path, key: headers?.['Idempotency-Key'] });
      const answer = answers.shift();
      if (answer instanceof HttpError) throw answer;
      return answer;
    },
  };
  const clock = new HeldClock();
  clock.after = (run) => setTimeout(run, 0);
  return { calls, operation: new ProfileOperation({ api, clock }) };
}

const failed = (state) => new HttpError({ status: 503, code: 'operation_failed', body: { operation_id: 'o', state, failed_step: 'event' } });
const done = { operation_id: 'o', state: 'committed' };

test('a rolled-back change says so, and trying it again uses the same key', async () => {
  const { calls, operation: it } = operation([failed('rolled_back'), done]);
  const change = { display_name: 'A', workspace: { name: 'W' } };
  const outcome = await it.save(change);
  equal([outcome.state, outcome.failedStep, outcome.canRetry], ['rolled_back', 'event', true]);
  equal(outcomeWords(outcome), 'Nothing was changed. It failed while recording the change. Everything was rolled back.');
  equal((await it.save(change)).state, 'committed');
  equal(calls[0].key, calls[1].key);
});

test('another change has another key, and so has the same one after it was committed', async () => {
  const { calls, operation: it } = operation([failed('rolled_back'), done, done]);
  await it.save({ workspace: { name: 'W' } });
  await it.save({ workspace: { name: 'V' } });
  await it.save({ workspace: { name: 'V' } });
  equal(new Set(calls.map(({ key }) => key)).size, 3);
});

test('an undoing that goes on is followed to its end', async () => {
  const away = new HttpError({ status: 503, code: 'auth_unavailable' });
  const { calls, operation: it } = operation([failed('rolling_back'), { state: 'rolling_back' }, away, { state: 'rolled_back' }]);
  equal((await it.save({ workspace: { name: 'W' } })).state, 'rolled_back');
  equal(calls.slice(1).map(({ path }) => path), Array(3).fill('/auth/operations/o'));
});

test('no answer is neither a success nor a failure', async () => {
  const { operation: it } = operation([new HttpError({ status: 0, code: 'timeout' })]);
  const outcome = await it.save({ workspace: { name: 'W' } });
  equal([outcome.state, outcomeWords(outcome)], ['unknown', 'No answer came. Try again: it can’t be saved twice.']);
});

test('while another change is being saved, this one waits for the user', async () => {
  const { operation: it } = operation([new HttpError({ status: 409, code: 'operation_in_progress' })]);
  equal((await it.save({ workspace: { name: 'W' } })).state, 'in_progress');
});
