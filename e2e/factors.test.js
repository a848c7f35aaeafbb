// Second steps: an authenticator app and saved codes, added, used and taken away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { addApp, signOut } from './second_step.js';
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
    assert.equal(await member.sheets(), 1, 'the codes are on one sheet');
    if (member.script) {
      await page.emulateMedia({ media: 'print' });
      const lines = await page.locator('.codes li').evaluateAll((all) => all.map((e) => { const range = document.createRange(); range.selectNodeContents(e); return new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size; }));
      assert.deepEqual([...new Set(lines)], [1], 'each code is in one line on paper');
      await page.emulateMedia({ media: null });
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
    await product.sql(`update sessions set ended_at = null, voids = null where account_id = (select id from accounts where username = '${walk.username}')`); // a lost phone
    await member.press('remove');
    await member.at('/account/factors');
    await member.look('removed');
    await member.press('others');
    await member.at('/account/sessions');
    await signOut(member);
    await member.signIn(walk.username);
    await member.at('/account');
    await member.close();
  });
}
