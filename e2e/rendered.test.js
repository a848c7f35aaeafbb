// Every case of every page, as the templates' own test renders it: walks visit most pages, but not each in each of its states.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launch, Member } from './walk.js';

const types = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };

let dir;
let server;
let browser;
let pages;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'idp-pages-'));
  await promisify(execFile)('go', ['test', './templates', '-run', '^TestPages$', '-count=1', '-args', '-render', dir], { cwd: fileURLToPath(new URL('..', import.meta.url)) });
  pages = (await readdir(dir)).filter((name) => name.endsWith('.html'));
  server = createServer(async (request, response) => {
    try {
      const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
      let body = await readFile(join(dir, path));
      if (/handover|signed_out/.test(path)) body = body.toString().replace(/<script[^>]*><\/script>/g, ''); // which lead on by themselves
      response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  browser = await launch();
});
after(async () => { await browser?.close(); server?.close(); if (dir) await rm(dir, { recursive: true, force: true }); });

const sizes = process.env.CASES === 'all' ? [320, 1280].flatMap((width) => ['es', 'en', 'pt', 'ht'].map((language) => [language, width])) : [['es', 320]];
for (const [language, width] of sizes) {
  test(`each page's cases: ${language}, ${width} px`, async () => {
    const member = await Member.open(browser, null, { language, width, name: 'case' });
    const origin = `http://127.0.0.1:${server.address().port}`;
    await member.context.route((url) => url.origin !== origin, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>app</title>' }));
    const mine = pages.filter((name) => name.endsWith(`.${language}.html`));
    assert.ok(mine.length > 200);
    const found = [];
    for (const name of mine) {
      await member.page.goto(`${origin}/${encodeURIComponent(name)}`);
      await member.look(name.replace(/\.\w+\.html$/, '').replaceAll(' ', '_')).catch((e) => { found.push(e.message); member.faults = []; });
    }
    assert.deepEqual(found, []);
    await member.close();
  });
}
