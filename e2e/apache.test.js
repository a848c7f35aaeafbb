// A relying party that others wrote: Apache's mod_auth_openidc, from the distribution's package.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
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
  const client = await register(product, { client_name: 'Apache', redirect_uris: [`${site}/protected/cb`], post_logout_redirect_uris: [`${site}/`] });
  dir = await mkdtemp(join(tmpdir(), 'idp-apache-'));
  await mkdir(join(dir, 'www', 'protected'), { recursive: true });
  await writeFile(join(dir, 'www', 'protected', 'index.html'), '<!doctype html><html lang="es"><title>app</title><h1>protected</h1>');
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
OIDCProviderMetadataURL ${product.issuer}/.well-known/openid-configuration
OIDCClientID ${client.client_id}
OIDCClientSecret ${client.client_secret}
OIDCRedirectURI ${site}/protected/cb
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCCryptoPassphrase ${client.client_secret}
<Location /protected>
AuthType openid-connect
Require valid-user
Header set X-Member "expr=%{req:OIDC_CLAIM_preferred_username}"
</Location>
`);
  apache = spawn('/usr/sbin/apache2', ['-f', join(dir, 'httpd.conf'), '-DFOREGROUND'], { stdio: ['ignore', 'inherit', 'inherit'] });
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
  await member.page.goto(`${site}/protected/`);
  await member.at('/login');
  await member.register(cards.suffix, { username: 'apache.member' });
  await member.page.waitForURL(`${site}/protected/`);
  const response = await member.page.goto(`${site}/protected/index.html`);
  assert.equal(response.headers()['x-member'], 'apache.member');
  await member.close();
});
