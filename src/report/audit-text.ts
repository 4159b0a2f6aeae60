/** The audit as text: findings by rule or by host, hosts that could not be judged, a one-line summary, the next command. */
import type { FindingStatus } from '../playbook/assess.js';
import { hostSections } from './audit-hosts.js';
import { located, rulesSection, unknownSection } from './audit-rules.js';
import { clusterText } from './cluster-text.js';
import { driftText } from './drift-text.js';
import { type TextOptions, count, paragraph, sectionsText } from './layout.js';
import type { AuditResult, HostAudit } from './model.js';
import { notesText, notJudgedText } from './not-judged.js';
import { type Row, table } from './table.js';
import { line, severityOrder } from './words.js';

/** Wraps at `width` columns; with `wide`, cuts nothing and lists every finding. Ends with a line feed. */
export function auditText(result: AuditResult, options: TextOptions): string {
  const wide = options.wide === true;
  const width = wide ? Infinity : options.width;
  const fitted: TextOptions = { ...options, width };
  const sections = [
    ...(options.groupBy === 'host' ? hostSections(result.hosts, fitted) : ruleSections(result.hosts, fitted)),
    notJudgedText(result.hosts, fitted),
    clusterText(result.clusterFindings, fitted),
    driftText(result.drift, fitted),
    notesText(result, fitted),
    summaryLines(result, fitted),
    nextLine(result, options),
  ];
  return sectionsText(sections);
}

function ruleSections(hosts: readonly HostAudit[], options: TextOptions): string[][] {
  const failing = rulesSection('Failing', located(hosts, 'fail'), options);
  const unknown = located(hosts, 'unknown');
  if (options.wide !== true) return [failing, unknownSection(unknown, options)];
  return [
    failing,
    rulesSection('Unknown', unknown, options),
    rulesSection('Passing', located(hosts, 'pass'), options),
    rulesSection('Not applicable', located(hosts, 'not-applicable'), options),
    hostsSection(hosts, options),
  ];
}

/** What is known of each host itself, which no finding says. */
function hostsSection(hosts: readonly HostAudit[], { style, width }: TextOptions): string[] {
  const number = ({ findings }: HostAudit, status: FindingStatus): string =>
    String(findings.filter((one) => one.status === status).length);
  const columns = ['HOST', 'NODE', 'ROLE', 'DISTRO', 'KUBELET', 'STATUS', 'FAIL', 'UNKNOWN', 'PASS', 'N/A'];
  const rows = hosts.map((host): Row => {
    const { nodeName, role, distro, kubeletVersion, status } = host;
    const about = [host.host, nodeName, role, distro, kubeletVersion, status].map((text) => line(text ?? '-'));
    return { cells: [...about, ...statuses.map((one) => number(host, one))] };
  });
  return [
    style.bold('Hosts'),
    ...table(
      columns.map((header) => ({ header, overflow: 'keep' })),
      rows,
      width,
    ),
  ];
}

const statuses: readonly FindingStatus[] = ['fail', 'unknown', 'pass', 'not-applicable'];

/** Only where there is something to do; a command is not wrapped, so that it can be copied. */
const nextLine = ({ summary }: AuditResult, { next, style }: TextOptions): string[] =>
  next === undefined || summary.fail === 0 ? [] : [`${style.bold('next:')} ${next}`];

function summaryLines(result: AuditResult, { style, width }: TextOptions): string[] {
  const { summary, hosts, clusterFindings, playbooks, cluster } = result;
  if (hosts.length === 0) return ['Audit: no hosts'];
  const failing = [...located(hosts, 'fail').map(({ finding }) => finding), ...clusterFindings].filter(
    ({ status }) => status === 'fail',
  );
  const worst = Object.keys(severityOrder)
    .map((severity) => [failing.filter((finding) => finding.severity === severity).length, severity])
    .filter(([number]) => number !== 0)
    .map((parts) => parts.join(' '));
  const notJudged = summary.hosts - summary.judged;
  const about = [
    `${summary.judged} of ${count(summary.hosts, 'host')} judged`,
    `${summary.fail} fail`,
    `${summary.pass} pass`,
    `${summary.unknown} unknown`,
  ];
  const detail = [
    `${line(cluster)}, ${playbooks.map((name) => line(name)).join(' + ')}`,
    ...(worst.length === 0 ? [] : [`failing: ${worst.join(', ')}`]),
    ...(notJudged === 0 ? [] : [`${count(notJudged, 'host')} not judged`]),
  ];
  // Where nothing passed, that nothing fails is no good news.
  const good = summary.pass === 0 ? style.bold : style.green;
  const failed = summary.fail === 0 ? good : style.red;
  const counts = paragraph('Audit: ', about.join(', '), width).map((text) =>
    text.replace(/^Audit:/, style.bold).replace(/\d+ fail\b/, failed),
  );
  return [...paragraph('', detail.join('; '), width).map(style.dim), ...counts];
}
