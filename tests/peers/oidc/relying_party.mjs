// A relying party that nobody here wrote: for each line of its input, which names a provider and a client, it signs a user in,
// and writes a line with the claims that it believes, or with why it refused.
import { createInterface } from 'node:readline';
import * as client from 'openid-client';

async function signIn({ issuer, client_id: id, client_secret: secret, redirect_uri: back }) {
  // Without the latter it trusts the connection in place of a signature (OpenID Connect Core 3.1.3.7, 6); http proves nothing.
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  const config = await client.discovery(new URL(issuer), id, secret, undefined, { execute });
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: back,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  });
  const answer = await fetch(url, { redirect: 'manual' });
  const callback = new URL(answer.headers.get('location'));
  const expected = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, callback, expected);
  return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
}

for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = { claims: await signIn(JSON.parse(line)) };
  } catch (error) {
    told = { refused: [error.code ?? error.name, error.message, error.cause?.message].filter(Boolean).join(': ') };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
