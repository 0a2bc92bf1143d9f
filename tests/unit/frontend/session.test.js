import { Session, SessionEnded } from '/js/account/session.js';
import { Api } from '/js/net/http.js';
import { Tabs } from '/js/net/tabs.js';
import { HeldClock, equal, fresh, ok, refuses, settle, test, until } from './harness.js';

/** An auth service with one refresh token that rotates; reuse of an old one ends the session. */
class Auth {
  calls = [];
  mode = 'up';
  life = 300;
  issued = 0;
  atOnce = 0;
  slowness = 2;
  mostAtOnce = 0;
  user = { user_id: 'u1', email: 'a@example.org', name: 'A' };

  get = async (path, options) => {
    this.calls.push({ path, ...options });
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await settle(this.slowness);
    this.atOnce -= 1;
    if (this.mode === 'down') throw new TypeError('Failed to fetch');
    if (this.mode === 'broken') return new Response('<h1>502</h1>', { status: 502 });
    if (path === '/auth/logout') return new Response(null, { status: 204 });
    if (this.mode !== 'up') return Response.json({ error: this.mode, detail: '' }, { status: 401 });
    this.issued += 1;
    const body = { access_token: `token-${this.issued}`, token_type: 'Bearer', expires_in: this.life, user: this.user };
    // An hour off: a page that trusted the server's clock would refresh all the time, or never.
    return Response.json({ ...body, expires_at: Math.floor(Date.now() / 1000) + this.life + 3600 });
  };
}

function makeTab(auth, { origin = fresh('origin'), clock = new HeldClock() } = {}) {
  const tabs = new Tabs(origin);
  const seen = { renewed: 0, switched: 0, states: [] };
  const session = new Session({ clock, tabs, get: auth.get, switched: () => (seen.switched += 1) });
  session.renewed.subscribe(() => (seen.renewed += 1));
  session.changed.subscribe((status) => seen.states.push(status));
  return { session, clock, tabs, origin, seen };
}

test('signed in by the cookie alone, with the header that other sites can not send', async () => {
  const auth = new Auth();
  const { session } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  const [{ path, method, headers, keepalive }] = auth.calls;
  equal([path, method, headers['X-Requested-With'], keepalive], ['/auth/refresh', 'POST', 'fetch', true]);
  equal([await session.token(), session.user.name], ['token-1', 'A']);
});

test('nobody signed in is no error and has no reason', async () => {
  const auth = new Auth();
  auth.mode = 'refresh_missing';
  const { session, seen } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-out', 'signed out');
  equal([session.reason, seen.states], [null, ['signed-out']]);
  await refuses(session.token(), 'signed_out');
});

for (const life of [2, 30, 300]) {
  test(`a token of ${life} s is renewed between half and two thirds of its life, whatever the clocks say`, async () => {
    const auth = new Auth();
    auth.life = life;
    for (const chance of [0, 0.999]) {
      const { session, clock } = makeTab(auth);
      clock.chance = chance;
      clock.offset = -7_200_000;
      session.start();
      await until(() => session.status === 'signed-in', 'signed in');
      const before = auth.issued;
      await clock.move(life * 499);
      equal(auth.issued, before, 'not before half of its life');
      await clock.move(life * 168);
      await until(() => auth.issued === before + 1, 'renewed by two thirds of its life');
    }
  });
}

test('callers that come together share one refresh', async () => {
  const auth = new Auth();
  const { session, clock } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  await clock.move(1);
  await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
  equal([auth.issued, await session.token()], [2, 'token-2']);
});

test('a token that somebody already replaced is not replaced again', async () => {
  const auth = new Auth();
  const { session } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  await session.refresh('token-0');
  equal(auth.issued, 1);
});

test('of many tabs one refreshes at a time, and the others take what it got', async () => {
  const auth = new Auth();
  const origin = fresh('origin');
  const clock = new HeldClock();
  const all = Array.from({ length: 5 }, () => makeTab(auth, { origin, clock }));
  for (const { session } of all) session.start();
  await until(() => all.every(({ session }) => session.status === 'signed-in'), 'all signed in');
  await settle(20);
  const first = auth.issued;
  await Promise.all(all.map(({ session }) => session.refresh()));
  await settle(20);
  equal(auth.mostAtOnce, 1, 'refreshes at once');
  equal([first, auth.issued - first], [1, 1], 'refreshes for five tabs');
  equal(new Set(await Promise.all(all.map(({ session }) => session.token()))).size, 1, 'tokens in use');
});

test('a tab whose turn comes before the news waits for them', async () => {
  const auth = new Auth();
  const origin = fresh('origin');
  const [first, second] = [makeTab(auth, { origin }), makeTab(auth, { origin })];
  const tell = first.tabs.tell.bind(first.tabs);
  first.tabs.tell = (message) => void setTimeout(() => tell(message), 100);
  first.session.start();
  second.session.start();
  await until(() => second.session.status === 'signed-in', 'signed in');
  equal([auth.issued, await second.session.token()], [1, 'token-1']);
});

test('a tab whose turn comes after one that got nothing asks for itself', async () => {
  const auth = new Auth();
  const origin = fresh('origin');
  const [first, second] = [makeTab(auth, { origin }), makeTab(auth, { origin })];
  auth.mode = 'broken';
  first.session.start();
  second.session.start();
  await until(() => first.session.trouble !== null, 'the first one has none');
  auth.mode = 'up';
  await settle(20);
  equal(auth.issued, 0, 'asked before the news could have come');
  await second.clock.move(1000);
  await until(() => second.session.status === 'signed-in', 'signed in');
  equal(auth.issued, 1);
});

