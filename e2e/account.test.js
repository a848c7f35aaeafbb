// The account page of a signed-in member: every page of the section, what can be changed there, and the end of a session.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { App } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let app;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  app = await App.register(product, { client_name: 'Mi Diario de Salud', profile: 'partner', operator_name: 'Diario, S. A.', operator_verified: true });
});
after(async () => { app?.close(); await browser?.close(); await product?.stop(); });

const walks = [
  { card: cards.spanish, username: 'cuenta.es', language: 'es', width: 320, says: { saved: 'Su contraseña cambió', question: 'Guardamos su pregunta', ended: 'La sesión se cerró', stopped: 'ya no tiene permiso', language: 'We saved your language' } },
  { card: cards.plain, username: 'account.en', language: 'en', width: 1280, colorScheme: 'dark', says: { saved: 'Your password has changed', question: 'We saved your question', ended: 'The session has ended', stopped: 'no longer has permission', language: 'Guardamos su idioma' } },
  { card: cards.folded, username: 'cuenta.noscript', language: 'es', width: 320, script: false, says: { saved: 'Su contraseña cambió', question: 'Guardamos su pregunta', ended: 'La sesión se cerró', stopped: 'ya no tiene permiso', language: 'We saved your language' } },
];
for (const walk of walks) {
  test(`the account's pages: ${walk.username}`, async () => {
    const { says } = walk;
    const member = await Member.open(browser, product, { ...walk, name: walk.script === false ? 'account-noscript' : 'account' });
    const { page } = member;
    const notice = async (text) => assert.match(await page.locator('.notice.ok').innerText(), new RegExp(text));
    const request = await app.ask({ scope: 'openid profile offline_access', prompt: 'create', ui_locales: walk.language });
    await page.goto(request.url);
    await member.press('agree');
    await member.fillIn(walk.card, { username: walk.username });
    await member.at('/consent');
    await member.press('consent-accept');
    await page.waitForURL(`${app.callback}*`);
    await app.redeem(request, page.url());
    await page.goto(`${product.issuer}/account`);
    await member.look('home');

    for (const section of ['password', 'factors', 'question', 'language', 'sessions', 'apps', 'history']) {
      if (walk.width < 768) await page.locator('details.menu summary').click();
      await page.locator(`nav a[href="/account/${section}"]:visible`).click();
      await member.at(`/account/${section}`);
      assert.equal(await page.locator('nav [aria-current="page"]').first().getAttribute('href'), `/account/${section}`);
      await member.look(section);
    }
    await page.goto(`${product.issuer}/account/email`);
    await member.look('email');
    await page.setViewportSize({ width: 1000, height: 700 }); // a landscape sheet
    await page.emulateMedia({ media: 'print' });
    assert.ok((await page.locator('main').boundingBox()).width > 500, 'on paper the page has the width of the sheet');
    await page.emulateMedia({ media: null });
    await page.setViewportSize({ width: walk.width, height: 900 });

    await page.goto(`${product.issuer}/account/password`);
    await page.fill('#password', 'not my password at all');
    await page.fill('#new_password', 'corta');
    await member.press('save');
    await member.look('password-refused');
    const password = 'siete barcos verdes navegan';
    await page.fill('#password', 'cuatro caballos azules corren');
    await page.fill('#new_password', password);
    await member.press('save');
    await member.at('/account');
    await notice(says.saved);
    await member.look('password-saved');

    await page.goto(`${product.issuer}/account/question`);
    await page.selectOption('#question', { index: 2 });
    await page.fill('#answer', 'pizza');
    await member.press('save');
    await member.look('question-refused');
    await page.fill('#answer', 'el faro de la isla');
    await page.fill('#password', password);
    await member.press('save');
    await member.at('/account');
    await notice(says.question);

    const elsewhere = await Member.open(browser, product, { language: walk.language });
    await elsewhere.page.goto(`${product.issuer}/login?lang=${walk.language}`);
    await elsewhere.signIn(walk.username, password);
    await elsewhere.at('/account');
    await page.goto(`${product.issuer}/account/sessions`);
    await member.look('two-sessions');
    await page.locator('button[name="end"]').first().click();
    await notice(says.ended);
    await elsewhere.page.reload();
    await elsewhere.at('/login');
    await elsewhere.close();

    await page.goto(`${product.issuer}/account/apps`);
    await page.locator('a[href^="/account/apps/"]:not([href$="/stop"])').click();
    await member.look('receipt');
    assert.equal(await member.sheets(), 1, 'the receipt is on one sheet');
    const receipt = page.url();
    await page.locator('#complaint').click();
    await member.look('complaint');
    await member.press('complain');
    await page.locator('#kind-error').waitFor();
    await member.look('complaint-empty');
    await page.check('#kind-shared');
    await page.fill('#text', 'Me llaman de otra empresa.');
    await member.press('complain');
    await page.locator('a[href$="/stop"]').waitFor();
    await member.look('complaint-sent');
    await page.goto(receipt);
    await page.locator('a[href$="/stop"]').click();
    await member.look('stop');
    await member.press('stop');
    await member.at('/account/apps');
    await notice(says.stopped);
    await member.look('stopped');

    await page.goto(`${product.issuer}/account/language`);
    member.language = walk.language === 'es' ? 'en' : 'es';
    await page.check(`#language_${member.language}`);
    await member.press('save');
    await member.at('/account');
    await notice(says.language);
    await page.goto(`${product.issuer}/account/history`);
    await member.look('history-after');
    await member.close();
  });
}

