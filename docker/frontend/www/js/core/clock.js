/**
 * Time and chance as one object, so that tests can hold both.
 *
 * `now` is monotonic (milliseconds since the page began); `wall` is the machine's clock, the only one
 * that two tabs share.
 *
 * @typedef {object} Clock
 * @property {() => number} now
 * @property {() => number} wall
 * @property {(run: () => void, milliseconds: number) => unknown} after
 * @property {(timer: any) => void} cancel
 * @property {() => number} random             From 0 up to 1.
 */

/** @type {Clock} */
export const clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  // A longer delay overflows the browser's 32-bit timers and fires at once.
  after: (run, milliseconds) => setTimeout(run, Math.min(Math.max(0, milliseconds), 2 ** 31 - 1)),
  cancel: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};

/**
 * @param {Clock} time
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function pause(time, milliseconds) {
  return new Promise((resolve) => time.after(resolve, milliseconds));
}
