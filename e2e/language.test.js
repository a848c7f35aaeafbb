// The language is switched in the middle of a form: what was typed is still there, secrets have to be typed again and the page says so,
// nothing is called wrong and no try is counted. Enter still presses the form's own button.
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

const names = { es: 'Español', en: 'English' };
const again = { es: 'Escriba esto otra vez', en: 'Enter this again' };

/** to switches the language where the member sees it, and checks that it is the same page. */
async function to(member, language) {
  const { page } = member;
  const path = member.path();
  await page.locator('.tools').getByText(names[language], { exact: true }).click();
  await page.locator(`html[lang=${language}]`).waitFor();
  member.language = language;
  assert.equal(member.path(), path);
  assert.equal(await page.locator('#summary, .problem:not(:empty)').count(), 0, `${path}: nothing is wrong`);
}

async function has(member, want) {
  for (const [field, value] of Object.entries(want)) assert.equal(await member.page.inputValue(`#${field}`), value, `${member.path()}: ${field}`);
}

for (const script of [true, false]) {
  test(`the language in the middle of a registration, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `language-${script}` });
    const { page } = member;
    const card = script ? cards.plain : cards.suffix;
    await member.toSignIn();
    await page.fill('#username', 'la.madre');
    await page.fill('#password', 'un secreto bien largo');
    await to(member, 'en');
    await member.look('sign-in');
    await has(member, { username: 'la.madre', password: '' });
    assert.ok((await page.locator('main').innerText()).includes(again.en));
    await to(member, 'es');
    await has(member, { username: 'la.madre' });
    await member.agreeQuietly();

    // Page 2, with a card that is refused first: what was wrong is still told.
    await member.at('/register/personal');
    const typed = { birth_month: String(card.month), birth_day: String(card.day), birth_year: String(card.year), first_name: card.first, last_name: card.last, suffix: card.suffix };
    for (const [field, value] of Object.entries(typed)) await (/month|suffix/.test(field) ? page.selectOption(`#${field}`, value) : page.fill(`#${field}`, value));
    await to(member, 'en');
    await has(member, { ...typed, card_id: '' });
    await member.look('personal');
    await page.fill('#card_id', card.number);
    await to(member, 'es');
    await has(member, { ...typed, card_id: card.number });
    await to(member, 'en');
    await page.press('#last_name', 'Enter');
    await member.at('/register/credentials');

    // Page 3.
    const chosen = { username: `language.${script}`, email: `language.${script}@example.org`, email_again: `language.${script}@example.org` };
    for (const [field, value] of Object.entries(chosen)) await page.fill(`#${field}`, value);
    await page.fill('#new_password', 'siete lunas verdes bailan');
    await page.selectOption('#question', { index: 2 });
    const question = await page.inputValue('#question');
    await page.fill('#answer', 'un trompo morado');
    await to(member, 'es');
    await has(member, { ...chosen, question, new_password: '', answer: '' });
    assert.equal((await page.locator('main').innerText()).split(again.es).length - 1, 2, 'password and answer are to be typed again');
    for (const secret of ['lunas', 'trompo']) assert.ok(!(await page.content()).includes(secret) && !page.url().includes(secret));
    await member.look('credentials');
    // Other pages begin with what the record has: typed text is this form's alone.
    await page.fill('#new_password', 'siete lunas verdes bailan');
    await page.fill('#answer', 'un trompo morado');
    await page.press('#answer', 'Enter');
    await member.at('/register/code');
    await page.fill('#code', '12');
    await to(member, 'en');
    assert.equal(await page.inputValue('#code'), '');
    assert.ok((await page.locator('main').innerText()).includes(again.en));
    await member.look('code');
    await page.fill('#code', await member.code(chosen.email));
    await page.press('#code', 'Enter');
    await member.at('/register/review');
    await to(member, 'es');
    await page.check('#certify');
    await member.press('finish');
    await page.waitForURL(`${product.portal}/**`);

    // Signed in.
    await page.goto(`${product.issuer}/account/question`);
    if (member.path() === '/account/question') {
      await page.selectOption('#question', { index: 3 });
      const other = await page.inputValue('#question');
      await to(member, 'en');
      await has(member, { question: other });
    }
    await member.close();
  });

  test(`the language in a recovery, a code of a device, and a refused form, script ${script}`, async () => {
    const member = await Member.open(browser, product, { width: 320, script, name: `language-other-${script}` });
    const { page } = member;
    await page.goto(`${product.issuer}/recover/password`);
    await page.fill('#username', 'la.madre');
    await to(member, 'en');
    await has(member, { username: 'la.madre' });
    await page.goto(`${product.issuer}/device`);
    await page.fill('#user_code', 'BCDF-GHJK');
    await to(member, 'es');
    await has(member, { user_code: 'BCDF-GHJK' });

    // What a refused form said is said in the other language, and what was typed since is kept.
    await page.goto(`${product.issuer}/recover/username`);
    await page.fill('#birth_day', '31');
    await member.press('next');
    await page.locator('#summary').waitFor();
    await page.fill('#first_name', 'Ana');
    await page.locator('.tools').getByText('English', { exact: true }).click();
    await page.locator('html[lang=en]').waitFor();
    await has(member, { birth_day: '31', first_name: 'Ana' });
    assert.ok(await page.locator('#last_name-error').count(), 'the message is still there');
    await member.close();
  });
}
