// FAPI 2.0 with openid-client: private_key_jwt, pushed requests, DPoP-bound tokens, and signed responses (JARM).
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { register } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let member;
let server;
let callback;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  server = createServer((request, response) => response.end('<!doctype html><title>app</title><h1>app</h1>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  callback = `http://127.0.0.1:${server.address().port}/callback`;
  member = await Member.open(browser, product, { language: 'es', width: 320, name: 'fapi' });
  await member.page.goto(`${product.issuer}/login`);
  await member.register(cards.hyphen, { username: 'fapi' });
  await member.at('/register/done');
});
after(async () => { server?.close(); await browser?.close(); await product?.stop(); });

for (const signed of [false, true]) {
  test(`PAR, private_key_jwt and DPoP${signed ? ', with JARM' : ''}`, async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
    const jwk = { ...await jose.exportJWK(publicKey), kid: 'k1', alg: 'ES256', use: 'sig' };
    const client = await register(product, { client_name: 'FAPI', profile: 'fapi2', redirect_uris: [callback], jwks: { keys: [jwk] },
      token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', dpop_bound_access_tokens: true,
      ...(signed ? { response_modes: ['jwt'], authorization_signed_response_alg: 'ES256' } : {}) });
    const config = await oidc.discovery(new URL(product.issuer), client.client_id, { id_token_signed_response_alg: client.id_token_signed_response_alg,
      authorization_signed_response_alg: 'ES256' }, oidc.PrivateKeyJwt({ key: privateKey, kid: 'k1' }),
    { execute: [oidc.allowInsecureRequests, ...(signed ? [oidc.useJwtResponseMode] : [])] });
    const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    const verifier = oidc.randomPKCECodeVerifier();
    const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
    const url = await oidc.buildAuthorizationUrlWithPAR(config, { redirect_uri: callback, scope: 'openid profile offline_access', state: checks.expectedState,
      nonce: checks.expectedNonce, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }, { DPoP });
    assert.ok(url.searchParams.get('request_uri').startsWith('urn:ietf:params:oauth:request_uri:'));
    await member.page.goto(url.href);
    await member.page.waitForURL(/\/callback\?|\/consent/);
    if (member.path() === '/consent') {
      await member.press('consent-accept');
      await member.page.waitForURL(`${callback}*`);
    }
    if (signed) assert.deepEqual([...new URL(member.page.url()).searchParams.keys()], ['response']);
    const tokens = await oidc.authorizationCodeGrant(config, new URL(member.page.url()), checks, undefined, { DPoP });
    assert.equal(tokens.token_type, 'dpop');
    const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
    assert.equal(info.preferred_username, 'fapi');
    const stolen = await fetch(`${product.issuer}/userinfo`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
    assert.equal(stolen.status, 401, 'a bound token is no bearer token');
    const again = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    assert.ok(again.access_token);
    const without = await oidc.refreshTokenGrant(config, tokens.refresh_token).catch((error) => error);
    assert.ok(without instanceof Error, 'no proof, no tokens');
  });
}
