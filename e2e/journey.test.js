// The member guide, from the portal and back, in both languages, small and large, with and without script.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const walks = [
  { name: 'es-phone-noscript', card: cards.spanish, language: 'es', width: 320, script: false },
  { name: 'es-phone', card: cards.suffix, language: 'es', width: 320 },
  { name: 'es-desktop', card: cards.plain, language: 'es', width: 1280 },
  { name: 'en-phone', card: cards.folded, language: 'en', width: 320 },
  { name: 'en-desktop-dark', card: cards.apostrophe, language: 'en', width: 1280, colorScheme: 'dark' },
];

for (const walk of walks) {
  test(`register through the portal, sign out, sign in: ${walk.name}`, async () => {
    const member = await Member.open(browser, product, walk);
    const username = `walk.${walk.name.replaceAll('-', '.')}`.slice(0, 32);
    await member.page.goto(`${product.portal}/?lang=${walk.language}`);
    await member.look('portal');
    await member.toSignIn();
    if (member.script) { // an old phone on a slow line
      const weight = await member.page.evaluate(() => performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0));
      assert.ok(weight > 8 << 10 && weight <= 50 << 10, `the first visit weighs ${weight} bytes`);
      if (walk.width === 320) { // the guide's links are seen at once
        const bottom = await member.page.locator('main a[href^="/register/agreement"]').evaluate((link) => link.getBoundingClientRect().bottom);
        assert.ok(bottom <= 640, `the link to register ends at ${bottom} px`);
      }
    }
    await member.look('login');
    await member.register(walk.card, { username });
    await member.page.waitForURL(`${product.portal}/me*`);
    await member.look('me');
    await member.page.locator('main summary').click();
    await member.look('claims');
    const claims = await member.page.locator('main').innerText();
    for (const fact of [walk.card.number, username, `${username}@example.org`]) assert.ok(claims.includes(fact), `the portal shows ${fact}`);

    // Out, and in again with the password.
    await member.page.getByRole('button', { name: walk.language === 'es' ? 'Cerrar sesión' : 'Sign out' }).click();
    await member.at('/logout');
    await member.look('logout');
    await member.press('logout-confirm');
    await member.page.waitForURL(`${product.portal}/**`);
    await member.toSignIn();
    await member.signIn(username, 'not the right password');
    await member.look('login-wrong');
    assert.equal(await member.page.inputValue('#username'), username);
    assert.equal(await member.page.inputValue('#password'), '');
    await member.signIn(username);
    await member.page.waitForURL(`${product.portal}/me*`);
    await member.page.goto(`${product.issuer}/account`);
    await member.look('account');

    // A sign-out here closes the portal as well.
    await member.page.goto(`${product.issuer}/logout`);
    await member.press('logout-confirm');
    await member.at('/logout/done');
    await member.look('signed-out');
    for (const end = Date.now() + 15000; ; await member.page.waitForTimeout(200)) {
      await member.page.goto(`${product.portal}/me`);
      if (member.path() === '/') break;
      assert.ok(Date.now() < end, 'the portal still shows whose session it was');
    }
    await member.close();
  });
}