/** unused moves the last use of every open session back, as if so many minutes had passed at the server. */
const unused = (minutes) => product.sql(`update sessions set last_seen_at = now() - interval '${minutes} minutes' where ended_at is null returning last_seen_at`);
const lastUse = () => product.sql('select max(last_seen_at) from sessions where ended_at is null');
const minutes = (n) => n * 60 * 1000;

test('an idle session warns, can be kept without a mouse, and leads back after its end', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'timeout' });
  const { page } = member;
  await page.goto(`${product.issuer}/login?lang=es`);
  await member.agreeQuietly();
  await member.fillIn(cards.suffix, { username: 'idle.es' });
  await page.waitForURL(`${product.issuer}/register/done*`);
  await page.clock.install();
  await page.goto(`${product.issuer}/account/language`);
  await page.clock.fastForward(minutes(11));
  assert.equal(await page.locator('#timeout').isVisible(), false);
  await page.focus('#save');
  await unused(12.1);
  await page.clock.fastForward(minutes(1.1));
  await page.locator('#timeout').waitFor({ state: 'visible' });
  await member.look('warning');
  assert.match(await page.locator('#timeout-body').innerText(), / 3 minutos\./);
  const [kept] = await Promise.all([page.waitForResponse((r) => r.url().endsWith('/account/alive')), page.keyboard.press('Escape')]);
  assert.equal(kept.status(), 204);
  await page.locator('#timeout').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'save');
  await page.locator('#timeout-spoken').filter({ hasText: 'Listo' }).waitFor({ state: 'attached' });

  // Without a connection the page stays, with what was typed; the next press tries again.
  await page.goto(`${product.issuer}/account/password`);
  await page.fill('#password', 'cuatro caballos azules corren');
  await unused(12.5);
  await page.clock.fastForward(minutes(12.5));
  await page.locator('#timeout').waitFor({ state: 'visible' });
  await member.context.setOffline(true);
  await page.locator('[data-stay]').click();
  await page.locator('#timeout-problem').filter({ hasText: 'No hubo respuesta' }).waitFor();
  member.faults.length = 0;
  await member.look('no-connection');
  await page.locator('[data-stay]').click();
  await page.clock.runFor(40000);
  await page.locator('#timeout-problem').filter({ hasText: 'No hubo respuesta' }).waitFor();
  await member.context.setOffline(false);
  member.faults.length = 0;
  await Promise.all([page.waitForResponse((r) => r.url().endsWith('/account/alive')), page.locator('[data-stay]').click()]);
  await page.locator('#timeout').waitFor({ state: 'hidden' });
  assert.equal(await page.inputValue('#password'), 'cuatro caballos azules corren');

  // A clock that is set back by a day does not silence the warning.
  await page.clock.setSystemTime(await page.evaluate(() => Date.now()) - minutes(24 * 60));
  await unused(12.5);
  await page.clock.fastForward(minutes(12.5));
  await page.locator('#timeout').waitFor({ state: 'visible' });

  // A page that could not ask goes to the end by itself; the session is open after all, and it leads back.
  const mark = await page.locator('#timeout').getAttribute('data-of');
  await page.goto(`${product.issuer}/account/ended?of=${mark}&return=/account/language`);
  await member.at('/account/language');

  await unused(13);
  await page.clock.fastForward(minutes(13));
  await page.locator('#timeout').waitFor({ state: 'visible' });
  await page.keyboard.press('Enter'); // the first button has the focus
  await page.locator('#timeout').waitFor({ state: 'hidden' });

  // The session is ended elsewhere: a post leads to sign in, which says so, and back.
  await page.context().clearCookies({ name: 'idp_session' });
  await page.context().addCookies([{ name: 'idp_session', value: 'x'.repeat(43), url: product.issuer, httpOnly: true }]);
  await member.press('save');
  await member.at('/login');
  await member.look('ended');
  await member.signIn('idle.es');
  await member.at('/account/language');
  await member.close();
});

