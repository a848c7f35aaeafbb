// The database stops answering while somebody leaves, and comes back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let kiosk;
let browser;
before(async () => { [product, kiosk, browser] = await Promise.all([start(), start({ args: ['--kiosk'] }), launch()]); });
after(async () => { await browser?.close(); await Promise.all([product?.stop(), kiosk?.stop()]); });

/** refused opens a page whose answer is a 503 on purpose. */
async function refused(member, path) {
  assert.equal((await member.page.goto(`${product.issuer}${path}`)).status(), 503);
  assert.equal(member.faults.splice(0).length, 2); // the console tells it as well
}

/** open counts the sessions that are open. */
const open = (at) => at.sql('select count(*) from sessions where ended_at is null');

const walks = [
  { card: cards.spanish, username: 'corte.es', language: 'es', width: 320, says: { open: 'Su sesión sigue abierta', step: 'Falta un paso' } },
  { card: cards.plain, username: 'outage.en', language: 'en', width: 1280, colorScheme: 'dark', says: { open: 'You are still signed in', step: 'One more step' } },
];
for (const walk of walks) {
  const heading = async (member, text) => assert.match(await member.page.locator('h1').innerText(), new RegExp(text));

  test(`signing out without the database: ${walk.username}`, async () => {
    const member = await Member.registered(browser, product, walk.card, walk.username, { ...walk, name: 'outage' });
    const { page } = member;
    const before = Number(await open(product));
    await product.whileAway(async () => {
      await refused(member, '/account');
      await member.look('unavailable');
      await refused(member, '/logout');
      await heading(member, walk.says.open);
      await member.look('still-signed-in');
    });
    await page.locator('main a.button.primary').click();
    await member.at('/logout');
    await product.whileAway(async () => {
      await member.press('logout-confirm');
      await member.at('/leave');
      await heading(member, walk.says.step);
      await member.look('one-more-step');
      await page.locator('main form button').click(); // too early
      await member.at('/leave');
      await heading(member, walk.says.step);
    });
    assert.equal(Number(await open(product)), before);
    await page.reload();
    await page.locator('main form button').click();
    await member.at('/logout/done');
    await member.look('signed-out');
    assert.equal(Number(await open(product)), before - 1);
    await member.close();
  });

  test(`leaving a kiosk without the database: ${walk.username}`, async () => {
    const member = await Member.registered(browser, kiosk, walk.card, walk.username, { ...walk, name: 'outage-kiosk' });
    const { page } = member;
    const before = Number(await open(kiosk));
    await kiosk.whileAway(async () => {
      await member.press('kiosk-leave');
      await member.at('/leave');
      await heading(member, walk.says.step);
      await member.look('one-more-step');
    });
    await page.locator('main form button').click();
    await member.at('/leave/done');
    assert.equal(Number(await open(kiosk)), before - 1);
    await member.close();
  });
}
