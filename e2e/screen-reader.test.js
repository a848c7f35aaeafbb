// Journey, recovery and desk by keyboard alone, as a screen reader tells them. docs/screen-reader.md has what it says: a page that
// says something else fails here, and UPDATE=1 writes the file anew, to be read.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Listener } from './listener.js';
import { cards, start } from './product.js';
import { hire } from './staff.js';
import { launch, Member } from './walk.js';

const record = fileURLToPath(new URL('../docs/screen-reader.md', import.meta.url));
const password = 'cuatro caballos azules corren';
let product;
let browser;
const parts = [];
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

test('the journey, in Spanish', async () => {
  const member = await Member.open(browser, product, { language: 'es', name: 'reader' });
  const ear = await Listener.of(member);
  ear.chapter('The journey');
  await member.page.goto(`${product.issuer}/login?lang=es`);
  await ear.open('/login');
  await ear.skip();
  await ear.enter('¿Nuevo usuario?', '/register/agreement');
  await ear.skip();
  await ear.enter('De acuerdo', '/register/personal');

  await ear.skip();
  await ear.enter('Siguiente', '/register/personal');
  const month = await ear.refused('Mes');
  assert.ok(month.states.includes('invalid'), 'the month is told to be wrong');
  const { spanish: card } = cards;
  await ear.down(card.month);
  for (const [name, text] of [['Día', String(card.day)], ['Año', String(card.year)], ['Nombre', card.first], ['Apellido', card.last]]) {
    const at = await ear.to(name);
    assert.ok(at.states.includes('required'), `${name} is told to be needed`);
    await ear.type(text);
  }
  await ear.to('Número de ID');
  await ear.type(card.number);
  await ear.enter('Siguiente', '/register/credentials');

  await ear.skip();
  await ear.to('Nombre de Usuario');
  await ear.type('lector.es');
  for (const name of ['Correo Electrónico', 'Confirme']) {
    await ear.to(name);
    await ear.type('lector.es@example.org');
  }
  await ear.to('Contraseña');
  await ear.type(password, '(the password)');
  await ear.page.locator('.strength [role=status]').filter({ hasText: /./ }).waitFor(); // at most once in two seconds
  await ear.heard();
  const show = await ear.to('Mostrar');
  assert.match(show.name, /Contraseña/, 'which field is shown');
  await ear.key('Space');
  await ear.heard();
  await ear.key('Space');
  await ear.heard();
  await ear.to('Pregunta');
  await ear.down(1);
  await ear.to('Respuesta');
  await ear.type('una bicicleta roja');
  await ear.enter('Siguiente', '/register/code');

  await ear.skip();
  await ear.to('Código');
  await ear.type('12');
  await ear.press('Enter', '/register/code');
  await ear.refused('Código');
  await ear.type(await member.code('lector.es@example.org'), '(the code)');
  await ear.press('Enter', '/register/review');

  await ear.skip();
  const box = await ear.to('CERTIFICACIÓN DE USUARIO');
  assert.equal(box.role, 'checkbox');
  await ear.key('Space');
  assert.ok((await ear.focused()).states.includes('checked'));
  await ear.enter('Finalizar', '/register/done');
  parts.push(ear.text());
  await member.close();
});

test('a recovery, in English', async () => {
  const member = await Member.registered(browser, product, cards.plain, 'listener.en', { language: 'en', name: 'reader' });
  await member.page.goto(`${product.issuer}/logout`);
  await member.press('logout-confirm');
  await member.at('/logout/done');
  const ear = await Listener.of(member);
  ear.chapter('A recovery');
  await member.page.goto(`${product.issuer}/login?lang=en`);
  await ear.open('/login');
  await ear.skip();
  await ear.enter('Forgot', '/recover');
  await ear.skip();
  await ear.enter('I forgot my password', '/recover/password');
  await ear.skip();
  await ear.to('Username');
  await ear.type('listener.en');
  await ear.press('Enter', '/recover/code');
  await ear.skip();
  await ear.to('6-digit code');
  await ear.to('Send another code');
  await ear.press('Enter', '/recover/code'); // too soon: told, no error
  assert.doesNotMatch(await member.page.title(), /^Error/);
  await ear.skip();
  await ear.to('6-digit code');
  await ear.type('000000');
  await ear.press('Enter', '/recover/code');
  await ear.refused('6-digit code');
  const mail = await member.mail('listener.en@example.org', 'Your code to change your password');
  await ear.type(mail.match(/^\s*(\d{6})\s*$/m)[1], '(the code)');
  await ear.press('Enter', '/recover/question');
  await ear.skip();
  await ear.to('What was the first thing');
  await ear.type('una bicicleta roja');
  await ear.press('Enter', '/recover/new-password');
  await ear.skip();
  await ear.to('New password');
  await ear.type('seven green boats sail', '(a new password)');
  await ear.press('Enter', '/recover/done');
  parts.push(ear.text());
  await member.close();
});

test('the desk, in English', async () => {
  const person = await hire(browser, product, 'grace', 'Grace Hart', ['read', 'recover'], { language: 'en', width: 1280 });
  const { page } = person;
  const ear = await Listener.of(person);
  ear.chapter('The desk');
  await page.goto(`${product.desk}/search`);
  await ear.open('/search');
  assert.equal((await ear.focused()).role, 'searchbox', 'the search has the focus');
  await ear.type('listener.en@example.org');
  await ear.press('Enter');
  await ear.skip();
  await ear.enter('Send the username');
  await ear.skip();
  await ear.to('Reason');
  await ear.type('Short');
  await ear.enter('Send the username');
  await ear.refused('Reason');
  await ear.key('Control+A');
  await ear.type('Called, forgot the username');
  await ear.to('Case number');
  await ear.type('HD-2001');
  await ear.press('Enter');
  parts.push(ear.text());
  await person.close();
});

test('what is said is what docs/screen-reader.md says', async () => {
  assert.equal(parts.length, 3, 'a walk failed');
  const text = `# What a screen reader says

Three walks by keyboard alone, from the browser's accessibility tree: the title and the headings of each page as it opens, what live
regions say, and each stop of the Tab key with its role, name, state and description. Without a mouse, and without seeing the page, this
is the product. \`e2e/screen-reader.test.js\` walks them and compares; \`UPDATE=1 node --test screen-reader.test.js\` writes this file anew.

${parts.join('\n')}`;
  if (process.env.UPDATE) await writeFile(record, text);
  assert.equal(text, await readFile(record, 'utf8'));
});
