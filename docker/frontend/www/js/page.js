import { Files } from './account/files.js';
import { PlanBook } from './account/plan.js';
import { ProfileOperation } from './account/profile.js';
import { Chat } from './chat/chat.js';
import { openOutboxStore } from './chat/outbox-store.js';
import { Outbox } from './chat/outbox.js';
import { reportFailure } from './core/emitter.js';
import { newId } from './core/ids.js';
import { Api, HttpError, call } from './net/http.js';
import { CLOSE, Link } from './net/link.js';
import { Router } from './router.js';
import { Composer } from './view/composer.js';
import { ConnectionView } from './view/connection.js';
import { Dashboard } from './view/dashboard.js';
import { byId, once, setText, show } from './view/dom.js';
import { LimitView } from './view/limit.js';
import { notify, settle } from './view/notices.js';
import { RenameView } from './view/rename.js';
import { Sidebar } from './view/sidebar.js';
import { setUpSignOut } from './view/sign-out.js';
import { ThreadView } from './view/thread-view.js';
import { refused, shortened } from './view/words.js';

/** @typedef {import('./account/session.js').Session} Session */

/**
 * Put the signed-in page together: the parts that know, the parts that show, and who tells whom.
 *
 * @param {object} options
 * @param {Session} options.session
 * @param {import('./net/tabs.js').Tabs} options.tabs
 * @param {import('./types.js').Settings} options.settings
 * @param {import('./core/clock.js').Clock} options.clock
 * @returns {Promise<{stop: () => void}>}
 */
export async function startPage({ session, tabs, settings, clock }) {
  const user = /** @type {import('./types.js').User} */ (session.user);
  const token = () => session.token();
  const renew = (/** @type {string} */ stale) => session.refresh(stale);
  const api = new Api({ token, renew });
  const link = makeLink({ session, settings, clock });
  const patience = Math.max(2000, settings.heartbeatSeconds * 2000);
  const store = await openOutboxStore();
  const outbox = new Outbox({ store, link, tabs, clock, userId: user.user_id, patience });
  const chat = new Chat({ api, link, outbox, clock });
  const plans = new PlanBook(api, tabs);
  const operation = new ProfileOperation({ api, clock });
  const files = new Files({ api, token, renew, maxBytes: settings.fileMaxBytes });

  const actions = makeActions({ chat, outbox, files });
  const onSaved = () => session.refresh();
  const dashboard = new Dashboard({ api, plans, operation, files, actions, onSaved });
  const threadView = new ThreadView({ chat, outbox, files, actions });
  const composer = new Composer({
    onText: (text) => outbox.enqueue(chat.openId ?? '', text).then(() => threadView.toEnd()),
    onFile: (file, question) => void upload({ api, chat, files, file, question }),
  });
  const rename = new RenameView({ chat });
  const router = new Router((route) => {
    const threadId = route.name === 'thread' ? route.threadId : null;
    const left = chat.openId;
    const inUse = [...outbox.list(), ...files.uploads].some((item) => item.thread_id === left) || (left !== null && composer.holds(left));
    if (left !== null && left !== threadId && !inUse) chat.dropDraft(left);
    show(byId('dashboard'), threadId === null);
    show(byId('thread'), threadId !== null);
    chat.open(threadId, { draft: route.name === 'thread' && route.draft }).catch(reportFailure);
    if (threadId === null) dashboard.refresh().catch(reportFailure);
    else composer.open(threadId);
    if (threadId !== null && plans.plan === null) plans.load().catch(passOver);
    draw();
    if (threadId !== null) composer.focus();
  });
  const sidebar = new Sidebar({ chat, outbox, onNew: () => router.go(`/threads/${newId()}`, { draft: true }) });
  new ConnectionView({ clock, link, outbox });
  new LimitView({ clock, outbox, plans });
  setUpSignOut({ session, outbox });

  const draw = once(() => {
    const known = session.user;
    // Signed out: what is still under way must not bring anything back to the page.
    if (known === null) return;
    sidebar.draw();
    sidebar.drawUser(known);
    dashboard.drawUser(known);
    threadView.draw();
    rename.draw();
    if (chat.openId !== null) setText(byId('page-title'), threadView.title);
  });
  for (const part of [chat, outbox, files]) /** @type {any} */ (part).changed.subscribe(draw);
  watchSession({ session, link, draw });
  link.established.subscribe(() => chat.openId === null && dashboard.refresh().catch(reportFailure));
  if (!store.durable) notify('storage', 'This browser keeps no data here: messages that wait are lost when the page is closed.');

  await outbox.start();
  link.start();
  await chat.refreshList().catch(passOver);
  router.onRoute(router.current);
  return { stop: () => link.stop() };
}

