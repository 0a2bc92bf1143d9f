/** What happens on the page that elements.robot describes. */

/** The notice counts down and goes, and a message comes. */
async function comeAndGo(page) {
  await page.evaluate(() => {
    const frame = () => new Promise(requestAnimationFrame);
    const notice = document.querySelector('#limit');
    (async () => {
      await frame();
      notice.querySelector('b').textContent = 'Again in 2 s.';
      await frame();
      notice.hidden = true;
      document.querySelector('ol').insertAdjacentHTML('beforeend', '<li>Later</li>');
    })();
  });
}

/** How many messages a window shows that the page opens, by its description. */
async function messagesBeside(page) {
  return page.evaluate(async () => {
    const other = window.open(location.href);
    await new Promise((loaded) => other.addEventListener('load', loaded));
    return other.described.elements('message').length;
  });
}

/** The id of the open conversation. */
async function conversation(page) {
  return page.evaluate(() => window.described.conversation());
}

exports.__esModule = true;
Object.assign(exports, { comeAndGo, messagesBeside, conversation });
