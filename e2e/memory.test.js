// What the browser itself remembers of a form: Back gives it to whoever typed it, and to nobody who comes after.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
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

const fields = ['birth_month', 'birth_day', 'birth_year', 'first_name', 'last_name', 'suffix', 'card_id', 'username', 'email', 'email_again', 'new_password', 'question', 'answer', 'code', 'password', 'user_code'];

/** Back goes back through the whole history, and reads each form that it meets. */
async function back(member, entries, forbidden) {
  const { page } = member;
  const seen = [];
  for (let i = 0; i < entries; i += 1) {
    await page.goBack();
    for (const field of fields) {
      if (await page.locator(`#${field}`).count()) seen.push([member.path(), field, await page.inputValue(`#${field}`)]);
    }
  }
  for (const [path, field, value] of seen) assert.ok(!forbidden.includes(value), `${path} has ${value} in ${field}`);
  return seen;
}

for (const script of [true, false]) {
  test(`Back after another person began, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `memory-${script}` });
    const { page } = member;
    const first = cards.plain;
    await member.toSignIn();
    await member.page.fill('#username', 'la.madre');
    await member.agreeQuietly();
    await member.personal(first);
    await member.at('/register/credentials');
    await page.fill('#username', 'la.madre');
    await page.fill('#email', 'madre@example.org');
    await page.selectOption('#question', { index: 2 });

    // What one person typed comes back to them.
    await page.goto(`${product.issuer}/support`);
    await page.goBack();
    await member.at('/register/credentials');
    assert.equal(await page.inputValue('#username'), 'la.madre', 'Back gives her what she typed');
    assert.equal(await page.inputValue('#email'), 'madre@example.org', 'Back gives her what she typed');

    const question = await page.inputValue('#question');
    await member.toSignIn();
    await member.page.locator('a[href^="/register/agreement"]').click();
    await member.at('/register/open');
    await member.press('anew');
    await member.at('/register/agreement');
    await member.press('agree');
    await member.at('/register/personal');
    const seen = await back(member, 9, [String(first.month), String(first.day), String(first.year), first.first, first.last, first.number, 'la.madre', 'madre@example.org', question]);
    assert.ok(seen.some(([path]) => path === '/register/personal') && seen.some(([path]) => path === '/login'), `forms were met: ${JSON.stringify(seen)}`);
    await member.close();
  });

  test(`Back after another person came to the entrance, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `memory-entrance-${script}` });
    const { page } = member;
    const first = cards.plain;
    const data = [String(first.day), String(first.year), first.first, first.last, first.number];
    const type = async () => {
      await page.selectOption('#birth_month', String(first.month));
      for (const [field, value] of [['birth_day', first.day], ['birth_year', first.year], ['first_name', first.first], ['last_name', first.last], ['card_id', first.number]]) await page.fill(`#${field}`, String(value));
    };
    const english = async () => {
      await page.locator('.tools').getByText('English', { exact: true }).click();
      await page.locator('html[lang=en]').waitFor();
    };
    for (const switched of [true, false]) { // typed and left, with and without another language
      await member.toSignIn();
      await member.agreeQuietly();
      await type();
      if (switched) await english();
      await member.toSignIn();
      await page.locator('a[href^="/register/agreement"]').click();
      await member.press('agree');
      await member.at('/register/personal');
      const seen = await back(member, 5, data);
      assert.ok(seen.filter(([path]) => path === '/register/personal').length > 0, JSON.stringify(seen));
    }
    await page.goto(`${product.issuer}/recover/username`);
    await type();
    await english();
    await page.goto(`${product.issuer}/recover`);
    await back(member, 2, data);

    // Who was asked and has not answered is asked by older pages too.
    await member.toSignIn();
    await member.agreeQuietly();
    await member.personal(first);
    await member.at('/register/credentials');
    await member.toSignIn();
    await page.locator('a[href^="/register/agreement"]').click();
    await member.at('/register/open');
    await back(member, 6, data);
    for (const path of ['/register/personal', '/register/credentials']) {
      await page.goto(product.issuer + path);
      await member.at('/register/open');
    }
    await member.close();
  });

  test(`Back after a recovery that another person began, and after signing out, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `memory-recovery-${script}` });
    const { page } = member;
    const card = script ? cards.folded : cards.hyphen;
    const who = { username: `memory.${script}`, email: `memory.${script}@example.org` };
    await member.toSignIn();
    await member.agreeQuietly();
    await member.fillIn(card, who);
    await page.waitForURL(`${product.portal}/**`);
    await page.goto(`${product.issuer}/device`);
    await page.fill('#user_code', 'BCDF-GHJK');
    await page.goto(`${product.issuer}/recover/password`);
    await page.fill('#username', 'la.madre');
    await page.goto(`${product.issuer}/logout`);
    await member.press('logout-confirm');
    await member.at('/logout/done');
    await back(member, 4, ['BCDF-GHJK', 'la.madre', who.username]);

    await page.goto(`${product.issuer}/recover/password`);
    await page.fill('#username', who.username);
    await member.press('next');
    await member.at('/recover/code');
    await page.fill('#code', (await member.mail(who.email, 'Su código para cambiar la contraseña')).match(/^\s*(\d{6})\s*$/m)[1]);
    await member.press('next');
    await member.at('/recover/question');
    await page.goto(`${product.issuer}/recover/password`);
    await member.at('/recover/open');
    await member.press('anew');
    await member.at('/recover/password');
    const seen = await back(member, 5, [who.username]);
    assert.ok(seen.some(([path, field]) => path === '/recover/password' && field === 'username'), JSON.stringify(seen));
    await member.close();
  });

  test(`Back to the sign-in of another person, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `memory-sign-in-${script}` });
    const { page } = member;
    const wrong = async () => {
      await page.fill('#username', 'la.madre');
      await page.fill('#password', 'una frase que no es la suya');
      await member.press('login-submit');
      await page.getByText('no es correcto').first().waitFor();
    };
    await member.toSignIn();
    await wrong();
    assert.equal(await page.inputValue('#username'), 'la.madre', 'her own page keeps it');
    await page.goto(`${product.issuer}/support`);
    await page.goBack();
    assert.equal(await page.inputValue('#username'), 'la.madre', 'Back gives her what she typed');

    await member.toSignIn(); // somebody else begins
    assert.equal(await page.inputValue('#username'), '');
    const seen = await back(member, 6, ['la.madre']);
    assert.ok(seen.filter(([path, field]) => path === '/login' && field === 'username').length > 1, JSON.stringify(seen));

    await page.goto(`${product.issuer}/login`); // without an app, and without a press
    await page.fill('#username', 'la.madre');
    await page.goto(`${product.issuer}/login`);
    await back(member, 2, ['la.madre']);
    await page.goto(`${product.issuer}/login`);
    await wrong();
    await page.goto(`${product.issuer}/login`);
    await back(member, 3, ['la.madre']);
    await member.close();
  });

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
    await page.waitForURL(`${product.portal}/**`);

    // A second step that waits.
    await page.goto(`${product.issuer}/account/factors/totp`);
    const app = new Authenticator(await page.locator('.key').innerText());
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
    await page.fill('#code', (await member.mail(who.email, 'Su código para cambiar la contraseña')).match(/^\s*(\d{6})\s*$/m)[1]);
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
    const seen = await back(member, 1, [String(card.month), String(card.day), String(card.year), card.first, card.last, card.number]);
    assert.ok(seen.some(([path]) => path === '/recover/username'), JSON.stringify(seen));
    await member.close();
  });
}
