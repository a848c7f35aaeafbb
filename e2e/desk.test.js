// The support desk: somebody begins there, a stuck member is helped, and two people change an address.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { App } from './app.js';
import { Effort } from './effort.js';
import { cards, start } from './product.js';
import { hire as employ, idp as operate, press, prove } from './staff.js';
import { Authenticator } from './totp.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());
beforeEach(async () => { product = await start(); }); // anew: all who sign in here share a source, and its limit
afterEach(() => product?.stop());

/** idp runs one of the operator's commands. */
const idp = (...args) => operate(product, ...args);

/** hire makes a person of the desk who has walked their first day. */
const hire = (...who) => employ(browser, product, ...who);

/** spoken is the code that the member reads out: other mails may have come since. */
async function spoken(member, email) {
  const tab = await member.context.newPage();
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await tab.goto(product.mailbox);
    const link = tab.locator('li, tr, article').filter({ hasText: email }).getByRole('link', { name: /llamada|call/ }).first();
    if (await link.count()) {
      await link.click();
      const [, code] = (await tab.locator('body').innerText()).match(/^\s*(\d{6})\s*$/m);
      await tab.close();
      return code;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no code for the call was mailed to ${email}`);
}

async function find(person, value) {
  const { page } = person;
  await page.goto(`${product.desk}/search`);
  await page.fill('#q', value);
  await press(person, 'search');
}

/** register makes a member with an account, who is signed out. */
async function register(card, username, language) {
  const member = await Member.open(browser, product, { language, name: 'desk-member' });
  await member.page.goto(`${product.issuer}/login?lang=${language}`);
  await member.agreeQuietly();
  await member.fillIn(card, { username });
  await member.page.waitForURL(`${product.issuer}/register/done*`);
  await member.page.goto(`${product.issuer}/logout`);
  await member.press('logout-confirm');
  await member.at('/logout/done');
  return member;
}

/** lockOut makes the password wait: five wrong ones at somebody else's device. */
async function lockOut(member, username) {
  await member.context.clearCookies();
  for (let i = 0; i < 5; i += 1) {
    await member.page.goto(`${product.issuer}/login?lang=${member.language}`);
    await member.signIn(username, `no es esta contraseña ${i}`); // the same one again would count once
  }
}

const days = [
  { language: 'es', width: 1280, card: cards.spanish, member: 'desk.maria', person: 'rosa', other: 'luis' },
  { language: 'en', width: 320, card: cards.plain, member: 'desk.ana', person: 'grace', other: 'henry', colorScheme: 'dark' },
];
for (const day of days) {
  test(`a day at the desk in ${day.language}`, async () => {
    const member = await register(day.card, day.member, day.language);
    const person = await hire(day.person, 'Rosa Vega', ['read', 'recover'], day);
    const { page } = person;
    const why = async (spanish, english, ticket) => {
      await page.fill('#reason', day.language === 'es' ? spanish : english);
      await page.fill('#ticket', ticket);
    };
    await person.look('search');

    // Nothing by half a value; the member by the whole one.
    await find(person, day.member.slice(0, -1));
    await person.look('nobody');
    await find(person, day.card.number);
    await page.waitForURL((url) => url.pathname.startsWith('/members/'));
    await person.look('member');
    const address = page.url();
    assert.ok(!address.includes(day.member) && !address.includes(day.card.number), 'nothing personal in the address');

    // An act before the caller is verified is refused.
    await press(person, 'change_email');
    await page.fill('#email', 'otra@example.org');
    await why('Perdió el correo de antes', 'Lost the former mailbox', 'HD-1001');
    await press(person, 'do');
    await page.waitForSelector('#summary');
    await person.look('not-verified');

    // The code that the caller reads out.
    await page.goto(address);
    await press(person, 'verify');
    await person.look('verify');
    await press(person, 'send');
    await person.look('send');
    while (await page.locator('#sent').count() === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5000));
      await press(person, 'send');
    }
    await person.look('code-sent');
    await page.fill('#code', '000000');
    await press(person, 'save');
    await page.waitForSelector('#summary');
    await person.look('no-match');
    await page.fill('#code', await spoken(member, `${day.member}@example.org`));
    await press(person, 'save');
    await page.waitForURL((url) => url.search === '?caller=match');
    await person.look('verified');

    // A stuck member, and the lock taken away.
    await lockOut(member, day.member);
    await page.goto(address);
    await person.look('stuck');
    if (day.width > 320) {
      const ends = await page.evaluate(() => Math.max(...[...document.querySelectorAll('.member .card')].map((card) => card.getBoundingClientRect().bottom + scrollY)));
      assert.ok(ends <= 800, `the member is seen without scrolling at 1280 x 800: ${ends}`);
    }
    assert.equal(await page.locator('.stuck li').count(), 1);
    await press(person, 'release_lock');
    await why('No puede entrar y llamó', 'Cannot sign in, called us', 'HD-1002');
    await person.look('release');
    await press(person, 'do');
    await page.waitForURL((url) => url.search === '?done=release_lock');
    await person.look('released');
    assert.equal(await page.locator('.stuck li').count(), 0);
    await member.page.goto(`${product.issuer}/login?lang=${day.language}`);
    await member.signIn(day.member);
    await member.at('/account');
    await member.page.goto(`${product.issuer}/account/history`);
    await member.look('history');

    // A step-up asks for the proof anew and leads back to where one was.
    const place = new URL(address).pathname;
    await page.goto(`${product.desk}/signin?step=up&return=${place}`);
    await page.waitForURL(`${product.issuer}/**`); // the provider asks again
    await prove(person, place);
    assert.equal(person.path(), place);

    // Another address: asked for by one, allowed by another, held for a day.
    await page.goto(`${address}/acts/change_email`);
    await page.fill('#email', 'otra@example.org');
    await why('Perdió el correo de antes', 'Lost the former mailbox', 'HD-1003');
    await person.look('change-email');
    await press(person, 'do');
    await page.waitForURL((url) => url.search === '?asked=change_email');
    await person.look('asked');
    await page.goto(`${address}/acts/change_email`);
    await person.look('asked-before');
    assert.equal(await page.locator('#email').count(), 0, 'one request of a kind at a time');
    assert.equal(await page.locator('#withdraw').count(), 1);

    const second = await hire(day.other, 'Luis Prado', ['read', 'approve'], { ...day, width: 1280 });
    await second.page.goto(`${product.desk}/approvals`);
    await second.look('approvals');
    await second.page.locator('a[href^="/approvals/"]').click();
    await second.look('approval');
    await press(second, 'approve');
    await second.page.waitForURL((url) => url.search === '?done=approved');
    await second.look('approved');
    await page.goto(address);
    await person.look('held');
    await page.emulateMedia({ media: 'print' }); // no acts, and no "today"
    assert.equal(await page.locator('.doing').isVisible(), false);
    for (const [title, printed, shown] of await page.locator('.timeline time').evaluateAll((all) => all.map((time) => [time.title, getComputedStyle(time, '::after').content, getComputedStyle(time.firstChild).display]))) {
      assert.match(title, /20\d\d/);
      assert.deepEqual([printed, shown], [JSON.stringify(title), 'none']);
    }
    await page.emulateMedia({ media: null });
    assert.equal(await page.locator('.held').count(), 1);
    await page.goto(`${address}/acts/change_email`);
    await person.look('on-hold');
    assert.equal(await page.locator('#email').count(), 0);
    assert.equal(await page.locator('#stop').count(), 1);
    await page.goto(address);

    // Keys, and the way out.
    if (day.width > 320) {
      await page.keyboard.press('?');
      assert.ok(await page.locator('#keys').isVisible(), 'the keys are shown');
      await person.look('keys');
      await page.keyboard.press('Escape');
      await page.locator('#keys').waitFor({ state: 'hidden' });
      await page.keyboard.press('/');
      await person.at('/search');
    }
    await page.goto(`${product.desk}/activity`);
    await person.look('activity');
    await page.goto(`${product.desk}/logout`);
    await person.look('sign-out');
    await press(person, 'logout-confirm');
    await person.at('/');
    await page.goto(address);
    await person.at('/');
    await page.goto(`${product.issuer}/account`); // the sign-in at the provider is over as well
    await person.at('/login');

    // Who is removed is out at the next click.
    await idp('staff', 'remove', day.other);
    const answer = await second.page.goto(`${product.desk}/approvals`);
    assert.equal(answer.status(), 403, 'told so at the address they asked for');
    for (const who of [member, person, second]) await who.close();
  });
}

// Every act that one person may do alone, the third help that needs another, and the audit's export.
for (const day of [
  { language: 'es', width: 320, card: cards.folded, member: 'actos.juan', person: 'actos.vera', username: 'Su nombre de usuario', reset: 'Su código para crear otra contraseña' },
  { language: 'en', width: 1280, card: cards.suffix, member: 'acts.james', person: 'acts.vera', username: 'Your username', reset: 'Your code to create a new password' },
]) {
  test(`the acts of the desk in ${day.language}`, async () => {
    const member = await Member.open(browser, product, { language: day.language, name: 'acts-member' });
    await member.page.goto(`${product.issuer}/login?lang=${day.language}`);
    await member.agreeQuietly();
    await member.fillIn(day.card, { username: day.member });
    await member.page.waitForURL(`${product.issuer}/register/done*`);
    await member.page.goto(`${product.issuer}/account/factors/totp`); // a second step, for the desk to take away
    const app = new Authenticator(await member.page.locator('.key').innerText(), product);
    await member.page.fill('#code', await app.code());
    await member.press('activate');
    await member.at('/account/factors/saved-codes');

    const person = await hire(day.person, 'Vera Sol', ['recover', 'admin', 'audit'], { ...day, name: 'acts' });
    const { page } = person;
    const effort = day.width > 320 && new Effort(person); // by mouse on the small screen
    await page.goto(`${product.desk}/search`);
    if (effort) {
      effort.begin('find a member by username');
      await effort.type(day.member);
      await effort.load();
    } else await find(person, day.member);
    await page.waitForURL((url) => url.pathname.startsWith('/members/'));
    const address = page.url();
    if (effort) {
      effort.begin('note that the caller is here in person');
      await effort.load('v');
      await effort.to('input[name=method]');
      while (!await effort.focusOn('#method-in_person')) await effort.key('ArrowDown');
      for (const n of [1, 2]) {
        await effort.to(`#say-in_person-${n}`);
        await effort.key('Space');
      }
      await effort.load();
    } else {
      await press(person, 'verify');
      await page.check('#method-in_person');
      for (const n of [1, 2]) await page.check(`#say-in_person-${n}`);
      await press(person, 'save');
    }
    await page.waitForURL((url) => url.pathname === new URL(address).pathname && url.search !== '');
    await person.look('in-person');
    const act = async (name, outcome, title) => {
      const [reason, ticket] = [day.language === 'es' ? 'La persona vino a la oficina' : 'The person came to the office', 'HD-2001'];
      if (effort) {
        effort.begin(title);
        await effort.load(await page.locator(`#${name}`).getAttribute('aria-keyshortcuts'));
        await effort.fill('#reason', reason);
        await effort.fill('#ticket', ticket);
      } else {
        await page.goto(address);
        await press(person, name);
        await page.fill('#reason', reason);
        await page.fill('#ticket', ticket);
      }
      await person.look(name);
      await (effort ? effort.load() : press(person, 'do'));
      await page.waitForURL((url) => url.search === `?${outcome}=${name}`);
      await person.look(`${outcome}-${name}`);
    };
    const locked = async () => {
      await member.page.goto(`${product.issuer}/account`);
      await member.at('/login');
      await member.signIn(day.member);
    };

    await act('end_sessions', 'done', 'end every session');
    await locked();
    await member.at('/login/factor/totp'); // the sessions are over, the account is not
    await act('disable', 'done', 'deactivate the account');
    await locked();
    await member.page.waitForSelector('#summary');
    await act('enable', 'done', 'reactivate it');
    await locked();
    await member.at('/login/factor/totp');
    await act('send_username', 'done', 'send the username');
    assert.match(await member.mail(`${day.member}@example.org`, day.username), new RegExp(day.member));
    await act('start_reset', 'done', 'send a code for a new password');
    assert.match(await member.mail(`${day.member}@example.org`, day.reset), /^\s*\d{6}\s*$/m);
    await act('reset_factor', 'asked', 'ask to remove the two-step verification'); // the third help in a week: another person's word

    if (effort) {
      await product.sql(`insert into support_references (reference, reason, browser, language, created_at) values ('B2C-3DF-4GH', 'password', '\\x01', 'en', now() - interval '2 hours')`);
      effort.begin('take the oldest case of the queue, and finish it with a note');
      await effort.load('q');
      await effort.key('j');
      await effort.load('t');
      await effort.fill('#note', 'Has a new password now');
      await effort.follow('#finish');
      await product.sql(`insert into audit_events (id, at, kind, actor, success, reason, data) values (gen_random_uuid(), now(), 'grant.code_replayed', '', false, '', '{}')`);
      effort.begin('handle an alert');
      await effort.follow('.band a[href="/alerts"]');
      await effort.key('j'); // a row that leads to nobody
      await effort.load();
      assert.equal(new URL(page.url()).searchParams.get('done'), 'handle_alert');
      effort.begin('find a member by name and birth date');
      await effort.load('/');
      await effort.to('.byname summary');
      await effort.key('Enter');
      const { first, last, month, day: birthday, year } = day.card;
      await effort.fill('#first_name', first);
      await effort.fill('#last_name', last);
      await effort.to('#birth_month');
      for (let i = 0; i < month; i += 1) await effort.key('ArrowDown');
      await effort.fill('#birth_day', String(birthday));
      await effort.fill('#birth_year', String(year));
      await effort.load();
      assert.equal(page.url(), address);
      effort.rest();
      await effort.compare();
    }

    await page.goto(`${product.desk}/audit`);
    await page.fill('#reason', 'A look at this day for a test');
    await page.fill('#ticket', 'HD-2002');
    await person.look('audit');
    const [download] = await Promise.all([page.waitForEvent('download'), person.press('do')]);
    const rows = (await readFile(await download.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
    assert.ok(rows.some((row) => row.kind === 'staff_acted' || row.kind.startsWith('staff.')), 'the acts are in the audit');

    await page.goto(`${product.desk}/figures`);
    await person.look('figures');
    const [file] = await Promise.all([page.waitForEvent('download'), person.press('file')]);
    assert.match(await readFile(await file.path(), 'utf8'), /^day,figure,cause,outcome,count,median_seconds,person\n[\s\S]*,registration,,finished,1,,\n/);
    await person.press('app-figures');
    await person.look('app-figures');
    assert.equal(await page.locator('#members').innerText(), '0');
    for (const who of [member, person]) await who.close();
  });
}

test('an app with the scope admin calls the API', async (t) => {
  const person = await hire('api.person', 'Ada Ruiz', ['recover', 'audit'], { language: 'en', width: 1280 });
  const api = `${product.desk}/admin/v1`;
  const app = await App.register(product, { client_name: 'Call centre', profile: 'own', scope: 'openid admin', audience: [api] });
  t.after(() => app.close()); // else a failing test never ends
  const token = async (parameters) => {
    const request = await app.ask({ scope: 'openid admin', ...parameters });
    await person.page.goto(request.url);
    await person.page.waitForURL(`${app.callback}*`);
    return (await app.redeem(request, person.page.url())).access_token;
  };
  const call = (method, path, access, body) => fetch(api + path, {
    method, headers: { authorization: `Bearer ${access}`, 'content-type': 'application/json', 'idempotency-key': 'a-key-of-its-own' }, body: body && JSON.stringify(body),
  });
  const right = await token({ resource: api });
  const me = await call('GET', '/me', right);
  assert.equal(me.status, 200);
  assert.deepEqual((await me.json()).roles, ['audit', 'recover']);
  const nobody = await call('POST', '/members/search', right, { by: 'username', value: 'nobody.here' });
  assert.deepEqual(await nobody.json(), { matches: 0 });
  const span = { from: new Date(Date.now() - 3600e3), to: new Date(Date.now() + 60e3), reason: 'A look at the last hour', ticket: 'A-1' };
  const rows = await call('POST', '/audit/export', right, span);
  const lines = (await rows.text()).trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.some((line) => line.kind === 'staff.exported_audit'), 'the export records itself');
  assert.ok(!JSON.stringify(lines).includes('@'), 'no address in the audit');
  const denied = await call('GET', '/approvals', right);
  assert.equal(denied.status, 403);
  assert.equal(denied.headers.get('content-type'), 'application/problem+json');
  assert.equal((await denied.json()).type, 'urn:huskyidp:problem:forbidden');
  const elsewhere = await call('GET', '/me', await token({})); // a token for the provider itself
  assert.equal(elsewhere.status, 401);
  assert.match(elsewhere.headers.get('www-authenticate'), /^Bearer error="invalid_token", error_description="/);
  await idp('staff', 'role', 'api.person', 'read');
  assert.equal((await call('POST', '/audit/export', right, span)).status, 403); // at once
  assert.deepEqual((await (await call('GET', '/me', right)).json()).roles, ['read']);
  await idp('staff', 'remove', 'api.person');
  assert.equal((await call('GET', '/me', right)).status, 401); // the account is closed
  await person.close();
});

test('what another site leads here arrives with its cookies', async () => {
  const response = await (await browser.newContext()).request.get(`${product.desk}/search`, { headers: { 'sec-fetch-site': 'cross-site' }, maxRedirects: 0 });
  assert.equal(response.status(), 200);
  assert.equal(response.headers()['set-cookie'], undefined);
  assert.equal(response.headers().refresh, '0; url=/search');
});

test('open pages of the console keep no session that nobody uses, and lose nothing of one that is used', async () => {
  const rosa = await hire('rosa', 'Rosa Ejemplar', ['read'], { language: 'es', width: 1280 });
  const { page } = rosa;
  const unused = (minutes) => product.sql(`update console_sessions set last_seen_at = now() - interval '${minutes} minutes'`);
  const lastUse = () => product.sql('select max(last_seen_at) from console_sessions');
  await page.clock.install();
  await page.goto(`${product.desk}/search`);
  await page.fill('#q', '004123789');
  await unused(5); // used in another tab
  let before = await lastUse();
  await Promise.all([page.waitForResponse((r) => r.url() === `${product.desk}/left`), page.clock.fastForward(16 * 60 * 1000)]);
  await page.clock.runFor(2000);
  assert.equal(await page.inputValue('#q'), '004123789');
  assert.equal(await lastUse(), before, 'asking is no use');
  await unused(13);
  await page.clock.fastForward(13 * 60 * 1000);
  await page.locator('#timeout').waitFor({ state: 'visible' });
  const [kept] = await Promise.all([page.waitForResponse((r) => r.url() === `${product.desk}/alive`), page.locator('[data-stay]').click()]);
  assert.equal(kept.status(), 204);
  assert.equal(await page.inputValue('#q'), '004123789');
  await unused(15.1);
  before = await lastUse();
  await page.clock.fastForward(16 * 60 * 1000);
  await rosa.at('/');
  assert.equal(await lastUse(), before, 'leaving is no use');
  await rosa.close();
});
