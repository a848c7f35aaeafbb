// Pushed authorization requests and tokens bound to a key: RFC 9126, RFC 9449.  npm install openid-client@6.9.0
// Register with "require_pushed_authorization_requests": true and "dpop_bound_access_tokens": true.
// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… node par_dpop.mjs
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '9000' } = process.env;
const local = ISSUER.startsWith('http://localhost'); // the demo has no TLS
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.ClientSecretBasic(CLIENT_SECRET),
  local ? { execute: [oidc.allowInsecureRequests] } : undefined);
// The key stays with the app for as long as its tokens live; a stolen token is of no use without it.
const options = { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256')) };
const callback = `http://127.0.0.1:${PORT}/callback`;
const verifier = oidc.randomPKCECodeVerifier();
const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
const url = await oidc.buildAuthorizationUrlWithPAR(config, {
  redirect_uri: callback, scope: 'openid profile', state, nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
}, options);
createServer(async (request, response) => {
  try {
    const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url, callback),
      { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }, undefined, options);
    const member = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options);
    response.end(`Hello, ${member.name} (${tokens.token_type})`, () => process.exit(0));
  } catch (problem) {
    response.writeHead(400).end(`Not signed in: ${problem.error ?? problem.code ?? problem.name}`);
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(url.href));
