// The example programs of docs/integrate.md, each run as a partner developer would: without a deprecation warning, and so that
// an answer with an error does not end them.
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { register } from './app.js';
import { cards, freePort, start } from './product.js';
import { launch, Member } from './walk.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const hasCargo = spawnSync('cargo', ['--version']).status === 0;
const file = (name) => `${root}docs/examples/${name}`;
const python = process.env.PYTHON ?? `${root}e2e/.venv/bin/python3`;

let product;
let browser;
let member;
let client;
let port;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  port = await freePort();
  client = await register(product, { client_name: 'Example', redirect_uris: ['callback', 'auth/callback/husky', 'login/oauth2/code/husky'].map((path) => `http://127.0.0.1:${port}/${path}`),
    post_logout_redirect_uris: [`http://127.0.0.1:${port}/`] });
  member = await Member.open(browser, product, { language: 'es', width: 1280, name: 'examples' });
  await member.page.goto(`${product.issuer}/login`);
  await member.register(cards.plain, { username: 'examples' });
  await member.at('/register/done');
});
after(async () => { await browser?.close(); await product?.stop(); });

/** run starts the program, takes the address that it prints first, and ends it with the test. */
async function run(t, command, args, settings = {}) {
  const kept = process.env.CARGO_TARGET_DIR ?? `${homedir()}/.cache/idp-examples`; // what Rust's libraries were compiled to
  const child = spawn(command, args, { detached: true, env: { ...process.env, ISSUER: product.issuer, CLIENT_ID: client.client_id, CLIENT_SECRET: client.client_secret, PORT: String(port), CARGO_TARGET_DIR: kept, ...settings }, cwd: root });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  t.after(() => { try { process.kill(-child.pid); } catch { /* it has ended */ } return ended; }); // with what `go run` has started
  let out = '';
  let faults = '';
  child.stderr.on('data', (chunk) => { faults += chunk; });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => { out += chunk; if (out.includes('\n')) resolve(out.trim()); });
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${faults}`)));
    child.on('error', reject);
  });
  return { child, url, ended, said: () => out, complained: () => faults };
}

/** script is where node finds the libraries of an example. */
async function script(name) {
  const copy = `${root}e2e/node_modules/.example-${name}`;
  await copyFile(file(name), copy);
  return ['--throw-deprecation', copy];
}

const text = () => member.page.locator('body').innerText();

/** refused visits the program's callback as after the member's no. */
async function refused(path = 'callback') {
  const answer = await member.page.goto(`http://127.0.0.1:${port}/${path}?error=access_denied&state=x&iss=${encodeURIComponent(product.issuer)}`);
  return answer.status();
}

for (const [name, command, args] of [
  ['JavaScript', process.execPath, () => script('app.mjs')],
  ['Go', 'go', () => ['run', file('app.go')]],
  ['Python', python, () => ['-W', 'error::DeprecationWarning', file('app.py')]],
  ['Rust', 'cargo', () => ['run', '--quiet', '--manifest-path', file('rust/Cargo.toml')]],
  ['Ruby', 'ruby', () => ['-W:deprecated', file('app.rb')]],
]) {
  test(`the ${name} example signs a member in`, { timeout: 400000, skip: command === 'cargo' && !hasCargo && 'NOT CHECKED: cargo is not installed: https://rustup.rs' }, async (t) => {
    const program = await run(t, command, await args());
    assert.equal(await refused(), 400);
    assert.match(await text(), /Not signed in/);
    await member.page.goto(program.url);
    await member.page.waitForURL(`http://127.0.0.1:${port}/*`);
    assert.match(await text(), /Hello, ANA RIVERSTOWE/);
    await program.ended;
    assert.doesNotMatch(program.complained(), /deprecat/i);
  });
}

test('the shell example signs a member in', async (t) => {
  const no = await run(t, 'bash', [file('app.sh')]);
  no.child.stdin.write(`http://127.0.0.1:${port}/callback?error=access_denied&${new URL(no.url).search.slice(1).match(/state=[^&]*/)[0]}\n`);
  assert.equal(await no.ended, 1);
  assert.match(no.complained(), /Not signed in: access_denied/);
  const program = await run(t, 'bash', [file('app.sh')]);
  const answer = new Promise((resolve) => { member.page.on('request', (request) => { if (request.url().includes('/callback?')) resolve(request.url()); }); });
  await member.page.goto(program.url).catch(() => {}); // nothing listens at the callback
  program.child.stdin.write(`${await answer}\n`);
  await program.ended;
  assert.match(program.said(), /Hello, ANA RIVERSTOWE/);
});

