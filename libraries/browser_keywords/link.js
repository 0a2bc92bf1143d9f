/**
 * Keywords of the Browser library about the link that a page's browser has, by the browser's own development tools.
 * They hold for one page until it is closed, and touch nothing else on the machine.
 */

/**
 * Makes the current page's link narrow for what it sends, as on a slow line: the browser paces its own requests, and tells the
 * page's scripts what is out and what is not, as it does on any line.
 *
 * @param {string} rate   Bytes in a second.
 */
async function narrowUplink(rate, page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: Number(rate),
  });
}
narrowUplink.rfdoc = 'Makes the current page send no more than so many bytes in a second, as a slow line does.';

exports.__esModule = true;
exports.narrowUplink = narrowUplink;
