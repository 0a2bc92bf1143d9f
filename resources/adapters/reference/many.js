/** What tests ask of the platform's page about what it leaves behind, and how they leave something there; called by many.resource. */

/** What stands on the page, hidden or not, with all that is typed into its fields. */
async function readAllOnPage(page) {
  return page.evaluate(() => {
    const typed = [...document.querySelectorAll('input, textarea')].map((field) => field.value);
    return [document.title, document.documentElement.outerHTML, ...typed].join('\n');
  });
}

/** What the browser keeps for the platform's pages, as text: storage of every kind, and the names of cookies. */
async function readAllKept(page) {
  const stored = await page.evaluate(async () => {
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const databases = {};
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      for (const table of database.objectStoreNames) {
        databases[`${name}/${table}`] = await done(database.transaction(table).objectStore(table).getAll());
      }
      database.close();
    }
    const cached = [];
    for (const name of (await globalThis.caches?.keys()) ?? []) {
      for (const request of await (await caches.open(name)).keys()) cached.push(request.url);
    }
    return { local: { ...localStorage }, session: { ...sessionStorage }, databases, cached };
  });
  const cookies = (await page.context().cookies()).map((cookie) => cookie.name);
  return JSON.stringify({ ...stored, cookies });
}

/**
 * Types a text where messages are written, and does not send it.
 *
 * @param {string} text
 */
async function typeDraft(text, page) {
  await page.fill('#message-input', text);
}

/**
 * Sends a text that the platform never takes: a character is in it that no store can hold.
 *
 * @param {string} text
 */
async function typeUntakeable(text, page) {
  await page.evaluate((wanted) => {
    document.querySelector('#message-input').value = `${wanted}\0`;
    document.querySelector('#composer').requestSubmit();
  }, text);
}

exports.__esModule = true;
Object.assign(exports, { readAllOnPage, readAllKept, typeDraft, typeUntakeable });
