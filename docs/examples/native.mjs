// A native app as RFC 8252 and the AppAuth libraries have it: the system's browser, no secret, PKCE, a loopback address on
// whatever port is free.  npm install openid-client@6.9.0
// Register "token_endpoint_auth_method": "none", "application_type": "native", "redirect_uris": ["http://127.0.0.1/callback"].
// On a phone the redirect URI is a private-use scheme, "com.example.app:/callback", or better a claimed https address;
// AppAuth for Android and iOS takes the same issuer, client_id and scopes, finds the rest by discovery, and sends PKCE by itself.
// ISSUER=… CLIENT_ID=… node native.mjs
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { ISSUER, CLIENT_ID } = process.env;
const local = ISSUER.startsWith('http://localhost'); // the demo has no TLS
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.None(), local ? { execute: [oidc.allowInsecureRequests] } : undefined);
const verifier = oidc.randomPKCECodeVerifier();
const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
const server = createServer(async (request, response) => {
  try {
    const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url, `http://127.0.0.1:${server.address().port}`),
      { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
    const member = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    response.end(`Hello, ${member.name}`, () => process.exit(0)); // an app comes to the front now
  } catch (problem) {
    response.writeHead(400).end(`Not signed in: ${problem.error ?? problem.code ?? problem.name}`);
  }
}).listen(0, '127.0.0.1', async () => {
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: `http://127.0.0.1:${server.address().port}/callback`, scope: 'openid profile', state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  console.log(url.href); // an app opens it in the system's browser
});
