// What the browser itself remembers of a form: Back gives it to whoever typed it, and to nobody who comes after.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
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
    await page.waitForURL(`${product.portal}/me*`);
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
    await page.fill('#code', (await member.mail(who.email, 'Su código para cambiar su contraseña')).match(/^\s*(\d{6})\s*$/m)[1]);
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
      await page.getByText('no son correctos').first().waitFor();
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
}
