/**
 * What tests ask of a page, and what they let it keep for them; called by resources. The page knows its elements by the names of
 * adapters/elements.yaml (`described`, of the keyword Describe Page).
 */

/** What the page shows at one moment: its connection's state and id, all its text, its messages in order. */
async function readPage(page) {
  return page.evaluate(() => {
    const { elements, conversation } = window.described;
    const [connection] = elements('connection');
    const limit = elements('limit notice').find((notice) => notice.visible);
    return {
      state: connection?.state ?? null,
      connection: connection?.id ?? null,
      text: document.body.innerText,
      wait: limit?.wait ?? null,
      messages: elements('message').map((message) => ({ ...message, thread: conversation() })),
    };
  });
}

/**
 * Waits until so many of the user's messages stand on the page as stored, or until it was online for a while and nothing waited:
 * then it needs no more time.
 *
 * @param {number} count     How many there are to be.
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilStored(count, timeout, page) {
  await page.evaluate(() => {
    window.idleSince = undefined;
  });
  return inTime(() =>
    page.waitForFunction(
      (wanted) => {
        const said = window.described.elements('message').filter((message) => message.role === 'user');
        const stored = said.filter((message) => message.state === 'stored').length;
        const online = window.described.elements('connection')[0]?.state === 'online';
        const idle = online && stored > 0 && stored === said.length;
        window.idleSince = idle ? (window.idleSince ?? performance.now()) : undefined;
        return stored >= wanted || performance.now() - window.idleSince > 600;
      },
      count,
      { polling: 20, timeout },
    ),
  );
}

/**
 * Types each of these texts where messages are written, and sends it with the Enter key; with the Shift key that breaks lines.
 *
 * @param {string} composer   The selector of where that is.
 * @param {string[]} texts    What is typed.
 */
async function typeMessages(composer, texts, page) {
  for (const text of texts) {
    const [first, ...lines] = text.split('\n');
    await page.fill(composer, first);
    for (const line of lines) {
      await page.keyboard.press('Shift+Enter');
      await page.keyboard.insertText(line);
    }
    await page.keyboard.press('Enter');
  }
}

/**
 * Presses Enter as a key that an input method takes, to end a word that it composes.
 *
 * @param {string} composer   The selector of where messages are written.
 */
async function composeWithEnter(composer, page) {
  await page.dispatchEvent(composer, 'keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true });
}

/**
 * Tells the page whether anybody sees it, as the browser does when its window is covered. Browsers without windows take all of
 * their pages for seen.
 *
 * @param {boolean} seen
 */
async function tellWhetherSeen(seen, page) {
  await page.evaluate((visible) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (visible ? 'visible' : 'hidden') });
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => !visible });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, seen);
}

/** What a page asks for from now on and has not got yet: a set that changes. */
function requestsUnderWay(page) {
  const asked = new Set();
  page.on('request', (request) => asked.add(request));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => asked.delete(request));
  return asked;
}

/**
 * When the page loses its connection next, chance lets it try again at once for a while, and then wait for as long as it may.
 */
async function letWaitsGrow(page) {
  await page.evaluate(() => {
    const { WebSocket } = window;
    const { random } = Math;
    let tries = 0;
    Math.random = () => (tries < 6 ? 0 : 0.999);
    window.waitsLong = new Promise((done) => {
      window.WebSocket = new Proxy(WebSocket, {
        construct(target, given) {
          const socket = new target(...given);
          tries += 1;
          // When the page has heard of the end, too.
          if (tries === 6) socket.addEventListener('close', () => setTimeout(done));
          return socket;
        },
      });
    }).then(() => {
      window.WebSocket = WebSocket;
      Math.random = random;
      return true;
    });
  });
}

/**
 * Ends each connection of the page as soon as something has come on it, as a server does that has no room for it, until the page has
 * tried so many times to connect; chance lets it wait for as long as it may each time.
 *
 * @param {number} times
 * @returns {Promise<number[]>}   Seconds that it waited before each try.
 */
