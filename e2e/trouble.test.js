// What goes wrong on the way, and that there is a way on: restarts, tabs, wrong cards, double clicks, the back button.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

test('every form field answers nonsense with a message and keeps what was typed', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'nonsense' });
  await member.toSignIn();
  await member.agree();
  await member.press('next');
  await member.look('personal-empty');
  assert.ok(await member.page.locator('.summary a').count() >= 4);
  assert.equal(await member.page.evaluate(() => document.activeElement.className), 'summary', 'focus is on the summary');
  assert.match(await member.page.title(), /^Error: /);
  await member.personal({ ...cards.plain, month: 2, day: 31, first: '123 <b>', number: '12' });
  await member.look('personal-unreal');
  const text = await member.page.locator('.summary').innerText();
  assert.match(text, /Esa fecha no existe/);
  assert.match(text, /Use solo letras/);
  assert.match(text, /tiene 9 números/);
  assert.equal(await member.page.inputValue('#first_name'), '123 <b>');
  await member.personal(cards.plain);
  await member.at('/register/credentials');
  await member.press('next');
  await member.look('credentials-empty');
  await member.credentials({ username: 'ab', password: 'short', email: 'no address', answer: 'x' });
  await member.look('credentials-wrong');
  assert.equal(await member.page.inputValue('#new_password'), '', 'a password is never sent back');
  await member.close();
});

test('the pending request survives a restart, a second tab, Previo and a double Finalizar', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'survive' });
  const card = cards.suffix;
  await member.toSignIn();
  const signIn = member.page.url();
  await member.agree();
  await member.personal(card);
  await member.at('/register/credentials');

  await member.press('previous'); // back to the card: the match is void, what was typed is there
  await member.at('/register/personal');
  assert.equal(await member.page.inputValue('#last_name'), card.last);
  await member.press('next');
  await member.at('/register/credentials');

  const { portal, issuer, dir } = product;
  await product.end('SIGKILL'); // no goodbye, in the middle of it
  product = await start({ dir, port: new URL(issuer).port, portalPort: new URL(portal).port });
  member.product = product;

  const tab = await member.context.newPage(); // a second tab begins its own sign-in
  await tab.goto(`${product.portal}/login`);
  await tab.waitForURL('**/login?flow=*');

  await member.credentials({ username: 'survivor' });
  await member.at('/register/open'); // somebody opened the sign-in page: whose is it?
  await member.page.fill('#card_id', card.number);
  await member.press('go-on');
  await member.at('/register/credentials');
  await member.credentials({ username: 'survivor' });
  await member.at('/register/code');
  await member.page.fill('#code', '000000');
  await member.press('next');
  await member.look('code-wrong');
  await member.page.fill('#code', await member.code('survivor@example.org'));
  await member.press('next');
  await member.at('/register/review');
  await member.page.check('#certify');
  await member.page.locator('#finish').dblclick();
  await member.page.waitForURL(`${product.portal}/me*`);

  await member.page.goBack(); // to the review: after the end there is nothing to repeat
  assert.ok(!(await member.page.locator('main').innerText()).includes('Algo falló'));
  assert.deepEqual(member.faults, []);

  await tab.goto(`${product.portal}/login`); // signed in: straight to the app
  await tab.waitForURL(`${product.portal}/me*`);
  await member.page.goto(signIn); // a bookmark of the sign-in leads on as well
  await member.page.waitForURL(`${product.portal}/me*`);
  await member.close();
});

test('pages beside the journey, in both languages and widths', async () => {
  for (const language of ['es', 'en']) {
    for (const width of [320, 1280]) {
      const member = await Member.open(browser, product, { language, width, name: 'beside' });
      for (const [label, path, status] of [
        ['recover', '/recover', 200], ['support', '/support', 200], ['privacy', '/privacy', 200], ['agreement-text', '/agreement', 200],
        ['language-help', '/language-help', 200], ['logout-done', '/logout/done', 200], ['mailbox', '/demo/mail', 200],
        ['not-found', '/no/such/page', 404], ['bad-request', '/authorize?client_id=nobody', 400], ['gone', '/register/review', 200],
      ]) {
        const response = await member.page.goto(`${product.issuer}${path}${path.includes('?') ? '&' : '?'}lang=${language}`);
        if (label !== 'gone') assert.equal(response.status(), status, label);
        await member.look(label);
        await member.page.keyboard.press('Tab');
        assert.equal(await member.page.evaluate(() => document.activeElement.tagName), 'A', `${label}: the first stop is a link`);
      }
      await member.close();
    }
  }
});

test('the language switch shows the same step in the other language', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'switch' });
  await member.toSignIn();
  await member.agree();
  await member.page.locator('.tools').getByText('English', { exact: true }).click();
  await member.at('/register/personal');
  member.language = 'en';
  await member.look('switched');
  assert.match(await member.page.locator('h1').innerText(), /Personal information/);
  await member.close();
});

test('an address one slip away from a known domain is asked about, and mended or kept', async () => {
  for (const [language, width, script, answer, mailed] of [['es', 320, true, 'mend', 'slip@gmail.com'], ['en', 1280, true, 'keep', 'slip@gmial.com'], ['es', 320, false, 'mend', 'slip@gmail.com']]) {
    const member = await Member.open(browser, product, { language, width, script, name: 'slip' });
    await member.toSignIn();
    await member.agree();
    await member.personal(cards.hyphen);
    await member.at('/register/credentials');
    await member.credentials({ username: 'slip', email: 'slip@gmial.com' });
    await member.at('/register/code');
    await member.look(`slip${script}`);
    await member.press(answer);
    await member.page.locator('#code').waitFor();
    assert.ok((await member.page.locator('main').innerText()).includes(mailed));
    await member.page.locator('button[value=leave]').click();
    await member.at('/login');
    await member.close();
    await product.sql('delete from rate_limits'); // the next one is the same member
  }
});
