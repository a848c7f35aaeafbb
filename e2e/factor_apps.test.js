// An app that asks for a second step. In a file of its own: the limit of pages per source is per product.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { App } from './app.js';
import { cards, start } from './product.js';
import { addApp, signOut, withKey } from './second_step.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

test('an app that needs a second step leads to adding one, and asks for a stronger one later', async () => {
  const strict = await App.register(product, { client_name: 'Mi Diario de Salud', minimum_acr: 'urn:huskyidp:acr:second-factor' });
  const plain = await App.register(product, { client_name: 'Otra App' });
  try {
    const member = await Member.open(browser, product, { name: 'stepup', language: 'en', width: 320 });
    const { page } = member;
    const first = await strict.ask({ scope: 'openid', prompt: 'create', ui_locales: 'en' });
    await page.goto(first.url);
    await member.press('agree');
    await member.fillIn(cards.hyphen, { username: 'stepup.en' });
    await member.at('/reauth');
    await member.look('need-factor');
    await page.locator('main a.primary').click();
    const { app } = await addApp(member);
    await member.press('kept');
    await page.waitForURL(`${strict.callback}*`);
    const tokens = await strict.redeem(first, page.url());
    assert.equal(tokens.claims().acr, 'urn:huskyidp:acr:second-factor');
    assert.deepEqual(tokens.claims().amr, ['pwd', 'otp', 'mfa']);

    const wish = await plain.ask({ scope: 'openid', acr_values: 'urn:huskyidp:acr:phishing-resistant urn:huskyidp:acr:second-factor' });
    await page.goto(wish.url); // as far as the member can: the app is proven already
    await page.waitForURL(`${plain.callback}*`);
    assert.equal((await plain.redeem(wish, page.url())).claims().acr, 'urn:huskyidp:acr:second-factor');

    const device = await withKey(member);
    await page.goto(`${product.issuer}/account/factors/passkey`);
    await member.press('passkey');
    await member.at('/account/factors'); // there are saved codes already
    await device.present(false); // the owner lets the offer in the username's field be
    await signOut(member);
    await member.signIn('stepup.en');
    await page.goto(`${product.issuer}/login/factor/totp`);
    await page.fill('#code', await app.code());
    await member.press('next');
    await member.at('/account');
    const stronger = await plain.ask({ scope: 'openid', acr_values: 'urn:huskyidp:acr:phishing-resistant' });
    await page.goto(stronger.url);
    await member.at('/login/factor/passkey'); // the password is fresh
    await member.look('stepup');
    await device.present(true);
    await member.press('passkey');
    await page.waitForURL(`${plain.callback}*`);
    assert.equal((await plain.redeem(stronger, page.url())).claims().acr, 'urn:huskyidp:acr:phishing-resistant');
    await member.close();
  } finally {
    strict.close();
    plain.close();
  }
});
