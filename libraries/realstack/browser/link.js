/**
 * The link that a page's browser has, by the browser's own development tools; called by `computer.py`.
 * What is changed holds for one page, or one context, until it is closed.
 */

/**
 * Makes the current page's link narrow for what it sends, as on a slow line: the browser paces its own requests, and tells the
 * page's scripts what is out and what is not, as it does on any line.
 *
 * @param {number} rate   Bytes in a second.
 */
async function narrowUplink(rate, page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: rate,
  });
}

/**
 * Takes the line of the current context away, as in a tunnel: what its pages have open ends, and nothing new gets through.
 */
async function cutLine(context) {
  await context.setOffline(true);
  // The browser fails what is new, and leaves sockets alone.
  const end = (sockets) => sockets.forEach((socket) => socket.close());
  await Promise.all(context.pages().map((page) => askSockets(page, end)));
}

/** Gives the current context its line back, which the browser tells its pages. */
async function restoreLine(context) {
  await context.setOffline(false);
}

/** How many sockets the current page has open, or is opening. */
async function countSockets(page) {
  return askSockets(page, (sockets) => sockets.filter((socket) => socket.readyState <= WebSocket.OPEN).length);
}

/**
 * Hands all sockets of a page to a function of the page's. The browser finds them itself: no page needs to be prepared for it.
 *
 * @param {(sockets: WebSocket[]) => unknown} ask
 */
async function askSockets(page, ask) {
  const session = await page.context().newCDPSession(page);
  try {
    const { result } = await session.send('Runtime.evaluate', { expression: 'WebSocket.prototype' });
    const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId: result.objectId });
    const functionDeclaration = `function () { return (${ask})(this); }`;
    const answer = await session.send('Runtime.callFunctionOn', { objectId: objects.objectId, functionDeclaration, returnByValue: true });
    return answer.result.value;
  } finally {
    await session.detach();
  }
}

exports.__esModule = true;
Object.assign(exports, { narrowUplink, cutLine, restoreLine, countSockets });
