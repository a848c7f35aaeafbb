// What members do for themselves: another address, their data to take along, the end of the account, a device to remember.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { Authenticator } from './totp.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const newMember = (card, username, options) => Member.registered(browser, product, card, username, { ...options, name: 'self' });

/** addTwoStep adds an authenticator app. */
async function addTwoStep(member) {
  const { page } = member;
  await page.goto(`${product.issuer}/account/factors/totp`);
  const app = new Authenticator(await page.locator('.key').innerText(), product);
  await page.fill('#code', await app.code());
  await member.press('activate');
  await member.at('/account/factors/saved-codes');
  return app;
}

/** stepUp proves who it is where a page asks first. */
async function stepUp(member, app, password = 'cuatro caballos azules corren') {
  const { page } = member;
  await page.waitForURL((url) => ['/reauth', '/login/factor/totp'].includes(url.pathname));
  if (member.path() === '/reauth') { // else the password was typed just now
    await page.fill('#password', password);
    await member.press('next');
  }
  if (!app) return;
  await member.at('/login/factor/totp');
  await page.fill('#code', await app.code());
  await member.press('next');
}

/** stale makes the last proof of every session older than a sensitive change accepts. */
const stale = () => product.sql("update sessions set auth_time = auth_time - interval '6 minutes' where ended_at is null");

const walks = [
  { card: cards.spanish, username: 'propia.es', language: 'es', width: 320 },
  { card: cards.plain, username: 'own.en', language: 'en', width: 1280, colorScheme: 'dark' },
  { card: cards.folded, username: 'propia.noscript', language: 'es', width: 320, script: false },
];
for (const walk of walks) {
  test(`another address and the data to take along: ${walk.username}`, async () => {
    const member = await newMember(walk.card, walk.username, walk);
    const { page } = member;
    await page.goto(`${product.issuer}/account/email`);
    await member.look('email-needs-two-step');
    await page.locator('main a[href="/account/factors"]').click();
    await member.at('/account/factors');
    const app = await addTwoStep(member);

    await page.goto(`${product.issuer}/account/email`);
    await member.look('email-factor-new');
    await product.sql("update account_totp set confirmed_at = now() - interval '25 hours'");
    await stale();
    await page.goto(`${product.issuer}/account/email`);
    await stepUp(member, app);
    await member.at('/account/email');
    await member.look('email');
    const address = `nueva.${walk.username}@example.org`;
    await page.fill('#email', address);
    await page.fill('#email_again', address);
    await member.press('next');
    await member.at('/account/email/code');
    await page.fill('#code', await member.code(address));
    await member.press('next');
    await member.at('/account/email');
    assert.equal(await page.locator('#email').count(), 0);
    await member.look('email-waits');
    const told = await member.mail(`${walk.username}@example.org`, walk.language === 'es' ? 'Pidieron cambiar su correo electrónico' : 'Someone asked to change your email address');
    assert.match(told, /cancel-change\?link=/);

    await stale();
    await page.goto(`${product.issuer}/account`);
    await page.locator('main a[href="/account/data"]').click();
    await stepUp(member, app);
    await member.at('/account/data');
    await member.look('data');
    await member.press('show');
    await page.locator('#history').waitFor({ state: 'attached' });
    await member.look('data-shown');
    assert.match(await page.locator('main').innerText(), new RegExp(`${walk.username}@example.org`));
    const [download] = await Promise.all([page.waitForEvent('download'), member.press('file')]);
    assert.equal(download.suggestedFilename(), 'husky-account.json');
    const data = JSON.parse(await readFile(await download.path(), 'utf8'));
    assert.equal(data.account.username, walk.username);
    assert.equal(data.card.client_id_number, walk.card.number);
    assert.deepEqual(data.accepted.map((text) => text.kind).sort(), ['agreement', 'certification']);
    assert.equal(data.changes_on_hold[0].change, 'change_email');
    await page.goto(`${product.issuer}/account/history`);
    await member.look('history');

    // The mail's link is open on the phone when the account's own page stops the change.
    const phone = await Member.open(browser, product, { ...walk, name: 'self-link' });
    await phone.page.goto(told.match(/http:\S+\/cancel-change\?link=\S+/)[0]);
    await phone.look('stop-link');
    await page.goto(`${product.issuer}/account`);
    await page.locator('form[action*="/account/held/"] button').click();
    await page.locator('.notice.ok').waitFor();
    await member.look('change-stopped');
    await phone.press('stop');
    await phone.page.locator('#stop').waitFor({ state: 'detached' });
    await phone.look('stopped-before');
    assert.equal(await phone.page.locator('h1').innerText(), walk.language === 'es' ? 'El cambio ya estaba detenido' : 'The change was already stopped');
    await phone.close();
    await member.close();
  });
}

