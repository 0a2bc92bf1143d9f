import { HttpError } from '../net/http.js';
import { byId, setText } from './dom.js';
import { notify, settle } from './notices.js';
import { plural, refused } from './words.js';

/**
 * Signing out. Messages that still wait would be lost with it, so the user is asked.
 *
 * @param {object} options
 * @param {import('../account/session.js').Session} options.session
 * @param {import('../chat/outbox.js').Outbox} options.outbox
 */
export function setUpSignOut({ session, outbox }) {
  const dialog = byId('sign-out-dialog');
  const leave = async () => {
    try {
      await session.signOut();
      await outbox.clear();
      settle('sign-out');
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      notify('sign-out', `You are still signed in. ${refused(error)}`, { kind: 'warning' });
    }
  };
  byId('sign-out').addEventListener('click', () => {
    if (outbox.waiting === 0) {
      void leave();
      return;
    }
    const words = plural(outbox.waiting, 'message');
    setText(byId('sign-out-text'), `${words} could not be sent yet. Signing out discards ${outbox.waiting === 1 ? 'it' : 'them'}.`);
    dialog.returnValue = 'stay';
    dialog.showModal();
  });
  dialog.addEventListener('close', () => dialog.returnValue === 'leave' && void leave());
}
