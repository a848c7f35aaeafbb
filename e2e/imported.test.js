// Members of the portal before: the same username and password, once; then a code, a question and, where it must be, a new password.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { binary, cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const walks = [ // bcrypt, and PBKDF2 of ASP.NET Identity 3
  { card: cards.spanish, username: 'Maria.Antes', language: 'es', width: 320, script: false, password: 'Mi gato duerme ñoño', hash: '$2b$05$7ktvQf7lBOjGwUUxgEbU8OXTjxMq/34jU0FGlHVF1pbm8u6mwq4iW' },
  { card: cards.folded, username: 'juan.antes', language: 'es', width: 320, password: 'gatito', fresh: 'siete barcos verdes navegan', hash: '$2b$05$7VTtzAqPMI4R.HuNGPjc3eI2ofj1/ES3xn6x/zy/s74pSd/rPEvhS' },
  { card: cards.plain, username: 'ana.before', language: 'en', width: 1280, colorScheme: 'dark', password: 'Mi gato duerme ñoño', hash: 'AQAAAAIAAAPoAAAAEBKKTsh8P5dabGOWITxMr6hHdg07v+9/CN97K9Z0EuGIBCDLNwgec/J8l/Z31hmZAg==' },
];

test('accounts of another portal sign in, complete themselves and are at the app', async (t) => {
  const file = join(product.dir, 'accounts.csv');
  await writeFile(file, ['member_number,username,email,password_hash,language',
    ...walks.map((w) => [w.card.number, w.username, `${w.username}@example.org`, w.hash, w.language].join(',')), ''].join('\n'));
  const { stdout } = await promisify(execFile)(binary, ['accounts', 'import', file], { env: { ...process.env, ...product.admin } });
  assert.match(stdout, /added +3\n/);
  for (const walk of walks) await t.test(walk.username, () => comesOver(walk));
});

async function comesOver({ username, password, fresh, ...walk }) {
  const member = await Member.open(browser, product, { ...walk, name: `imported-${username.slice(0, 4)}` });
  const { page } = member;
  const signIn = async (word) => {
    await member.toSignIn();
    await page.fill('#username', username);
    await page.fill('#password', word);
    await member.press('login-submit');
  };
  await signIn(password);
  await member.at('/login/agreement');
  await member.press('agree');
  await member.at('/account/welcome');
  await member.look('welcome-code');
  await page.goto(`${product.issuer}/account/factors`); // nothing else is open yet
  await member.at('/account/welcome');
  await page.goBack();
  await member.press('send');
  await page.locator('#code').waitFor();
  await member.look('welcome-sent');
  await page.fill('#code', '000000');
  await member.press('next');
  await member.look('welcome-wrong');
  await page.fill('#code', await member.code(`${username}@example.org`));
  await member.press('next');
  await page.locator('#answer').waitFor();
  await member.look('welcome-question');
  assert.equal(await page.locator('#new_password').count(), fresh ? 1 : 0, 'a new password is asked for');
  await member.press('save');
  await member.look('welcome-empty');
  if (fresh) await page.fill('#new_password', fresh);
  await page.selectOption('#question', { index: 1 });
  await page.fill('#answer', 'una bicicleta roja');
  await member.press('save');
  await page.waitForURL(`${product.portal}/**`);
  await member.look('portal');

  await page.goto(`${product.issuer}/logout`);
  await member.press('logout-confirm');
  await member.at('/logout/done');
  await signIn(fresh ?? password);
  await page.waitForURL(`${product.portal}/**`);
  await member.close();
}
