// The partner area: from an address to a live client, through the desk, with no command. Two widths, two languages.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { freePort, start } from './product.js';
import * as oidc from 'openid-client';
import { withKey } from './second_step.js';
import { addApp, firstSignIn, loaded, press, prove } from './staff.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

/** luis is the sample person of the desk who decides; his second step is made once. */
let luis;
async function desk(options) {
  if (luis) return luis;
  luis = await Member.open(browser, product, { ...options, name: 'partners-desk' });
  await firstSignIn(luis, 'apoyo.luis', 'luis@apoyo.invalid');
  await addApp(luis);
  return luis;
}

/** joins walks from the door to the first page of a new organisation. */
async function joins(options, email, organisation) {
  const partner = await Member.open(browser, product, { ...options, name: 'partners' });
  const { page } = partner;
  await page.goto(`${product.partners}/?lang=${partner.language}`);
  const key = await withKey(partner);
  await partner.look('door');
  await press(partner, 'join');
  await partner.look('join');
  await press(partner, 'send');
  await partner.look('join-empty');
  await page.fill('#email', email);
  await press(partner, 'send');
  await partner.look('sent');
  const text = await partner.mail(email, partner.language === 'es' ? 'Su enlace para hacerse socio' : 'Your link to join as a partner');
  await page.goto(text.match(/http\S+\/link\?link=\S+/)[0]);
  await partner.look('link');
  await page.fill('#name', organisation);
  await Promise.all([page.waitForURL(`${product.partners}/home`), partner.press('passkey')]);
  await partner.look('home-empty');
  return { partner, key };
}

const steps = {
  organisation: { operator: 'Diario Uno S. A.', website: 'https://diario.example', contact: 'eva@diario.example', security_contact: 'seguridad@diario.example', complaints_contact: 'quejas@diario.example' },
  app: { name_en: 'My Diary', name_es: 'Mi Diario', purpose: 'Muestra recetas a las personas con diabetes.', policy_uri: 'https://diario.example/privacidad' },
  access: { 'app_type-web': true, redirect_uris: 'https://diario.example/callback', 'auth-client_secret_basic': true },
  data: { profile: true },
  promises: { ask_first: true, use: true, no_sale: true, security: true, deletion: true, changes: true, complaints: true },
};

async function fill(partner, step, changes = {}) {
  const { page } = partner;
  await page.waitForURL(`**/${step}`);
  for (const [id, value] of Object.entries({ ...steps[step], ...changes })) {
    if (value === true) await page.check(`#${id}`); else await page.fill(`#${id}`, value);
  }
}

/** signIn is one sign-in of an app on openid-client, from its button to userinfo; what it refuses it refuses. */
async function signIn(app, callback) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(app, { redirect_uri: callback, scope: 'openid profile', state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const answer = await fetch(url, { redirect: 'manual' });
  const tokens = await oidc.authorizationCodeGrant(app, new URL(answer.headers.get('location')),
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
  await oidc.fetchUserInfo(app, tokens.access_token, tokens.claims().sub);
  if (tokens.expires_in < 60) await oidc.refreshTokenGrant(app, (await oidc.refreshTokenGrant(app, tokens.refresh_token)).refresh_token);
}

/** checks goes through the live checks with a right app, and looks at their pages. */
async function checks(partner) {
  const { page } = partner;
  await page.goto(`${product.partners}/home`);
  await press(partner, 'checks');
  await partner.look('checks-empty');
  await page.fill('#name', 'Mi Diario');
  await page.fill('#redirect_uris', 'http://diario.example/callback');
  await press(partner, 'start');
  await page.locator('#redirect_uris-error').waitFor();
  await partner.look('checks-wrong');
  const callback = `http://127.0.0.1:${await freePort()}/callback`;
  await page.fill('#redirect_uris', `${callback}\nhttps://diario.example/callback`);
  await press(partner, 'start');
  await page.locator('#issuer').waitFor();
  await page.goto(`${page.url()}?still=1`);
  await partner.look('check');
  const [issuer, id, secret] = await Promise.all(['issuer', 'client-id', 'secret'].map((field) => page.locator(`#${field}`).innerText()));
  const app = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretBasic(secret), { execute: [oidc.allowInsecureRequests] });
  const away = await fetch(oidc.buildAuthorizationUrl(app, { redirect_uri: 'https://diario.example/callback', scope: 'openid', state: 'one', nonce: 'one', code_challenge: 'one', code_challenge_method: 'S256' }));
  assert.match(await away.text(), /href="https:\/\/diario\.example\/callback/, 'an address that nobody looked at is reached by a page');
  let refused = 0;
  for (let n = 0; n < 15; n += 1) await signIn(app, callback).catch(() => { refused += 1; });
  await page.reload();
  await partner.look('check-met');
  await page.locator('#check-sign_in button').click(); // the first met the page above, and no app
  await page.locator('#check-sign_in b', { hasText: /Próxima|Next/ }).waitFor();
  await signIn(app, callback);
  await press(partner, 'finish');
  await page.goto(`${page.url()}?still=1`);
  const results = await page.locator('ul.cards > li').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.id, row.querySelector('b').innerText])));
  const odd = Object.keys(results).filter((id) => !/^(Bien|Passed)$/.test(results[id]));
  assert.deepEqual(odd, ['check-other_key'], `openid-client trusts TLS in place of the signature, and passes all else: ${JSON.stringify(results)}`);
  assert.match(results['check-other_key'], /^(Permitido|Allowed)$/);
  assert.ok(refused >= 12, `${refused} answers were refused`);
  await partner.look('check-done');
  await press(partner, 'remove');
  await page.waitForURL('**/checks?*');
  await partner.look('check-removed');
}

