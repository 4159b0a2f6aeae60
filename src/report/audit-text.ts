/** An audit for a person: what fails and where it comes from, what could not be judged, one line that sums it up. */
import type { Finding, FindingStatus } from '../playbook/assess.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { AuditResult, HostAudit } from './model.js';
import { notesText, notJudgedText } from './not-judged.js';
import { type Column, type Row, table } from './table.js';
import { line, severityOrder, sourceText, valueText } from './words.js';

interface Located {
  readonly host: string;
  readonly finding: Finding;
}

/** Lines fit `width`; with `wide` nothing is cut and all findings are listed. Ends with a line feed. */
export function auditText(result: AuditResult, options: TextOptions): string {
  const wide = options.wide === true;
  const width = wide ? Infinity : options.width;
  const fitted: TextOptions = { ...options, width };
  const sections = [
    findingsSection('Failing', result.hosts, 'fail', fitted),
    ...(wide ? [findingsSection('Passing', result.hosts, 'pass', fitted)] : []),
    ...(wide ? [findingsSection('Not applicable', result.hosts, 'not-applicable', fitted)] : []),
    notJudgedText(result.hosts, fitted),
    unknownSection(result.hosts, fitted),
    notesText(result, fitted),
    summaryLines(result, fitted),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function findingsSection(
  title: string,
  hosts: readonly HostAudit[],
  status: FindingStatus,
  options: TextOptions,
): string[] {
  const groups = groupFindings(located(hosts, status));
  if (groups.length === 0) return [];
  const { style, width } = options;
  const wide = options.wide === true;
  const columns: Column[] = [
    { header: 'SEVERITY', overflow: 'keep' },
    { header: 'RULE', overflow: 'keep' },
    { header: 'GOT' },
    { header: 'WANT' },
    { header: 'HOSTS', overflow: 'wrap' },
    ...(wide ? [{ header: 'SOURCE' }, { header: 'PLAYBOOK' }, { header: 'TITLE' }, { header: 'NOTE' }] : []),
  ];
  const rows = groups.map(([first, names]): Row => {
    const { severity, rule, want, title, playbook, note, source } = first;
    const paint = severity === 'critical' || severity === 'high' ? style.red : style.yellow;
    const cells = [
      status === 'fail' ? { text: severity, paint } : severity,
      line(rule),
      valueText(first),
      line(want),
      wide ? compress(names).join(',') : hostList(names),
    ];
    if (wide) return { cells: [...cells, sourceText(source), line(playbook), line(title), line(note ?? '')] };
    const why = [sourceText(source), line(note ?? '')].filter((text) => text !== '');
    return { cells, below: why.flatMap((text) => paragraph('    ', text, width).map(style.dim)) };
  });
  return [style.bold(title), ...table(columns, rows, width)];
}

/** What a rule could not find out, and in one line what only a person can. */
function unknownSection(hosts: readonly HostAudit[], options: TextOptions): string[] {
  const { style, width } = options;
  const wide = options.wide === true;
  const unknown = located(hosts, 'unknown');
  const manual = unknown.filter(({ finding }) => isManual(finding));
  const groups = groupFindings(wide ? unknown : unknown.filter(({ finding }) => !isManual(finding)));
  const rows = groups.map(([{ rule, note }, names]): Row => ({
    cells: [line(rule), line(note ?? 'could not be read'), wide ? compress(names).join(',') : hostList(names)],
  }));
  const columns: Column[] = [
    { header: 'RULE', overflow: 'keep' },
    { header: 'REASON', overflow: 'wrap' },
    { header: 'HOSTS', overflow: 'wrap' },
  ];
  const rules = new Set(manual.map(({ finding }) => `${finding.playbook}/${finding.rule}`)).size;
  const manualLine = `${count(rules, 'rule')} only a person can judge; -o wide lists what to look at.`;
  return [
    ...(rows.length === 0 ? [] : [style.bold('Not known'), ...table(columns, rows, width)]),
    ...(rules === 0 || wide ? [] : [...(rows.length === 0 ? [] : ['']), ...paragraph('', manualLine, width)]),
  ];
}

function summaryLines({ summary, hosts, playbooks, cluster }: AuditResult, { style, width }: TextOptions): string[] {
  if (hosts.length === 0) return ['Audit: no hosts'];
  const worst = Object.keys(severityOrder)
    .map((severity) => [located(hosts, 'fail').filter(({ finding }) => finding.severity === severity).length, severity])
    .filter(([number]) => number !== 0)
    .map((parts) => parts.join(' '));
  const notJudged = summary.hosts - summary.judged;
  const failed = summary.fail === 0 ? style.green('0 fail') : style.red(`${summary.fail} fail`);
  const about = [
    `${summary.judged} of ${count(summary.hosts, 'host')} judged`,
    failed,
    `${summary.pass} pass`,
    `${summary.unknown} unknown`,
  ];
  const detail = [
    `${line(cluster)}, ${playbooks.map((name) => line(name)).join(' + ')}`,
    ...(worst.length === 0 ? [] : [`failing: ${worst.join(', ')}`]),
    ...(notJudged === 0 ? [] : [`${count(notJudged, 'host')} not judged`]),
  ];
  return [...paragraph('', detail.join('; '), width).map(style.dim), style.bold('Audit: ') + about.join(', ')];
}

/** The worst first, then as the playbooks have them; one group for what reads the same on each of its hosts. */
function groupFindings(all: readonly Located[]): (readonly [first: Finding, hosts: readonly string[]])[] {
  const keyOf = ({ finding }: Located): string =>
    JSON.stringify([
      finding.playbook,
      finding.rule,
      finding.severity,
      valueText(finding),
      finding.want,
      sourceText(finding.source),
      finding.note,
    ]);
  return groupBy(all, keyOf)
    .flatMap((group) => (group[0] === undefined ? [] : [[group[0].finding, group.map(({ host }) => host)] as const]))
    .sort(([a], [b]) => severityOrder[a.severity] - severityOrder[b.severity]);
}

const located = (hosts: readonly HostAudit[], status: FindingStatus): Located[] =>
  hosts.flatMap(({ name, findings }) =>
    findings.filter((finding) => finding.status === status).map((finding) => ({ host: name, finding })),
  );

/** The want that assess gives to rules of the kind `manual`. */
const isManual = ({ want }: Finding): boolean => want === 'a look by a person';
