// docs/examples/apache.conf, with a relying party that others wrote: Apache's mod_auth_openidc, from the distribution's package.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { register } from './app.js';
import { cards, freePort, start } from './product.js';
import { launch, Member } from './walk.js';

const modules = '/usr/lib/apache2/modules';
let product;
let browser;
let apache;
let site;
let dir;
before(async () => {
  [product, browser] = await Promise.all([start(), launch()]);
  const port = await freePort();
  site = `http://127.0.0.1:${port}`;
  const client = await register(product, { client_name: 'Apache', redirect_uris: [`${site}/members/callback`], post_logout_redirect_uris: [`${site}/`] });
  dir = await mkdtemp(join(tmpdir(), 'idp-apache-'));
  await mkdir(join(dir, 'www', 'members'), { recursive: true });
  await writeFile(join(dir, 'www', 'members', 'index.html'), '<!doctype html><html lang="es"><title>app</title><h1>members</h1>');
  await chmod(dir, 0o755);
  const load = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'dir', 'mime', 'auth_openidc'].map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`);
  await writeFile(join(dir, 'httpd.conf'), `${load.join('\n')}
ServerRoot ${dir}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${dir}/pid
ErrorLog ${dir}/error.log
TypesConfig /dev/null
DefaultRuntimeDir ${dir}
User www-data
Group www-data
DocumentRoot ${dir}/www
Include ${fileURLToPath(new URL('../docs/examples/apache.conf', import.meta.url))}
`);
  apache = spawn('/usr/sbin/apache2', ['-f', join(dir, 'httpd.conf'), '-DFOREGROUND'], { stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ISSUER: product.issuer, CLIENT_ID: client.client_id, CLIENT_SECRET: client.client_secret, SITE: site, PASSPHRASE: client.client_secret } });
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if (await fetch(`${site}/`).then(() => true, () => false)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
after(async () => {
  if (apache) {
    const ended = new Promise((resolve) => apache.on('exit', resolve));
    apache.kill('SIGTERM');
    await ended;
    await rm(dir, { recursive: true, force: true });
  }
  await browser?.close();
  await product?.stop();
});

test('mod_auth_openidc protects a page for a signed-in member', async () => {
  const member = await Member.open(browser, product, { language: 'es', width: 320, name: 'apache' });
  const no = await member.page.goto(`${site}/members/callback?error=access_denied&state=x`); // the member said no
  assert.equal(no.status(), 400);
  await member.page.goto(`${site}/members/`);
  await member.at('/login');
  await member.register(cards.suffix, { username: 'apache.member' });
  await member.page.waitForURL(`${site}/members/`);
  const response = await member.page.goto(`${site}/members/index.html`);
  assert.match(response.headers()['x-member'], /THORNWICKLE/i);
  await member.close();
});
