/**
 * What pages of an origin keep in the browser; called by `keywords/cookies.py`.
 */

/**
 * Puts something into the local storage of an origin, in the current context. The browser wants a page of that origin for it: an
 * empty one, of which the origin itself hears nothing.
 *
 * @param {string} origin
 * @param {string} name
 * @param {string} value
 */
async function keepInStorage(origin, name, value, context) {
  const page = await context.newPage();
  try {
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await page.goto(origin);
    await page.evaluate(([key, kept]) => localStorage.setItem(key, kept), [name, value]);
  } finally {
    await page.close();
  }
}

exports.__esModule = true;
exports.keepInStorage = keepInStorage;
