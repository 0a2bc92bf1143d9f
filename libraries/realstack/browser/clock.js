/**
 * The clock of the computer that a browser stands for; called by `computer.py`.
 */

/**
 * Makes the clock of the current context's pages wrong, for those that are opened from now on. Only what the time of day is
 * changes, as on a computer whose clock is set wrong: time goes on as ever, and so do timers and the browser's monotonic clock.
 *
 * @param {number} seconds   How far it is ahead; negative when it is behind.
 */
async function shiftClock(seconds, context) {
  await context.addInitScript((ahead) => {
    const shifted = (/** @type {DateConstructor} */ target) => target.now() + ahead;
    globalThis.Date = new Proxy(Date, {
      construct: (target, args, self) => Reflect.construct(target, args.length ? args : [shifted(target)], self),
      apply: (target) => new target(shifted(target)).toString(),
      get: (target, name) => (name === 'now' ? () => shifted(target) : Reflect.get(target, name)),
    });
  }, seconds * 1000);
}

exports.__esModule = true;
exports.shiftClock = shiftClock;
