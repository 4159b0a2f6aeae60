/** The findings of an audit by host: what fails on it, its values and their places. Hosts with the same findings stand together. */
import type { Finding, FindingStatus } from '../playbook/assess.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, listLines, paragraph } from './layout.js';
import type { HostAudit } from './model.js';
import { controlsText, line, requirementText, severityOrder, severityPaint, sourceText } from './words.js';

const shownStatuses: readonly FindingStatus[] = ['fail', 'unknown'];
const allStatuses: readonly FindingStatus[] = ['fail', 'unknown', 'pass', 'not-applicable'];

/** A section for each set of judged hosts that look alike, in the order of the inventory. */
export function hostSections(hosts: readonly HostAudit[], options: TextOptions): string[][] {
  const judged = hosts.filter(({ status }) => status === 'judged');
  const wide = options.wide === true;
  const keyOf = (host: HostAudit): string =>
    JSON.stringify([
      wide ? host.host : '',
      aboutOf(host, false),
      ...told(host, wide).map((one) => [one.rule, one.playbook, one.status, ...lineParts(one, wide)]),
      countsOf(host),
    ]);
  return groupBy(judged, keyOf).map((group) => hostLines(group, options));
}

const told = ({ findings }: HostAudit, wide: boolean): Finding[] =>
  findings
    .filter(({ status, manual }) => (wide ? allStatuses : shownStatuses).includes(status) && (wide || manual !== true))
    .toSorted(
      (a, b) =>
        allStatuses.indexOf(a.status) - allStatuses.indexOf(b.status) ||
        severityOrder[a.severity] - severityOrder[b.severity],
    );

/** What is known of the host itself. */
const aboutOf = ({ host, nodeName, role, distro, kubeletVersion }: HostAudit, named: boolean): string =>
  [role, distro, kubeletVersion, named && nodeName !== undefined && nodeName !== host ? `Node ${nodeName}` : undefined]
    .flatMap((part) => (part === undefined ? [] : [line(part)]))
    .join(', ');

function countsOf({ findings }: HostAudit): string {
  const number = (status: FindingStatus): number => findings.filter((one) => one.status === status).length;
  return `${number('fail')} fail, ${number('pass')} pass, ${number('unknown')} unknown`;
}

function hostLines(group: readonly HostAudit[], options: TextOptions): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { style, width, wide } = options;
  const names = group.map(({ host }) => host);
  const alike = names.length === 1 ? '' : `${count(names.length, 'host')}, each `;
  return [
    ...listLines('', wide === true ? compress(names).join(',') : hostList(names), width).map(style.bold),
    ...paragraph('  ', `${alike}${aboutOf(first, names.length === 1)}: ${countsOf(first)}`, width).map(style.dim),
    ...told(first, wide === true)
      .filter(({ status }) => wide === true || status !== 'unknown')
      .flatMap((finding) => findingLines(finding, options)),
    ...(wide === true ? [] : unknownLines(first, options)),
  ];
}

/** Rules without a verdict, together where the reason is the same. */
function unknownLines(host: HostAudit, { style, width }: TextOptions): string[] {
  const unknown = told(host, false).filter(({ status }) => status === 'unknown');
  return groupBy(unknown, ({ note }) => note ?? '').flatMap((group) => [
    ...paragraph('  ', `unknown: ${line(group[0]?.note ?? 'could not be read')}`, width).map(style.bold),
    ...paragraph('    ', group.map(({ rule }) => line(rule)).join(', '), width),
  ]);
}

/** The rule with its controls; then value and place. */
function lineParts(finding: Finding, wide: boolean): readonly string[] {
  const most = wide ? Infinity : undefined;
  const { status, manual, note, source } = finding;
  const value =
    manual === true || (status === 'unknown' && finding.got === undefined) ? '' : requirementText(finding, most);
  return [value, sourceText(source, most), line(note ?? '', most)].filter((text) => text !== '');
}

function findingLines(finding: Finding, { style, width, wide }: TextOptions): string[] {
  const { severity, status, rule } = finding;
  const controls = controlsText([finding], wide === true);
  const label = status === 'fail' ? severity : `${status} (${severity})`;
  const paint = status === 'fail' ? severityPaint(severity, style) : style.bold;
  const [value = '', ...places] = lineParts(finding, wide === true);
  const about =
    wide === true ? [line(finding.title), ...(finding.setting === undefined ? [] : [line(finding.setting)])] : [];
  return [
    ...paragraph('  ', `${label}  ${line(rule)}${controls === '' ? '' : `  ${controls}`}`, width).map(paint),
    ...about.map((text) => `    ${text}`),
    ...(value === '' ? [] : paragraph('    ', value, width)),
    ...places.flatMap((text) => paragraph('    ', text, width).map(style.dim)),
  ];
}