test('open tabs do not keep a session that nobody uses, and one that is used keeps what stands in the others', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'tabs' });
  const { page } = member;
  await page.goto(`${product.issuer}/login?lang=es`);
  await member.agreeQuietly();
  await member.fillIn(cards.hyphen, { username: 'dos.pestanas' });
  await page.waitForURL(`${product.issuer}/register/done*`);
  const other = await member.context.newPage();
  const answered = (tab) => tab.waitForResponse((r) => r.url().endsWith('/account/left'));
  await page.clock.install();
  await other.clock.install();
  await page.goto(`${product.issuer}/account/password`);
  await other.goto(`${product.issuer}/account/history`);
  await page.fill('#password', 'cuatro caballos azules corren');

  // The other tab is in use: here nothing happens to what was typed.
  for (let round = 0; round < 2; round += 1) {
    await unused(5);
    const before = await lastUse();
    await Promise.all([answered(page), page.clock.fastForward(minutes(16))]);
    await page.clock.runFor(2000);
    assert.equal(await page.locator('#timeout').isVisible(), false);
    assert.equal(await page.inputValue('#password'), 'cuatro caballos azules corren');
    assert.equal(await lastUse(), before, 'asking is no use');
  }

  // Nobody is there: neither tab renews the session, and both leave.
  await unused(14.8);
  const before = await lastUse();
  await Promise.all([answered(other), other.clock.fastForward(minutes(16))]);
  await other.locator('#timeout').waitFor({ state: 'visible' });
  assert.equal(await lastUse(), before, 'the warning is no use');
  await unused(15.1);
  for (const tab of [other, page]) {
    await tab.clock.fastForward(minutes(16));
    await tab.waitForURL((url) => url.pathname === '/login');
  }
  assert.match(page.url(), /return=\/account\/password/);

  // Another person signs in meanwhile: a page of the first does not show the second's.
  await member.signIn('dos.pestanas');
  await member.at('/account/password');
  await other.goto(`${product.issuer}/logout`);
  await other.locator('form button.primary').click();
  await other.goto(`${product.issuer}/login?lang=es`);
  await other.fill('#username', 'idle.es');
  await other.fill('#password', 'cuatro caballos azules corren');
  await other.locator('#login-submit').click();
  await other.waitForURL((url) => url.pathname === '/account');
  await unused(1);
  const hers = await lastUse();
  await page.clock.fastForward(minutes(16));
  await member.at('/account/ended');
  assert.match(await page.locator('main').innerText(), /idle\.es/);
  assert.equal(await lastUse(), hers, 'leaving is no use');
  await member.look('ended-elsewhere');
  await member.close();
});
