// What a case at the desk takes somebody who has only the keyboard: keys, letters and page loads. docs/desk-effort.md has the table.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const record = fileURLToPath(new URL('../docs/desk-effort.md', import.meta.url));

/** Effort counts what a person presses on one page after the other. */
export class Effort {
  constructor(person) {
    Object.assign(this, { page: person.page, cases: [] });
    this.page.on('load', () => { if (this.now) this.now.loads += 1; });
  }

  /** begin starts a case: who works is where the one before ended. */
  begin(name) {
    this.now = { name, keys: 0, letters: 0, loads: 0 };
    this.cases.push(this.now);
  }

  /** rest stops counting. */
  rest() { this.now = undefined; }

  key(key) {
    this.now.keys += 1;
    return this.page.keyboard.press(key);
  }

  /** type waits for the field that a page puts the focus in by itself. */
  async type(text) {
    await this.page.waitForFunction(() => document.activeElement.matches('input, textarea'));
    this.now.letters += text.length;
    await this.page.keyboard.insertText(text);
  }

  focusOn(selector) { return this.page.evaluate((s) => document.activeElement.matches(s), selector); }

  /** to presses Tab until an element has the focus, past the menu by the skip link unless it is in there. */
  async to(selector) {
    for (let stop = 0; stop < 40; stop += 1) {
      if (await this.focusOn(selector)) return;
      if (!selector.startsWith('.band') && await this.focusOn('.skip')) await this.key('Enter');
      await this.key('Tab');
    }
    throw new Error(`${this.now.name}: Tab does not lead to ${selector}`);
  }

  /** load presses a key that leads to a page, and waits for the focus that the page asks for: the browser gives it after the load. */
  async load(key = 'Enter') {
    await Promise.all([this.page.waitForEvent('load'), this.key(key)]);
    await this.page.waitForFunction(() => !document.querySelector('[autofocus]') || document.activeElement !== document.body);
  }

  async follow(selector) {
    await this.to(selector);
    await this.load();
  }

  async fill(selector, text) {
    await this.to(selector);
    await this.type(text);
  }

  /** compare fails if a case takes more than the table says; UPDATE=1 writes the table anew. */
  async compare() {
    const row = (c) => `| ${c.name} | ${c.keys} | ${c.letters} | ${c.loads} |`;
    let text = await readFile(record, 'utf8');
    if (process.env.UPDATE) {
      text = `${text.match(/^[^]*\n\|---.*\n/)[0]}${this.cases.map(row).join('\n')}\n`;
      await writeFile(record, text);
    }
    const known = new Map([...text.matchAll(/^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map(([, name, ...n]) => [name, n.map(Number)]));
    for (const c of this.cases) {
      const [keys, letters, loads] = known.get(c.name) ?? [];
      assert.ok(c.keys <= keys && c.letters <= letters && c.loads <= loads, `${row(c)} takes more than docs/desk-effort.md says: ${known.get(c.name)}`);
    }
    assert.equal(known.size, this.cases.length, 'docs/desk-effort.md has other cases');
  }
}
