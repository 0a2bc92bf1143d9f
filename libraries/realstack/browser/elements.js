/**
 * Elements of a page by the names that a description gives them; called by `elements.py`.
 * A described page's own scripts, and functions that run in it, find them as `described`.
 */

/** Contexts whose pages are described, each with what these met that nobody foresaw, and at which address. */
const described = new WeakMap();

/** What browsers say on the console when a policy keeps something out that a page asks for. */
const KEPT_OUT = /Content Security Policy/;

/**
 * Lets each page of the current context that is opened from now on know its elements by name.
 *
 * @param {object} description   As `description.py` tells it.
 */
async function describePage(description, context) {
  if (described.has(context)) return;
  described.set(context, []);
  const note = (page, told) => described.get(context).push({ address: page?.url() ?? '', told });
  context.on('weberror', (event) => note(event.page(), String(event.error())));
  context.on('console', (message) => {
    if (message.type() === 'error' && KEPT_OUT.test(message.text())) note(message.page(), message.text());
  });
  await context.addInitScript(describe, description);
}

/**
 * What described pages of the browser's windows have met that nobody foresaw: errors that no script caught, and what their own
 * policy kept out.
 *
 * @param {string} origin   Whose pages; those of other sites are none of anybody's here.
 */
async function readUnforeseen(origin, context) {
  const all = (context.browser()?.contexts() ?? [context]).flatMap((one) => described.get(one) ?? []);
  const own = all.filter(({ address }) => address.startsWith(`${origin}/`));
  return own.map(({ address, told }) => `${new URL(address).pathname}: ${told}`);
}

/**
 * In the page: `described.elements(name)` are the values of all elements of a name, `described.selector(name)` is where they are
 * (null where that is not described), `described.conversation()` is the open one's id.
 */
function describe(description) {
  const read = (element, { of, attribute, find, says, is }) => {
    const part = of ? element.querySelector(of) : element;
    if (!part) return null;
    if (is) return Object.keys(is).find((name) => part.matches(is[name])) ?? null;
    const text = attribute ? part.getAttribute(attribute) || null : part.textContent;
    if (says) return Object.keys(says).find((name) => new RegExp(says[name], 'u').test(text ?? '')) ?? null;
    if (!find) return text;
    const found = new RegExp(find, 'u').exec(text ?? '');
    return found && (found[1] ?? found[0]);
  };
  window.described = {
    elements(name) {
      const { selector, values } = description.elements[name] ?? {};
      const all = selector ? [...document.querySelectorAll(selector)] : [];
      return all.map((element) => {
        const told = Object.entries(values).map(([value, how]) => [value, read(element, how)]);
        return { ...Object.fromEntries(told), visible: element.checkVisibility() };
      });
    },
    selector(name) {
      return description.elements[name]?.selector ?? null;
    },
    conversation() {
      const [before, after] = description.conversation ?? [];
      const { pathname } = location;
      if (before === undefined || !pathname.startsWith(before) || !pathname.endsWith(after)) return null;
      return pathname.slice(before.length, pathname.length - after.length) || null;
    },
  };
}

/**
 * Waits until so many elements with these values are on the page.
 *
 * @param {string} element     Their name.
 * @param {object} values      What is wanted; a `text` need only contain it.
 * @param {number} least       How many at least.
 * @param {number|null} most   How many at most.
 * @param {boolean} visible    Whether only those count that can be seen.
 * @param {number} timeout     Milliseconds.
 * @returns {Promise<object[]|null>}   Nothing when they came in time, else all elements of the name that there are.
 */
async function waitForDescribed(element, values, least, most, visible, timeout, page) {
  const wanted = { element, values: Object.entries(values), least, most: most ?? Infinity, visible };
  const there = (/** @type {typeof wanted} */ { element, values, least, most, visible }) => {
    const fits = (one) => values.every(([name, value]) => (name === 'text' ? one.text.includes(value) : one[name] === value));
    const found = window.described.elements(element).filter((one) => (one.visible || !visible) && fits(one)).length;
    return found >= least && found <= most;
  };
  try {
    await page.waitForFunction(there, wanted, { polling: 20, timeout: Math.max(timeout, 1) });
    return null;
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error;
    return readDescribed(element, page);
  }
}

/**
 * The values of all elements of a name, in the order in which they stand on the page.
 *
 * @param {string} element   Their name.
 */
async function readDescribed(element, page) {
  return page.evaluate((name) => window.described.elements(name), element);
}

/**
 * From now on the page keeps what it shows of these, whenever that changes.
 *
 * @param {string[][]} wanted   Names of elements, each alone (whether one can be seen) or with the name of a value.
 */
async function watchDescribed(wanted, page) {
  await page.evaluate((names) => {
    window.watched = [];
    const look = () => {
      const now = names.map(([element, value]) => {
        const shown = window.described.elements(element).find((one) => one.visible);
        return [value ? `${element}.${value}` : element, value ? (shown?.[value] ?? null) : shown !== undefined];
      });
      const moment = Object.fromEntries(now);
      if (JSON.stringify(moment) !== JSON.stringify(window.watched.at(-1))) window.watched.push(moment);
    };
    look();
    const everything = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(document.body, everything);
  }, wanted);
}

/** What a watched page has shown, moment by moment. */
async function readWatched(page) {
  return page.evaluate(() => window.watched);
}

exports.__esModule = true;
Object.assign(exports, { describePage, readUnforeseen, waitForDescribed, readDescribed, watchDescribed, readWatched });
