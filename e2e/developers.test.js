// What a developer sees: the page about the provider, a sign-in step by step, the record's kinds of data on the consent page, and a
// launch by the FHIR server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { App, register } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
let app;
let records;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  app = await App.register(product, { client_name: 'Mi Expediente', profile: 'smart', operator_name: 'Expediente, S. A.', audience: ['https://fhir.example/r4'],
    scope: 'openid fhirUser launch launch/patient offline_access profile patient/*.rs', policy_uri: 'https://app.example/privacy', tos_uri: 'https://app.example/terms' });
  records = await register(product, { client_name: 'Records', profile: 'service', resource_server: ['https://fhir.example/r4'], fhir_server: 'records',
    user_access_brand_bundle: 'https://fhir.example/brands', user_access_brand_identifier: { system: 'https://fhir.example', value: '1' } });
});
after(async () => { app?.close(); await browser?.close(); await product?.stop(); });

const walks = [
  { card: cards.spanish, username: 'developer.es', language: 'es', width: 320 },
  { card: cards.plain, username: 'developer.en', language: 'en', width: 1280, colorScheme: 'dark' },
];
for (const walk of walks) {
  test(`a sign-in is tried, and the record is asked for: ${walk.language}`, async () => {
    const member = await Member.open(browser, product, { ...walk, name: 'developers' });
    const { page } = member;
    const foreign = [];
    page.on('request', (request) => { if (!new URL(request.url()).hostname.match(/^(localhost|127\.0\.0\.1)$/)) foreign.push(request.url()); });
    await page.goto(`${product.issuer}/developers`);
    await member.look('developers');
    for (const summary of await page.locator('summary').all()) await summary.click();
    await member.look('developers-open');
    await member.press('try');
    await member.at('/try');
    await member.look('try');
    await member.press('try-start');
    await member.at('/login');
    await page.goto(page.url().replace('/login', '/register/agreement'));
    await member.press('agree');
    await member.personal(walk.card);
    await member.credentials({ username: walk.username });
    await member.at('/register/code');
    await page.fill('#code', await member.code(`${walk.username}@example.org`));
    await member.press('next');
    await member.at('/register/review');
    await page.check('#certify');
    await member.press('finish');
    await member.at('/try/callback');
    await member.look('try-done');
    const text = await page.locator('main').innerText();
    for (const words of ['code_challenge_method=S256', 'grant_type=authorization_code', '"alg": "RS256"', '"typ": "at+jwt"', '"preferred_username"']) {
      assert.ok(text.includes(words), words);
    }

    const whole = await app.ask({ scope: 'openid fhirUser launch/patient offline_access patient/*.rs patient/Device.rs', aud: 'https://fhir.example/r4', ui_locales: walk.language });
    await page.goto(whole.url);
    await member.at('/consent');
    await member.look('consent-record');
    await page.uncheck('#group_patient_conditions');
    await member.press('consent-accept');
    await page.waitForURL(`${app.callback}*`);
    const tokens = await app.redeem(whole, page.url());
    assert.ok(!tokens.scope.includes('Condition') && tokens.scope.includes('patient/Coverage.rs') && tokens.scope.includes('patient/Device.rs'), tokens.scope);
    assert.equal(tokens.claims().fhirUser, `https://fhir.example/r4/Patient/${tokens.patient}`);

    const categories = ['laboratory', 'vital-signs', 'social-history', 'survey', 'imaging', 'exam', 'procedure', 'therapy', 'activity']
      .map((code) => `patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|${code}`);
    const part = await app.ask({ scope: `openid launch/patient ${categories.join(' ')}`, aud: 'https://fhir.example/r4', prompt: 'consent', ui_locales: walk.language });
    await page.goto(part.url);
    await member.at('/consent');
    await member.look('consent-categories');
    await page.uncheck('#group_observation_social_history');
    await member.press('consent-accept');
    await page.waitForURL(`${app.callback}*`);
    const fewer = await app.redeem(part, page.url());
    assert.ok(fewer.scope.includes(categories[0]) && !fewer.scope.includes('social-history'), fewer.scope);

    const discovered = await (await fetch(`${product.issuer}/fhir/records/.well-known/smart-configuration`)).json();
    assert.ok(discovered.capabilities.includes('launch-ehr') && discovered.user_access_brand_identifier.value === '1', JSON.stringify(discovered));
    const made = await fetch(`${product.issuer}/smart/launch`, { method: 'POST',
      headers: { authorization: `Basic ${btoa(`${records.client_id}:${records.client_secret}`)}` },
      body: new URLSearchParams({ app: app.client.client_id, patient: tokens.patient, encounter: 'e1', need_patient_banner: 'false' }) });
    const { launch: handle, iss } = await made.json();
    const launched = await app.ask({ scope: `openid launch ${categories[0]}`, aud: iss, launch: handle, ui_locales: walk.language });
    await page.goto(launched.url); // nothing to ask
    await page.waitForURL(`${app.callback}*`);
    const context = await app.redeem(launched, page.url());
    assert.deepEqual([context.patient, context.encounter, context.need_patient_banner], [tokens.patient, 'e1', false]);
    await page.goto(launched.url);
    await page.waitForURL(`${app.callback}*`);
    assert.match(page.url(), /error=invalid_request/);
    assert.deepEqual(foreign, []);
    await member.close();
  });
}