/** @param {{session: Session, settings: import('./types.js').Settings, clock: import('./core/clock.js').Clock}} options */
function makeLink({ session, settings, clock }) {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return new Link({
    url: `${scheme}://${location.host}/ws`,
    settings,
    clock,
    token: () => session.token(),
    refused: async (code) => {
      // 4401 may mean a session that is over: only the auth service can tell. Refused tokens are replaced as well.
      await session.refresh().catch((error) => {
        passOver(error);
        if (code === CLOSE.ended) session.renewSoon();
      });
    },
    diagnose: async () => {
      // The page's own server answers: then it is the service behind it that does not.
      const near = await call('/health/live', { timeout: 2000, cache: 'no-store' }).catch(passOver);
      return near ? 'service' : 'network';
    },
  });
}

/** @param {{session: Session, link: Link, draw: () => void}} parts */
function watchSession({ session, link, draw }) {
  session.renewed.subscribe((grant) => {
    link.renew(grant.token);
    draw();
  });
  session.troubled.subscribe((trouble) => {
    if (trouble?.locked) {
      notify('session', 'The sign-in service is not answering, so nothing can be sent right now. Your messages wait, and the page goes on by itself.', {
        kind: 'warning',
        closable: false,
      });
    } else if (trouble === null) {
      settle('session');
    }
  });
  link.frames.subscribe((frame) => {
    const expired = frame.type === 'error_message' && frame.payload.code === 'token_expired';
    if (frame.type !== 'auth_expiring' && !expired) return;
    // Perhaps only this socket has not heard of the token that another tab fetched. One that it has is older than it seems here:
    // a token's time is told in whole seconds, and its life may be nearly one shorter.
    if (!session.young) session.renewSoon();
    else void session.token().then((fresh) => (fresh === link.credential ? session.renewSoon() : link.renew(fresh)), passOver);
  });
  for (const event of ['online', 'pageshow', 'focus']) {
    addEventListener(event, () => {
      link.retryNow();
      if (session.status === 'signed-in' && session.left === 0) session.renewSoon();
    });
  }
}

/**
 * @param {{chat: Chat, outbox: Outbox, files: Files}} parts
 * @returns {import('./view/message.js').Actions}
 */
function makeActions({ chat, outbox, files }) {
  return {
    maxBytes: files.maxBytes,
    discard: (entry) => void outbox.discard(entry),
    stop: (run) => chat.stop(run),
    retryUpload: (upload) => void files.retry(upload),
    removeUpload: (upload) => files.remove(upload),
    download: (file, button) => {
      button.setAttribute('aria-busy', 'true');
      files
        .download(file)
        .then(() => settle(`file-${file.id}`))
        .catch((error) => {
          if (!(error instanceof HttpError)) throw error;
          notify(`file-${file.id}`, `${file.name} could not be downloaded. ${refused(error)}`, { kind: 'warning' });
        })
        .finally(() => button.removeAttribute('aria-busy'));
    },
  };
}

/** @param {{api: Api, chat: Chat, files: Files, file: File, question: string}} parts */
async function upload({ api, chat, files, file, question }) {
  const threadId = chat.openId ?? '';
  await files.start(threadId, file, question, async () => {
    if (!chat.threads.get(threadId)?.draft) return;
    // The platform keeps files in threads; an unreachable one shows in the upload itself.
    const title = shortened(question || file.name);
    await api.json('POST', '/api/threads', { json: { id: threadId, title } }).catch(passOver);
    await chat.refreshList().catch(passOver);
  });
}

/**
 * A failure of the network or the platform, which the connection and its retries already deal with.
 *
 * @param {unknown} error
 * @returns {null}
 */
function passOver(error) {
  if (!(error instanceof HttpError)) throw error;
  return null;
}
