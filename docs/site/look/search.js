// Finds the parts of all documents that hold every word typed; a word of the heading weighs more.
const plain = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
const parts = entries.map(e => ({ ...e, head: plain(`${e.Page} ${e.Part}`), body: plain(e.Text) }));
const field = document.getElementById('q'), found = document.getElementById('found'), count = document.getElementById('count');
document.querySelector('search').hidden = false;
const wide = matchMedia('(min-width: 60rem)'), menu = document.querySelector('.menu');
if (menu) menu.open = wide.matches;

function around(part, word) {
  const at = Math.max(0, part.body.indexOf(word) - 60);
  return (at ? '… ' : '') + part.Text.slice(at, at + 180) + (part.Text.length > at + 180 ? ' …' : '');
}

field.addEventListener('input', () => {
  const words = plain(field.value).split(/\s+/).filter(Boolean);
  const hits = !words.length ? [] : parts
    .map(part => ({ part, score: words.reduce((sum, w) => sum + (part.head.includes(w) ? 10 : part.body.includes(w) ? 1 : -Infinity), 0) }))
    .filter(hit => hit.score > 0).sort((a, b) => b.score - a.score);
  count.textContent = !words.length ? '' : hits.length ? `${hits.length} found` : 'Nothing found. Try fewer or other words.';
  found.replaceChildren(...hits.slice(0, 20).map(({ part }) => {
    const item = document.createElement('li'), link = document.createElement('a'), text = document.createElement('p');
    link.href = part.URL;
    link.textContent = part.Page === part.Part ? part.Page : `${part.Page}: ${part.Part}`;
    text.textContent = around(part, words[0]);
    item.append(link, text);
    return item;
  }));
});