/** triesInSandbox registers the app of a request at the sandbox, and signs in an invented member there with it. */
async function triesInSandbox(partner, walk) {
  const { page } = partner;
  const request = page.url();
  await press(partner, 'sandbox');
  const [issuer, client, secret] = await Promise.all(['#issuer', '#client-id', '#secret'].map((id) => page.locator(id).innerText()));
  assert.equal(issuer, product.sandbox);
  await partner.look('sandbox-made');
  await page.goto(request); // the secret is gone
  assert.equal(await page.locator('#secret').count(), 0);
  const tester = await Member.open(browser, product, { ...walk, name: 'sandbox' });
  const app = tester.page;
  await app.goto(`${product.sandbox}/sandbox?lang=${walk.language}`);
  await tester.look('cards');
  const password = await app.locator('#password').innerText();
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const fhir = new URL('/sandbox/r4', product.fhir).href;
  const verifier = 'v'.repeat(43);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  await app.goto(`${metadata.authorization_endpoint}?${new URLSearchParams({ client_id: client, response_type: 'code', redirect_uri: 'https://diario.example/callback', scope: ['openid profile', ...(walk.record?.split('\n') ?? [])].join(' '), aud: walk.record ? fhir : '', state: 's', nonce: 'n', code_challenge: challenge, code_challenge_method: 'S256' })}`);
  await tester.look('login');
  await app.fill('#username', 'prueba.juan');
  await app.fill('#password', password);
  await tester.press('login-submit');
  await app.waitForURL('**/consent*');
  await tester.look('consent');
  await app.locator('input[name="duration"]').first().check();
  const [back] = await Promise.all([app.waitForRequest('https://diario.example/callback*'), tester.press('consent-accept')]);
  const basic = `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`;
  const code = new URL(back.url()).searchParams.get('code');
  const answer = await fetch(metadata.token_endpoint, { method: 'POST', headers: { authorization: basic },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: 'https://diario.example/callback', code_verifier: verifier }) });
  const tokens = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(tokens));
  const authorization = `Bearer ${tokens.access_token}`;
  if (walk.record) { // the record of an invented member, at the server that trusts the sandbox, and at no other
    assert.equal((await fetch(`${fhir}/Observation?patient=${tokens.patient}`, { headers: { authorization } })).status, 200);
    assert.equal((await fetch(`${product.fhir}/Observation?patient=${tokens.patient}`, { headers: { authorization } })).status, 401);
  } else {
    assert.equal((await fetch(metadata.userinfo_endpoint, { headers: { authorization } })).status, 200);
  }
  assert.equal((await fetch(`${product.issuer}/userinfo`, { headers: { authorization } })).status, 401); // production knows nothing of it
  tester.page = await tester.context.newPage(); // the other one has left for the app, which is nowhere
  await tester.page.goto(`${product.sandbox}/mailbox`);
  await tester.look('mailbox');
  await tester.page.locator('main a').first().click();
  await tester.page.waitForURL('**/mailbox/*');
  assert.match(await tester.page.title(), /^\[(Prueba|Test)\]/);
  await tester.context.close();
}

