/**
 * What tests ask of the platform's page, and what they let it keep for them; called by dashboard.resource and uploads.resource.
 * Its landmarks are told in docker/frontend/README.md.
 */

/** What the page shows at one moment: its connection's state and id, all its text, its messages in order. */
async function readPage(page) {
  return page.evaluate(() => {
    const connection = document.querySelector('#connection');
    const countdown = document.querySelector('#limit-countdown')?.textContent ?? '';
    const [, minutes, seconds] = /in (?:(\d+) min )?(\d+) s/.exec(countdown) ?? [];
    return {
      state: connection?.dataset.state ?? null,
      connection: connection?.dataset.connectionId || null,
      text: document.body.innerText,
      wait: seconds ? 60 * (minutes ?? 0) + Number(seconds) : null,
      messages: [...document.querySelectorAll('#messages > [data-message-id]')].map((line) => ({
        message_id: line.dataset.messageId,
        seq: line.dataset.seq ? Number(line.dataset.seq) : null,
        role: line.dataset.role,
        state: line.dataset.state,
        run_id: line.dataset.runId || null,
        thread_id: location.pathname.split('/').pop(),
        text: line.querySelector('.message-text').textContent,
      })),
    };
  });
}

/**
 * Waits until so many of the user's messages stand on the page as stored, or until it was online for a while and nothing waited:
 * then it needs no more time.
 *
 * @param {number} count     How many there are to be.
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilStored(count, timeout, page) {
  await page.evaluate(() => {
    window.idleSince = undefined;
  });
  return inTime(() =>
    page.waitForFunction(
      (wanted) => {
        const said = [...document.querySelectorAll('#messages > [data-role="user"]')];
        const stored = said.filter((line) => line.dataset.state === 'stored').length;
        const online = document.querySelector('#connection')?.dataset.state === 'online';
        const idle = online && stored > 0 && stored === said.length;
        window.idleSince = idle ? (window.idleSince ?? performance.now()) : undefined;
        return stored >= wanted || performance.now() - window.idleSince > 600;
      },
      count,
      { polling: 20, timeout },
    ),
  );
}

/** From now on the page keeps each state that it shows: who is signed in, the connection, and notices. */
async function watchStates(page) {
  await page.evaluate(() => {
    window.statesSeen = [];
    const look = () => {
      const link = document.querySelector('#connection').dataset;
      const now = {
        view: document.body.dataset.view,
        state: link.state,
        connection: link.connectionId || null,
        notices: document.querySelector('#notices').textContent,
      };
      if (JSON.stringify(now) !== JSON.stringify(window.statesSeen.at(-1))) window.statesSeen.push(now);
    };
    look();
    const everything = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(document.body, everything);
  });
}

/** The states that a watched page has shown. */
async function statesSeen(page) {
  return page.evaluate(() => window.statesSeen);
}

/** From now on the page keeps each wait that the limit's notice tells: a list for each time that it comes. */
async function watchWaits(page) {
  await page.evaluate(() => {
    window.waitsTold = [];
    const box = document.querySelector('#limit');
    let shown = false;
    const look = () => {
      if (!box.hidden) {
        const text = box.querySelector('#limit-countdown').textContent;
        if (shown) window.waitsTold.at(-1).push(text);
        else window.waitsTold.push([text]);
      }
      shown = !box.hidden;
    };
    const everything = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(box, everything);
  });
}

/** The waits that a watched notice has told. */
async function waitsTold(page) {
  return page.evaluate(() => window.waitsTold);
}

/** From now on the page keeps what its progress bars show, whenever anything of the conversation changes. */
async function watchProgress(page) {
  await page.evaluate(() => {
    window.progressSeen = [];
    const look = () => {
      const bar = document.querySelector('[data-upload-id] :is(progress, [role=progressbar])');
      if (bar?.checkVisibility()) window.progressSeen.push({ name: bar.ariaLabel, percent: Math.round(bar.position * 100) });
    };
    const changes = { subtree: true, childList: true, attributes: true };
    new MutationObserver(look).observe(document.querySelector('#messages'), changes);
  });
}

/**
 * What the progress bar of a file has shown, in percent.
 *
 * @param {string} name   Of the file.
 */
async function progressSeen(name, page) {
  const seen = await page.evaluate(() => window.progressSeen);
  return seen.filter((moment) => moment.name.includes(name)).map((moment) => moment.percent);
}

/** Seconds that the page's time of day is ahead of the time that its browser counts by. */
async function clockAhead(page) {
  return page.evaluate(() => (Date.now() - performance.timeOrigin - performance.now()) / 1000);
}

/**
 * The page opens others like it, in its own window, until they are so many with itself, and keeps them.
 *
 * @param {number} count   How many.
 */
async function openPagesBeside(count, page) {
  await page.evaluate((wanted) => {
    window.crowd = [window];
    while (window.crowd.length < wanted) window.crowd.push(window.open(location.href));
  }, count);
}

/**
 * Waits until all pages that the page has opened, and itself, say that their connection is so.
 *
 * @param {string} state     `online` or `offline`.
 * @param {number} timeout   Milliseconds.
 * @returns {Promise<boolean>}   Whether that came in time.
 */
async function waitUntilAllAre(state, timeout, page) {
  return inTime(() =>
    page.waitForFunction(
      (wanted) => window.crowd.every((one) => one.document.querySelector('#connection')?.dataset.state === wanted),
      state,
      { polling: 20, timeout },
    ),
  );
}

/**
 * From now on each of these pages keeps how long it waits before it tries to connect again: seconds from the end of the attempt
 * before, null where a new one began sooner. Each attempt that gets through begins a new list; the wait before the first attempt
 * after a loss is not seen.
 */
async function watchAttempts(page) {
  await page.evaluate(() => {
    for (const one of window.crowd) {
      const waits = [[]];
      let first = true;
      let ended = null;
      one.waits = waits;
      one.WebSocket = class extends one.WebSocket {
        constructor(...given) {
          if (!first) waits.at(-1).push(ended === null ? null : (performance.now() - ended) / 1000);
          first = false;
          ended = null;
          super(...given);
          this.addEventListener('open', () => {
            first = true;
            waits.push([]);
          });
          this.addEventListener('close', () => {
            ended = performance.now();
          });
        }
      };
    }
  });
}

/** What each of these pages says of its connection now, and how long it waited where that is watched. */
async function statesOfAll(page) {
  return page.evaluate(() =>
    window.crowd.map((one) => {
      const { state, connectionId } = one.document.querySelector('#connection')?.dataset ?? {};
      return { state: state ?? null, connection: connectionId || null, waits: one.waits ?? [] };
    }),
  );
}

/** Whether a wait has ended as it was to; what is no time-out is an error. */
async function inTime(wait) {
  try {
    await wait();
    return true;
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error;
    return false;
  }
}

exports.__esModule = true;
Object.assign(exports, { readPage, waitUntilStored, watchStates, statesSeen, watchWaits, waitsTold });
Object.assign(exports, { watchProgress, progressSeen, clockAhead });
Object.assign(exports, { openPagesBeside, waitUntilAllAre, watchAttempts, statesOfAll });