async function waitsWhileNotKept(times, page) {
  return page.evaluate(
    (wanted) =>
      new Promise((done) => {
        const { WebSocket } = window;
        const { send } = WebSocket.prototype;
        const { random } = Math;
        const waits = [];
        let ended = null;
        const end = (socket) => {
          ended = performance.now();
          socket.dispatchEvent(new CloseEvent('close'));
        };
        Math.random = () => 0.999;
        // The connection that it has is the one on which it says something.
        WebSocket.prototype.send = function (data) {
          WebSocket.prototype.send = send;
          send.call(this, data);
          queueMicrotask(() => end(this));
        };
        window.WebSocket = new Proxy(WebSocket, {
          construct(target, given) {
            if (ended !== null) waits.push((performance.now() - ended) / 1000);
            ended = null;
            const socket = new target(...given);
            if (waits.length < wanted) {
              // After the page's own listeners: it has read what came.
              queueMicrotask(() => socket.addEventListener('message', () => end(socket), { once: true }));
            } else {
              window.WebSocket = WebSocket;
              Math.random = random;
              done(waits);
            }
            return socket;
          },
        });
      }),
    times,
  );
}

/**
 * Lets the page stand still, as one whose computer has no time for it, right after something has come on its connection.
 *
 * @param {number} time   Milliseconds.
 * @returns {Promise<string>}   What it does with that connection then: it `goes on` with it, and says something, or `ends it`.
 */
async function standStill(time, page) {
  return page.evaluate(
    (longest) =>
      new Promise((done) => {
        const { send, close } = WebSocket.prototype;
        const finish = (told) => {
          Object.assign(WebSocket.prototype, { send, close });
          done(told);
        };
        const watch = (socket) => {
          WebSocket.prototype.send = function (data) {
            if (this === socket) finish('goes on');
            send.call(this, data);
          };
          WebSocket.prototype.close = function (...why) {
            if (this === socket) finish('ends it');
            close.apply(this, why);
          };
          const end = performance.now() + longest;
          while (performance.now() < end) Math.random();
        };
        WebSocket.prototype.send = function (data) {
          WebSocket.prototype.send = send;
          send.call(this, data);
          this.addEventListener('message', () => watch(this), { once: true });
        };
      }),
    time,
  );
}

/**
 * Waits until the page, whose waits grow, waits for as long as it may.
 *
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilItWaits(timeout, page) {
  return inTime(() => page.waitForFunction(() => window.waitsLong, null, { timeout }));
}

/**
 * What an element says that it does not say now, within a time; what it says all the time when there is nothing else.
 *
 * @param {string} element   Its name.
 * @param {number} time      Milliseconds.
 */
async function firstOtherText(element, time, page) {
  const read = () => page.evaluate((name) => window.described.elements(name)[0]?.text ?? '', element);
  const now = await read();
  const differs = ([name, text]) => (window.described.elements(name)[0]?.text ?? '') !== text;
  await inTime(() => page.waitForFunction(differs, [element, now], { polling: 20, timeout: time }));
  return read();
}

/**
 * Tells the page that its user turns to it, as the browser does, so many times; each when what the page has asked for is there.
 *
 * @param {number} times
 */
async function turnToPage(times, page) {
  const asked = requestsUnderWay(page);
  for (let turn = 0; turn < times; turn += 1) {
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    // It asks when it gets its turn, which is after some of its browser's.
    for (let answer = 0; answer < 5 || asked.size > 0; answer += 1) await page.evaluate(() => null);
  }
}

/**
 * What those messages say that can be seen where the page is scrolled to, most of each.
 *
 * @param {string} selector   Of messages.
 */
async function messagesInSight(selector, page) {
  return page.locator(selector).evaluateAll(
    (all) =>
      new Promise((resolve) => {
        const observer = new IntersectionObserver((entries) => {
          observer.disconnect();
          resolve(entries.filter((entry) => entry.intersectionRatio > 0.5).map((entry) => entry.target.textContent));
        });
        for (const message of all) observer.observe(message);
      }),
  );
}

/**
 * What these elements say as people see it: with the line breaks and blanks that their style leaves.
 *
 * @param {string} selector
 */
async function textsAsSeen(selector, page) {
  return page.locator(selector).evaluateAll((all) => all.map((element) => element.innerText));
}

