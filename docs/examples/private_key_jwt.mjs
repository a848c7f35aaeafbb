// A client that signs instead of sending a secret: private_key_jwt, RFC 7523.  npm install openid-client@6.9.0
// Register the public key: "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [ … ]}; KEY is the private JWK.
// ISSUER=… CLIENT_ID=… KEY='{"kty":"EC", …}' node private_key_jwt.mjs
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { ISSUER, CLIENT_ID, KEY, PORT = '9000' } = process.env;
const jwk = JSON.parse(KEY); // ES256; keep it in a secret store
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const local = ISSUER.startsWith('http://localhost'); // the demo has no TLS
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.PrivateKeyJwt({ key, kid: jwk.kid }),
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
  } catch (problem) {
    response.writeHead(400).end(`Not signed in: ${problem.error ?? problem.code ?? problem.name}`);
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(url.href));
