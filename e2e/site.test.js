// The documentation site, opened as files: no server, and nothing loaded from elsewhere.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium as playwright } from 'playwright-core';
import { chromium } from './product.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test('the documentation reads, searches and prints at both widths, and without script', async (t) => {
  const out = await mkdtemp(path.join(tmpdir(), 'site-'));
  t.after(() => rm(out, { recursive: true, force: true }));
  execFileSync('go', ['run', './docs/site', '--out', out, '--version', '1.2.3'], { cwd: '..' });
  const at = (name) => pathToFileURL(path.join(out, name)).href;
  const browser = await playwright.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  t.after(() => browser.close());

  for (const [width, colorScheme] of [[320, 'light'], [1280, 'dark']]) {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true }); // for axe
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => request.url().startsWith('file:') || faults.push(request.url()));
    for (const name of ['index.html', '1.2.3/index.html', '1.2.3/integrate.html', '1.2.3/security.html', '1.2.3/api.html', '1.2.3/examples.html']) {
      await page.goto(at(name));
      assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false, `${name} at ${width} scrolls sideways`);
      const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ' ' + v.nodes.map((n) => n.html)))`);
      assert.deepEqual(found, [], `${name} at ${width}: axe`);
    }
    await page.goto(at('1.2.3/index.html'));
    await page.getByLabel('Search the documentation').fill('REFRESH token');
    await page.getByRole('link', { name: 'Architecture: A refresh token' }).click();
    assert.match(page.url(), /architecture\.html#a-refresh-token$/);
    await page.locator('#q').fill('nothing-of-this-name');
    assert.equal(await page.locator('#count').innerText(), 'Nothing found. Try fewer or other words.');
    assert.deepEqual(faults, []);
    await page.close();
  }

  const plain = await (await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 800 } })).newPage();
  await plain.goto(at('1.2.3/operate.html'));
  assert.equal(await plain.locator('#q').isVisible(), false);
  await plain.locator('summary').click();
  await plain.locator('nav').getByRole('link', { name: 'Connect your app' }).click();
  assert.match(plain.url(), /integrate\.html$/);
});