/**
 * Presses a button that saves a file; says where the browser has it, and what it calls it.
 *
 * @param {string} button   The button's selector.
 */
async function saveFile(button, page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
  return { name: download.suggestedFilename(), path: await download.path() };
}

/**
 * The page's next request with this method and path is done, and its answer lost.
 *
 * @param {string} method   In capitals.
 * @param {string} path
 */
async function loseNextAnswer(method, path, page) {
  await page.evaluate(
    ([wanted, place]) => {
      const { fetch } = window;
      const { open } = XMLHttpRequest.prototype;
      const isMeant = (used, address) => {
        if (used !== wanted || new URL(address, location).pathname !== place) return false;
        window.fetch = fetch;
        XMLHttpRequest.prototype.open = open;
        return true;
      };
      window.fetch = async (address, options) => {
        const meant = isMeant(options?.method ?? 'GET', address);
        const answer = await fetch(address, options);
        if (meant) throw new TypeError('Failed to fetch');
        return answer;
      };
      XMLHttpRequest.prototype.open = function (used, address, ...others) {
        if (isMeant(used, address)) {
          // As its first listener: none of the page's hears of the answer.
          this.addEventListener('load', (event) => {
            event.stopImmediatePropagation();
            this.dispatchEvent(new ProgressEvent('error'));
          });
        }
        open.call(this, used, address, ...others);
      };
    },
    [method, path],
  );
}

/**
 * What comes to the page with this text is lost on its way from now on, while its connection stays.
 *
 * @param {string} text
 * @param {number} times   How often at most.
 */
async function loseWhatComes(text, times, page) {
  await page.evaluate(
    ([wanted, most]) => {
      const lost = new WeakSet();
      const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
      window.lostOnTheWay = 0;
      window.lostAtMost = most;
      Object.defineProperty(MessageEvent.prototype, 'data', {
        configurable: true,
        get() {
          const data = get.call(this);
          const lose = this.target instanceof WebSocket && window.lostOnTheWay < window.lostAtMost && String(data).includes(wanted);
          if (lose && !lost.has(this)) {
            lost.add(this);
            window.lostOnTheWay += 1;
          }
          return lost.has(this) ? '' : data;
        },
      });
    },
    [text, times],
  );
}

/**
 * Waits until something was lost on its way to the page; from then on nothing is.
 *
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilLost(timeout, page) {
  const lost = await inTime(() => page.waitForFunction(() => window.lostOnTheWay > 0, null, { polling: 20, timeout }));
  await page.evaluate(() => {
    window.lostAtMost = 0;
  });
  return lost;
}

/**
 * Presses a button, and types on into boxes before anything that follows from it.
 *
 * @param {string} button    The button's selector.
 * @param {string[]} boxes   Those of the boxes.
 * @param {string} text      What stands in each of them then.
 */
async function pressAndTypeOn(button, boxes, text, page) {
  const pressed = await page.locator(button).elementHandle();
  const typedInto = await Promise.all(boxes.map((box) => page.locator(box).elementHandle()));
  await page.evaluate(
    ([first, words, ...elements]) => {
      first.click();
      for (const element of elements) {
        element.value = words;
        element.dispatchEvent(new Event('input', { bubbles: true }));
      }
    },
    [pressed, text, ...typedInto],
  );
}

/**
 * All that can be seen on a page, a line for each element that says something or can be used: what it is, what stands in it, and
 * whether it can be used now. What a page shows of its own past is left out.
 */
async function whatStands(page) {
  return page.evaluate(() => {
    const past = window.described?.selector('own past');
    const heard = ['aria-label', 'aria-current', 'aria-expanded', 'aria-busy', 'aria-hidden', 'aria-live', 'role'];
    const told = [...heard, 'href', 'placeholder', 'title', 'disabled'];
    const lines = [`tab: ${document.title}`];
    const look = (element) => {
      if (!element.checkVisibility({ visibilityProperty: true }) || (past && element.matches(past))) return;
      const facts = told.filter((name) => element.hasAttribute(name)).map((name) => `${name}=${element.getAttribute(name)}`);
      const typed = element.matches('input, textarea') ? [`typed=${element.value}`] : [];
      const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data);
      const said = [...facts, ...typed, own.join('').trim()].filter(Boolean);
      if (said.length > 0) lines.push(`${element.localName}: ${said.join(' | ')}`);
      for (const child of element.children) look(child);
    };
    look(document.body);
    return lines;
  });
}

