/** The findings of an audit by rule: its control ids, the values found, where each comes from, the hosts on a line of their own. */
import type { Finding, FindingStatus } from '../playbook/assess.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, listLines, paragraph } from './layout.js';
import type { HostAudit } from './model.js';
import { controlsText, line, requirementText, severityOrder, severityPaint, sourceText } from './words.js';

export interface Located {
  readonly host: string;
  readonly finding: Finding;
}

/** The findings of one status with their hosts. */
export const located = (hosts: readonly HostAudit[], status: FindingStatus): Located[] =>
  hosts.flatMap(({ host, findings }) =>
    findings.filter((finding) => finding.status === status).map((finding) => ({ host, finding })),
  );

/** Places that are listed of one rule; with `wide` all of them. */
const mostPlaces = 6;
const step = '  ';

/** One section, the highest severity first, then in playbook order; empty if there is nothing to tell. */
export function rulesSection(title: string, all: readonly Located[], options: TextOptions): string[] {
  const groups = groupBy(all, ({ finding }) => JSON.stringify([finding.rule, finding.severity, finding.title]));
  if (groups.length === 0) return [];
  const lines = groups.toSorted(([a], [b]) => rankOf(a) - rankOf(b)).flatMap((group) => ruleLines(group, options));
  return [options.style.bold(title), ...lines];
}

const rankOf = (one: Located | undefined): number => severityOrder[one?.finding.severity ?? 'low'];
const namesOf = (group: readonly Located[]): string[] => [...new Set(group.map(({ host }) => host))];

function ruleLines(group: readonly Located[], options: TextOptions): string[] {
  const { style, width, wide } = options;
  const findings = group.map(({ finding }) => finding);
  const [first] = findings;
  if (first === undefined) return [];
  const { severity, rule, title } = first;
  const paint = first.status === 'fail' ? severityPaint(severity, style) : style.bold;
  const controls = controlsText(findings, wide === true);
  const places = groupBy(group, ({ finding }) =>
    JSON.stringify([requirementText(finding), ...reasonsOf(finding, wide)]),
  );
  const most = wide === true ? Infinity : mostPlaces;
  const more = places.slice(most);
  return [
    ...paragraph('', `${severity}  ${line(rule)}  (${count(namesOf(group).length, 'host')})`, width).map(paint),
    ...paragraph(step, line(title), width),
    ...(controls === '' ? [] : paragraph(`${step}controls: `, controls, width).map(style.dim)),
    ...(wide === true ? wideLines(findings) : []),
    ...places.slice(0, most).flatMap((place) => placeLines(place, options)),
    ...(more.length === 0 ? [] : moreLines(more, options)),
  ];
}

/** What a rule says of itself beyond its title. */
function wideLines(findings: readonly Finding[]): string[] {
  const settings = new Set(findings.flatMap(({ setting }) => setting ?? []));
  const docs = new Set(findings.flatMap(({ references }) => references.docs));
  const playbooks = new Set(findings.map(({ playbook }) => playbook));
  const told: readonly (readonly [string, ReadonlySet<string>])[] = [
    ['setting', settings],
    ['playbook', playbooks],
    ['docs', docs],
  ];
  return told
    .filter(([, values]) => values.size > 0)
    .map(([label, values]) => `${step}${label}: ${[...values].map((value) => line(value)).join(', ')}`);
}

/** Where a value comes from, and why it was judged so: what there is of both. */
const reasonsOf = ({ source, note }: Finding, wide: boolean | undefined): string[] =>
  [
    sourceText(source, wide === true ? Infinity : undefined),
    line(note ?? '', wide === true ? Infinity : undefined),
  ].filter((text) => text !== '');

function placeLines(group: readonly Located[], { style, width, wide }: TextOptions): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const names = namesOf(group);
  const [indent, deeper] = [step.repeat(2), step.repeat(3)];
  return [
    ...(first.finding.manual === true
      ? []
      : paragraph(indent, requirementText(first.finding, wide === true ? Infinity : undefined), width)),
    ...reasonsOf(first.finding, wide).flatMap((text) => paragraph(indent, text, width).map(style.dim)),
    ...listLines(deeper, wide === true ? compress(names).join(',') : hostList(names), width),
  ];
}

function moreLines(more: readonly (readonly Located[])[], { width }: TextOptions): string[] {
  const hosts = new Set(more.flatMap(namesOf));
  const text = `and ${count(more.length, 'more value or place', 'more values or places')} on ${count(hosts.size, 'host')}; -o wide lists all`;
  return paragraph(step.repeat(2), text, width);
}

/** Rules without a verdict, together where reason and hosts are the same; those for a person's eyes are only counted. */
export function unknownSection(all: readonly Located[], options: TextOptions): string[] {
  const { style, width } = options;
  const byHand = new Set(
    all.filter(({ finding }) => finding.manual === true).map(({ finding }) => `${finding.playbook}/${finding.rule}`),
  );
  const reasonOf = ({ note }: Finding): string => line(note ?? 'could not be read');
  const unread = groupBy(
    all.filter(({ finding }) => finding.manual !== true),
    ({ finding }) => JSON.stringify([finding.rule, reasonOf(finding)]),
  );
  const groups = groupBy(unread, (group) =>
    JSON.stringify([group[0] === undefined ? '' : reasonOf(group[0].finding), namesOf(group)]),
  );
  const lines = groups.flatMap((same) => {
    const first = same[0]?.[0];
    if (first === undefined) return [];
    const rules = same.flatMap((group) => (group[0] === undefined ? [] : [line(group[0].finding.rule)]));
    return [
      ...paragraph(step, reasonOf(first.finding), width),
      ...paragraph(`${step.repeat(2)}rules: `, rules.join(', '), width),
      ...listLines(`${step.repeat(2)}hosts: `, hostList(namesOf(same[0] ?? [])), width),
    ];
  });
  const manualLine = `${count(byHand.size, 'rule')} must be checked by hand; -o wide lists them.`;
  return [
    ...(lines.length === 0 ? [] : [style.bold('Unknown'), ...lines]),
    ...(byHand.size === 0 ? [] : [...(lines.length === 0 ? [] : ['']), ...paragraph('', manualLine, width)]),
  ];
}
