/** What tests ask of the platform's page about titles, read markers and plans, and how they type there; called by words.resource. */

/** What the page's list says of each thread, by its id: its title, how far it was read; and what the dashboard says of the plan. */
async function readSettings(page) {
  return page.evaluate(() => {
    const lines = [...document.querySelectorAll('#threads > [data-thread-id]')];
    const threads = lines.map((line) => [
      line.dataset.threadId,
      { title: line.querySelector('.thread-item-title').textContent, marker: Number(line.dataset.readSeq) },
    ]);
    return { threads: Object.fromEntries(threads), plan: document.querySelector('#plan').dataset.plan ?? null };
  });
}

/**
 * Types each of these texts where messages are written, and sends it with the Enter key.
 *
 * @param {string[]} texts   What is typed.
 */
async function typeMessages(texts, page) {
  for (const text of texts) {
    await page.fill('#message-input', text);
    await page.keyboard.press('Enter');
  }
}

/** What the page's list calls each thread: its title by the thread's id. */
async function readTitles(page) {
  return page.evaluate(() => {
    const lines = [...document.querySelectorAll('#threads > [data-thread-id]')];
    return Object.fromEntries(lines.map((line) => [line.dataset.threadId, line.querySelector('.thread-item-title').textContent]));
  });
}

exports.__esModule = true;
Object.assign(exports, { readSettings, typeMessages, readTitles });
