// A new employee's first day at the desk: she is added by two administrators, begins with a passkey, and helps her first caller. Then
// she loses the passkey, and the same two help her.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { withKey } from './second_step.js';
import { firstSignIn, hire, loaded, password, press, prove } from './staff.js';
import { launch, Member } from './walk.js';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

for (const { language, width } of [{ language: 'es', width: 320 }, { language: 'en', width: 1280 }]) {
  test(`a first day in ${language} at ${width} px`, async (t) => {
    const product = await start();
    t.after(() => product.stop());
    const options = { language, width, name: 'first-day' };
    const eva = await hire(browser, product, 'eva', 'Eva Prado', ['admin'], { ...options, name: 'boss' });
    const omar = await hire(browser, product, 'omar', 'Omar Sol', ['admin'], { ...options, name: 'boss2' });
    const member = await Member.registered(browser, product, cards.apostrophe, 'first.caller', { ...options, name: 'caller' });
    await member.close();

    await eva.page.goto(`${product.desk}/people/new`);
    for (const [id, text] of [['name', 'Nueva Vega'], ['username', 'nueva'], ['email', 'nueva@desk.example'], ['reason', 'Empieza el lunes'], ['ticket', 'RH-1']]) await eva.page.fill(`#${id}`, text);
    await eva.page.selectOption('#language', language);
    await eva.page.check('#role_recover');
    await decide(eva, 'do', /^\/people\/[0-9a-f-]{36}$/);
    const address = product.desk + eva.path();
    await omar.page.goto(address);
    assert.match(await omar.page.locator('main').innerText(), /Empieza el lunes[\s\S]*RH-1/, 'who confirms sees why');
    await omar.look('confirms');
    await decide(omar, 'confirm', new URL(address).pathname);

    const nueva = await Member.open(browser, product, options);
    const { page } = nueva;
    const device = await withKey(nueva);
    await firstSignIn(nueva, 'nueva');
    await nueva.at('/reauth');
    await nueva.look('second-step');
    await loaded(nueva, page.locator('main a.primary').click());
    await nueva.at('/account/factors/passkey');
    await nueva.look('passkey');
    await nueva.press('passkey');
    await nueva.at('/account/factors/saved-codes');
    await nueva.look('codes');
    await loaded(nueva, page.locator('a.button[href^="/authorize/resume"]').click());
    await page.waitForURL(`${product.desk}/search*`);
    await nueva.look('search');

    // The first caller does not know the number.
    await page.fill('#q', 'quinn.maclean');
    await press(nueva, 'search');
    await nueva.look('nobody');
    await page.fill('#q', '');
    await page.locator('details.byname summary').click();
    const card = cards.apostrophe;
    await page.fill('#first_name', card.first);
    await page.fill('#last_name', card.last);
    await page.fill('#birth_day', String(card.day));
    await page.selectOption('#birth_month', { index: card.month });
    await nueva.look('by-name');
    await press(nueva, 'search-name');
    await nueva.look('by-name-refused');
    await page.fill('#birth_year', String(card.year));
    await loaded(nueva, page.press('#birth_year', 'Enter'));
    await page.waitForURL(/\/members\/[0-9a-f-]{36}$/);
    await nueva.look('member');
    await press(nueva, 'send_username');
    await nueva.look('act');
    await page.fill('#reason', 'No recuerda su nombre de usuario');
    await page.fill('#ticket', 'HD-1');
    await press(nueva, 'do');
    await nueva.look('done');
    await page.goto(`${product.desk}/activity`);
    await nueva.look('activity');

    // Roles change while she writes a note.
    await product.sql(`insert into support_references (reference, reason, browser, language, created_at) values ('B2C-3DF-4GH', 'password', '\\x01', '${language}', now() - interval '2 hours')`);
    await page.goto(`${product.desk}/queue/B2C-3DF-4GH`);
    await press(nueva, 'take');
    await nueva.look('case');
    const number = await page.locator('h1 .nowrap').evaluate((e) => e.getClientRects().length);
    assert.equal(number, 1, 'the number stays in one line');
    await page.fill('#note', 'Llama otra vez por la tarde');
    await eva.page.goto(address);
    await eva.page.uncheck('#role_recover');
    await eva.page.check('#role_audit');
    await eva.page.fill('#reason', 'Cambio de puesto desde hoy');
    await eva.page.fill('#ticket', 'RH-2');
    await decide(eva, 'roles-save', new URL(address).pathname);
    await eva.look('taken-and-given');
    await press(nueva, 'note-do');
    assert.match(await page.locator('main').innerText(), /Llama otra vez por la tarde/);
    await nueva.look('roles-changed');
    await omar.page.goto(address);
    await decide(omar, 'confirm', new URL(address).pathname);
    await page.goto(`${product.desk}/alerts`);
    await press(nueva, 'signin'); // who had no role for a moment is out
    await page.waitForURL(`${product.desk}/alerts`);
    await nueva.look('alerts-empty');
    await product.sql(`insert into audit_events (id, at, kind, actor, success, reason, data) select gen_random_uuid(), now(), 'staff.denied', account_id::text, false, 'limit', '{}' from staff where name = 'Omar Sol'`);
    await page.reload();
    await nueva.look('alerts');
    await loaded(nueva, page.locator('button[value^="handle_alert"]').click());
    await nueva.look('alert-handled');

    // The passkey is lost: two administrators, then all as on the first day.
    await eva.page.goto(address);
    await eva.look('person');
    await eva.page.fill('#reason', 'Perdió la llave, vino con identificación');
    await eva.page.fill('#ticket', 'RH-3');
    await product.sql(`update console_sessions set auth_time = auth_time - interval '10 minutes' where account_id = (select account_id from staff where name = 'Eva Prado')`);
    await press(eva, 'reset');
    await prove(eva, new URL(address).pathname);
    assert.equal(await eva.page.locator('.notice.warn').count(), 1, 'it is not done yet, and the page says so');
    assert.equal(await eva.page.inputValue('#ticket'), 'RH-3');
    await eva.look('not-saved');
    await decide(eva, 'reset', new URL(address).pathname);
    await omar.page.goto(address);
    await omar.look('confirms-reset');
    await decide(omar, 'confirm', new URL(address).pathname);
    await device.present(false); // it still has what we no longer know, and the browser offers it
    await page.goto(`${product.desk}/alerts`);
    await press(nueva, 'signin');
    await nueva.at('/login');
    await nueva.signIn('nueva', password);
    await nueva.page.waitForSelector('#summary'); // the former password is gone, too
    await product.sql('delete from rate_limits'); // the first code may have been mailed less than a minute ago
    await firstSignIn(nueva, 'nueva');
    await nueva.at('/reauth');
    assert.equal((await device.keys()).length, 1);
    await loaded(nueva, page.locator('main a.primary').click());
    await nueva.at('/account/factors/passkey');
    await device.present(true);
    await nueva.press('passkey');
    await nueva.at('/account/factors/saved-codes');
    await loaded(nueva, page.locator('a.button[href^="/authorize/resume"]').click());
    await page.waitForURL(`${product.desk}/search*`); // at work again, at once
    for (const person of [eva, omar, nueva]) await person.close();
  });
}

/** decide presses a button, signs in again if that is asked, presses again, and is on a path. */
async function decide(person, id, path) {
  const at = person.path();
  await press(person, id);
  if (['/signin', '/login', '/reauth', '/login/factor/totp'].includes(person.path())) {
    await prove(person, at);
    await press(person, id);
  }
  assert.match(person.path(), new RegExp(path));
}