/**
 * Opens the place of a page once more beside it, until both show the same, and so do all other pages of the window that are there;
 * or until none has changed for a while, nor waits for anything. Closes it again.
 *
 * @param {number} quiet   Milliseconds without a change after which nothing more is expected.
 * @returns {Promise<{here: string, later: string, told: string}>}   What only the first page shows that differs, what only the one that
 *   was opened later shows, and the beginning of both in one line.
 */
async function compareWithLater(quiet, page) {
  const before = page.context().pages().filter((one) => one.url() === page.url());
  const later = await page.context().newPage();
  const asked = requestsUnderWay(later);
  try {
    await later.goto(page.url(), { waitUntil: 'domcontentloaded' });
    let seen = '';
    for (let since = Date.now(); ; ) {
      const [there, ...all] = await Promise.all([later, ...before].map(whatStands));
      const now = JSON.stringify([there, all]);
      if (now !== seen || asked.size > 0) since = Date.now();
      seen = now;
      const here = all.find((lines) => lines.join('\n') !== there.join('\n'));
      if (here === undefined) return { here: '', later: '', told: '' };
      if (Date.now() - since > quiet) return difference(here, there);
      await page.waitForTimeout(20);
    }
  } finally {
    await later.close();
  }
}

/**
 * What differs between what two pages show.
 *
 * @param {string[]} here
 * @param {string[]} there
 */
function difference(here, there) {
  const only = (these, others) => these.filter((line) => !others.includes(line)).join('\n');
  const [mine, its] = [only(here, there), only(there, here)];
  if (!mine && !its) return { here: here.join('\n'), later: there.join('\n'), told: ' (the same in another order)' };
  const [first, other] = [mine, its].map((lines) => lines.replaceAll('\n', '; ').slice(0, 120) || 'nothing');
  return { here: mine, later: its, told: ` (here: ${first}. Later: ${other}.)` };
}

/**
 * Gives an element the focus, and waits until the page's text has changed so many times.
 *
 * @param {string} element    Its name.
 * @param {number} times
 * @param {number} timeout    Milliseconds after which it is looked at whatever came.
 * @returns {Promise<string>}   Where the focus is then, which must be `where it was put`; that it is as well when there is no such
 *   element any more.
 */
