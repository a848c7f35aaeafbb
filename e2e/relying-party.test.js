// A relying party built on openid-client: code flow with PKCE, userinfo, refresh, logout, and prompt=create.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import * as oidc from 'openid-client';
import { binary, cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let app; // where the relying party is called back
let config;

before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  app = createServer((request, response) => response.end('<!doctype html><title>app</title><h1>app</h1>'));
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${app.address().port}`;
  app.callback = `${base}/callback`;
  app.goodbye = `${base}/goodbye`;
  const registration = join(product.dir, 'client.json');
  await writeFile(registration, JSON.stringify({ client_name: 'Aplicación de prueba', redirect_uris: [app.callback], post_logout_redirect_uris: [app.goodbye],
    id_token_signed_response_alg: 'ES256' }));
  const { stdout } = await promisify(execFile)(binary, ['clients', 'create', registration], { env: { ...process.env, ...product.admin } });
  const client = JSON.parse(stdout);
  await new Promise((resolve) => setTimeout(resolve, 1500)); // another process made it: seen within a second
  config = await oidc.discovery(new URL(product.issuer), client.client_id, { id_token_signed_response_alg: 'ES256' }, oidc.ClientSecretBasic(client.client_secret),
    { execute: [oidc.allowInsecureRequests] });
});
after(async () => { app?.close(); await browser?.close(); await product?.stop(); });

test('prompt=create registers and returns with tokens; refresh, userinfo and logout work', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'rp' });
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
  const url = oidc.buildAuthorizationUrl(config, { redirect_uri: app.callback, scope: 'openid profile offline_access', prompt: 'create', ui_locales: 'es',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state: checks.expectedState, nonce: checks.expectedNonce });
  await member.page.goto(url.href);
  await member.at('/register/agreement'); // at once, without the sign-in page
  await member.press('agree');
  await member.at('/register/personal');
  await member.personal(cards.hyphen);
  await member.at('/register/credentials');
  await member.credentials({ username: 'rp.member' });
  await member.at('/register/code');
  await member.page.fill('#code', await member.code('rp.member@example.org'));
  await member.press('next');
  await member.page.check('#certify');
  await member.press('finish');
  await member.page.waitForURL(`${app.callback}*`);

  const tokens = await oidc.authorizationCodeGrant(config, new URL(member.page.url()), checks);
  const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(info.preferred_username, 'rp.member');
  assert.equal(info.family_name, 'ASHBOURNEY-OAKENDALL');
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, tokens.claims().sub);

  await assert.rejects(oidc.authorizationCodeGrant(config, new URL(member.page.url()), checks), /invalid_grant|OAUTH_RESPONSE_BODY_ERROR|server responded/);
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub), 'the replay revoked the tokens');

  await member.page.goto(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: app.goodbye, state: 'bye' }).href);
  await member.press('logout-confirm');
  await member.page.waitForURL(`${app.goodbye}?state=bye`);
  await member.close();
});