const closings = [
  { card: cards.suffix, username: 'cierra.es', language: 'es', width: 320, says: { title: 'Su cuenta se va a desactivar', kept: 'Su cuenta sigue activa' } },
  { card: cards.hyphen, username: 'closes.en', language: 'en', width: 1280, script: false, says: { title: 'Your account will be deactivated', kept: 'Your account stays active' } },
];
for (const walk of closings) {
  test(`an account is closed, taken back, and closed again: ${walk.username}`, async () => {
    const member = await newMember(walk.card, walk.username, walk);
    walk.member = member;
    const { page } = member;
    const { says } = walk;
    const elsewhere = await Member.open(browser, product, { language: walk.language });
    await elsewhere.page.goto(`${product.issuer}/login?lang=${walk.language}`);
    await elsewhere.signIn(walk.username);
    await elsewhere.at('/account');
    await stale();
    await page.goto(`${product.issuer}/account`);
    await page.locator('main a[href="/account/close"]').click();
    await stepUp(member);
    await member.at('/account/close');
    await member.look('close');
    assert.match(await page.locator('#close').innerText(), new RegExp(walk.username));
    await page.fill('#password', 'cuatro caballos azules corren');
    await member.press('close');
    await member.at('/account/closing');
    await member.look('closing');
    assert.match(await page.locator('h1').innerText(), new RegExp(says.title));
    await elsewhere.page.reload();
    await elsewhere.at('/login');
    await elsewhere.close();
    await page.goBack();
    await page.goto(`${product.issuer}/account/closing`); // its address alone tells nothing
    await member.at('/login');
    assert.match(await member.mail(`${walk.username}@example.org`, says.title), /cancel-change\?link=/);

    await member.signIn(walk.username);
    await member.at('/account');
    assert.match(await page.locator('.notice.ok').innerText(), new RegExp(says.kept));
    await member.look('kept');
    await member.mail(`${walk.username}@example.org`, says.kept);

    await page.goto(`${product.issuer}/account/close`);
    await page.fill('#password', 'cuatro caballos azules corren');
    await member.press('close');
    await member.at('/account/closing');
  });
}

test('accounts are closed for good once their time is over, and their cards make others', async () => {
  await product.sql("update held_changes set apply_at = now() where act = 'close_account' and state = 'held'");
  for (let waited = 0; await product.sql('select count(*) from accounts where closed_at is not null') !== String(closings.length); waited += 1) {
    assert.ok(waited < 120, 'the accounts are not closed two minutes after their time');
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  for (const { card, username, member } of closings) {
    const { page } = member;
    await page.goto(`${product.issuer}/login`);
    await member.signIn(username);
    await member.at('/login');
    assert.match(await page.title(), /Error/);
    await product.sql('delete from rate_limits'); // the week is over, and with it the minute between two codes for one member
    await page.goto(`${product.issuer}/login`);
    await member.agreeQuietly();
    await member.fillIn(card, { username: `${username}.2` });
    await page.waitForURL(`${product.issuer}/register/done*`);
    await member.close();
  }
});

for (const walk of [
  { card: cards.apostrophe, username: 'recuerda.es', language: 'es', width: 320 },
  { card: { number: '163309480', first: 'Noah', last: 'Maplesbye', suffix: '', year: 2005, month: 10, day: 13 }, username: 'remembers.en', language: 'en', width: 1280, script: false },
]) {
  test(`a device is remembered and forgotten: ${walk.username}`, async () => {
    const member = await newMember(walk.card, walk.username, walk);
    const { page } = member;
    const app = await addTwoStep(member);
    const signOut = async () => {
      await page.goto(`${product.issuer}/logout`);
      await member.press('logout-confirm');
      await member.at('/logout/done');
      await page.goto(`${product.issuer}/login`);
      await member.signIn(walk.username);
    };
    await signOut();
    await member.at('/login/factor/totp');
    await member.look('second-step');
    await page.check('#remember');
    await page.fill('#code', await app.code());
    await member.press('next');
    await member.at('/account');
    await signOut();
    await member.at('/account'); // the password alone
    await page.goto(`${product.issuer}/account/sessions`);
    await member.look('remembered');
    await page.locator('button[name="forget"]').click();
    await stepUp(member, app); // what is open by a password alone ends nothing
    await member.at('/account/sessions');
    await page.locator('button[name="forget"]').click();
    await page.locator('.notice.ok').waitFor();
    assert.equal(await page.locator('button[name="forget"]').count(), 0);
    await page.goto(`${product.issuer}/account/history`);
    await member.look('remembered-history');
    await signOut();
    await member.at('/login/factor/totp');
    await member.close();
  });
}

test('a passkey is offered once, where the device can make one', async () => {
  const card = { number: '158021774', first: 'Begoña', last: 'Arboleña', suffix: '', year: 1988, month: 4, day: 7 };
  const member = await newMember(card, 'huella.es', { language: 'es', width: 320 });
  const { page } = member;
  const client = await member.context.newCDPSession(page);
  await client.send('WebAuthn.enable');
  await client.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto(`${product.issuer}/logout`);
  await member.press('logout-confirm');
  await page.goto(`${product.issuer}/login`);
  await page.waitForFunction(() => document.querySelector('[name="platform"]').value === 'yes');
  await member.signIn('huella.es');
  await member.at('/login/passkey-offer');
  await member.look('offer');
  await member.press('create');
  await member.at('/account/factors/passkey');
  await member.press('passkey');
  await member.at('/account/factors/saved-codes');
  await page.goto(`${product.issuer}/login/passkey-offer`);
  await member.at('/account');
  await member.close();
});
