// One phone, several people: who begins where another person was is asked first, reads nothing of them, and a sign-in or a
// sign-out ends what was left open.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let browser;
let product;
before(async () => {
  product = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await product?.stop();
});

const walks = [
  { language: 'es', width: 320, first: cards.plain, second: cards.folded },
  { language: 'es', width: 320, script: false, first: cards.suffix, second: cards.hyphen },
];

async function shows(member, ...data) {
  const text = await member.page.content();
  for (const datum of data) assert.ok(!text.includes(datum), `${member.path()} shows ${datum}`);
}

for (const walk of walks) {
  test(`a family with one phone, script ${walk.script ?? true}`, async () => {
    const { first, second } = walk;
    const name = `shared-${walk.script ?? true}`;
    const member = await Member.open(browser, product, { ...walk, name });
    const { page } = member;
    await member.toSignIn();
    await member.agree();
    await member.personal(first);
    await member.at('/register/credentials');
    await member.look('for-the-first');
    assert.match(await page.locator('main').innerText(), new RegExp(`Esto es para ${first.first}\\.`));

    // Another person takes the phone and begins from the app.
    await member.toSignIn();
    await page.locator('a[href^="/register/agreement"]').click();
    await member.at('/register/open');
    await member.look('open');
    await shows(member, first.first, first.last, first.number);
    await page.fill('#card_id', second.number);
    await member.press('go-on');
    await page.locator('#card_id-error').waitFor();
    await member.look('open-other-card');
    await shows(member, first.first, first.last, first.number);
    await page.fill('#card_id', first.number);
    await member.press('go-on'); // it was the first after all
    await member.at('/register/credentials');
    await member.toSignIn();
    await page.locator('a[href^="/register/agreement"]').click();
    await member.press('anew');
    await member.at('/register/agreement');
    await member.press('agree');
    await member.at('/register/personal');
    for (const field of ['first_name', 'last_name', 'card_id', 'birth_day', 'birth_year']) assert.equal(await page.inputValue(`#${field}`), '', field);
    await member.personal(second);
    await member.at('/register/credentials');
    assert.match(await page.locator('main').innerText(), new RegExp(`Esto es para ${second.first}\\.`));
    const who = { username: `${name}.two`, email: `${name}@example.org` };
    await member.credentials(who);
    await member.at('/register/code');
    await member.look('for-the-second');
    await page.fill('#code', await member.code(who.email));
    await member.press('next');
    await member.at('/register/review');
    await member.look('review');
    await page.check('#certify');
    await member.press('finish');
    await page.waitForURL(`${product.portal}/**`);

    // The first begins again while the second is signed in, and the second signs out.
    await page.goto(`${product.issuer}/register`);
    await member.press('agree');
    await member.personal(first);
    await member.at('/register/credentials');
    await page.goto(`${product.issuer}/logout`);
    await member.press('logout-confirm');
    await member.at('/logout/done');
    await page.goto(`${product.issuer}/register/credentials`);
    await shows(member, first.first, first.last);
    assert.equal(await page.locator('#username').count(), 0, 'signing out ended the registration');

    // A recovery past its mailbox asks as well, and somebody else's sign-in ends it.
    await page.goto(`${product.issuer}/recover/password`);
    await page.fill('#username', who.username);
    await member.press('next');
    await member.at('/recover/code');
    await page.fill('#code', (await member.mail(who.email, 'Su código para cambiar su contraseña')).match(/^\s*(\d{6})\s*$/m)[1]);
    await member.press('next');
    await member.at('/recover/question');
    await member.look('recovery-for');
    await page.goto(`${product.issuer}/recover/password`);
    await member.at('/recover/open');
    await member.look('recovery-open');
    await shows(member, second.first, who.username);
    await member.press('go-on'); // whoever says so proves it again
    await member.at('/recover/code');
    await member.look('recovery-again');
    await page.goto(`${product.issuer}/recover/question`);
    await member.at('/recover/code');
    await page.goto(`${product.issuer}/login`);
    await member.signIn(who.username);
    await member.at('/account');
    await page.goto(`${product.issuer}/recover/question`);
    await member.at('/recover/password');
    await member.close();
  });
}

