// The queue of the support desk: a refused registration waits, two people want to help, a note outlives the session.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { hire, press, prove } from './staff.js';
import { launch, Member } from './walk.js';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** refused is a registration that was refused three times, and its number. */
async function refused(product, language) {
  const member = await Member.open(browser, product, { language, name: 'queue-member' });
  await member.page.goto(`${product.issuer}/login?lang=${language}`);
  await member.agreeQuietly();
  for (const first of ['Nadie', 'Ninguno', 'Alguien']) {
    await member.at('/register/personal');
    await Promise.all([member.page.waitForEvent('load'), member.personal({ ...cards.suffix, first, suffix: '' })]);
  }
  await member.at('/register/locked');
  const [reference] = (await member.page.locator('main').innerText()).match(/[2-9B-Z]{3}-[2-9B-Z]{3}-[2-9B-Z]{3}/);
  await member.page.emulateMedia({ media: 'print' }); // people bring it along
  assert.ok(await member.page.locator('main .hint').first().isVisible(), 'what to write stands on paper');
  assert.ok(!await member.page.locator('.top').isVisible() && !await member.page.locator('.foot').isVisible());
  assert.equal(await member.sheets(), 1);
  await member.close();
  return reference;
}

for (const { language, width, script, colorScheme } of [
  { language: 'es', width: 1280, script: true },
  { language: 'en', width: 320, script: true, colorScheme: 'dark' },
  { language: 'en', width: 1280, script: false },
]) {
  test(`the queue in ${language} at ${width} px, ${script ? 'by keyboard' : 'without script'}`, async (t) => {
    const product = await start();
    t.after(() => product.stop());
    const options = { language, width, colorScheme, name: 'queue' };
    const rosa = await hire(browser, product, 'rosa', 'Marta Sol', ['recover'], options);
    await rosa.page.goto(`${product.desk}/queue`);
    await rosa.look('empty');
    const reference = await refused(product, language);
    await product.sql(`insert into support_references (reference, reason, browser, language, created_at) values
      ('B2C-3DF-4GH', 'password', '\\x01', 'es', now() - interval '26 hours'), ('WQW-MWM-WQW', 'other', '\\x02', 'en', now() - interval '3 days')`);
    const luis = await hire(browser, product, 'luis', 'Luis Prado', ['recover'], options);
    if (!script) { // the same sessions in browsers that run none
      for (const person of [rosa, luis]) {
        const state = await person.context.storageState();
        await person.context.close();
        person.context = await browser.newContext({ locale: 'en-US', viewport: { width, height: 900 }, javaScriptEnabled: false, storageState: state });
        Object.assign(person, { page: await person.context.newPage(), script: false });
      }
    }
    const { page } = rosa;
    await page.goto(`${product.desk}/queue`);
    await rosa.look('queue');
    assert.deepEqual(await page.locator('.queue h2').allInnerTexts(), ['WQW-MWM-WQW', 'B2C-3DF-4GH', reference], 'who waits longest is first');
    await press(rosa, 'turn');
    assert.equal(await page.locator('.queue h2').first().innerText(), reference);
    await page.goto(`${product.desk}/queue?need=identity_locked`);
    assert.equal(await page.locator('.queue > li').count(), 1);

    // Both see it, Rosa is first.
    await luis.page.goto(`${product.desk}/queue`);
    const take = (person) => person.page.locator(`button[value^="take_case ${reference}"]`);
    if (script) {
      await page.keyboard.press('j');
      assert.equal(await page.evaluate(() => document.activeElement.innerText), reference);
      await page.keyboard.press('t');
    } else {
      await take(rosa).click();
    }
    await rosa.at(`/queue/${reference}`);
    await rosa.look('taken');
    const facts = await page.locator('.case').innerText();
    assert.match(facts, language === 'es' ? /3 veces/ : /3 times/);
    assert.ok(!/Thornwickle|310542266|Nadie|1971/.test(facts), 'names of fields, never values');
    if (width > 320) {
      const ends = await page.locator('.case .buttons').first().boundingBox();
      assert.ok(ends.y + ends.height <= 800, `the case is seen without scrolling at 1280 x 800: ${ends.y + ends.height}`);
    }
    await take(luis).click();
    await luis.page.waitForSelector('#summary');
    assert.match(await luis.page.locator('#summary').innerText(), /Marta Sol/);
    await luis.look('told-who');

    // The session ends while Rosa writes.
    const text = language === 'es' ? 'Llamar después de las 3' : 'Call after 3';
    await page.fill('#note', text);
    await product.sql(`update console_sessions set last_seen_at = now() - interval '16 minutes' where account_id = (select account_id from staff where name = 'Marta Sol')`);
    await page.locator('#note-do').click();
    await rosa.at('/');
    await rosa.look('door-kept');
    await page.locator('#signin').click();
    await prove(rosa, `/queue/${reference}`);
    assert.equal(await page.inputValue('#note'), text);
    await rosa.look('kept');
    await page.locator('#note-do').click();
    await page.waitForURL((url) => url.search === '?done=note_case');
    await rosa.look('noted');
    assert.match(await page.locator('.timeline').innerText(), new RegExp(text));
    await page.goBack();
    await page.goForward();

    // Handed over, taken by Luis, done.
    if (script) await page.keyboard.press('h'); else await page.locator('#hand-over').click();
    await rosa.at('/queue');
    await rosa.look('handed-over');
    await luis.page.goto(`${product.desk}/queue/${reference}`);
    await luis.page.locator('#take').click();
    await luis.page.waitForURL((url) => url.search === '?done=take_case');
    await luis.page.locator('#finish').click();
    await luis.at('/queue');
    await luis.look('done');
    await luis.page.goto(`${product.desk}/queue?show=done`);
    await luis.look('done-list');
    assert.deepEqual(await luis.page.locator('.queue h2').allInnerTexts(), [reference]);
    await luis.page.goto(`${product.desk}/queue/${reference}`);
    await luis.look('done-case');
    await luis.page.locator('#open').click();
    await luis.page.waitForURL((url) => url.pathname.startsWith('/members/'));
    for (const who of [rosa, luis]) await who.close();
  });
}

test('a page that sees its session end keeps what was written', async (t) => {
  const product = await start();
  t.after(() => product.stop());
  const rosa = await hire(browser, product, 'rosa', 'Marta Sol', ['recover'], { language: 'es', width: 1280 });
  const { page } = rosa;
  await product.sql(`insert into support_references (reference, reason, browser, language, created_at) values ('B2C-3DF-4GH', 'password', '\\x01', 'es', now())`);
  await page.clock.install();
  await page.goto(`${product.desk}/queue/B2C-3DF-4GH`);
  await page.fill('#note', 'A medio escribir');
  await product.sql(`update console_sessions set last_seen_at = now() - interval '16 minutes'`);
  await page.clock.fastForward(16 * 60 * 1000);
  await rosa.at('/');
  await page.clock.resume();
  await page.locator('#signin').click();
  await prove(rosa, '/queue/B2C-3DF-4GH');
  assert.equal(await page.inputValue('#note'), 'A medio escribir');
  assert.equal(await product.sql('select count(*) from desk_notes'), '0');
  await rosa.close();
});
