import { Session } from './account/session.js';
import { clock } from './core/clock.js';
import { loadSettings } from './core/settings.js';
import { Tabs } from './net/tabs.js';
import { startPage } from './page.js';
import { byId, setText, show } from './view/dom.js';
import { Landing } from './view/landing.js';

/**
 * The start: find out who is signed in, then show the landing page or the user's own.
 */
async function main() {
  const tabs = new Tabs('chat');
  const session = new Session({ clock, tabs, switched: () => location.reload() });
  const landing = new Landing({ clock });
  const settings = loadSettings();
  // As it is before anything of a user's stands in it.
  const blank = byId('shell').cloneNode(true);
  let error = takeSignInError();
  /** @type {Promise<{stop: () => void}>|null} */
  let page = null;

  session.changed.subscribe((status) => {
    document.body.dataset.view = status;
    show(byId('starting'), status === 'starting');
    show(byId('landing'), status === 'signed-out');
    show(byId('shell'), status === 'signed-in');
    if (status === 'signed-in') {
      // Of whoever is signed in no sign-in was refused: what came back with an earlier session is no news when that one ends.
      error = null;
      page ??= settings.then((known) => startPage({ session, tabs, settings: known, clock }));
    } else if (status === 'signed-out') {
      void page?.then((running) => {
        running.stop();
        // Whoever sits here next finds nothing of it, not even hidden.
        byId('shell').replaceWith(blank);
        document.title = 'Abacus';
      });
      landing.show({ error, reason: session.reason, returnTo: location.pathname });
    }
  });
  session.troubled.subscribe((trouble) => {
    if (session.status === 'starting' && trouble !== null) {
      setText(byId('starting-text'), 'The sign-in service is not answering. Trying again…');
      byId('starting').dataset.state = 'unreachable';
    }
  });
  session.start();
}

/**
 * @returns {string|null} The refusal that the callback put into the address, which then is tidied up.
 */
function takeSignInError() {
  const query = new URLSearchParams(location.search);
  const error = query.get('error');
  if (error !== null) history.replaceState(history.state, '', location.pathname);
  return error;
}

void main();
