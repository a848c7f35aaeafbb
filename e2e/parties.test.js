// Relying parties that others wrote: oauth4webapi, oidc-client-ts in the browser, and openid-client's device grant.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { App, register } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let member; // signed in once; every relying party below meets the same session

before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  member = await Member.open(browser, product, { language: 'es', width: 320, name: 'parties' });
  await member.page.goto(`${product.issuer}/login`);
  await member.register(cards.folded, { username: 'parties' });
  await member.at('/register/done');
  await member.look('done');
});
after(async () => { await browser?.close(); await product?.stop(); });

test('oauth4webapi: code, userinfo, refresh, introspection, revocation', async () => {
  const app = await App.register(product, { client_name: 'oauth4webapi', id_token_signed_response_alg: 'RS256' });
  const options = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(product.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  const client = { client_id: app.client.client_id };
  const auth = oauth.ClientSecretBasic(app.client.client_secret);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, redirect_uri: app.callback, response_type: 'code', scope: 'openid email offline_access',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state, nonce });
  await member.page.goto(url.href);
  await member.page.waitForURL(`${app.callback}*`);
  const parameters = oauth.validateAuthResponse(as, client, new URL(member.page.url()), state);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client,
    await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, app.callback, verifier, options), { expectedNonce: nonce, requireIdToken: true });
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const info = await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, options));
  assert.equal(info.email, 'parties@example.org');
  const refreshed = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, options));
  assert.ok(refreshed.refresh_token);
  const seen = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, refreshed.access_token, options));
  assert.deepEqual(seen, { active: false }, 'an app is no resource server');
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, refreshed.refresh_token, options));
  const after = await oauth.userInfoRequest(as, client, refreshed.access_token, options);
  assert.equal(after.status, 401);
  app.close();
});

test('openid-client as FAPI 2.0 Message Signing has it: signed and pushed request, signed answer, assertion, DPoP', async () => {
  const [own, proof] = await Promise.all([crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']), oidc.randomDPoPKeyPair('ES256')]);
  const key = { key: own.privateKey, kid: 'k' };
  const app = await App.register(product, { client_name: 'FAPI', profile: 'fapi2', response_modes: ['jwt'], require_signed_request_object: true,
    request_object_signing_alg: 'ES256', jwks: { keys: [{ ...await crypto.subtle.exportKey('jwk', own.publicKey), kid: 'k', use: 'sig' }] } });
  const metadata = { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' };
  const config = await oidc.discovery(new URL(product.issuer), app.client.client_id, metadata, oidc.PrivateKeyJwt(key), { execute: [oidc.allowInsecureRequests] });
  oidc.useJwtResponseMode(config);
  const options = { DPoP: oidc.getDPoPHandle(config, proof) };
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
  const signed = await oidc.buildAuthorizationUrlWithJAR(config, { redirect_uri: app.callback, scope: 'openid offline_access', code_challenge_method: 'S256',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), state: checks.expectedState, nonce: checks.expectedNonce,
    claims: JSON.stringify({ userinfo: { email: { essential: true } } }) }, key);
  const pushed = await oidc.buildAuthorizationUrlWithPAR(config, signed.searchParams, options);
  await member.page.goto(pushed.href);
  await member.page.waitForURL(`${app.callback}?response=*`);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(member.page.url()), checks, {}, options);
  assert.equal(tokens.token_type, 'dpop');
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options)).email, 'parties@example.org');
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token, {}, options);
  assert.equal(refreshed.claims().sub, tokens.claims().sub);
  await member.page.goto(pushed.href); // a second use
  await member.page.getByText('invalid_request_uri').waitFor();
  app.close();
});

