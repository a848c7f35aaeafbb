// The flows of the certification plans, judged by openid-client: it checks c_hash, at_hash, nonce and iss itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { App } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let member;
before(async () => {
  [product, browser] = await Promise.all([start({ args: ['--certification'] }), launch()]);
  Object.assign(product.admin, { IDP_CERTIFICATION: 'true', IDP_ACCEPT: 'certification-flows' });
  member = await Member.open(browser, product, { name: 'hybrid' });
});
after(async () => { await browser?.close(); await product?.stop(); });

/** arrive signs the member in, the first time by registering, allows what is asked, and returns where the browser ended. */
async function arrive(app, url) {
  const { page } = member;
  await page.goto(url);
  if (member.path() === '/login') {
    await page.goto(page.url().replace('/login', '/register/agreement'));
    await member.press('agree');
    await member.personal(cards.suffix);
    await member.credentials({ username: 'hybrid.member' });
    await member.at('/register/code');
    await page.fill('#code', await member.code('hybrid.member@example.org'));
    await member.press('next');
    await member.at('/register/review');
    await page.check('#certify');
    await member.press('finish');
  }
  await member.at('/consent');
  await member.press('consent-accept');
  await page.waitForURL(`${app.callback}*`);
  return page.url();
}

const certification = { client_name: 'Prueba', profile: 'certification', id_token_signed_response_alg: 'RS256' };

test('code id_token, in the fragment', async () => {
  const app = await App.register(product, { ...certification, response_types: ['code id_token'] });
  oidc.useCodeIdTokenResponseType(app.config);
  const request = await app.ask({ scope: 'openid email' });
  const back = await arrive(app, request.url);
  assert.match(new URL(back).hash, /id_token=/);
  assert.equal(new URL(back).search, '');
  const tokens = await app.redeem(request, back);
  const info = await oidc.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
  assert.equal(info.email, 'hybrid.member@example.org');
  app.close();
});

test('id_token alone has the claims of its scopes', async () => {
  const app = await App.register(product, { ...certification, response_types: ['id_token'] });
  oidc.useIdTokenResponseType(app.config);
  const nonce = oidc.randomNonce();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(app.config, { redirect_uri: app.callback, scope: 'openid email', nonce, state });
  const claims = await oidc.implicitAuthentication(app.config, new URL(await arrive(app, url.href)), nonce, { expectedState: state });
  assert.equal(claims.email, 'hybrid.member@example.org');
  app.close();
});
