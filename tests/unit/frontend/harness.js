/** A small test runner for the page's modules, run inside a real browser. */

const tests = [];

/**
 * @param {string} name
 * @param {() => void|Promise<void>} run
 */
export function test(name, run) {
  tests.push({ name, run });
}

/** Run what was registered, one after the other. @returns {Promise<{name: string, error: string|null}[]>} */
export async function runAll() {
  const results = [];
  for (const { name, run } of tests.splice(0)) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('not finished within 10 s')), 10000));
    const error = await Promise.race([Promise.resolve().then(run), late]).then(
      () => null,
      (failure) => String(failure?.stack ?? failure),
    );
    results.push({ name, error });
  }
  return results;
}

/** @param {unknown} seen @param {unknown} expected @param {string} [what] */
export function equal(seen, expected, what = 'value') {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, seen ${left}`);
}

/** @param {unknown} condition @param {string} what */
export function ok(condition, what) {
  if (!condition) throw new Error(`expected: ${what}`);
}

/** @param {Promise<unknown>} promise @param {string} code  Of the HttpError. */
export async function refuses(promise, code) {
  const error = await promise.then(() => null, (failure) => failure);
  if (error === null) throw new Error(`expected a refusal with ${code}, it succeeded`);
  equal(error.code, code, 'code of the refusal');
}

/** Let everything that is ready happen: promises, messages between tabs, locks, IndexedDB. */
export async function settle(turns = 3) {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** @param {() => unknown} look @param {string} what */
export async function until(look, what) {
  const end = performance.now() + 5000;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await settle(1);
  }
}

/** Time that stands still until it is moved. */
export class HeldClock {
  #time = 1000;
  #timers = new Map();
  #next = 0;
  chance = 0.5;
  /** How far this machine's clock is off. */
  offset = 0;

  now = () => this.#time;
  wall = () => 1_700_000_000_000 + this.#time + this.offset;
  random = () => this.chance;

  after = (run, milliseconds) => {
    this.#next += 1;
    this.#timers.set(this.#next, { run, at: this.#time + Math.max(0, milliseconds) });
    return this.#next;
  };

  cancel = (timer) => this.#timers.delete(timer);

  /** @param {number} milliseconds   Timers run in their order, each with what follows from it. */
  async move(milliseconds) {
    const end = this.#time + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#time = Math.max(this.#time, due[1].at);
      due[1].run();
      await settle(1);
    }
    this.#time = end;
    await settle();
  }
}

let names = 0;

/** @returns {string} A name that no other test uses. */
export function fresh(what) {
  names += 1;
  return `${what}-${names}-${Math.random().toString(36).slice(2)}`;
}
