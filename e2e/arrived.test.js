// Whoever opens the sign-in page or another entrance is the next person: of what was begun before, Back and every address show
// the question whose it is, until it is answered. In a file of its own: the limit of pages per source is per product.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium as playwright } from 'playwright-core';
import { cards, chromium, start } from './product.js';
import { Authenticator } from './totp.js';
import { launch, Member } from './walk.js';

let browser;
let product;
before(async () => {
  product = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await product?.stop();
});

for (const script of [true, false]) {
  test(`Back and addresses after somebody opened the sign-in page, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `memory-arrived-${script}` });
    const { page } = member;
    const first = script ? cards.suffix : cards.apostrophe;
    const who = { username: `memory.arrived.${script}`, email: `memory.arrived.${script}@example.org` };
    const data = [first.first, first.last, first.number, who.username, who.email];
    /** The portal, and its link to the sign-in. */
    const arrive = async () => {
      await page.goto(`${product.portal}/?lang=es`);
      await page.getByRole('link', { name: 'Acceso del Usuario' }).click();
      await page.waitForURL((url) => url.href.startsWith(`${product.issuer}/login`));
    };
    /** Nothing of the person before is anywhere, by Back or by an address; flow and second step lead to their questions. */
    const nothing = async (entries, addresses, question) => {
      const paths = [];
      for (let i = 0; i < entries; i += 1) {
        if (!await page.goBack()) break;
        paths.push(member.path());
        const text = await page.content();
        for (const datum of data) assert.ok(!text.includes(datum), `${member.path()} shows ${datum}`);
      }
      assert.ok(paths.includes(question), `${paths} has ${question}`);
      for (const address of addresses) {
        assert.ok(!paths.includes(address), `${address} was shown by Back`);
        await page.goto(product.issuer + address);
        await member.at(question);
      }
    };
    const registration = ['/register/personal', '/register/credentials', '/register/code', '/register/review'];
    const toReview = async () => {
      await arrive();
      await member.agreeQuietly();
      await member.personal(first);
      await member.at('/register/credentials');
      await member.credentials(who);
      await member.at('/register/code');
      await page.fill('#code', await member.code(who.email));
      await member.press('next');
      await member.at('/register/review');
    };
    await toReview();
    await arrive();
    await nothing(5, registration, '/register/open');

    // In another tab, with the old one still on the page.
    await page.fill('#card_id', first.number);
    await member.press('go-on');
    await member.at('/register/review');
    const other = await member.context.newPage();
    await other.goto(`${product.issuer}/login`);
    await other.close();
    await page.check('#certify');
    await member.press('finish');
    await member.at('/register/open');
    await page.fill('#card_id', first.number);
    await member.press('go-on');
    await member.at('/register/review');
    await page.check('#certify');
    await member.press('finish');
    await page.waitForURL(`${product.portal}/me*`);

    // A second step that waits.
    await page.goto(`${product.issuer}/account/factors/totp`);
    const app = new Authenticator(await page.locator('.key').innerText(), product);
    await page.fill('#code', await app.code());
    await member.press('activate');
    await member.at('/account/factors/saved-codes');
    await page.goto(`${product.issuer}/logout`);
    await member.press('logout-confirm');
    await member.at('/logout/done');
    await arrive();
    await member.signIn(who.username);
    await member.at('/login/factor/totp');
    await arrive();
    await member.at('/login/open');
    await nothing(3, ['/login/factor', '/login/factor/totp'], '/login/open');
    await member.press('anew');
    await member.at('/login');

    // A recovery, proven up to the second step.
    await page.goto(`${product.issuer}/recover/password`);
    await page.fill('#username', who.username);
    await member.press('next');
    await member.at('/recover/code');
    await page.fill('#code', (await member.mail(who.email, 'Su código para cambiar su contraseña')).match(/^\s*(\d{6})\s*$/m)[1]);
    await member.press('next');
    await member.at('/recover/question');
    await page.fill('#answer', 'una bicicleta roja');
    await member.press('next');
    await member.at('/recover/factor/totp');
    await page.fill('#code', await app.code());
    await member.press('next');
    await member.at('/recover/new-password');
    const recovery = ['/recover/code', '/recover/question', '/recover/factor', '/recover/factor/totp', '/recover/new-password'];
    await arrive();
    await nothing(3, recovery, '/recover/open');
    await page.goto(`${product.issuer}/recover`);
    await page.locator('#need-password').click();
    await member.at('/recover/open');
    await nothing(4, recovery, '/recover/open');
    await member.close();
  });

  test(`Back after the username was asked for, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `memory-reminder-${script}` });
    const { page } = member;
    const card = cards.spanish;
    await page.goto(`${product.issuer}/recover`);
    await page.locator('#need-username').click();
    await member.at('/recover/username');
    await page.fill('#first_name', card.first);
    await page.goto(`${product.issuer}/privacy`);
    await page.goBack();
    await member.at('/recover/username');
    assert.equal(await page.inputValue('#first_name'), card.first, 'Back gives what was typed and not sent');
    await member.personal(card);
    await member.at('/recover/username/sent');
    await page.goBack();
    await member.at('/recover/username');
    for (const field of ['birth_month', 'birth_day', 'birth_year', 'first_name', 'last_name', 'card_id']) assert.equal(await page.inputValue(`#${field}`), '', field);
    await member.close();
  });
}

test('a registration asks whose it is once the browser was closed', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'idp-profile-'));
  const open = () => playwright.launchPersistentContext(profile, { executablePath: chromium({ whole: true }), args: ['--no-sandbox', '--disable-gpu'], locale: 'es-US', viewport: { width: 320, height: 900 } });
  let context = await open();
  try {
    const member = Object.assign(new Member(), { product, context, page: await context.newPage(), language: 'es', width: 320, script: true, name: 'closed', seen: 0, faults: [] });
    await member.toSignIn();
    await member.agreeQuietly();
    await member.personal(cards.hyphen);
    await member.at('/register/credentials');
    const address = member.page.url();
    await context.close();

    context = await open();
    const page = await context.newPage();
    for (const path of [address, `${product.issuer}/register/personal`, `${product.issuer}/register/review`]) {
      await page.goto(path);
      assert.equal(new URL(page.url()).pathname, '/register/open', path);
      const text = await page.content();
      for (const datum of [cards.hyphen.number, cards.hyphen.first, cards.hyphen.last]) assert.ok(!text.includes(datum), `${path} shows ${datum}`);
    }
    await page.fill('#card_id', cards.hyphen.number);
    await page.click('#go-on');
    await page.waitForURL((url) => url.pathname === '/register/credentials');
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
});
