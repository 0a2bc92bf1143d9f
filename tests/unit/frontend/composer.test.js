import { Composer } from '/js/view/composer.js';
import { h } from '/js/view/dom.js';
import { equal, settle, test } from './harness.js';

const ids = ['thread', 'attachment', 'attachment-name', 'attachment-size', 'attachment-remove', 'send'];

/**
 * @param {(parts: {composer: Composer, input: any, kept: {text: string, done: (kept: boolean) => void}[]}) => Promise<void>} run
 * @param {boolean} [touch]   Whether fingers are what this device is used with.
 */
async function withComposer(run, touch = false) {
  const real = globalThis.matchMedia;
  globalThis.matchMedia = () => ({ matches: touch, addEventListener() {} });
  const input = h('textarea', { id: 'message-input' });
  const form = h('form', { id: 'composer' }, input, h('input', { id: 'file-input', type: 'file' }), ...ids.map((id) => h('button', { id, type: 'button' })));
  document.body.append(form);
  const kept = [];
  const onText = (text) =>
    new Promise((resolve, reject) => kept.push({ text, done: (good) => (good ? resolve() : reject(new Error('the disk is full'))) }));
  try {
    const composer = new Composer({ onText, onFile: () => {} });
    composer.open('t1');
    await run({ composer, input, kept });
  } finally {
    form.remove();
    globalThis.matchMedia = real;
  }
}

const press = (input, more = {}) => {
  const event = new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, bubbles: true, ...more });
  return input.dispatchEvent(event) ? 'a line break' : 'taken';
};

test('a text that could not be kept goes back to the conversation that it was typed in', () =>
  withComposer(async ({ composer, input, kept }) => {
    input.value = 'mine';
    press(input);
    composer.open('t2');
    input.value = 'of the other one';
    kept[0].done(false);
    await settle();
    equal(input.value, 'of the other one');
    composer.open('t1');
    equal(input.value, 'mine');
  }));

test('a text that could not be kept does not wipe out what was typed since', () =>
  withComposer(async ({ input, kept }) => {
    input.value = 'first';
    press(input);
    input.value = 'second';
    kept[0].done(false);
    await settle();
    equal(input.value, 'first\nsecond');
  }));

test('Enter sends, Shift and Enter break the line', () =>
  withComposer(async ({ input, kept }) => {
    input.value = 'a';
    equal([press(input, { shiftKey: true }), kept.length], ['a line break', 0]);
    equal([press(input), kept.map(({ text }) => text)], ['taken', ['a']]);
    equal(input.getAttribute('enterkeyhint'), 'send');
  }));

test('a touch keyboard, which has no Shift to hold, breaks lines with Enter', () =>
  withComposer(async ({ input, kept }) => {
    input.value = 'a';
    equal([press(input), kept.length, input.getAttribute('enterkeyhint')], ['a line break', 0, 'enter']);
    input.form.requestSubmit();
    equal(kept.map(({ text }) => text), ['a']);
  }, true));