test('pushed requests and tokens bound to a key', async (t) => {
  const bound = await register(product, { client_name: 'PAR', redirect_uris: [`http://127.0.0.1:${port}/callback`], require_pushed_authorization_requests: true, dpop_bound_access_tokens: true });
  const program = await run(t, process.execPath, await script('par_dpop.mjs'), { CLIENT_ID: bound.client_id, CLIENT_SECRET: bound.client_secret });
  assert.equal(await refused(), 400);
  assert.match(program.url, /request_uri=/);
  await member.page.goto(program.url);
  await member.page.waitForURL(`http://127.0.0.1:${port}/*`);
  assert.match(await text(), /Hello, ANA RIVERSTOWE \(dpop\)/i);
});

test('a client that signs', async (t) => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const [secret, open] = await Promise.all([crypto.subtle.exportKey('jwk', pair.privateKey), crypto.subtle.exportKey('jwk', pair.publicKey)]);
  const signs = await register(product, { client_name: 'Signs', redirect_uris: [`http://127.0.0.1:${port}/callback`], token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ kty: open.kty, crv: open.crv, x: open.x, y: open.y, kid: 'one', use: 'sig' }] } });
  const program = await run(t, process.execPath, await script('private_key_jwt.mjs'), { CLIENT_ID: signs.client_id, CLIENT_SECRET: '', KEY: JSON.stringify({ ...secret, kid: 'one' }) });
  assert.equal(await refused(), 400);
  await member.page.goto(program.url);
  await member.page.waitForURL(`http://127.0.0.1:${port}/*`);
  assert.match(await text(), /Hello, ANA RIVERSTOWE/);
});

test('a native app', async (t) => {
  const app = await register(product, { client_name: 'Native', redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none', application_type: 'native' });
  const program = await run(t, process.execPath, await script('native.mjs'), { CLIENT_ID: app.client_id, CLIENT_SECRET: '' });
  const callback = new URL(new URL(program.url).searchParams.get('redirect_uri'));
  const no = await member.page.goto(`${callback.href}?error=access_denied&state=x`);
  assert.equal(no.status(), 400);
  await member.page.goto(program.url);
  await member.page.waitForURL(`${callback.origin}/*`);
  assert.match(await text(), /Hello, ANA RIVERSTOWE/);
});

test('Auth.js', async (t) => {
  const program = await run(t, process.execPath, await script('authjs.mjs'));
  await refused('auth/callback/husky');
  assert.match(await text(), /Not signed in|Sign in at/);
  await member.page.goto(program.url);
  await member.page.locator('form button').first().click();
  await member.page.waitForURL(`http://127.0.0.1:${port}/*`);
  await member.page.goto(`http://127.0.0.1:${port}/`);
  assert.match(await text(), /Hello, ANA RIVERSTOWE/);
});

test('Spring Security', { timeout: 400000 }, async (t) => {
  await promisify(execFile)('mvn', ['-q', '-B', '-Dmaven.compiler.showDeprecation=true', '-Dmaven.compiler.failOnWarning=true', 'package'], { cwd: file('spring') });
  const program = spawn('java', ['-jar', file('spring/target/app.jar')], { env: { ...process.env, ISSUER: product.issuer, CLIENT_ID: client.client_id, CLIENT_SECRET: client.client_secret, PORT: String(port) } });
  t.after(() => new Promise((resolve) => { program.on('exit', resolve); program.kill(); }));
  let said = '';
  await new Promise((resolve, reject) => {
    program.stdout.on('data', (chunk) => { said += chunk; if (said.includes('Started App')) resolve(); });
    program.on('exit', (code) => reject(new Error(`java ended with ${code}: ${said}`)));
  });
  await refused('login/oauth2/code/husky');
  assert.match(member.page.url(), /\/login\?error/);
  await member.page.goto(`http://127.0.0.1:${port}/`);
  if (new URL(member.page.url()).pathname === '/login') await member.page.locator('a').first().click(); // Spring's list of providers
  await member.page.waitForURL(`http://127.0.0.1:${port}/*`);
  assert.match(await text(), /Hello, ANA RIVERSTOWE/);
});

test('refresh and logout', async (t) => { // last: it ends the session
  const program = await run(t, process.execPath, await script('refresh_logout.mjs'));
  assert.equal(await refused(), 400);
  await member.page.goto(program.url);
  await member.page.waitForURL('**/logout?*');
  await member.page.locator('#logout-confirm').click();
  await member.page.waitForURL(`http://127.0.0.1:${port}/?state=bye`);
  assert.match(await text(), /Signed out/);
  assert.equal(await program.ended, 0);
});