test('oidc-client-ts: a browser app signs in, renews and signs out', async () => {
  const library = await readFile(createRequire(import.meta.url).resolve('oidc-client-ts').replace(/dist.*$/, 'dist/browser/oidc-client-ts.min.js'), 'utf8');
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', request.url.startsWith('/oidc.js') ? 'text/javascript' : 'text/html');
    response.end(request.url.startsWith('/oidc.js') ? library : '<!doctype html><html lang="es"><title>app</title><h1>app</h1><script src="/oidc.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const client = await register(product, { client_name: 'Aplicación del navegador', token_endpoint_auth_method: 'none', redirect_uris: [`${base}/cb`],
    post_logout_redirect_uris: [`${base}/bye`] });
  const page = await member.context.newPage();
  const manager = { authority: product.issuer, client_id: client.client_id, redirect_uri: `${base}/cb`, post_logout_redirect_uri: `${base}/bye`,
    scope: 'openid profile offline_access', loadUserInfo: true };
  await page.goto(`${base}/`);
  await page.evaluate((settings) => { new window.oidc.UserManager(settings).signinRedirect(); }, manager);
  await page.waitForURL(`${base}/cb?*`);
  const user = await page.evaluate((settings) => new window.oidc.UserManager(settings).signinRedirectCallback().then((u) => ({ profile: u.profile, token: u.access_token })), manager);
  assert.equal(user.profile.preferred_username, 'parties');
  const renewed = await page.evaluate((settings) => new window.oidc.UserManager(settings).signinSilent().then((u) => u.access_token), manager);
  assert.notEqual(renewed, user.token, 'the session was renewed by a refresh token over CORS');
  // Two tabs that have read one storage wake up at the same moment: nobody loses, and both hold the same refresh token.
  const tab = await member.context.newPage();
  await tab.goto(`${base}/`);
  await page.evaluate(async (settings) => {
    const user = await new window.oidc.UserManager(settings).getUser();
    await new window.oidc.UserManager({ ...settings, userStore: new window.oidc.WebStorageStateStore({ store: localStorage }) }).storeUser(user);
  }, manager);
  const read = () => { window.read = { ...localStorage }; };
  await page.evaluate(read);
  await tab.evaluate(read);
  const renew = (settings) => {
    const store = { getItem: (key) => window.read[key] ?? null, setItem() {}, removeItem() {} };
    const shared = () => ({ ...settings, userStore: new window.oidc.WebStorageStateStore({ store }) });
    return Promise.all([1, 2, 3, 4].map(() => new window.oidc.UserManager(shared()).signinSilent().then((u) => u.refresh_token)));
  };
  const [here, there] = await Promise.all([page.evaluate(renew, manager), tab.evaluate(renew, manager)]);
  assert.equal(new Set([...here, ...there]).size, 1, `eight refreshes in two tabs: ${[...here, ...there]}`);
  await tab.close();
  await page.evaluate((settings) => { new window.oidc.UserManager(settings).signoutRedirect({ state: 'x' }); }, manager);
  await page.waitForURL('**/logout?*');
  await page.locator('#logout-confirm').click();
  await page.waitForURL(`${base}/bye*`);
  await page.close();
  server.close();
});

test('openid-client: sixteen requests of one server refresh at the same moment', async () => {
  const app = await App.register(product, { client_name: 'Servidor' });
  const request = await app.ask({ scope: 'openid offline_access' });
  await member.page.goto(request.url);
  await member.at('/login'); // the last test signed out
  await member.signIn('parties');
  await member.page.waitForURL(`${app.callback}*`);
  const tokens = await app.redeem(request, member.page.url());
  const all = await Promise.all(Array.from({ length: 16 }, () => oidc.refreshTokenGrant(app.config, tokens.refresh_token)));
  assert.equal(new Set(all.map((one) => one.refresh_token)).size, 1);
  await Promise.all(all.map((one) => oidc.fetchUserInfo(app.config, one.access_token, tokens.claims().sub)));
  await oidc.refreshTokenGrant(app.config, all[0].refresh_token);
  app.close();
});

test('openid-client: another screen is connected with a code', async () => {
  const client = await register(product, { client_name: 'Quiosco', grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    token_endpoint_auth_method: 'none' });
  const config = await oidc.discovery(new URL(product.issuer), client.client_id, {}, oidc.None(), { execute: [oidc.allowInsecureRequests] });
  const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
  const polling = oidc.pollDeviceAuthorizationGrant(config, device);
  await member.page.goto(device.verification_uri_complete);
  member.faults = []; // the page before was of an app that is closed, and so was its icon
  await member.look('device');
  assert.equal(await member.page.inputValue('#user_code'), device.user_code);
  await member.press('next');
  await member.at('/device/confirm');
  await member.look('device-confirm');
  await member.press('device-allow');
  await member.at('/device/done');
  await member.look('device-done');
  const tokens = await polling;
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).preferred_username, 'parties');
});