test('auth away for a moment is not noticed while the token lives', async () => {
  const auth = new Auth();
  auth.life = 30;
  const { session, clock } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  auth.mode = 'broken';
  await clock.move(22000);
  await until(() => session.trouble !== null, 'in trouble');
  ok(!session.trouble.locked, 'not locked');
  equal(await session.token(), 'token-1');
  auth.mode = 'up';
  await clock.move(8000);
  await until(() => session.trouble === null, 'renewed in time');
  equal([session.status, auth.issued], ['signed-in', 2]);
});

test('auth away for longer locks the page, and it recovers by itself', async () => {
  const auth = new Auth();
  auth.life = 2;
  const { session, clock } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  auth.mode = 'down';
  const aSecondLater = async (look) => {
    await clock.move(1000);
    return look();
  };
  await until(() => aSecondLater(() => session.trouble?.locked), 'locked');
  await refuses(session.token(), 'unreachable');
  auth.mode = 'up';
  await until(() => aSecondLater(() => session.trouble === null), 'recovered');
  equal(session.status, 'signed-in');
});

for (const code of ['session_revoked', 'refresh_reused', 'refresh_expired', 'refresh_unknown']) {
  test(`${code} signs this tab out with the reason`, async () => {
    const auth = new Auth();
    const { session } = makeTab(auth);
    session.start();
    await until(() => session.status === 'signed-in', 'signed in');
    auth.mode = code;
    await refuses(session.refresh(), code);
    equal([session.status, session.reason, session.user], ['signed-out', code, null]);
  });
}

test('signing out ends every tab, for the reason that the user knows', async () => {
  const auth = new Auth();
  const origin = fresh('origin');
  const [one, two] = [makeTab(auth, { origin }), makeTab(auth, { origin })];
  for (const { session } of [one, two]) session.start();
  await until(() => one.session.status === 'signed-in' && two.session.status === 'signed-in', 'signed in');
  const heard = [];
  // Made after the other tab, and therefore told after it.
  new Tabs(origin).listen(({ type }) => heard.push(type));
  const leaving = one.session.signOut();
  await until(() => heard.includes('signing-out') && auth.calls.at(-1).path === '/auth/logout', 'logout is on its way');
  // Its sockets are closed before the answer comes, so the other tab asks, and is refused.
  auth.mode = 'session_revoked';
  await two.session.refresh().catch((error) => ok(error instanceof SessionEnded, String(error)));
  auth.mode = 'up';
  await leaving;
  await settle(5);
  equal([one.session.reason, two.session.reason], ['signed_out', 'signed_out']);
});

test('a refresh that was on its way when the user signed out signs nobody in', async () => {
  const auth = new Auth();
  const { session, seen } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  auth.slowness = 50;
  const late = session.refresh().catch((error) => error.code);
  await until(() => auth.calls.length === 2, 'the refresh is on its way');
  auth.slowness = 2;
  await session.signOut();
  equal([await late, session.status, session.user, seen.states.at(-1)], ['signed_out', 'signed-out', null, 'signed-out']);
});

test('another user in this browser is never mixed with the first', async () => {
  const auth = new Auth();
  const { session, seen } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  auth.user = { ...auth.user, user_id: 'u2' };
  await session.refresh();
  equal([seen.switched, session.user.user_id, await session.token()], [1, 'u1', 'token-1']);
});

test('a token that comes late takes no newer one away', async () => {
  const auth = new Auth();
  const { session, clock, origin, seen } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  const others = new Tabs(origin);
  const grant = (token, age) => others.tell({ type: 'grant', grant: { token, user: auth.user, life: 300_000, receivedAt: clock.wall() - age } });
  grant('a minute old', 60_000);
  grant('newer', -1);
  await until(() => seen.renewed > 1, 'another token is taken');
  equal([await session.token(), seen.renewed], ['newer', 2]);
});

test('neither token is in any storage', async () => {
  const auth = new Auth();
  const { session } = makeTab(auth);
  session.start();
  await until(() => session.status === 'signed-in', 'signed in');
  const kept = JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]);
  ok(!kept.includes('token-'), 'no token in storage, cookies of scripts or the address');
});

test('a call refused for its token is made once more with a new one', async () => {
  const tokens = ['old', 'new'];
  const seen = [];
  const api = new Api({
    token: async () => tokens[0],
    renew: async (stale) => void (tokens[0] === stale && tokens.shift()),
    get: async (path, { headers }) => {
      seen.push(headers.Authorization);
      return headers.Authorization === 'Bearer new' ? Response.json({ fine: true }) : Response.json({ error: 'invalid_token' }, { status: 401 });
    },
  });
  equal([await api.json('GET', '/api/plan'), seen], [{ fine: true }, ['Bearer old', 'Bearer new']]);
});

test('a token that is refused again is not tried for ever', async () => {
  let calls = 0;
  const get = async () => {
    calls += 1;
    return Response.json({ error: 'invalid_token' }, { status: 401 });
  };
  await refuses(new Api({ token: async () => 't', renew: async () => {}, get }).json('GET', '/api/plan'), 'invalid_token');
  equal(calls, 2);
});
