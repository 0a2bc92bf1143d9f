/**
 * A keyword of the Browser library about the clock of the computer that a browser stands for.
 */

/**
 * Makes the clock of the current context's pages wrong, for those that are opened from now on. Only what the time of day is
 * changes, as on a computer whose clock is set wrong: time goes on as ever, and so do timers and the browser's monotonic clock.
 *
 * @param {string} seconds   How far it is ahead; negative when it is behind.
 */
async function shiftClock(seconds, context) {
  await context.addInitScript((ahead) => {
    const shifted = (/** @type {DateConstructor} */ target) => target.now() + ahead;
    globalThis.Date = new Proxy(Date, {
      construct: (target, args, self) => Reflect.construct(target, args.length ? args : [shifted(target)], self),
      apply: (target) => new target(shifted(target)).toString(),
      get: (target, name) => (name === 'now' ? () => shifted(target) : Reflect.get(target, name)),
    });
  }, Number(seconds) * 1000);
}
shiftClock.rfdoc = "Makes the clock of the current context's pages wrong by so many seconds, for those that are opened from now on.";

exports.__esModule = true;
exports.shiftClock = shiftClock;
