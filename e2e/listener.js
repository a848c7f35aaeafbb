// What a screen reader says of a page, from the browser's accessibility tree, for somebody who has only the keyboard.
import assert from 'node:assert/strict';

/** collects what live regions say, from the page's first moment on. */
const live = () => {
  const said = [];
  const note = (region) => {
    const text = region.textContent.replace(/\s+/g, ' ').trim();
    if (text && said.at(-1) !== text) said.push(text);
  };
  Object.defineProperty(window, 'said', { get: () => said.splice(0) });
  const selector = '[role=alert], [role=status], [aria-live=polite], [aria-live=assertive]';
  addEventListener('DOMContentLoaded', () => {
    document.querySelectorAll('[role=alert], [role=status]').forEach((region) => { if (region.checkVisibility()) note(region); });
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const region = (target.nodeType === 1 ? target : target.parentElement)?.closest(selector);
        if (region && region.getAttribute('aria-live') !== 'off') note(region);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
};

const valueOf = (node, property) => node.properties?.find((p) => p.name === property)?.value.value;
const states = ['required', 'invalid', 'checked', 'pressed', 'expanded', 'disabled'];

/** Listener walks pages by keyboard alone, and writes down what is said. */
export class Listener {
  static async of(member) {
    const { page } = member;
    await page.addInitScript(live);
    const client = await member.context.newCDPSession(page);
    await client.send('Accessibility.enable');
    return Object.assign(new Listener(), { member, page, client, lines: [] });
  }

  write(line) {
    this.lines.push(line);
    if (process.env.LISTEN) console.error(line);
  }

  /** chapter begins a part of the record. */
  chapter(title) { this.lines.push(...(this.lines.length ? ['```', ''] : []), `## ${title}`, '', '```text'); }

  /** text is the record. */
  text() { return [...this.lines, '```', ''].join('\n'); }

  /** open writes down what is said of the page that opened: title, alerts, step and headings in the order of reading. */
  async open(path) {
    const { page } = this;
    if (path) await this.member.at(path);
    await page.waitForLoadState('load');
    const title = await page.title();
    this.write(`page: ${title}`);
    const tree = await this.tree();
    const headings = tree.filter((node) => node.role === 'heading');
    const first = headings.filter((node) => node.level === 1);
    assert.equal(first.length, 1, `${title}: one heading of level 1`);
    assert.ok(title.includes(first[0].name), `${title}: the title names the page`);
    for (const role of ['banner', 'main', 'contentinfo']) {
      if (role === 'contentinfo' && page.url().startsWith(this.member.product.desk ?? '-')) continue; // the desk has no footer
      assert.equal(tree.filter((node) => node.role === role).length, 1, `${title}: one ${role}`);
    }
    for (const node of tree.filter((node) => ['button', 'link'].includes(node.role))) assert.ok(node.name, `${title}: a ${node.role} without a name`);
    const controls = tree.filter((node) => ['textbox', 'combobox', 'checkbox', 'radio', 'searchbox'].includes(node.role));
    for (const node of controls) {
      assert.ok(node.name, `${title}: a ${node.role} without a name`);
      if (!title.startsWith('Error: ')) assert.ok(!node.invalid || node.invalid === 'false', `${title}: ${node.name} is told to be wrong before anything is`);
    }
    const step = tree.find((node) => /^(Paso|Step) \d/.test(node.name) && node.role === 'StaticText');
    if (step) {
      this.write(`  ${step.name}`);
      assert.ok(tree.indexOf(step) < tree.indexOf(first[0]), `${title}: the step is read before the heading`);
    }
    for (const { level, name } of headings) this.write(`  heading ${level}: ${name}`);
    await this.heard();
  }

  /** tree returns the nodes that are told, in the order of reading. */
  async tree() {
    const { nodes } = await this.client.send('Accessibility.getFullAXTree');
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const told = [];
    const visit = (node) => {
      if (!node) return;
      if (!node.ignored) told.push({ role: node.role?.value, name: node.name?.value ?? '', level: valueOf(node, 'level'), invalid: valueOf(node, 'invalid') });
      node.childIds?.forEach((id) => visit(byId.get(id)));
    };
    visit(nodes[0]);
    return told;
  }

  /** heard writes down what live regions have said since. */
  async heard() {
    for (const text of await this.page.evaluate(() => window.said)) this.write(`  says: ${text.replace(/(?<=^Wait )\d+ \w+/, '(a time)')}`);
  }

  /** focused is what is said of the element that has the focus. */
  async focused() {
    const { result } = await this.client.send('Runtime.evaluate', { expression: 'document.activeElement' });
    const { nodes: [node] } = await this.client.send('Accessibility.getPartialAXTree', { objectId: result.objectId, fetchRelatives: false });
    const said = states.filter((state) => ![undefined, false, 'false'].includes(valueOf(node, state)));
    const value = ['combobox'].includes(node.role.value) ? node.value?.value : undefined;
    const description = node.description?.value;
    return {
      role: node.role.value, name: node.name?.value ?? '', states: said,
      text: [`${node.role.value} “${node.name?.value ?? ''}”`, ...(value ? [`“${value}”`] : []), ...said].join(', ') + (description ? ` (${description})` : ''),
    };
  }

  /** skip leaves the header by the skip link, which is the first stop of every page. */
  async skip() {
    await this.page.keyboard.press('Tab');
    const first = await this.focused();
    assert.equal(first.role, 'link');
    assert.match(first.name, /^(Ir al contenido|Skip to content)$/, 'the first stop');
    await this.page.keyboard.press('Enter');
    assert.equal((await this.focused()).role, 'main', 'the skip link leads to the page');
  }

  /** to presses Tab until the stop whose name begins so, and writes down each. */
  async to(name) {
    for (let stop = 0; stop < 60; stop += 1) {
      await this.page.keyboard.press('Tab');
      const at = await this.focused();
      assert.ok(!['RootWebArea', 'main'].includes(at.role), `no stop “${name}”`);
      assert.ok(at.name, `a stop without a name: ${at.text}`);
      this.write(`  Tab: ${at.text}`);
      if (at.name.startsWith(name)) return at;
    }
    throw new Error(`no stop “${name}” among sixty`);
  }

  async type(text, shown = text) {
    await this.page.keyboard.type(text);
    this.write(`  types: ${shown}`);
  }

  /** down chooses the nth option after the present one. */
  async down(n) {
    for (let i = 0; i < n; i += 1) await this.page.keyboard.press('ArrowDown');
    this.write(`  chooses: ${(await this.focused()).text}`);
  }

  async key(key) {
    this.write(`  ${key}`);
    await this.page.keyboard.press(key);
  }

  /** enter presses Enter on the stop of that name, which leads to a page. */
  async enter(name, path) {
    await this.to(name);
    await this.press('Enter', path);
  }

  /** press presses a key that leads to a page; without path to the same one. */
  async press(key, path) {
    this.write(`  ${key}`);
    await Promise.all([this.page.waitForEvent('load'), this.page.keyboard.press(key)]);
    await this.open(path);
  }

  /** refused expects that the page came back with a summary of what is wrong: it has the focus, is an alert, and its first
      line leads to the field. */
  async refused(field) {
    const summary = await this.focused();
    this.write(`  focus: ${summary.role}`);
    assert.equal(summary.role, 'alert', 'the focus is on the summary');
    assert.match(await this.page.title(), /^Error: /);
    await this.page.keyboard.press('Tab');
    const link = await this.focused();
    this.write(`  Tab: ${link.text}`);
    assert.equal(link.role, 'link');
    await this.page.keyboard.press('Enter');
    const at = await this.focused();
    this.write(`  Enter: ${at.text}`);
    assert.ok(at.name.startsWith(field), `the line leads to ${at.name}, want ${field}`);
    return at;
  }
}