for (const script of [true, false]) {
  test(`"yes, go on" of the next person at a library's computer, script ${script}`, async () => {
    const victim = script ? cards.spanish : cards.apostrophe;
    const name = `library-${script}`;
    const who = { username: name, email: `${name}@example.org` };
    const member = await Member.open(browser, product, { language: 'es', width: 1280, script, name });
    const { page } = member;
    await member.toSignIn();
    await member.agreeQuietly();
    await member.personal(victim);
    await member.at('/register/credentials');
    await member.credentials(who);
    await member.at('/register/code');
    await page.fill('#code', await member.code(who.email));
    await member.press('next');
    await member.at('/register/review');

    await member.toSignIn();
    await page.locator('a[href^="/register/agreement"]').click();
    await member.at('/register/open');
    for (const number of ['', cards.hyphen.number, cards.suffix.number]) {
      await page.fill('#card_id', number);
      await member.press('go-on');
      await page.locator('#card_id-error').waitFor();
      await shows(member, victim.first, victim.last, victim.number, who.username, who.email);
    }
    await page.fill('#card_id', cards.plain.number);
    await member.press('go-on');
    await member.at('/register/agreement');
    await page.getByText('Borramos lo que se escribió antes').waitFor();
    await member.look('erased');
    for (let i = 0; i < 9; i += 1) {
      if (!await page.goBack()) break;
      await shows(member, victim.first, victim.last, victim.number, who.username, who.email);
    }
    await page.goto(`${product.issuer}/register/review`);
    await shows(member, victim.first, victim.last, victim.number, who.username, who.email);
    await member.close();
  });
}

for (const script of [true, false]) {
  test(`a recovery left at its new password, after an account page opened signed out, is not handed on: script ${script}`, async () => {
    const name = `left-${script}`;
    await product.sql('delete from rate_limits'); // one source for all tests of this file
    const member = await Member.registered(browser, product, script ? cards.spanish : cards.apostrophe, name, { language: 'es', width: 1280, script, name });
    const { page } = member;
    await page.goto(`${product.issuer}/logout`);
    await member.press('logout-confirm');
    await member.at('/logout/done');
    await page.goto(`${product.issuer}/account/data`); // a bookmark, Back, a tab that was left
    await member.at('/login');
    await page.goto(`${product.issuer}/recover/password`);
    await page.fill('#username', name);
    await member.press('next');
    await member.at('/recover/code');
    await page.fill('#code', (await member.mail(`${name}@example.org`, 'Su código para cambiar su contraseña')).match(/^\s*(\d{6})\s*$/m)[1]);
    await member.press('next');
    await member.at('/recover/question');
    await page.fill('#answer', 'una bicicleta roja');
    await member.press('next');
    await member.at('/recover/new-password');

    const next = await member.context.newPage(); // of whoever comes next, while the tab stands open
    await next.goto(`${product.issuer}/login`);
    await next.goto(`${product.issuer}/recover/new-password`);
    await next.waitForURL((url) => url.pathname === '/recover/open');
    assert.match(await next.locator('h1').innerText(), /¿Para quién es\?/);
    assert.ok(!(await next.content()).includes(name), 'the page shows the username');
    await page.fill('#new_password', 'una frase de otra persona'); // and by the tab that was left
    await member.press('next');
    await member.at('/recover/open');
    await member.close();
  });
}

// Browsers keep whole pages in memory for Back. What a session showed is not there any more: what it shows now is.
test('Back to a page that the browser kept', async () => {
  const [own, keeps] = await Promise.all([start(), launch({ whole: true, ignoreDefaultArgs: ['--disable-back-forward-cache'] })]); // the cards are used above
  try {
    const member = await Member.registered(keeps, own, cards.apostrophe, 'guardada.ana', { language: 'es', name: 'kept' });
    const { page } = member;
    await page.evaluate(() => { addEventListener('pagehide', (event) => { document.cookie = `kept=${event.persisted}`; }); });
    await page.goto(`${own.issuer}/support`);
    assert.match(await page.evaluate(() => document.cookie), /kept=true/, 'the browser keeps the page');
    await own.sql(`update sessions set ended_at = now()`); // from another device
    await page.goBack();
    await page.waitForURL(`${own.issuer}/login*`);

    await page.fill('#username', 'guardada.ana');
    await page.fill('#password', 'una contraseña a medias');
    await page.evaluate(() => { addEventListener('pageshow', (event) => { globalThis.kept = event.persisted; }); });
    await page.goto(`${own.issuer}/support`);
    await page.goBack({ waitUntil: 'commit' });
    assert.deepEqual([await page.evaluate(() => globalThis.kept), await page.inputValue('#username'), await page.inputValue('#password')], [true, 'guardada.ana', '']);
    await member.close();
  } finally {
    await Promise.all([keeps.close(), own.stop()]);
  }
});
