// Staying signed in, and signing out: refresh, revocation, end_session.  npm install openid-client@6.9.0
// Register the address that the member comes back to in "post_logout_redirect_uris".
// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… node refresh_logout.mjs
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '9000' } = process.env;
const local = ISSUER.startsWith('http://localhost'); // the demo has no TLS
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.ClientSecretBasic(CLIENT_SECRET),
  local ? { execute: [oidc.allowInsecureRequests] } : undefined);
const base = `http://127.0.0.1:${PORT}`;
const verifier = oidc.randomPKCECodeVerifier();
const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
const url = oidc.buildAuthorizationUrl(config, {
  redirect_uri: `${base}/callback`, scope: 'openid profile offline_access', state, nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});

async function signIn(request, response) {
  const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url, base),
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
  // An access token lives for ten minutes. Each refresh gives a new refresh token: keep the newest.
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  await oidc.fetchUserInfo(config, fresh.access_token, tokens.claims().sub);
  // At the end: what outlives the session is revoked, then the browser signs out where it signed in.
  await oidc.tokenRevocation(config, fresh.refresh_token);
  const goodbye = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${base}/`, state: 'bye' });
  response.writeHead(303, { location: goodbye.href }).end();
}

createServer(async (request, response) => {
  try {
    if (request.url.startsWith('/callback?')) await signIn(request, response);
    else response.end('Signed out', () => { if (request.url.includes('state=bye')) process.exit(0); });
  } catch (problem) {
    response.writeHead(400).end(`Not signed in: ${problem.error ?? problem.code ?? problem.name}`);
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(url.href));
