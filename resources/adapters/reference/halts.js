/** What tests ask of the browser so that a page stands still and goes on; called by halts.resource. */

/**
 * Freezes the page as a browser does with one in the background, or lets it go on: nothing of it runs, and what comes waits.
 *
 * @param {boolean} frozen
 */
async function freezePage(frozen, page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' });
  await session.detach();
}

exports.__esModule = true;
Object.assign(exports, { freezePage });
