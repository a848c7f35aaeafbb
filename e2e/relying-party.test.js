// A relying party built on openid-client: code flow with PKCE, userinfo, refresh, logout, and prompt=create.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { App } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let app;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  app = await App.register(product, { client_name: 'Aplicación de prueba' });
});
after(async () => { app?.close(); await browser?.close(); await product?.stop(); });

test('prompt=create registers and returns with tokens; refresh, userinfo and logout work', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'rp' });
  const request = await app.ask({ scope: 'openid profile offline_access', prompt: 'create', ui_locales: 'es' });
  await member.page.goto(request.url);
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

  const tokens = await app.redeem(request, member.page.url());
  const info = await oidc.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
  assert.equal(info.preferred_username, 'rp.member');
  assert.equal(info.family_name, 'ASHBOURNEY-OAKENDALL');
  const refreshed = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, tokens.claims().sub);

  await assert.rejects(app.redeem(request, member.page.url()), /invalid_grant|OAUTH_RESPONSE_BODY_ERROR|server responded/);
  await assert.rejects(oidc.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub), 'the replay revoked the tokens');

  await member.page.goto(oidc.buildEndSessionUrl(app.config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: app.goodbye, state: 'bye' }).href);
  await member.press('logout-confirm');
  await member.page.waitForURL(`${app.goodbye}?state=bye`);
  await member.close();
});
