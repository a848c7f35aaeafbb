// Second steps: an authenticator app, saved codes and passkeys, added, used and taken away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { addApp, signOut, withKey } from './second_step.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const newMember = (card, username, options) => Member.registered(browser, product, card, username, { ...options, name: 'factors' });

const walks = [
  { card: cards.spanish, username: 'factors.es', language: 'es', width: 320 },
  { card: cards.plain, username: 'factors.en', language: 'en', width: 1280, colorScheme: 'dark' },
  { card: cards.folded, username: 'factors.noscript', language: 'es', width: 320, script: false },
];
for (const walk of walks) {
  test(`an authenticator app and saved codes: ${walk.username}`, async () => {
    const member = await newMember(walk.card, walk.username, walk);
    const { page } = member;
    await page.goto(`${product.issuer}/account/factors`);
    await member.look('none');
    await page.locator('a[href="/account/factors/totp"]').click();
    const { app, codes } = await addApp(member);
    if (member.script) {
      const [download] = await Promise.all([page.waitForEvent('download'), member.press('download')]);
      assert.equal(download.suggestedFilename(), 'husky-codes.txt');
    }
    await member.press('kept');
    await member.at('/account/factors');
    await member.look('enrolled');
    await page.goBack(); // they are shown once
    await member.at('/account/factors/saved-codes');
    assert.equal(await page.locator('.codes').count(), 0, 'Back shows the codes again');
    await page.goto(`${product.issuer}/account/factors/saved-codes?note=made`);
    assert.equal(await page.locator('.codes').count(), 0, 'their address shows the codes again');
    await member.press('renew'); // a phone loads the page again by itself; whoever comes after the member finds nothing
    await page.waitForSelector('.codes');
    const renewed = await page.locator('.codes li').allInnerTexts();
    await page.reload();
    assert.deepEqual(await page.locator('.codes li').allInnerTexts(), renewed, 'a reload loses the codes');
    codes.splice(0, codes.length, ...renewed);
    await page.goto(`${product.issuer}/account/factors`);
    await page.goBack();
    await member.at('/account/factors/saved-codes');
    assert.equal(await page.locator('.codes').count(), 0, 'Back shows codes that were not marked as kept');
    await member.look('codes-left');
    await page.goto(`${product.issuer}/account/factors`);

    await signOut(member);
    await member.signIn(walk.username);
    await member.at('/login/factor/totp');
    await member.look('second-step');
    await page.goto(`${product.issuer}/account`); // opens nothing yet
    await member.at('/login/open'); // whose it is, is asked
    await member.look('sign-in-open');
    await member.press('go-on');
    await member.at('/login/factor/totp');
    await page.fill('#code', '000000');
    await member.press('next');
    await member.look('second-step-wrong');
    await page.fill('#code', await app.code());
    await member.press('next');
    await member.at('/account');

    await signOut(member);
    await member.signIn(walk.username);
    await page.locator('a[href="/login/factor/saved-code"]').click();
    await member.at('/login/factor/saved-code');
    await member.look('saved-code');
    await page.fill('#saved_code', codes[4].toUpperCase());
    await member.press('next');
    await member.at('/login/saved-code');
    await member.look('codes-left');
    assert.match(await page.locator('main').innerText(), /9/);

    await page.goto(`${product.issuer}/account/factors/totp/remove`);
    await member.look('remove');
    await member.press('remove');
    await member.at('/account/factors');
    await member.look('removed');
    await signOut(member);
    await member.signIn(walk.username);
    await member.at('/account');
    await member.close();
  });
}


for (const walk of [
  { card: cards.suffix, username: 'passkey.es', language: 'es', width: 320 },
  { card: cards.apostrophe, username: 'passkey.en', language: 'en', width: 1280 },
]) {
  test(`a passkey, beside the password and in its place: ${walk.language}`, async () => {
    const member = await newMember(walk.card, walk.username, walk);
    const { page } = member;
    const device = await withKey(member);
    await page.goto(`${product.issuer}/account/factors/passkey`);
    await member.look('passkey-new');
    await page.fill('#label', walk.language === 'es' ? 'mi teléfono' : 'my phone');
    await member.press('passkey');
    await member.at('/account/factors/saved-codes');
    const [key] = await device.keys();
    assert.equal(key.isResidentCredential, true);
    await page.goto(`${product.issuer}/account/factors`);
    await member.look('passkey-enrolled');
    await page.goto(`${product.issuer}/account/factors/passkey`);
    await member.press('passkey'); // this device has one
    await page.locator('#passkey-problem').filter({ hasText: /.+/ }).waitFor();
    await member.look('passkey-duplicate');

    await signOut(member);
    await member.look('login');
    await member.press('passkey'); // without a username
    await member.at('/account');

    await signOut(member);
    await page.focus('#username'); // the browser offers the passkey there, and the owner takes it
    await member.at('/account');

    await signOut(member);
    await device.present(false); // the owner lets the offer be, and presses the button: it takes the offer's place
    await page.evaluate(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => { document.body.dataset.asked = options.mediation; return get(options); };
    });
    await page.focus('#username');
    await page.waitForSelector('[data-asked=conditional]');
    await page.waitForTimeout(500); // until the device has it, which answers only what comes from now on
    await device.present(true);
    await page.focus('#password');
    await member.press('passkey');
    await member.at('/account');

    await signOut(member);
    await device.present(false); // the owner types
    await member.signIn(walk.username);
    await member.at('/login/factor/passkey');
    await device.present(true);
    await member.look('passkey-step');
    await device.verify(false);
    await member.press('passkey');
    await page.locator('#passkey-problem').filter({ hasText: /.+/ }).waitFor();
    await device.verify(true);
    await member.press('passkey');
    await member.at('/account');

    await page.goto(`${product.issuer}/account/factors`);
    await page.locator('a[href$="/remove"]').click();
    await member.look('passkey-remove');
    await member.press('remove');
    await member.at('/account/factors');
    await signOut(member);
    await member.press('passkey'); // the device still has it, we do not
    await page.waitForURL('**/login?note=passkey');
    await member.look('login-passkey-failed');
    await member.close();
  });
}
