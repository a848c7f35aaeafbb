// Libraries for apps of the health record that others wrote, with the demo's FHIR server: fhirclient in Chromium, fhir-kit-client in
// Node, fhirclient in Python.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'fhir-kit-client';
import { register } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

const categories = 'http://terminology.hl7.org/CodeSystem/observation-category';
const scope = `openid fhirUser offline_access patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.read patient/Observation.rs?category=${categories}|laboratory`;
const python = process.env.PYTHON ?? fileURLToPath(new URL('.venv/bin/python3', import.meta.url));
const bundle = await readFile(createRequire(import.meta.url).resolve('fhirclient/build/fhir-client.js'));

let product;
let browser;
let member;
let page;
let server;
let base;
let apps;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url, base);
    if (pathname === '/fhir-client.js') return response.setHeader('content-type', 'text/javascript').end(bundle);
    response.setHeader('content-type', 'text/html').end(pathname === '/callback' ? '<title>app</title>' : '<title>app</title><script src="/fhir-client.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
  const common = { profile: 'smart', operator_name: 'Bibliotecas, S. A.', audience: [product.fhir], scope: 'openid fhirUser launch launch/patient offline_access patient/*.rs' };
  apps = {
    public: await register(product, { ...common, client_name: 'Pública', redirect_uris: [`${base}/app`], token_endpoint_auth_method: 'none' }),
    secret: await register(product, { ...common, client_name: 'Con clave', redirect_uris: [`${base}/callback`] }),
  };
  member = await Member.registered(browser, product, cards.plain, 'libraries');
  ({ page } = member);
});
after(async () => { server?.close(); await browser?.close(); await product?.stop(); });

/** allow allows what is asked, if it is asked, and returns where the app was called back. */
async function allow(callback) {
  await page.waitForURL((url) => url.href.startsWith(callback) || url.pathname === '/consent');
  if (member.path() === '/consent') await member.press('consent-accept');
  await page.waitForURL(`${callback}*`);
  return page.url();
}

/** launched lets the FHIR server launch an app. */
async function launched(app, patient) {
  const secret = await readFile(join(product.dir, 'data', 'fhir-secret'), 'utf8');
  const answer = await fetch(`${product.issuer}/smart/launch`, { method: 'POST', headers: { authorization: `Basic ${btoa(`sample-fhir-server:${secret}`)}` },
    body: new URLSearchParams({ app: app.client_id, patient, encounter: 'visit-1' }) });
  assert.equal(answer.status, 201);
  return (await answer.json()).launch;
}

/** ready finishes a launch with fhirclient and reads. */
const ready = () => page.evaluate(async () => {
  const client = await FHIR.oauth2.ready();
  const before = client.state.tokenResponse.access_token;
  const patient = await client.patient.read();
  const user = await client.user.read();
  const results = await client.request(`Observation?patient=${client.patient.id}`, { flat: true });
  const claims = await client.patient.request('ExplanationOfBenefit');
  const refused = await client.request('RelatedPerson').then(() => 200, (error) => error.status ?? error.statusCode);
  await client.refresh();
  const again = await client.patient.read();
  return { id: patient.id, name: patient.name[0].family, user: user.id, results: results.map((o) => o.code.text), claims: claims.total, refused,
    encounter: client.encounter.id, renewed: client.state.tokenResponse.access_token !== before && again.id === patient.id };
});

test('fhirclient in a browser: standalone and EHR launch, PKCE, refresh', async () => {
  const authorize = (options) => page.evaluate((o) => { FHIR.oauth2.authorize(o); }, { clientId: apps.public.client_id, redirectUri: `${base}/app`, pkceMode: 'required', ...options });
  await page.goto(`${base}/launch`);
  await authorize({ iss: product.fhir, scope: `${scope} launch/patient` });
  await allow(`${base}/app`);
  const read = await ready();
  assert.deepEqual({ ...read, id: 0, user: 0 }, { id: 0, user: 0, name: 'RIVERSTOWE', results: ['Hemoglobin A1c', 'Cholesterol'], claims: 2, refused: 403, encounter: null, renewed: true });
  assert.equal(read.user, read.id);

  await page.goto(`${base}/launch?${new URLSearchParams({ iss: product.fhir, launch: await launched(apps.public, read.id) })}`);
  await authorize({ scope: `${scope} launch` });
  await allow(`${base}/app`);
  assert.equal((await ready()).encounter, 'visit-1');
});

test('fhir-kit-client: discovery, reads and searches', async () => {
  const fhir = new Client({ baseUrl: product.fhir });
  const { authorizeUrl, tokenUrl } = await fhir.smartAuthMetadata();
  const verifier = randomBytes(32).toString('base64url');
  const callback = `${base}/callback`;
  await page.goto(`${authorizeUrl}?${new URLSearchParams({ client_id: apps.secret.client_id, response_type: 'code', redirect_uri: callback, aud: product.fhir, state: 's', scope: `${scope} launch/patient`,
    code_challenge_method: 'S256', code_challenge: createHash('sha256').update(verifier).digest('base64url') })}`);
  const code = new URL(await allow(callback)).searchParams.get('code');
  const answer = await fetch(tokenUrl, { method: 'POST', headers: { authorization: `Basic ${btoa(`${apps.secret.client_id}:${apps.secret.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier }) });
  const tokens = await answer.json();
  fhir.bearerToken = tokens.access_token;
  assert.equal((await fhir.read({ resourceType: 'Patient', id: tokens.patient })).name[0].given[0], 'ANA');
  const results = await fhir.search({ resourceType: 'Observation', searchParams: { category: `${categories}|laboratory` } });
  assert.equal(results.total, 2);
  const other = await fhir.search({ resourceType: 'Observation', searchParams: { category: `${categories}|vital-signs` } });
  assert.equal(other.total, 0);
  await assert.rejects(fhir.read({ resourceType: 'Patient', id: 'somebody-else' }), (error) => error.response.status === 403);
  fhir.bearerToken = tokens.id_token;
  await assert.rejects(fhir.read({ resourceType: 'Patient', id: tokens.patient }), (error) => error.response.status === 401);
});

for (const how of ['standalone', 'EHR']) {
  test(`fhirclient in Python: ${how} launch`, async () => {
    const env = { ...process.env, CLIENT_ID: apps.secret.client_id, CLIENT_SECRET: apps.secret.client_secret, FHIR: product.fhir, REDIRECT_URI: `${base}/callback`, SCOPE: `${scope} launch/patient` };
    if (how === 'EHR') {
      const patient = await product.sql("select member_id from accounts where member_id is not null");
      Object.assign(env, { SCOPE: `${scope} launch`, LAUNCH: await launched(apps.secret, patient) });
    }
    const child = spawn(python, [fileURLToPath(new URL('smart_app.py', import.meta.url))], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = [];
    const line = (n) => new Promise((resolve, reject) => {
      child.stdout.on('data', () => { if (lines.join('').split('\n').length > n + 1) resolve(lines.join('').split('\n')[n]); });
      child.on('exit', (status) => reject(new Error(`it ended with ${status}`)));
    });
    child.stdout.on('data', (chunk) => lines.push(chunk.toString()));
    await page.goto(await line(0));
    const read = line(1);
    child.stdin.write(`${await allow(`${base}/callback`)}\n`);
    assert.deepEqual(JSON.parse(await read), { name: 'ANA RIVERSTOWE', results: ['Hemoglobin A1c', 'Cholesterol'], coverage: ['active'], claims: [84.5, 12.25] });
  });
}
