// What stands around the heat map: hosts that were not judged, findings with their evidence, edits, runs, notes.

const words = { pass: 'pass', fail: 'fail', unknown: 'unknown', 'not-applicable': 'not applicable' };
const marks = { pass: '✓', fail: '✗', unknown: '?', 'not-applicable': '–' };

function findingTerms(finding) {
  return terms([
    ['Status', words[finding.status]],
    ['Severity', finding.severity],
    ['About', finding.subject],
    ['Found', finding.found],
    ['Wanted', finding.wanted],
    ['Source', finding.source],
    ['Note', finding.note],
    ['Evidence', finding.evidence.map((line) => make('div', {}, line))],
    ['What to do', finding.fix],
    ['Controls', finding.controls.join(', ')],
    ['Playbook', finding.playbook],
    ['More', finding.docs.map(linkOf)],
  ]);
}

/** Only a web address becomes a link. */
function linkOf(address) {
  if (!/^https:\/\/[^\s]+$/.test(address)) return make('div', {}, address);
  return make('div', {}, make('a', { href: address, rel: 'noreferrer noopener' }, address));
}

function findingGroups({ findings, groups }) {
  return paged(groups, 100, ({ finding: index, hosts }) => {
    const finding = findings[index];
    const mark = make(
      'span',
      { class: `mark ${finding.status} ${finding.severity}`, 'aria-hidden': true },
      marks[finding.status],
    );
    const summary = make(
      'summary',
      {},
      mark,
      ` ${words[finding.status]}, ${finding.severity}: `,
      make('code', {}, finding.rule),
      ` ${finding.title} `,
      make('span', { class: 'hosts' }, hosts),
    );
    return make('details', {}, summary, findingTerms(finding));
  });
}

const missingSection = ({ title, hosts }) =>
  section(
    `Not judged: ${title}`,
    hosts
      .filter(({ status }) => status !== 'judged')
      .map(({ name, status, error, hint }) =>
        make(
          'p',
          { class: 'missing' },
          make('strong', {}, name),
          ` is ${status}: ${error} `,
          hint === '' ? '' : make('em', {}, hint),
        ),
      ),
  );

function planSection({ plans, waves }) {
  const order = waves.map((hosts, at) => make('li', {}, `Wave ${at + 1}: ${hosts}`));
  const edits = plans.map(({ hosts, unit, restart, edits: files, fixes, mayBreak, warnings, skipped }) =>
    make(
      'details',
      { open: plans.length < 4 },
      make('summary', {}, `${hosts}: ${countOf(files.length, 'file')}${restart ? `, ${unit} is restarted` : ''}`),
      terms([
        ['Fixes', fixes.join(', ')],
        ['May break', mayBreak.map((text) => make('div', {}, text))],
        ['Look at', warnings.map((text) => make('div', {}, text))],
        ['Stays', skipped.map((text) => make('div', {}, text))],
      ]),
      files.map(({ path, action, diff }) => [make('h3', {}, `${action}: ${path}`), diffOf(diff)]),
    ),
  );
  return section('Edits', order.length === 0 ? '' : make('ol', { class: 'plain' }, order), edits);
}

/** A bar for each step of each host, on one scale of time. */
function runSection({ title, about, stopped, absolute, total, hosts }) {
  const bar = ({ step, at, ms }) => {
    const made = make('span', { class: `step ${step}`, title: `${step}: ${spanOf(ms)}` });
    made.style.left = `${(at / Math.max(total, 1)) * 100}%`;
    made.style.width = `${Math.max((ms / Math.max(total, 1)) * 100, 0.3)}%`;
    return made;
  };
  const row = ({ name, outcome, reason, hint, files, checks, log, steps }) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: `outcome ${outcome}` }, outcome),
      make(
        'td',
        { class: 'bars' },
        make('div', { class: 'track', 'aria-hidden': true }, steps.map(bar)),
        make('span', { class: 'unseen' }, steps.map(({ step, ms }) => `${step} ${spanOf(ms)}`).join(', ')),
      ),
      make(
        'td',
        {},
        reason,
        hint === '' ? '' : make('div', {}, make('em', {}, hint)),
        checks.map((text) => make('div', {}, text)),
        log.length === 0
          ? ''
          : make('pre', { tabindex: 0, role: 'region', 'aria-label': `Log of ${name}` }, log.join('\n')),
        files === '' ? '' : make('div', { class: 'files' }, files),
      ),
    );
  const body = make('tbody', {});
  const head = make(
    'tr',
    {},
    ['Host', 'Outcome', absolute ? `Timeline, ${spanOf(total)}` : 'Steps', 'Why, and what was written'].map((text) =>
      make('th', { scope: 'col' }, text),
    ),
  );
  const table = make('table', { class: 'run' }, make('thead', {}, head), body);
  const [shown, button] = paged(hosts, 200, row);
  body.append(...shown.children);
  button.addEventListener('click', () => body.append(...shown.children));
  return section(
    title,
    terms(about),
    stopped === '' ? '' : make('p', { class: 'missing' }, `Stopped: ${stopped}`),
    make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}: hosts` }, table),
    button,
  );
}

const spanOf = (ms) => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);

const notesSection = ({ title, notes }) =>
  section(
    `Notes: ${title}`,
    notes.length === 0
      ? ''
      : make(
          'ul',
          {},
          notes.map((note) => make('li', {}, note)),
        ),
  );
