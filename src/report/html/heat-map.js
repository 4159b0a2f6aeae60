// The heat map, nodes by rules: filters, a grid for the keyboard, and a dialog with the evidence of a cell.

const rowsAtOnce = 50;
const order = { fail: 0, unknown: 1, pass: 2, 'not-applicable': 3 };

function heatMap(judged, title) {
  const { hosts, rules, findings } = judged;
  const state = { text: '', severity: '', status: '', shown: rowsAtOnce };
  const status = make('p', { role: 'status', class: 'count' });
  const table = make('table', { role: 'grid', 'aria-label': `${title}: nodes by rules` });
  const more = make('button', { type: 'button', class: 'more', onclick: () => draw((state.shown += rowsAtOnce)) });
  const dialog = evidenceDialog();

  const cellsOf = (host, at) => host.cells.filter(([rule]) => rule === at).map(([, finding]) => findings[finding]);
  const fits = (finding) =>
    (state.status === '' || finding.status === state.status) &&
    (state.severity === '' || finding.severity === state.severity);
  const has = (text) => text.toLowerCase().includes(state.text);

  function filtered() {
    const byName = state.text !== '' && hosts.some(({ name }) => has(name));
    const byRule = state.text !== '' && rules.some(({ rule, title: says }) => has(rule) || has(says));
    const named = (host) => !byName || has(host.name);
    const wanted = ({ rule, title: says }) => byName || !byRule || has(rule) || has(says);
    const nothing = state.text !== '' && !byName && !byRule;
    const columns = rules.map((_, at) => at).filter((at) => !nothing && wanted(rules[at]));
    const rows = hosts.filter(
      (host) =>
        !nothing &&
        named(host) &&
        (state.status + state.severity === '' ||
          host.cells.some(([at, index]) => columns.includes(at) && fits(findings[index]))),
    );
    const used =
      state.status + state.severity === ''
        ? columns
        : columns.filter((at) => rows.some((host) => cellsOf(host, at).some(fits)));
    return { rows, columns: used };
  }

  function draw() {
    const { rows, columns } = filtered();
    const head = columns.map((at) =>
      make(
        'th',
        { scope: 'col', class: rules[at].severity },
        make('span', {}, rules[at].rule),
        make('small', {}, rules[at].severity),
      ),
    );
    const body = rows.slice(0, state.shown).map((host) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, host.name),
        columns.map((at) => cell(host, at)),
      ),
    );
    table.replaceChildren(
      make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Node'), head)),
      make('tbody', {}, body),
    );
    table.querySelector('td button')?.setAttribute('tabindex', '0');
    const shown = Math.min(state.shown, rows.length);
    status.textContent = `${shown} of ${countOf(rows.length, 'node')} shown, ${countOf(columns.length, 'rule')}.`;
    more.hidden = shown >= rows.length;
    more.textContent = `Show more nodes (${rows.length - shown} left)`;
  }

  function cell(host, at) {
    const found = cellsOf(host, at).toSorted((one, other) => order[one.status] - order[other.status]);
    const [worst] = found;
    if (worst === undefined)
      return make(
        'td',
        { class: 'none' },
        make('span', { class: 'unseen' }, host.status === 'judged' ? 'no finding' : host.status),
      );
    const shade = fits(worst) ? '' : ' dimmed';
    const button = make(
      'button',
      {
        type: 'button',
        tabindex: -1,
        class: `${worst.status} ${worst.severity}${shade}`,
        onclick: () => dialog.open(host, found),
      },
      make('span', { 'aria-hidden': true }, marks[worst.status]),
      make('span', { class: 'unseen' }, words[worst.status]),
    );
    return make('td', {}, button);
  }

  table.addEventListener('keydown', (event) => moveFocus(table, event));
  addEventListener('beforeprint', () => draw((state.shown = Infinity)));
  addEventListener('afterprint', () => draw((state.shown = rowsAtOnce)));
  const onChange = (key) => (event) => {
    state[key] = event.target.value.toLowerCase();
    state.shown = rowsAtOnce;
    draw();
  };
  draw();
  return [
    filters(onChange, title),
    status,
    make('div', { class: 'scroll map', tabindex: 0, role: 'region', 'aria-label': `${title}: heat map` }, table),
    more,
    legend(),
    dialog.element,
  ];
}

function filters(onChange, title) {
  const choice = (label, key, values) =>
    make(
      'label',
      {},
      label,
      make(
        'select',
        { onchange: onChange(key) },
        ['', ...values].map((value) => make('option', { value }, value === '' ? 'any' : (words[value] ?? value))),
      ),
    );
  return make(
    'form',
    {
      class: 'filters',
      role: 'search',
      'aria-label': `Filter the heat map: ${title}`,
      onsubmit: (event) => event.preventDefault(),
    },
    make('label', {}, 'Node or rule', make('input', { type: 'search', oninput: onChange('text') })),
    choice('Severity', 'severity', ['critical', 'high', 'medium', 'low']),
    choice('Status', 'status', Object.keys(words)),
  );
}

const legend = () =>
  make(
    'p',
    { class: 'legend' },
    Object.entries(words).map(([status, word]) =>
      make('span', {}, make('span', { class: `mark ${status}`, 'aria-hidden': true }, marks[status]), ` ${word} `),
    ),
    'Arrow keys move between cells; Enter opens one.',
  );

/** One cell has the focus; arrows, Home, End and Page Up and Down move it. */
function moveFocus(table, event) {
  const rows = [...table.tBodies[0].rows];
  const cell = event.target.closest('td');
  if (cell === null) return;
  const [row, column] = [rows.indexOf(cell.parentElement), cell.cellIndex];
  const last = cell.parentElement.cells.length - 1;
  const moves = {
    ...{
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
    },
    ...{
      Home: [row, 1],
      End: [row, last],
      PageUp: [Math.max(row - 10, 0), column],
      PageDown: [Math.min(row + 10, rows.length - 1), column],
    },
  };
  const to = moves[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = rows[to[0]]?.cells[to[1]]?.querySelector('button');
  if (!next) return;
  event.target.setAttribute('tabindex', '-1');
  next.setAttribute('tabindex', '0');
  next.focus();
}

function evidenceDialog() {
  const title = make('h2', { id: 'evidence-title' });
  const content = make('div', {});
  const close = make('button', { type: 'button', onclick: () => element.close() }, 'Close');
  const element = make('dialog', { 'aria-labelledby': 'evidence-title' }, title, content, close);
  const open = (host, found) => {
    title.textContent = `${host.name}: ${found[0].rule}`;
    const about = terms([
      ['Node', host.node],
      ['Role', host.role],
      ['Distribution', host.distro],
      ['Kubelet', host.version],
    ]);
    content.replaceChildren(
      ...found.flatMap((finding) => [make('p', {}, finding.title), findingTerms(finding)]),
      about,
    );
    element.showModal();
  };
  return { element, open };
}
