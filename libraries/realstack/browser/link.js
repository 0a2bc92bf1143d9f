/**
 * The link that a page's browser has, by the browser's own development tools; called by `computer.py`.
 * What is changed holds for one page until it is closed.
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

exports.__esModule = true;
exports.narrowUplink = narrowUplink;
