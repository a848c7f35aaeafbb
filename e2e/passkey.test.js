// Passkeys: added, used beside the password and in its place, offered by the browser, taken away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { signOut, withKey } from './second_step.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const newMember = (card, username, options) => Member.registered(browser, product, card, username, { ...options, name: 'factors' });

for (const walk of [
  { card: cards.suffix, username: 'passkey.es', language: 'es', width: 320 },
  { card: cards.apostrophe, username: 'passkey.en', language: 'en', width: 1280 },
]) {
  test(`a passkey, beside the password and in its place: ${walk.language}`, async () => {
    const member = await newMember(walk.card, walk.username, walk);
    const { page } = member;
    const device = await withKey(member);
    await page.goto(`${product.issuer}/account/factors/passkey`);
    await member.look('passkey-new');
    await page.fill('#label', walk.language === 'es' ? 'mi teléfono' : 'my phone');
    if (walk.width > 320) await page.keyboard.press('Enter'); else await member.press('passkey');
    await member.at('/account/factors/saved-codes');
    const [key] = await device.keys();
    assert.equal(key.isResidentCredential, true);
    await page.goto(`${product.issuer}/account/factors`);
    await member.look('passkey-enrolled');
    await page.goto(`${product.issuer}/account/factors/passkey`);
    await member.press('passkey'); // this device has one
    await page.locator('#passkey-problem').filter({ hasText: /.+/ }).waitFor();
    await member.look('passkey-duplicate');

    await signOut(member);
    await member.look('login');
    await member.press('passkey'); // without a username
    await member.at('/account');

    await signOut(member);
    await page.focus('#username'); // the browser offers the passkey there, and the owner takes it
    await member.at('/account');

    await device.present(false); // before the page asks the device
    await signOut(member); // the owner lets the offer be, and presses the button: it takes the offer's place
    await page.evaluate(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => { document.body.dataset.asked = options.mediation; return get(options); };
    });
    await page.focus('#username');
    await page.waitForSelector('[data-asked=conditional]');
    await page.waitForTimeout(500); // until the device has it, which answers only what comes from now on
    await device.present(true);
    await page.focus('#password');
    await member.press('passkey');
    await member.at('/account');

    await device.present(false); // the owner types
    await signOut(member);
    await member.signIn(walk.username);
    await member.at('/login/factor/passkey');
    await device.present(true);
    await member.look('passkey-step');
    await device.verify(false);
    await member.press('passkey');
    await page.locator('#passkey-problem').filter({ hasText: /.+/ }).waitFor();
    await device.verify(true);
    await member.press('passkey');
    await member.at('/account');

    await page.goto(`${product.issuer}/account/factors`);
    await page.locator('a[href$="/remove"]').click();
    await member.look('passkey-remove');
    await member.press('remove');
    await member.at('/account/factors');
    await signOut(member);
    await member.press('passkey'); // the device still has it, we do not
    await page.waitForURL('**/login?note=passkey');
    await member.look('login-passkey-failed');
    await member.close();
  });
}

test('the page of a passkey judges the browser once its script is there', async () => {
  const member = await Member.registered(browser, product, cards.plain, 'slow.script', { language: 'es', width: 320, name: 'passkey' });
  const { page } = member;
  let deliver;
  const delivered = new Promise((resolve) => { deliver = resolve; });
  await page.route('**/*.js', async (route) => { await delivered; await route.continue(); });
  await page.goto(`${product.issuer}/account/factors/passkey`, { waitUntil: 'commit' });
  await page.locator('#passkey-late').waitFor(); // after five seconds, in case that the script never comes
  assert.equal(await page.locator('#passkey-none').isVisible(), false);
  deliver();
  await page.locator('#passkey').waitFor();
  assert.equal(await page.locator('#passkey-late').count(), 0);
  await page.addInitScript(() => { delete window.PublicKeyCredential; });
  await page.reload();
  await page.locator('#passkey-none').waitFor();
  await member.look('passkey-unsupported');
  await member.close();
});

test('the button of a passkey: pressed twice, too late, and where too many ask', async () => {
  const member = await Member.registered(browser, product, cards.folded, 'dos.toques', { language: 'es', width: 320, name: 'passkey' });
  const { page } = member;
  await withKey(member);
  await page.addInitScript(() => { // a finger takes its time
    for (const kind of ['get', 'create']) {
      const real = navigator.credentials[kind].bind(navigator.credentials);
      navigator.credentials[kind] = (options) => new Promise((resolve, reject) => {
        const timer = setTimeout(() => real(options).then(resolve, reject), options.mediation ? 60000 : 1500);
        options.signal?.addEventListener('abort', () => { clearTimeout(timer); reject(options.signal.reason); });
      });
    }
  });
  const twice = async () => {
    await member.press('passkey');
    await page.waitForTimeout(200);
    await member.press('passkey');
    await page.waitForTimeout(700);
    assert.equal(await page.locator('#passkey-problem').innerText(), '', 'while the device asks');
  };
  await page.goto(`${product.issuer}/account/factors/passkey`);
  await twice();
  await member.at('/account/factors/saved-codes');
  await signOut(member);
  await twice();
  await member.at('/account');

  await signOut(member);
  await member.press('passkey');
  await page.waitForTimeout(700);
  await product.sql(`update passkey_ceremonies set expires_at = now() where used_at is null`); // minutes later
  await page.waitForURL('**/login?note=passkey_over');
  await member.look('login-passkey-over');
  assert.equal(await page.locator('[data-suggest]').count(), 1, 'the browser still offers it');

  await product.sql(`update rate_limits set count = 1000000, opened_at = now() where name = 'passkey_source'`); // other browsers of one address
  await member.press('passkey');
  await page.locator('#passkey-problem').filter({ hasText: /Espere (\d+ segundos|1 minuto)/ }).waitFor();
  await member.look('login-passkey-wait');
  await member.signIn('dos.toques');
  await member.at('/login/factor/passkey'); // a password is judged all the same
  await member.close();
});
