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

/** Milliseconds in which a page that is still being made, or changes, may come to keep nobody out. */
const MAKING = 2000;

/**
 * What described pages of the browser's windows have met that nobody foresaw: errors that no script caught, what their own policy
 * kept out, and people whom those pages keep out that are open now.
 *
 * @param {string} origin   Whose pages; those of other sites are none of anybody's here.
 */
async function readUnforeseen(origin, context) {
  const contexts = (context.browser()?.contexts() ?? [context]).filter((one) => described.has(one));
  const pages = contexts.flatMap((one) => one.pages()).filter((page) => page.url().startsWith(`${origin}/`));
  const found = await Promise.all(pages.map(async (page) => (await lookAt(page)).map((told) => ({ address: page.url(), told }))));
  const all = [...contexts.flatMap((one) => described.get(one)), ...found.flat()];
  const own = all.filter(({ address }) => address.startsWith(`${origin}/`));
  return own.map(({ address, told }) => `${new URL(address).pathname}: ${told}`);
}

/** What keeps people out of a page for good; nothing where it is closed meanwhile, goes elsewhere or stands still. */
async function lookAt(page) {
  const end = Date.now() + MAKING;
  const late = new Promise((done) => { setTimeout(done, 2 * MAKING, []); });
  for (;;) {
    const found = await Promise.race([page.evaluate(whatKeepsPeopleOut).catch(() => []), late]);
    if (found.length === 0 || Date.now() > end) return found;
    await new Promise((done) => { setTimeout(done, MAKING / 20); });
  }
}

/**
 * In the page: what keeps people out who have no mouse, or do not see it, by rules that each page can keep (WCAG 2.2: 1.1.1, 1.3.1,
 * 2.1.1, 2.4.7, 4.1.2, 4.1.3). Beside what holds of all pages, what is described as `announced` must be told when it changes, a
 * `countdown` must not be told each second, and what is `over` must not be busy: that is not read out before it is done.
 */
function whatKeepsPeopleOut() {
  const LIVE = '[aria-live=polite], [aria-live=assertive], [role=status], [role=alert], [role=log]';
  const QUIET = '[aria-hidden=true], [aria-live=off], [role=timer]';
  const described = (name) => {
    const selector = window.described?.selector(name);
    return selector ? [...document.querySelectorAll(selector)] : [];
  };
  const text = (element) => element?.textContent?.trim() ?? '';
  const called = (element) =>
    [
      element.getAttribute('aria-label'),
      ...(element.getAttribute('aria-labelledby') ?? '').split(/\s+/).map((id) => text(document.getElementById(id))),
      ...[...(element.labels ?? [])].map(text),
      ...[...element.querySelectorAll('img[alt]')].map((image) => image.alt),
      text(element.matches('select, textarea') ? null : element),
      element.matches('input:not([type=text])') ? element.getAttribute('value') : '',
      element.title,
      element.placeholder,
    ].find((name) => name?.trim()) ?? '';
  const named = (element) => (element === document.documentElement ? '' : called(element) || element.id || String(element.className));
  const told = (element) => `${element.localName} ${JSON.stringify(named(element).slice(0, 60))}`;
  const inSight = (element) => {
    const box = element.getBoundingClientRect();
    return box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
  };
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const used = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(
    (element) => seen(element) && element.tabIndex >= 0 && element.type !== 'hidden',
  );
  const reached = used.filter((element) => !element.disabled);
  const scrolls = (element) => element.scrollHeight > element.clientHeight && /auto|scroll/.test(getComputedStyle(element).overflowY);
  const scroller = ({ parentElement: parent }) => (parent === null || scrolls(parent) ? parent : scroller(parent));
  const outOfSight = (element) => {
    const around = scroller(element);
    // A list that is in sight is scrolled to what keys reach in it; to try each line of a long one takes its time.
    if (inSight(element) || (around !== null && inSight(around))) return false;
    element.focus();
    return !inSight(element);
  };
  const pointing = ['for', 'aria-labelledby', 'aria-describedby', 'aria-controls', 'list'];
  const nowhere = (element) =>
    pointing.some((name) => (element.getAttribute(name) ?? '').split(/\s+/).some((id) => id && !document.getElementById(id)));
  const readOut = (element) => {
    const live = element.closest(LIVE);
    const quiet = element.closest(QUIET);
    return live !== null && !(quiet !== null && live.contains(quiet));
  };
  const rules = [
    ['keys reach it where nobody sees it', reached.filter(outOfSight)],
    ['keys reach what nobody is told of', reached.filter((element) => element.closest('[aria-hidden=true]'))],
    ['it can be used, and has no name', used.filter((element) => !called(element))],
    ['it is a picture without words', [...document.querySelectorAll('img:not([alt])')].filter(seen)],
    ['it is called or controlled by what is not there', [...document.querySelectorAll(pointing.map((name) => `[${name}]`).join())].filter(nowhere)],
    ['it changes, and nobody is told', described('announced').filter((element) => !element.closest(LIVE))],
    ['it counts down, and each second is told', described('countdown').filter(readOut)],
    ['it is over, and says that it is busy', described('over').filter((element) => element.closest('[aria-busy=true]'))],
    ['it does not say its language', document.documentElement.lang ? [] : [document.documentElement]],
  ];
  return rules.flatMap(([rule, broken]) => broken.map((element) => `${told(element)}: ${rule}`));
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