async function focusWhileTextComes(element, times, timeout, page) {
  const selector = await page.evaluate((name) => window.described.selector(name), element);
  const put = await page.locator(`css=${selector}`).first().elementHandle();
  return page.evaluate(
    ([one, name, wanted, longest]) =>
      new Promise((done) => {
        let left = wanted;
        let before = document.body.textContent;
        const look = () => {
          const { activeElement } = document;
          const over = window.described.elements(name).length === 0;
          done(activeElement === one || over ? 'where it was put' : `on ${activeElement?.localName ?? 'nothing'}`);
        };
        const observer = new MutationObserver(() => {
          const { textContent } = document.body;
          if (textContent !== before) left -= 1;
          before = textContent;
          if (left <= 0) look();
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        setTimeout(look, longest);
        one.focus();
      }),
    [put, element, times, timeout],
  );
}

/**
 * Waits until the middle of an element stands in the window, with nothing before it.
 *
 * @param {string} selector   The element's.
 * @param {number} timeout    Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilFree(selector, timeout, page) {
  const handle = await page.locator(selector).first().elementHandle();
  const free = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  return inTime(() => page.waitForFunction(free, handle, { polling: 20, timeout }));
}

/**
 * Presses a link while a key is held by which browsers open it elsewhere, and closes what was opened.
 *
 * @param {string} link      Its selector.
 * @param {string} key       `ControlOrMeta` for another tab, `Shift` for another window.
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<{elsewhere: string, stays: boolean}>}   The path that was opened elsewhere; nothing where none was in time. And
 *   whether the page shows what it showed.
 */
async function openElsewhere(link, key, timeout, page) {
  const before = page.url();
  const opened = page.context().waitForEvent('page', { timeout }).catch(() => null);
  await page.locator(link).first().click({ modifiers: [key] });
  const other = await opened;
  if (other === null) return { elsewhere: '', stays: page.url() === before };
  await inTime(() => other.waitForURL((url) => url.protocol !== 'about:', { timeout, waitUntil: 'commit' }));
  const elsewhere = new URL(other.url()).pathname;
  await other.close();
  return { elsewhere, stays: page.url() === before };
}

/** The browser keeps nothing that a page wants to keep next, as one whose disk is full. */
async function keepNothingOnce(page) {
  await page.evaluate(() => {
    const { add, put } = IDBObjectStore.prototype;
    const refuse = () => {
      Object.assign(IDBObjectStore.prototype, { add, put });
      throw new DOMException('The disk is full.', 'QuotaExceededError');
    };
    Object.assign(IDBObjectStore.prototype, { add: refuse, put: refuse });
  });
}

/**
 * Loads the page anew, and nothing comes of what its scripts ask for by this method; chance lets it wait for half as long as it may.
 * Half a minute goes by on its clock.
 *
 * @param {string} method   In capitals.
 * @returns {Promise<number>}   How often it has asked meanwhile for what it asked for most.
 */
async function asksInVain(method, page) {
  const counts = new Map();
  const asked = requestsUnderWay(page);
  const fail = async (route) => {
    const request = route.request();
    if (!['fetch', 'xhr'].includes(request.resourceType()) || request.method() !== method) return route.fallback();
    const { pathname } = new URL(request.url());
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
    return route.abort();
  };
  await page.addInitScript(() => { Math.random = () => 0.5; });
  await page.clock.install();
  await page.route('**', fail);
  await page.reload({ waitUntil: 'domcontentloaded' });
  for (let second = 0; second < 30; second += 1) {
    // What it asked for has come to nothing, and it knows.
    for (let answer = 0; answer < 3 || asked.size > 0; answer += 1) await page.evaluate(() => null);
    await page.clock.runFor(1000);
  }
  await page.unroute('**', fail);
  await page.clock.resume();
  return Math.max(0, ...counts.values());
}

/**
 * From now on the page keeps when it hands messages with this text to its connection.
 *
 * @param {string} text
 */
async function watchSends(text, page) {
  await page.evaluate((wanted) => {
    const { send } = WebSocket.prototype;
    window.sends = [];
    WebSocket.prototype.send = function (data) {
      if (String(data).includes(wanted)) window.sends.push({ socket: this, at: performance.now() });
      send.call(this, data);
    };
  }, text);
}

/**
 * How many seconds have gone by at least before a watched message was handed to the same connection again; nothing where none was.
 */
async function soonestRepeat(page) {
  return page.evaluate(() => {
    const gaps = window.sends.slice(1).map(({ socket, at }, index) => ({ same: socket === window.sends[index].socket, gap: at - window.sends[index].at }));
    const all = gaps.filter(({ same }) => same).map(({ gap }) => gap / 1000);
    return all.length > 0 ? Math.min(...all) : null;
  });
}

/**
 * Scrolls to the first of several elements.
 *
 * @param {string} selector   Theirs.
 */
async function scrollToFirst(selector, page) {
  await page.locator(selector).first().scrollIntoViewIfNeeded();
}

/**
 * Presses the last of several buttons.
 *
 * @param {string} buttons   Their selector.
 */
async function pressLast(buttons, page) {
  await page.locator(buttons).last().dispatchEvent('click');
}

/** Seconds that the page's time of day is ahead of the time that its browser counts by. */
async function clockAhead(page) {
  return page.evaluate(() => (Date.now() - performance.timeOrigin - performance.now()) / 1000);
}

/**
 * The page opens others like it, in its own window, until they are so many with itself, and keeps them.
 *
 * @param {number} count   How many.
 */
async function openPagesBeside(count, page) {
  await page.evaluate((wanted) => {
    window.crowd = [window];
    while (window.crowd.length < wanted) window.crowd.push(window.open(location.href));
  }, count);
}

/**
 * Waits until all pages that the page has opened, and itself, say that their connection is so.
 *
 * @param {string} state     `online` or `offline`.
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilAllAre(state, timeout, page) {
  return inTime(() =>
    page.waitForFunction(
      (wanted) => window.crowd.every((one) => one.described.elements('connection')[0]?.state === wanted),
      state,
      { polling: 20, timeout },
    ),
  );
}

/**
 * From now on each of these pages keeps when it tries to connect, in seconds since the epoch, and how long it waits before it tries
 * again: seconds from the end of the attempt before, null where a new one began sooner. Each attempt that gets through begins a new
 * list of waits. How long it waits before the first attempt after a loss is kept apart, of connections that began since.
 */
async function watchAttempts(page) {
  await page.evaluate(() => {
    for (const one of window.crowd) {
      const begun = [];
      const waits = [[]];
      const losses = [];
      let first = true;
      let ended = null;
      one.begun = begun;
      one.waits = waits;
      one.losses = losses;
      one.WebSocket = class extends one.WebSocket {
        constructor(...given) {
          begun.push(Date.now() / 1000);
          const waited = ended === null ? null : (performance.now() - ended) / 1000;
          if (!first) waits.at(-1).push(waited);
          else if (waited !== null) losses.push(waited);
          first = false;
          ended = null;
          super(...given);
          this.addEventListener('open', () => {
            first = true;
            waits.push([]);
          });
          this.addEventListener('close', () => {
            ended = performance.now();
          });
        }
      };
    }
  });
}

/** From now on each of these pages waits for as long as it may before it tries to connect: chance gives it nothing less. */
async function keepWaitsLong(page) {
  await page.evaluate(() => window.crowd.forEach((one) => { one.Math.random = () => 0.999; }));
}

/**
 * Waits until each of these pages has lost a connection that it got since it is watched, and tries to connect again.
 *
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<number[]|null>}   Seconds that each has waited before; nothing where that did not come in time.
 */
async function waitsAfterLoss(timeout, page) {
  const tried = await inTime(() =>
    page.waitForFunction(() => window.crowd.every((one) => one.losses.length > 0), null, { polling: 20, timeout }),
  );
  return tried ? page.evaluate(() => window.crowd.map((one) => one.losses.at(-1))) : null;
}

/** What each of these pages says of its connection now, and when it tried and how long it waited where that is watched. */
async function statesOfAll(page) {
  return page.evaluate(() =>
    window.crowd.map((one) => {
      const [connection] = one.described.elements('connection');
      const { begun = [], waits = [] } = one;
      return { state: connection?.state ?? null, connection: connection?.id ?? null, begun, waits };
    }),
  );
}

/**
 * Waits until pages of this browser wait for their turn at something that one of them does for all (Web Locks).
 *
 * @param {number} count     How many.
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether so many did in time.
 */
async function waitUntilTheyWaitForTheirTurn(count, timeout, page) {
  return inTime(() =>
    page.waitForFunction(async (wanted) => (await navigator.locks.query()).pending.length >= wanted, count, {
      polling: 20,
      timeout,
    }),
  );
}

/** Whether a wait has ended as it was to; what is no time-out is an error. */
async function inTime(wait) {
  try {
    await wait();
    return true;
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error;
    return false;
  }
}

exports.__esModule = true;
Object.assign(exports, { readPage, waitUntilStored, typeMessages, composeWithEnter, tellWhetherSeen, messagesInSight, clockAhead });
Object.assign(exports, { textsAsSeen, saveFile, loseNextAnswer, loseWhatComes, waitUntilLost });
Object.assign(exports, { pressAndTypeOn, pressLast, compareWithLater, turnToPage });
Object.assign(exports, { focusWhileTextComes, scrollToFirst, waitUntilFree, letWaitsGrow, waitUntilItWaits, firstOtherText });
Object.assign(exports, { waitsWhileNotKept, standStill, openElsewhere, keepNothingOnce, asksInVain, watchSends, soonestRepeat });
Object.assign(exports, { openPagesBeside, waitUntilAllAre, watchAttempts, keepWaitsLong, waitsAfterLoss, statesOfAll });
Object.assign(exports, { waitUntilTheyWaitForTheirTurn });
