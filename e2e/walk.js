// A member with a browser: what they see and press, with axe on every page.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium as playwright } from 'playwright-core';
import { forcedColors } from './forced_colors.js';
import { chromium } from './product.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = process.env.SCREENSHOTS;
const prints = process.env.PRINTS;
const views = process.env.VIEWS;
const viewed = new Set();
const printed = new Set();
const forced = new Set();

/** launch opens one browser for a test file. */
export function launch({ whole, ...options } = {}) {
  return playwright.launch({
    ...options,
    executablePath: chromium({ whole }),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** mailsTo reads the demo's mailbox: the mails to an address, newest first. */
async function mailsTo(mailbox, email) {
  const read = async (path) => (await fetch(new URL(path, mailbox))).text();
  const plain = (html) => html.replace(/&(?:#(\d+)|(\w+));/g, (_, number, name) => (number ? String.fromCodePoint(number) : { amp: '&', lt: '<', gt: '>', quot: '"' }[name]));
  return (await read(mailbox)).split('<li class="card">').slice(1).map(plain).filter((item) => item.includes(email)).map((item) => {
    const [, path, subject] = item.match(/<a href="([^"]+)">(.*?)<\/a>/);
    return { subject, text: async () => plain((await read(path)).match(/<pre class="part"[^>]*>([^]*?)<\/pre>/)?.[1] ?? '') };
  });
}

/** Member is one person in one browser profile. */
export class Member {
  static async open(browser, product, { language = 'es', width = 1280, script = true, name = 'walk', colorScheme = 'light' } = {}) {
    const context = await browser.newContext({
      locale: language === 'es' ? 'es-US' : 'en-US', viewport: { width, height: 900 }, javaScriptEnabled: script, colorScheme,
    });
    if (script) await context.addInitScript(`window.loadAxe = () => { ${axe} };`); // sent once, and read where it is called
    const member = new Member();
    Object.assign(member, { product, context, page: await context.newPage(), colorScheme, language, width, script, name, seen: 0, faults: [] });
    member.page.on('console', (message) => { // a refused form is a 4xx on purpose
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) member.faults.push(message.text());
    });
    member.page.on('response', (response) => { if (response.status() >= 500) member.faults.push(`${response.status()} ${response.url()}`); });
    return member;
  }

  /** registered has an account and is signed in, on the account page. */
  static async registered(browser, product, card, username, options) {
    const member = await Member.open(browser, product, options);
    await member.page.goto(`${product.issuer}/login?lang=${member.language}`);
    await member.agreeQuietly();
    await member.fillIn(card, { username });
    await member.page.waitForURL(`${product.issuer}/register/done*`);
    await member.page.goto(`${product.issuer}/account`);
    return member;
  }

  close() { return this.context.close(); }

  /** look checks the page that stands there: language, one h1, no sideways scroll, paper, axe; and keeps a screenshot. */
  async look(label) {
    const page = this.page;
    this.seen += 1;
    if (folder) {
      await mkdir(folder, { recursive: true });
      await page.screenshot({ path: `${folder}/${this.name}-${this.language}-${this.width}-${String(this.seen).padStart(2, '0')}-${label}.png`, fullPage: true });
    }
    if (prints) await this.print(label);
    if (views && this.script) await this.view(label);
    assert.equal(await page.locator('html').getAttribute('lang'), this.language, `${label}: language`);
    assert.equal(await page.locator('h1').count(), 1, `${label}: one h1`);
    if (this.script) { // evaluating in the page needs its script engine
      const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
      assert.ok(scroll <= client, `${label}: scrolls sideways at ${this.width} px (${scroll} > ${client})`);
      if (this.width <= 320) { // WCAG 1.4.4: text of twice the size
        const wide = await page.evaluate(() => {
          const root = document.documentElement;
          root.style.fontSize = '200%';
          const all = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest('.hidden')).map((e) => e.outerHTML.slice(0, 120));
          const found = root.scrollWidth > root.clientWidth ? all.slice(-3) : [];
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const range = document.createRange();
          while (texts.nextNode()) { // words stay whole, as this browser hyphenates no Spanish; addresses and long words' soft hyphens may break
            const { data, parentElement } = texts.currentNode;
            if (!parentElement.checkVisibility() || parentElement.closest('.hidden, option, code, pre, .code') || parentElement.closest('[lang]').lang !== root.lang) continue;
            for (const { 0: word, index } of data.matchAll(/(?<![\p{L}\d@.:/_=\u00AD-])\p{L}{3,}(?![\p{L}\d@/_-]|[.:]\p{L})/gu)) {
              range.setStart(texts.currentNode, index);
              range.setEnd(texts.currentNode, index + word.length);
              if (new Set([...range.getClientRects()].filter((r) => r.width).map((r) => Math.round(r.top))).size > 1) found.push(`broken: ${word}`);
            }
          }
          root.style.fontSize = '';
          return found;
        });
        assert.deepEqual(wide, [], `${label}: text of 200 % at ${this.width} px`);
      }
      await page.emulateMedia({ media: 'print' });
      const isWide = this.width > 717 && await page.locator('main table, main pre').count() > 0;
      if (isWide) await page.setViewportSize({ width: 717, height: 900 }); // A4 between its margins
      const paper = await page.evaluate(() => {
        const seen = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
        const after = (a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING && !a.contains(b);
        const level = (e) => Number(e.tagName.match(/^H([1-6])$/)?.[1] ?? 9);
        const filled = seen('main *').filter((e) => /^(INPUT|SELECT|TEXTAREA|IMG|svg|IFRAME|H\d)$/.test(e.tagName) || [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
        return [
          ...seen('button, .button'),
          ...seen('a').filter((e) => getComputedStyle(e, '::after').content.includes('(') && !/^https?:/.test(e.getAttribute('href'))),
          ...seen('main .card').filter((e) => !filled.some((f) => e.contains(f))), // a box of nothing
          ...filled.filter((h) => level(h) > 1 && level(h) < 9 && !h.closest('li') && !(level(filled.find((e) => after(h, e)) ?? h) > level(h))), // a heading of nothing
          ...seen('main *').filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth > 1 && getComputedStyle(e).overflowX !== 'visible' && !/^(INPUT|SELECT|TEXTAREA|IFRAME)$/.test(e.tagName)), // cut: paper does not scroll
          ...(innerWidth === 717 ? seen('main *').filter((e) => e.getBoundingClientRect().right > 718) : []),
        ].map((e) => e.outerHTML.slice(0, 120));
      });
      if (isWide) await page.setViewportSize({ width: this.width, height: 900 });
      await page.emulateMedia({ media: null });
      await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished))); // colours come back by and by
      assert.deepEqual(paper, [], `${label}: of no use on paper, or cut`);
      const violations = await page.evaluate(`loadAxe(); axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.map((n) => n.html + ' ' + n.failureSummary) })))`);
      assert.deepEqual(violations, [], `${label}: axe`);
      if (!forced.has(`${this.name}-${label}`)) { // colours depend neither on language nor on width
        forced.add(`${this.name}-${label}`);
        assert.deepEqual(await forcedColors(page, this.colorScheme), [], `${label}: forced colours`);
      }
    }
    assert.deepEqual(this.faults, [], `${label}: console errors or 5xx`);
  }

  /** view keeps a picture of the page, once each, with text of 200 % on a phone, as on paper, and in the system's own colours. */
  async view(label) {
    const { page, width } = this;
    const set = (percent) => page.evaluate((size) => { document.documentElement.style.fontSize = size; }, percent);
    for (const [kind, wide, change, undo] of [
      ['text', 320, () => set('200%'), () => set('')],
      ['print', 717, () => page.emulateMedia({ media: 'print' }), () => page.emulateMedia({ media: null })],
      ['forced', 640, () => page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' }), () => page.emulateMedia({ forcedColors: null, colorScheme: this.colorScheme })],
    ]) {
      const path = `${views}/${kind}-${this.name.replace(/\W/g, '-')}-${label}.png`;
      if (viewed.has(path)) continue;
      viewed.add(path);
      await page.setViewportSize({ width: wide, height: 900 });
      await change();
      await page.screenshot({ path, fullPage: true });
      await undo();
      await page.setViewportSize({ width, height: 900 });
    }
  }

  /** print keeps the page as it comes out on paper, once in each language. */
  async print(label) {
    for (const format of ['Letter', 'A4']) {
      const path = `${prints}/${this.name}-${label}-${this.language}-${format}.pdf`;
      if (printed.has(path)) continue;
      printed.add(path);
      await this.page.pdf({ path, format, margin: { top: '0.4in', bottom: '0.4in', left: '0.4in', right: '0.4in' } });
    }
  }

  /** sheets is on how many sheets the page comes out. */
  async sheets() {
    return (await this.page.pdf({ format: 'Letter' })).toString('latin1').match(/\/Type\s*\/Page\b/g).length;
  }

  path() { return new URL(this.page.url()).pathname; }

  async at(path) {
    await this.page.waitForURL((url) => url.pathname === path, { timeout: 15000 });
  }

  press(id) { return this.page.locator(`#${id}`).click(); }

  /** toSignIn goes from the portal's welcome page to the sign-in page. */
  async toSignIn() {
    await this.page.goto(`${this.product.portal}/?lang=${this.language}`);
    await this.page.getByRole('link', { name: this.language === 'es' ? 'Acceso del Usuario' : 'Member Login' }).click();
    await this.at('/login');
  }

  async agree() {
    await this.page.getByRole('link', { name: this.language === 'es' ? '¿Nuevo usuario? Inscríbase aquí' : 'New User? Register Here' }).click();
    await this.at('/register/agreement');
    await this.look('agreement');
    await this.press('agree');
    await this.at('/register/personal');
  }

  async personal(card) {
    const page = this.page;
    await page.fill('#birth_day', String(card.day));
    await page.fill('#birth_year', String(card.year));
    await page.selectOption('#birth_month', String(card.month));
    await page.fill('#first_name', card.first);
    await page.fill('#last_name', card.last);
    await page.selectOption('#suffix', card.suffix);
    await page.fill('#card_id', card.number);
    await this.press('next');
  }

  async credentials({ username, password = 'cuatro caballos azules corren', email = `${username}@example.org`, answer = 'una bicicleta roja' }) {
    const page = this.page;
    await page.fill('#username', username);
    await page.fill('#email', email);
    await page.fill('#email_again', email);
    await page.fill('#new_password', password);
    await page.selectOption('#question', { index: 1 });
    await page.fill('#answer', answer);
    await this.press('next');
  }

  /** code waits for a code in the newest mail to the address. */
  code(email) {
    return this.awaited(email, 'code', 50, async ([newest]) => (await newest?.text())?.match(/^\s*(\d{6})\s*$/m)?.[1]);
  }

  /** mail waits for a mail to the address under a subject, and returns its text. One address gets one code a minute. */
  mail(email, subject) {
    return this.awaited(email, `mail "${subject}"`, 400, (mails) => mails.find((mail) => mail.subject === subject)?.text());
  }

  /** awaited asks for the mails to an address until one is right. */
  async awaited(email, what, attempts, right) {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const found = await right(await mailsTo(this.product.mailbox, email));
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`no ${what} for ${email}`);
  }

  /** register walks the whole guide, steps 1 to 6, and ends where it ends. */
  async register(card, who) {
    await this.agree();
    await this.look('personal');
    await this.personal(card);
    await this.at('/register/credentials');
    await this.look('credentials');
    await this.credentials(who);
    await this.at('/register/code');
    await this.look('code');
    await this.page.fill('#code', await this.code(who.email ?? `${who.username}@example.org`));
    await this.press('next');
    await this.at('/register/review');
    await this.look('review');
    await this.page.check('#certify');
    await this.press('finish');
  }

  /** agreeQuietly and fillIn are the registration without looking at its pages, which another walk does. */
  async agreeQuietly() {
    await this.page.locator('a[href^="/register/agreement"]').click();
    await this.at('/register/agreement');
    await this.press('agree');
  }

  async fillIn(card, who) {
    await this.at('/register/personal');
    await this.personal(card);
    await this.at('/register/credentials');
    await this.credentials(who);
    await this.at('/register/code');
    await this.page.fill('#code', await this.code(who.email ?? `${who.username}@example.org`));
    await this.press('next');
    await this.at('/register/review');
    await this.page.check('#certify');
    await this.press('finish');
  }

  async signIn(username, password = 'cuatro caballos azules corren') {
    await this.page.fill('#username', username);
    await this.page.fill('#password', password);
    await this.press('login-submit');
  }
}
