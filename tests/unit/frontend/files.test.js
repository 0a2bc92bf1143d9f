import { Files } from '/js/account/files.js';
import { ok, equal, test, until } from './harness.js';

/** Requests that are answered by the test. */
class Requests {
  static sent = [];
  upload = {};
  status = 0;
  responseText = '';
  headers = {};
  open() {}
  abort() {}
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }
  send(form) {
    this.form = form;
    Requests.sent.push(this);
  }
  answer(status, body = {}) {
    Object.assign(this, { status, responseText: JSON.stringify(body) });
    (status === 0 ? this.onerror : this.onload)();
    this.onloadend();
  }
}

async function withRequests(run) {
  const real = globalThis.XMLHttpRequest;
  Requests.sent = [];
  globalThis.XMLHttpRequest = Requests;
  try {
    await run(new Files({ api: {}, token: async () => 'token', renew: async () => {}, maxBytes: 100 }));
  } finally {
    globalThis.XMLHttpRequest = real;
  }
}

const pdf = () => new File(['%PDF-1.7'], 'a.pdf');
const sent = async (count) => {
  await until(() => Requests.sent.length === count, `${count} requests`);
  return Requests.sent[count - 1];
};

test('every try of an upload says which message it is, and another upload is another one', () =>
  withRequests(async (files) => {
    const first = files.start('t', pdf(), 'why?');
    (await sent(1)).answer(0);
    const upload = await first;
    equal(upload.state, 'failed');
    const again = files.retry(upload);
    (await sent(2)).answer(401);
    (await sent(3)).answer(201, { id: 'f' });
    equal((await again).state, 'stored');
    void files.start('t', pdf(), 'why?');
    await sent(4);
    const ids = Requests.sent.map(({ form }) => form.get('message_id'));
    ok(/^[0-9a-f-]{36}$/.test(ids[0]), 'a UUID');
    equal([ids[1] === ids[0], ids[2] === ids[0], ids[3] === ids[0]], [true, true, false]);
    equal(Requests.sent[0].form.get('question'), 'why?');
  }));

test('a file that is too large or empty is not sent', () =>
  withRequests(async (files) => {
    const codes = [];
    for (const bytes of ['', 'x'.repeat(101)]) codes.push((await files.start('t', new File([bytes], 'a.pdf'), '')).error.code);
    equal([codes, Requests.sent.length], [['empty_file', 'file_too_large'], 0]);
  }));

test('an upload stands on the page while its conversation is made, before each try', () =>
  withRequests(async (files) => {
    const made = [];
    const upload = files.start('t', pdf(), '', () => new Promise((resolve) => made.push(resolve)));
    equal([files.uploads.length, Requests.sent.length, made.length], [1, 0, 1]);
    made[0]();
    (await sent(1)).answer(0);
    const again = files.retry(await upload);
    made[1]();
    (await sent(2)).answer(201, { id: 'f' });
    equal((await again).state, 'stored');
  }));

test('an upload that is taken away before anything of it is out is never sent', () =>
  withRequests(async (files) => {
    let make = () => {};
    const started = files.start('t', pdf(), '', () => new Promise((resolve) => (make = resolve)));
    files.remove(files.uploads[0]);
    make();
    await started;
    equal([files.uploads.length, Requests.sent.length], [0, 0]);
  }));
