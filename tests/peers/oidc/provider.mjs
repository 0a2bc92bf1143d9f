// An OpenID provider that nobody here wrote, on a free port of the loopback address.
//
// The first line of its input is JSON with what to give to `Provider`; a line of its output tells the issuer. It ends with its input.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { value } = await lines.next();
const given = JSON.parse(value);

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const claims = (sub) => ({ sub, email: `${sub}@example.org`, email_verified: true, name: `Reader ${sub}` });
  const provider = new Provider(issuer, {
    ...given,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => claims(sub) }),
    // Its own agent refuses loopback addresses, where a test's client listens.
    fetch: (url, { method, headers, body }) => fetch(url, { method, headers, body }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});

while (!(await lines.next()).done);
process.exit(0);
