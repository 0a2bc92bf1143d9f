/**
 * What pages do and show, as plain data, for who does not know yet what they are made of; called by `look.py`.
 */

/** The tabs that are looked at, by name. */
const tabs = new Map();
/** What they did since it was last asked for. */
let seen = [];
/** Bodies that are still being read. */
const reading = new Set();
/** Kinds of requests whose content may tell something. */
const TELLING = new Set(['document', 'fetch', 'xhr', 'eventsource']);
const WORDS = /json|text\/(plain|event-stream)|x-www-form-urlencoded|ndjson/;
const LONGEST_BODY = 400_000;
let counted = 0;

/**
 * Opens a tab of the current context; all that it does is seen from its first request on.
 *
 * @param {string} name   What it is called from now on.
 */
async function openTab(name, context) {
  const page = await context.newPage();
  tabs.set(name, page);
  const session = await context.newCDPSession(page);
  // Playwright tells of frames, but not what a socket was opened with.
  session.on('Network.webSocketCreated', ({ requestId, url }) => seen.push({ what: 'socket', socket: requestId, tab: name, url }));
  session.on('Network.webSocketWillSendHandshakeRequest', ({ requestId, request }) => {
    seen.push({ what: 'handshake', socket: requestId, headers: request.headers });
  });
  const frame = (direction) => ({ requestId, response: { opcode, payloadData } }) => {
    seen.push({ what: 'frame', socket: requestId, tab: name, direction, binary: opcode === 2, payload: payloadData });
  };
  session.on('Network.webSocketFrameSent', frame('out'));
  session.on('Network.webSocketFrameReceived', frame('in'));
  await session.send('Network.enable');
  await page.addInitScript(keepSockets);
  page.on('response', (response) => {
    const read = exchange(name, response).catch((error) => seen.push({ what: 'unread', url: response.url(), why: error.message }));
    reading.add(read);
    read.then(() => reading.delete(read));
  });
}

/** In the page: it keeps its sockets, so that they can be ended. */
function keepSockets() {
  window.socketsOfPage = [];
  window.WebSocket = new Proxy(window.WebSocket, {
    construct(target, given, self) {
      const socket = Reflect.construct(target, given, self);
      window.socketsOfPage.push(socket);
      return socket;
    },
  });
}

/** Keeps a request and what was answered. */
async function exchange(tab, response) {
  const request = response.request();
  if (!TELLING.has(request.resourceType())) return;
  const told = { what: 'exchange', number: (counted += 1), tab, method: request.method(), url: request.url(), kind: request.resourceType() };
  Object.assign(told, { status: response.status(), request: request.postData() ?? '', response: '' });
  seen.push(told);
  told.headers = await request.allHeaders();
  told.answered = await response.allHeaders();
  const type = told.answered['content-type'] ?? '';
  if (told.status < 300 && WORDS.test(type)) told.response = (await response.text()).slice(0, LONGEST_BODY);
}

/**
 * What tabs did since this was last asked: sockets, frames, requests with their answers, in that order.
 *
 * @param {number} patience   Milliseconds for answers that are still being read.
 */
async function drain(patience, context) {
  let timer;
  const late = new Promise((done) => { timer = setTimeout(done, patience); });
  await Promise.race([Promise.all(reading), late]);
  clearTimeout(timer);
  const cookies = await context.cookies();
  const told = { seen, cookies: cookies.map(({ name, value, httpOnly, path, domain }) => ({ name, value, httpOnly, path, domain })) };
  seen = [];
  return told;
}

/** Leads a tab to an address. */
async function goTo(tab, url) {
  await tabs.get(tab).goto(url, { waitUntil: 'load' });
}

/** Where a tab is. */
async function whereIs(tab) {
  return tabs.get(tab).url();
}

