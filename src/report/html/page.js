// Builds the page from its data. No request is made, and nothing is stored.

const data = JSON.parse(document.getElementById('data').textContent);

const sums = ({ counts }) =>
  make(
    'ul',
    { class: 'sums' },
    counts.map(([label, number, kind]) => make('li', { class: kind }, make('strong', {}, String(number)), ` ${label}`)),
  );

function judgedSections(judged) {
  return [
    section(judged.title, sums(judged), terms(judged.about)),
    missingSection(judged),
    judged.rules.length === 0 ? '' : section(`Heat map: ${judged.title}`, heatMap(judged, judged.title)),
    section(`Findings: ${judged.title}`, judged.groups.length === 0 ? '' : findingGroups(judged)),
    planSection(judged),
    notesSection(judged),
  ];
}

const theme = make(
  'label',
  { class: 'theme' },
  'Colors',
  make(
    'select',
    { onchange: ({ target }) => (document.documentElement.dataset.theme = target.value) },
    ['auto', 'light', 'dark'].map((value) => make('option', { value }, value)),
  ),
);

document.querySelector('header').append(theme);
document
  .querySelector('main')
  .replaceChildren(
    ...data.judged.flatMap(judgedSections).filter(Boolean),
    ...data.runs.flatMap((run) => [runSection(run), notesSection(run)]).filter(Boolean),
  );
document.documentElement.dataset.ready = 'yes';
