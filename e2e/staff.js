// People of the support desk: hired by the operator, with a second step from the first day.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { binary } from './product.js';
import { Authenticator } from './totp.js';
import { Member } from './walk.js';

const run = promisify(execFile);
export const password = 'siete faros miran al norte';

/** idp runs one of the operator's commands. */
export const idp = (product, ...args) => run(binary, args, { env: { ...process.env, ...product.admin, IDP_ACCEPT: 'database-without-verified-tls' } });

/** hire makes an account of the desk and walks its first day: the password by a mailed code, the second step, the console. */
export async function hire(browser, product, username, name, roles, options) {
  const { stdout } = await idp(product, 'staff', 'create', '--username', username, '--email', `${username}@desk.example`, '--name', name, '--language', options.language,
    ...roles.flatMap((role) => ['--role', role]));
  assert.match(stdout, new RegExp(name));
  const person = await Member.open(browser, product, { ...options, name: options.name ?? 'desk' });
  await firstSignIn(person, username);
  await addApp(person);
  return person;
}

/** addApp walks from the page that asks for a second step into the console. */
export async function addApp(person) {
  const { page, product } = person;
  await page.locator('a[href^="/account/factors/totp"]').click();
  await person.at('/account/factors/totp');
  person.app = new Authenticator(await page.locator('.key').innerText(), product);
  await page.fill('#code', await person.app.code());
  await press(person, 'activate');
  await person.at('/account/factors/saved-codes');
  await page.goto(`${product.desk}/`);
  await press(person, 'signin');
  await prove(person, '/search');
}

/** firstSignIn walks from the invitation to the page that asks for a second step: the password by a mailed code, the console's door. */
export async function firstSignIn(person, username, email = `${username}@desk.example`) {
  person.username = username;
  const { page, product } = person;
  await page.goto(`${product.issuer}/recover/password?lang=${person.language}`);
  await page.fill('#username', username);
  await press(person, 'next');
  await person.at('/recover/code');
  await page.fill('#code', await person.code(email));
  await press(person, 'next');
  await person.at('/recover/new-password');
  await person.look('first-password');
  await page.fill('#new_password', password);
  await press(person, 'next');
  await person.at('/recover/done');

  await page.goto(`${product.desk}/search?lang=${person.language}`);
  await person.at('/');
  await person.look('door');
  await press(person, 'signin');
  await person.at('/login');
  await person.signIn(username, password);
}

/** loaded waits for the page that an action leads to; press is that for a button or link. */
export const loaded = (person, action) => Promise.all([person.page.waitForEvent('load'), action]);
export const press = (person, id) => loaded(person, person.press(id));

/** prove gives what the provider asks for until the browser is back at the desk, at a path. */
export async function prove(person, path) {
  const { page, product } = person;
  for (let step = 0; step < 4; step += 1) {
    await page.waitForURL((url) => url.href.startsWith(product.desk) && url.pathname === path || ['/login', '/login/factor/totp', '/reauth'].includes(url.pathname), { timeout: 15000 });
    switch (person.path()) {
      case '/login': await loaded(person, person.signIn(person.username, password)); break;
      case '/reauth': await page.fill('#password', password); await loaded(person, page.locator('form button.primary').click()); break;
      case '/login/factor/totp': await page.fill('#code', await person.app.code()); await press(person, 'next'); break;
      default: return;
    }
  }
}