for (const walk of [{ language: 'es', width: 320 }, { language: 'en', width: 1280, record: 'launch/patient\npatient/Observation.rs' }]) {
  test(`from an address to a live client: ${walk.language}`, async () => {
    const names = { name_en: `My Diary ${walk.width}`, name_es: `Mi Diario ${walk.width}` };
    const { partner } = await joins(walk, `eva.${walk.language}@diario.example`, `Diario ${walk.width}`);
    const { page } = partner;
    await press(partner, 'start');
    await press(partner, 'save');
    await partner.look('organisation-empty');
    for (const step of Object.keys(steps)) {
      await fill(partner, step, step === 'app' ? names : step === 'organisation' ? { operator: `Diario ${walk.width}` } : step === 'data' && walk.record ? { record: walk.record } : {});
      if (step === 'access') { // a private key is refused at its field, and not shown again
        await page.check('#auth-private_key_jwt');
        await page.fill('#jwks', '{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}');
        await press(partner, 'save');
        await page.locator('#jwks-error').waitFor();
        assert.equal(await page.inputValue('#jwks'), '');
        assert.equal(await page.inputValue('#redirect_uris'), 'https://diario.example/callback');
        await partner.look('private-key');
        await page.check('#auth-client_secret_basic');
      }
      await partner.look(step);
      await press(partner, 'save');
    }
    await page.waitForURL('**/requests/*');
    await partner.look('whole');
    const request = page.url();
    await triesInSandbox(partner, walk);
    await page.goto(request);
    await press(partner, 'send');
    await partner.look('waits');

    const person = await desk(walk);
    person.language = walk.language;
    await person.page.setViewportSize({ width: walk.width, height: 900 });
    person.width = walk.width;
    await person.page.goto(`${product.desk}/apps?lang=${walk.language}`);
    await person.look('apps');
    await person.page.locator(`a[href^="/apps/"]:has-text("${names.name_en}")`).click();
    await person.page.waitForURL('**/apps/*');
    await person.look('app');
    await press(person, 'take');
    await person.look('app-taken');
    await person.page.fill('#reason', 'Se cumplen los criterios; la política se leyó a mano.');
    await person.page.locator('#although').check();
    const at = new URL(person.page.url()).pathname;
    await press(person, 'approve');
    if (new URL(person.page.url()).origin !== product.desk || !await person.page.locator('#suspend').count()) { // the sign-in was too old
      await prove(person, at);
      if (await person.page.locator('#approve').count()) {
        await person.page.locator('#although').check();
        await press(person, 'approve');
      }
    }
    await person.page.locator('#suspend').waitFor();
    await person.look('app-approved');

    await page.goto(request);
    await partner.look('approved');
    await press(partner, 'production');
    await press(partner, 'rotate');
    await partner.look('live-secret');
    const client = await page.locator('#client-id').innerText();
    const secret = await page.locator('#secret').innerText();
    const answer = await fetch(`${product.issuer}/token`, {
      method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'nothing', redirect_uri: 'https://diario.example/callback' }),
    });
    assert.equal((await answer.json()).error, 'invalid_grant', 'the client is known, its code is not');
    await page.goto(`${product.partners}/apps/${client}/errors`);
    assert.ok(await page.getByText('invalid_grant').count(), 'the error is in the list');
    await partner.look('errors');
    await page.goto(`${product.partners}/people`);
    await partner.look('people');
    await page.goto(`${product.partners}/home`);
    await partner.look('home');

    await person.page.goto(`${product.desk}${at}`);
    await person.page.fill('#reason', 'Vende datos de miembros, criterio 3.');
    await press(person, 'suspend');
    await prove(person, at);
    if (await person.page.locator('#suspend').count()) await press(person, 'suspend');
    await person.page.locator('#resume').waitFor();
    await page.goto(`${product.partners}/apps/${client}`);
    await page.locator('#suspended').waitFor();
    await partner.look('suspended');
    const refused = await fetch(`${product.issuer}/token`, {
      method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'nothing', redirect_uri: 'https://diario.example/callback' }),
    });
    assert.equal((await refused.json()).error, 'invalid_client');

    await checks(partner);
    await page.goto(`${product.partners}/logout`);
    await partner.look('sign-out');
    await press(partner, 'logout-confirm');
    await Promise.all([page.waitForURL(`${product.partners}/home`), partner.press('passkey')]);
    assert.deepEqual(partner.faults, []);
    await partner.close();
  });
}
