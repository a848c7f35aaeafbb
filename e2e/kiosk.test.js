// A computer that strangers share: nothing of one is left for the next.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { Authenticator } from './totp.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start({ args: ['--kiosk'] }), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

for (const walk of [
  { card: cards.spanish, username: 'kiosco.es', language: 'es', width: 320, next: cards.folded },
  { card: cards.plain, username: 'kiosk.en', language: 'en', width: 1280, next: cards.suffix },
]) {
  test(`a kiosk: ${walk.username}`, async () => {
    const member = await Member.open(browser, product, { ...walk, name: 'kiosk' });
    const { page } = member;
    await page.goto(`${product.issuer}/login?lang=${walk.language}`);
    await member.look('login');
    await member.agreeQuietly();
    await member.at('/register/personal');
    await member.look('personal');
    await page.fill('#first_name', 'Ana'); // the way to one's own phone empties nothing
    await page.locator('#phone summary').click();
    await page.locator('#phone .qr').waitFor();
    await member.look('phone');
    await page.locator('#phone summary').click();
    assert.equal(await page.inputValue('#first_name'), 'Ana');
    assert.doesNotMatch(await page.locator('.leave').innerText(), /24/); // which this browser does not keep
    assert.deepEqual([...new Set(await page.locator('[autocomplete]').evaluateAll((all) => all.map((e) => e.getAttribute('autocomplete'))))], ['off']);
    await member.fillIn(walk.card, { username: walk.username });
    await page.waitForURL(`${product.issuer}/register/done*`);
    await page.goto(`${product.issuer}/account`);
    await member.look('home');
    await page.goto(`${product.issuer}/account/factors/totp`);
    const app = new Authenticator(await page.locator('.key').innerText(), product);
    await page.fill('#code', await app.code());
    await member.press('activate');
    await member.at('/account/factors/saved-codes');

    await member.press('kiosk-leave');
    await member.at('/leave/done');
    await member.look('left');
    const left = (await page.context().cookies(product.issuer)).filter((c) => !/browser|person/.test(c.name)).map((c) => c.name);
    assert.deepEqual(left, [], 'cookies are left');
    await page.goBack(); // a page of the one before
    assert.doesNotMatch(await page.locator('body').innerText(), new RegExp(walk.username));
    await page.goto(`${product.issuer}/account`);
    await member.at('/login');
    assert.equal(await page.inputValue('#username'), '');
    await member.signIn(walk.username);
    await member.at('/login/factor/totp');
    assert.equal(await page.locator('#remember').count(), 0);
    for (const cookie of await page.context().cookies()) assert.equal(cookie.expires, -1, `${cookie.name} outlives the browser`);
    await page.goto(`${product.issuer}/support`);
    await member.look('support');
    await member.close();
  });
}
