// The way back to the app, where the app's callback leads on to another origin, is slow, or is pressed twice.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { register, App } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

/** Broker is an app as many are: what arrives at its callback is sent on to another origin, after a while. */
class Broker extends App {
  static async open(product, metadata = {}) {
    const app = new Broker();
    app.wait = 0;
    const page = createServer((_, response) => response.end('<!doctype html><title>home</title><h1>home</h1>'));
    await new Promise((resolve) => page.listen(0, '127.0.0.1', resolve));
    app.home = `http://localhost:${page.address().port}`;
    app.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => { body += chunk; });
      request.on('end', () => {
        const url = new URL(request.url, 'http://127.0.0.1');
        const query = body || url.search.slice(1);
        setTimeout(() => response.writeHead(302, { Location: `${app.home}${url.pathname}?${query}` }).end(), app.wait);
      });
    });
    await new Promise((resolve) => app.server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${app.server.address().port}`;
    app.callback = `${base}/cb`;
    app.goodbye = `${base}/bye`;
    app.client = await register(product, { client_name: 'Corredor', redirect_uris: [app.callback], post_logout_redirect_uris: [app.goodbye],
      response_modes: ['query', 'form_post'], id_token_signed_response_alg: 'ES256', ...metadata });
    await app.discover(product);
    app.page = page;
    return app;
  }

  close() { super.close(); this.page.close(); }
}

let product;
let browser;
let app;
let partner;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  app = await Broker.open(product);
  partner = await Broker.open(product, { client_name: 'Mi Diario', profile: 'partner', operator_name: 'Diario, S. A.', operator_verified: true });
});
after(async () => { app?.close(); partner?.close(); await browser?.close(); await product?.stop(); });

/** home waits until the browser stands on the app's other origin, and returns what came along. */
async function home(member, at = app, path = '/cb') {
  for (let attempt = 0; attempt < 300; attempt += 1) { // waitForURL gives up with a navigation that a second press replaced
    const url = new URL(member.page.url());
    if (url.origin === at.home && url.pathname === path) return url.searchParams;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`still at ${member.page.url()}`);
}

async function ask(member, from, parameters = {}) {
  const request = await from.ask({ scope: 'openid profile', ...parameters });
  await member.page.goto(request.url);
  return request;
}

async function signOut(member, from = app) {
  const query = new URLSearchParams({ client_id: from.client.client_id, post_logout_redirect_uri: from.goodbye, id_token_hint: member.idToken, state: 'bye' });
  await member.page.goto(`${product.issuer}/logout?${query}`);
  await member.press('logout-confirm');
  const answer = await home(member, from, '/bye');
  assert.equal(answer.get('state'), 'bye');
}

const walks = [
  { username: 'way.script', card: cards.spanish, language: 'es', width: 320, script: true },
  { username: 'way.plain', card: cards.plain, language: 'en', width: 1280, script: false },
];
for (const walk of walks) {
  test(`every page that ends in an app reaches it: ${walk.script ? 'with' : 'without'} script`, async () => {
    const member = await Member.open(browser, product, { ...walk, name: 'way' });
    const page = member.page;

    const first = await ask(member, app, { prompt: 'create', ui_locales: walk.language }); // registration's Finalizar
    await member.at('/register/agreement');
    await member.press('agree');
    await member.fillIn(walk.card, walk);
    member.idToken = (await app.redeem(first, `${app.callback}?${await home(member)}`)).id_token;
    await signOut(member);

    app.wait = 3000; // sign-in, to a slow app
    const second = await ask(member, app);
    await member.signIn(walk.username);
    member.idToken = (await app.redeem(second, `${app.callback}?${await home(member)}`)).id_token;
    app.wait = 0;

    await page.goBack(); // leads on as well
    await app.redeem(second, `${app.callback}?${await home(member)}`);

    const posted = await ask(member, app, { prompt: 'login', response_mode: 'form_post' });
    await member.signIn(walk.username);
    if (!walk.script) {
      await page.locator('#handover button').click();
    }
    await app.redeem(posted, `${app.callback}?${await home(member)}`);

    const chosen = await ask(member, app, { prompt: 'select_account' });
    await member.at('/login/accounts');
    await page.locator('button[value="continue"]').click();
    await app.redeem(chosen, `${app.callback}?${await home(member)}`);

    await ask(member, app, { prompt: 'login' });
    await member.press('login-cancel');
    assert.equal((await home(member)).get('error'), 'access_denied');

    const refused = await ask(member, partner);
    await member.press('consent-deny');
    assert.equal((await home(member, partner)).get('error'), 'access_denied');
    await page.goBack(); // to the question, and another thought
    await member.at('/consent');
    await member.press('consent-accept');
    await partner.redeem(refused, `${partner.callback}?${await home(member, partner)}`);

    await page.goto(`${product.portal}/login`); // the sample portal signs out here as well
    await member.at('/me');
    await member.press('sign-out');
    await member.at('/logout');
    await member.press('logout-confirm');
    await page.waitForURL(`${product.portal}/`);
    assert.deepEqual(member.faults, []);
    await member.close();
  });
}

test('a second press ends at the app, with and without script, and whatever the app takes', async () => {
  for (const walk of walks) {
    const member = await Member.open(browser, product, { ...walk, name: 'press' });
    const page = member.page;
    const request = await ask(member, app);
    const signIn = page.url();
    await page.fill('#username', walk.username);
    await page.fill('#password', 'cuatro caballos azules corren');
    await page.locator('#login-submit').dblclick({ delay: 10 });
    await app.redeem(request, `${app.callback}?${await home(member)}`);

    await page.goto(signIn); // a bookmark
    await app.redeem(request, `${app.callback}?${await home(member)}`);

    await page.route('**/authorize/resume?*go=1', (route) => route.abort('aborted')); // a browser that does not go on by itself
    await page.goto(signIn);
    await member.at('/authorize/resume');
    await page.locator('#leave').waitFor({ state: 'visible' });
    await member.look('onward');
    await page.unroute('**/authorize/resume?*go=1');
    await page.locator('#leave').click();
    await app.redeem(request, `${app.callback}?${await home(member)}`);
    await member.close();
  }
});

test('a proof that is pressed twice keeps the session, with and without script', async () => {
  for (const walk of walks) {
    const member = await Member.open(browser, product, { ...walk, name: 'proof' });
    const page = member.page;
    await page.goto(`${product.issuer}/login`);
    await page.fill('#username', walk.username);
    await page.fill('#password', 'cuatro caballos azules corren');
    await member.press('login-submit');
    await member.at('/account');
    for (let run = 0; run < 2; run += 1) {
      await page.goto(`${product.issuer}/reauth?return=/account/password`);
      await page.fill('#password', 'cuatro caballos azules corren');
      await page.locator('form button.primary').dblclick({ delay: 10 });
      for (let attempt = 0; attempt < 100 && member.path() !== '/account/password'; attempt += 1) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(member.path(), '/account/password', await page.locator('main').innerText());
    }
    assert.deepEqual(member.faults, []);
    await member.close();
  }
});
