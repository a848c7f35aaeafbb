// Nobody stays locked out: the username by mail, a new password by code, question and second step, and "this wasn't me".
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { Authenticator } from './totp.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const es = { reset: 'Su código para cambiar su contraseña', username: 'Su nombre de usuario', changed: 'Su contraseña cambió' };
const en = { reset: 'Your code to change your password', username: 'Your username', changed: 'Your password has changed' };
const walks = [
  { card: cards.spanish, username: 'recuperar.es', language: 'es', width: 320, words: es },
  { card: cards.plain, username: 'recover.en', language: 'en', width: 1280, colorScheme: 'dark', words: en, factor: true },
  { card: cards.folded, username: 'recuperar.noscript', language: 'es', width: 320, script: false, words: es },
];
const password = 'siete barcos verdes navegan';
const answer = 'Una  BICICLETA roja';

/** newMember has an account, and a second step if the walk wants one, and is signed out. */
async function newMember(walk) {
  const member = await Member.open(browser, product, { ...walk, name: walk.script === false ? 'recovery-noscript' : 'recovery' });
  const { page } = member;
  await page.goto(`${product.issuer}/login?lang=${walk.language}`);
  await member.agreeQuietly();
  await member.fillIn(walk.card, { username: walk.username });
  await page.waitForURL(`${product.issuer}/register/done*`);
  if (walk.factor) {
    await page.goto(`${product.issuer}/account/factors/totp`);
    member.app = new Authenticator(await page.locator('.key').innerText(), product);
    await page.fill('#code', await member.app.code());
    await member.press('activate');
    await member.at('/account/factors/saved-codes');
  }
  await page.goto(`${product.issuer}/logout`);
  await member.press('logout-confirm');
  await member.at('/logout/done');
  return member;
}

test('recovery, in both languages, on a phone without script, and with a second step', async (t) => {
  for (const walk of walks) {
    walk.member = await newMember(walk);
  }
  for (const walk of walks) {
    await t.test(walk.username, () => recover(walk));
  }
});

async function recover({ member, username, words, card, factor }) {
  const { page } = member;
  const email = `${username}@example.org`;
  await member.toSignIn();
  await page.locator('a[href^="/recover"]').click();
  await member.at('/recover');
  await member.look('hub');

  await member.press('need-username');
  await member.at('/recover/username');
  await member.look('username');
  await member.press('next');
  await member.look('username-empty');
  await member.personal(card);
  await member.at('/recover/username/sent');
  await member.look('username-sent');
  await member.toSignIn();
  await page.locator('a[href^="/recover"]').click();
  await member.press('need-password');
  await member.at('/recover/password');
  await member.look('password');
  await member.press('next');
  await member.look('password-empty');
  await page.fill('#username', username.toUpperCase());
  await member.press('next');
  await member.at('/recover/code');
  await member.look('code');
  await page.fill('#code', '000000');
  await member.press('next');
  await member.look('code-wrong');
  const code = (await member.mail(email, words.reset)).match(/^\s*(\d{6})\s*$/m)[1];
  await page.fill('#code', `${code.slice(0, 3)} ${code.slice(3)}`);
  await member.press('next');
  await member.at('/recover/question');
  await member.look('question');
  await page.fill('#answer', 'no me acuerdo');
  await member.press('next');
  await member.look('question-wrong');
  await page.fill('#answer', answer);
  await member.press('next');
  if (factor) {
    await member.at('/recover/factor/totp');
    await member.look('factor');
    await page.fill('#code', await member.app.code());
    await member.press('next');
  }
  await member.at('/recover/new-password');
  await member.look('new-password');
  await page.fill('#new_password', 'corta');
  await member.press('next');
  await member.look('new-password-refused');
  await page.fill('#new_password', password);
  await member.press('next');
  await member.at('/recover/done');
  await member.look('done');
  await page.locator('main a.button').click();
  await member.at('/login'); // the portal still waits
  await member.signIn(username, password);
  if (factor) {
    await member.at('/login/factor/totp');
    await page.fill('#code', await member.app.code());
    await member.press('next');
  }
  await page.waitForURL(`${product.portal}/me*`);

  const notice = await member.mail(email, words.changed);
  await page.goto(notice.match(/http:\S+\/not-me\?link=\S+/)[0]);
  await member.look('not-me');
  await member.press('protect');
  await member.at('/not-me/done');
  await member.look('not-me-done');
  await page.goto(`${product.issuer}/login`);
  await member.signIn(username, password);
  await member.at('/login');
  assert.equal(await page.locator('.summary').count(), 1, 'the old password opens nothing');
  await page.goto(notice.match(/http:\S+\/not-me\?link=\S+/)[0]);
  await member.look('old-link');
  assert.ok((await member.mail(email, words.username)).includes(username));
  await member.close();
}
