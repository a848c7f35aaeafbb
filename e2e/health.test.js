// The sample app of the health record, launched by its user and by the FHIR server: the page of the permission, and what the app
// reads with it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let product;
let browser;
before(async () => { [product, browser] = await Promise.all([start(), launch()]); });
after(async () => { await browser?.close(); await product?.stop(); });

const walks = [
  { card: cards.spanish, username: 'health.es', language: 'es', width: 320, name: 'MARÍA JOSÉ' },
  { card: cards.plain, username: 'health.en', language: 'en', width: 1280, name: 'ANA' },
];
for (const { card, username, language, width, name } of walks) {
  test(`an app reads what the member allows: ${language}`, async () => {
    const member = await Member.registered(browser, product, card, username, { language, width, name: 'health' });
    const { page } = member;
    const step = async (id) => JSON.parse(await page.locator(`section:has(#record-${id}) pre`).innerText());
    await page.goto(`${product.portal}/try/health?lang=${language}`);
    await member.look('try');
    await member.press('try-start');
    await member.at('/consent');
    await member.look('consent');
    await page.uncheck('#group_patient_claims');
    await page.uncheck('#group_observation_vital_signs');
    await member.press('consent-accept');
    await member.at('/try/health/callback');
    await member.look('record');
    const patient = await step('Patient');
    assert.equal(patient.name[0].given[0], name);
    assert.equal((await step('Coverage')).total, 1);
    assert.deepEqual(new Set((await step('Observation')).entry.map((e) => e.resource.category[0].coding[0].code)), new Set(['laboratory']));
    const claims = page.locator('section:has(#record-ExplanationOfBenefit)');
    assert.match(await claims.innerText(), /answered 403/);
    assert.equal((await step('ExplanationOfBenefit')).resourceType, 'OperationOutcome');

    const secret = await readFile(join(product.dir, 'data', 'fhir-secret'), 'utf8');
    const answer = await fetch(`${product.issuer}/smart/launch`, { method: 'POST', headers: { authorization: `Basic ${btoa(`sample-fhir-server:${secret}`)}` },
      body: new URLSearchParams({ app: 'sample-health-app', patient: patient.id, intent: 'summary' }) });
    assert.equal(answer.status, 201);
    const made = await answer.json();
    assert.equal(made.iss, product.fhir);
    await page.goto(`${product.portal}/try/health/start?${new URLSearchParams({ iss: made.iss, launch: made.launch })}`);
    await member.at('/try/health/callback'); // nothing new is asked
    assert.match(await page.locator('section:has(#tokens) pre').innerText(), /"intent": "summary"/);
    await page.goto(`${product.portal}/try/health/start?${new URLSearchParams({ iss: 'https://elsewhere.example/r4', launch: made.launch })}`);
    assert.match(await page.locator('main').innerText(), /login_failed/);
    await page.goto(`${product.portal}/try/health/start?${new URLSearchParams({ iss: made.iss, launch: made.launch })}`);
    await page.waitForURL('**/try/health/callback?error=invalid_request**'); // the launch is used
    assert.match(await page.locator('main').innerText(), /invalid_request/);

    const wide = new URLSearchParams({ response_type: 'code', client_id: 'sample-health-app', redirect_uri: `${product.portal}/try/health/callback`, state: 'narrowed-to-a-part',
      scope: 'openid launch/patient patient/Observation.rs', aud: product.fhir, code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' });
    await page.goto(`${product.issuer}/authorize?${wide}`);
    await member.at('/consent');
    await page.locator('details summary').click();
    await page.check('#part_observation_laboratory');
    await member.look('consent-part');
    await member.press('consent-accept');
    await member.at('/try/health/callback');
    await page.goto(`${product.issuer}/account/apps`);
    assert.match(await page.locator('main').innerText(), language === 'es' ? /Sus análisis de laboratorio/ : /Your lab results/);
    assert.doesNotMatch(await page.locator('main').innerText(), language === 'es' ? /Sus resultados/ : /Your results/);
    await member.close();
  });
}
