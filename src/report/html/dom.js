// Elements of the page. Text is always set as text: nothing of the data is ever read as HTML.

/** An element with attributes, listeners (`onclick`) and children; a text becomes a text node. */
function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children.flat().filter((child) => child !== '' && child !== undefined));
  return made;
}

/** `1 node`, `2 nodes`. */
const countOf = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** A list of terms; those without a value are left out. */
function terms(pairs) {
  const given = pairs.filter(([, value]) => value !== '' && value !== undefined && value.length !== 0);
  return make(
    'dl',
    {},
    given.flatMap(([term, value]) => [make('dt', {}, term), make('dd', {}, ...[value].flat())]),
  );
}

/** A diff with a sign and a colour for each line. */
function diffOf(text) {
  const lines = text.replace(/\n$/, '').split('\n');
  const kind = (line) =>
    /^(\+\+\+|---|@@)/.test(line) ? 'meta' : line[0] === '+' ? 'added' : line[0] === '-' ? 'removed' : '';
  const content = lines.map((line) => make('span', { class: kind(line) }, `${line}\n`));
  return make('pre', { class: 'diff', tabindex: 0, role: 'region', 'aria-label': 'Diff' }, content);
}

/** A section below a heading of its own; empty ones are not made. */
function section(title, ...children) {
  const content = children.flat().filter(Boolean);
  if (content.length === 0) return '';
  const id = `section-${document.querySelectorAll('section').length + section.made++}`;
  return make('section', { 'aria-labelledby': id }, make('h2', { id }, title), content);
}
section.made = 0;

/** Shows `size` entries, and a button for more. */
function paged(list, size, render) {
  const shown = make('div', {});
  const button = make('button', { type: 'button', class: 'more' });
  let from = 0;
  const more = () => {
    shown.append(...list.slice(from, from + size).map(render));
    from = Math.min(from + size, list.length);
    button.textContent = `Show more (${list.length - from} left)`;
    button.hidden = from >= list.length;
  };
  button.addEventListener('click', more);
  more();
  return [shown, button];
}
