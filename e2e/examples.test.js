// The example programs of docs/integrate.md, each run as a partner developer would.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { register } from './app.js';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

const file = (name) => fileURLToPath(new URL(`../docs/examples/${name}`, import.meta.url));
const python = process.env.PYTHON ?? '/usr/bin/python3';

let product;
let browser;
let member;
let client;
let port;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  port = await new Promise((resolve) => { const s = createServer().listen(0, '127.0.0.1', () => { const p = s.address().port; s.close(() => resolve(p)); }); });
  client = await register(product, { client_name: 'Example', redirect_uris: [`http://127.0.0.1:${port}/callback`] });
  member = await Member.open(browser, product, { language: 'es', width: 1280, name: 'examples' });
  await member.page.goto(`${product.issuer}/login`);
  await member.register(cards.plain, { username: 'examples' });
  await member.at('/register/done');
  await copyFile(file('app.mjs'), fileURLToPath(new URL('./node_modules/.example.mjs', import.meta.url))); // where openid-client is found
});
after(async () => { await browser?.close(); await product?.stop(); });

/** run starts the program, takes the address that it prints first, and ends it with the test. */
async function run(command, args) {
  const child = spawn(command, args, { env: { ...process.env, ISSUER: product.issuer, CLIENT_ID: client.client_id, CLIENT_SECRET: client.client_secret, PORT: String(port) },
    cwd: fileURLToPath(new URL('..', import.meta.url)) });
  let out = '';
  let faults = '';
  child.stderr.on('data', (chunk) => { faults += chunk; });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => { out += chunk; if (out.includes('\n')) resolve(out.trim()); });
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${faults}`)));
    child.on('error', reject);
  });
  return { child, url, ended: new Promise((resolve) => child.on('exit', resolve)), said: () => out };
}

for (const [name, command, args] of [
  ['JavaScript', process.execPath, [fileURLToPath(new URL('./node_modules/.example.mjs', import.meta.url))]],
  ['Go', 'go', ['run', file('app.go')]],
  ['Python', python, [file('app.py')]],
]) {
  test(`the ${name} example signs a member in`, { timeout: 180000 }, async () => {
    const program = await run(command, args);
    await member.page.goto(program.url);
    assert.match(await member.page.locator('body').innerText(), /Hello, ANA RIVERSTOWE/);
    await program.ended;
  });
}

test('the shell example signs a member in', async () => {
  const program = await run('bash', [file('app.sh')]);
  const answer = new Promise((resolve) => { member.page.on('request', (request) => { if (request.url().includes('/callback?')) resolve(request.url()); }); });
  await member.page.goto(program.url).catch(() => {}); // nothing listens at the callback
  program.child.stdin.write(`${await answer}\n`);
  await program.ended;
  assert.match(program.said(), /Hello, ANA RIVERSTOWE/);
});
