// What is left to see where a person's system sets every colour (forced colours, "high contrast").

/** forcedColors returns what nobody could see on the page with a light and with a dark set of the system's colours. */
export async function forcedColors(page, colorScheme) {
  const lost = [];
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ forcedColors: 'active', colorScheme: scheme });
    lost.push(...(await page.evaluate(unseen)).map((fault) => `${scheme}: ${fault}`));
  }
  await page.emulateMedia({ forcedColors: null, colorScheme });
  return lost;
}

/** unseen runs in the page. */
function unseen() {
  const lost = [];
  const report = (what, element) => lost.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest('.hidden, .skip'));
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const clear = (colour) => (parts(colour)[3] ?? 1) === 0;
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      if (!clear(getComputedStyle(e).backgroundColor)) return getComputedStyle(e).backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  const edged = (element) => {
    const style = getComputedStyle(element);
    return style.borderBottomStyle !== 'none' && parseFloat(style.borderBottomWidth) >= 1 && contrast(style.borderBottomColor, ground(element.parentElement)) >= 3;
  };
  for (const e of seen('button:not(.link), .button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea')) {
    if (!edged(e)) report('no edge', e);
  }
  for (const e of seen('svg:not(.qr) *')) { // WCAG 1.4.11
    const style = getComputedStyle(e);
    const drawn = [style.fill, style.stroke].filter((paint) => paint.startsWith('rgb') && !clear(paint));
    if (e.getClientRects().length && drawn.length && !drawn.some((paint) => contrast(paint, ground(e.closest('svg'))) >= 3)) report('icon', e);
  }
  for (const e of seen('main *, header *, nav *, footer *')) { // WCAG 1.4.3
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (text && !e.closest('.qr') && contrast(getComputedStyle(e).color, ground(e)) < 4.5) report('text', e);
  }
  for (const e of seen('[aria-current]')) { // more than the weight of its letters
    const other = [...(e.closest('nav')?.querySelectorAll('a') ?? [])].find((a) => !a.hasAttribute('aria-current') && a.checkVisibility());
    const mark = (a) => { const s = getComputedStyle(a); return [s.borderLeftStyle, s.borderLeftWidth, s.borderLeftColor, s.borderBottomStyle, s.borderBottomColor, s.textDecorationLine].join(); };
    if (other && mark(e) === mark(other)) report('not marked as current', e);
  }
  const [reached, ahead] = [seen('.steps .reached'), seen('.steps span:not(.reached)')];
  if (reached.length && ahead.length && getComputedStyle(reached[0]).borderTopStyle === getComputedStyle(ahead[0]).borderTopStyle) report('no step to tell from another', reached[0]);
  const silent = ['focus', 'focusin', 'blur', 'focusout']; // what the page does when somebody goes to a field is not for this walk
  const stop = (event) => event.stopImmediatePropagation();
  for (const kind of silent) window.addEventListener(kind, stop, true);
  const held = document.activeElement;
  const at = { left: scrollX, top: scrollY };
  for (const e of seen('button, .button, input:not([type=hidden]), select, textarea, a[href], summary')) {
    if (e.disabled || e.tabIndex < 0) continue;
    e.focus({ preventScroll: true, focusVisible: true });
    if (document.activeElement !== e) continue;
    const style = getComputedStyle(e);
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2 || contrast(style.outlineColor, ground(e.parentElement)) < 3) report('no focus to see', e);
  }
  if (held && held !== document.body) held.focus({ preventScroll: true });
  else { // Tab starts at the top again
    const top = document.body.insertBefore(document.createElement('span'), document.body.firstChild);
    top.tabIndex = -1;
    top.focus({ preventScroll: true });
    top.remove();
  }
  scrollTo(at);
  for (const kind of silent) window.removeEventListener(kind, stop, true);
  return lost;
}