/**
 * Waits until the page of a tab has stood still for a while: nothing of its elements has changed.
 *
 * @param {string} tab       Which.
 * @param {number} still     Milliseconds for which it must not change.
 * @param {number} patience  Milliseconds after which it is over, whatever happens.
 * @param {string} text      What must stand on the page before.
 * @param {string} answer    And this, or so many characters as `longer` says.
 * @param {number} longer    Characters of the page's whole text.
 * @returns {Promise<boolean>}   Whether all of it came about.
 */
async function standsStill(tab, still, patience, text, answer, longer) {
  const end = Date.now() + patience;
  for (;;) {
    const left = end - Date.now();
    if (left <= 0) return false;
    try {
      return await tabs.get(tab).evaluate(stand, { still, patience: left, text, answer, longer });
    } catch (error) {
      // The page went elsewhere meanwhile; the next one is waited for.
      if (!/context was destroyed|navigation|navigating/i.test(error.message)) throw error;
    }
  }
}

/** In the page. */
function stand({ still, patience, text, answer, longer }) {
  const shown = () => {
    const body = document.body?.innerText ?? '';
    return body.includes(text) && (body.length >= longer || body.includes(answer));
  };
  return new Promise((done) => {
    let timer;
    let there = false;
    const finish = (well) => {
      observer.disconnect();
      clearTimeout(timer);
      clearTimeout(last);
      done(well);
    };
    const again = () => {
      clearTimeout(timer);
      there ||= shown();
      if (there) timer = setTimeout(finish, still, true);
    };
    const observer = new MutationObserver(again);
    const last = setTimeout(() => finish(false), patience);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    again();
  });
}

/** How many characters the text of a tab's page has. */
async function lengthOf(tab) {
  return tabs.get(tab).evaluate(() => document.body.innerText.length);
}

/** The elements of a tab's page: names, attributes, texts, whether they can be seen. */
async function elementsOf(tab) {
  return tabs.get(tab).evaluate(dissect);
}

/** In the page: each element by its number, under which `act` finds it again. */
function dissect() {
  const aside = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'LINK', 'META', 'HEAD']);
  window.dissected = [];
  const visit = (element) => {
    const number = window.dissected.push(element) - 1;
    const attributes = Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
    if ('value' in attributes && element.tagName === 'INPUT') delete attributes.value;
    const told = { number, tag: element.tagName.toLowerCase(), attributes, visible: element.checkVisibility() };
    if (element.disabled) told.disabled = true;
    if (element.isContentEditable && !element.parentElement?.isContentEditable) told.editable = true;
    if (element.shadowRoot) told.shadow = true;
    // What is inside of a picture says nothing.
    if (element.tagName === 'svg') return told;
    const inside = [];
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE && node.data) inside.push(node.data);
      if (node.nodeType === Node.ELEMENT_NODE && !aside.has(node.tagName)) inside.push(visit(node));
    }
    if (inside.length) told.inside = inside;
    return told;
  };
  return visit(document.body);
}

/**
 * Does something to an element of a tab's page, as a user would.
 *
 * @param {string} tab       Which.
 * @param {number} element   Its number when the page was last taken apart.
 * @param {string} how       `click`, `fill` with a text, or `press` with a key.
 * @param {string} what      The text or the key.
 */
async function act(tab, element, how, what) {
  const handle = await tabs.get(tab).evaluateHandle((number) => window.dissected[number], element);
  const patient = { timeout: 5000 };
  if (how === 'click') await handle.click(patient);
  else if (how === 'fill') await handle.fill(what, patient);
  else await handle.press(what, patient);
}

/** Cuts the current context off, or lets it be connected again. Sockets that are open are ended, as the browser leaves them alone. */
async function setOffline(offline, context) {
  await context.setOffline(offline);
  if (!offline) return;
  const end = () => window.socketsOfPage.forEach((socket) => socket.close());
  await Promise.all([...tabs.values()].map((page) => page.evaluate(end)));
}

exports.__esModule = true;
Object.assign(exports, { openTab, drain, goTo, whereIs, standsStill, lengthOf, elementsOf, act, setOffline });
