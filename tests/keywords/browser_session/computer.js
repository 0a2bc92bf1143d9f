/**
 * What the tests of the computer's keywords ask of a page; called by computer.robot.
 */

/**
 * Minutes that the page's time of day is ahead of a time, rounded.
 *
 * @param {number} now   Seconds since 1970.
 */
async function minutesAhead(now, page) {
  return page.evaluate((time) => Math.round((Date.now() / 1000 - time) / 60), now);
}

/** A date that is named, as the page writes it. */
async function beginningOfTime(page) {
  return page.evaluate(() => new Date(0).toISOString());
}

/**
 * Uploads so much; tells at how many places the page's script was told that it stood, leaving out its end.
 *
 * @param {number} size   Bytes.
 */
async function placesOfUpload(size, page) {
  return page.evaluate(
    (bytes) =>
      new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        const seen = new Set();
        request.upload.onprogress = (event) => {
          if (event.loaded < event.total) seen.add(event.loaded);
        };
        request.onload = () => resolve(seen.size);
        request.onerror = reject;
        request.open('POST', '/');
        request.send(new Uint8Array(bytes));
      }),
    size,
  );
}

/**
 * Opens a socket, and keeps it; tells whether it opened.
 *
 * @param {string} url
 */
async function openSocket(url, page) {
  return page.evaluate(
    (address) =>
      new Promise((resolve) => {
        window.kept = new WebSocket(address);
        window.kept.onopen = () => resolve(true);
        window.kept.onerror = () => resolve(false);
      }),
    url,
  );
}

exports.__esModule = true;
Object.assign(exports, { minutesAhead, beginningOfTime, placesOfUpload, openSocket });
