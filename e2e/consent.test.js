// A partner app asks for permission: the page, what can be unticked, refusing, and being remembered.
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
  app = await App.register(product, { client_name: 'Mi Diario de Salud', profile: 'partner', operator_name: 'Diario, S. A.', operator_verified: true });
});
after(async () => { app?.close(); await browser?.close(); await product?.stop(); });

const walks = [
  { card: cards.spanish, username: 'consent.es', language: 'es', width: 320 },
  { card: cards.plain, username: 'consent.en', language: 'en', width: 1280, colorScheme: 'dark' },
];
for (const walk of walks) {
  test(`permission is asked once, in plain words: ${walk.language}`, async () => {
    const member = await Member.open(browser, product, { ...walk, name: 'consent' });
    const first = await app.ask({ scope: 'openid profile email offline_access', prompt: 'create', ui_locales: walk.language });
    await member.page.goto(first.url);
    await member.at('/register/agreement');
    await member.press('agree');
    await member.personal(walk.card);
    await member.credentials({ username: walk.username });
    await member.at('/register/code');
    await member.page.fill('#code', await member.code(`${walk.username}@example.org`));
    await member.press('next');
    await member.at('/register/review');
    await member.page.check('#certify');
    await member.press('finish');
    await member.at('/consent');
    await member.look('consent');
    await member.page.uncheck('#group_email');
    await member.press('consent-accept');
    await member.page.waitForURL(`${app.callback}*`);
    const tokens = await app.redeem(first, member.page.url());
    assert.equal(tokens.scope, 'openid profile offline_access');
    const info = await oidc.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
    assert.equal(info.email, undefined);

    const second = await app.ask({ scope: 'openid profile email' });
    await member.page.goto(second.url);
    await member.page.waitForURL(`${app.callback}*`); // remembered, without a page
    await app.redeem(second, member.page.url());

    const third = await app.ask({ scope: 'openid profile', prompt: 'consent' });
    await member.page.goto(third.url);
    await member.at('/consent');
    await member.look('consent-again');
    await member.press('consent-deny');
    await member.page.waitForURL(`${app.callback}*`);
    assert.equal(new URL(member.page.url()).searchParams.get('error'), 'access_denied');

    const refreshed = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
    const notice = await member.mail(`${walk.username}@example.org`, { es: 'Usted dio permiso a una aplicación', en: 'You gave permission to an app' }[walk.language]);
    await member.page.goto(notice.match(/http:\S+\/not-me\?link=\S+/)[0]);
    await member.press('protect');
    await member.at('/not-me/done');
    const stopped = await oidc.refreshTokenGrant(app.config, refreshed.refresh_token).catch((error) => error);
    assert.equal(stopped.error, 'invalid_grant');
    await member.mail(`${walk.username}@example.org`, { es: 'Una aplicación ya no tiene permiso', en: 'An app no longer has permission' }[walk.language]); // the permission ends too, not its tokens alone
    await member.close();
  });
}
