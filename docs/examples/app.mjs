// A complete relying party on openid-client.  npm install openid-client@6.9.0
// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… node app.mjs
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '9000' } = process.env;
const local = ISSUER.startsWith('http://localhost'); // the demo has no TLS
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.ClientSecretBasic(CLIENT_SECRET),
  local ? { execute: [oidc.allowInsecureRequests] } : undefined);
const callback = `http://127.0.0.1:${PORT}/callback`;
const verifier = oidc.randomPKCECodeVerifier();
const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
const url = oidc.buildAuthorizationUrl(config, {
  redirect_uri: callback, scope: 'openid profile', state, nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});
createServer(async (request, response) => {
  try {
    const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url, callback),
      { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
    const member = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    response.end(`Hello, ${member.name}`, () => process.exit(0));
  } catch (problem) { // the member said no, or came back late: let them begin again
    response.writeHead(400).end(`Not signed in: ${problem.error ?? problem.code ?? problem.name}`);
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(url.href));
