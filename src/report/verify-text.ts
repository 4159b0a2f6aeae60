/** The result of verify as text: what fails with its evidence, what could not be asked and why, a one-line summary. */
import type { Check, VantagePoint } from '../verify/check.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, paragraph, sectionsText } from './layout.js';
import type { VerifiedHost, VerifyResult } from './verify-model.js';
import { notJudgedText, notesText } from './not-judged.js';
import { type Column, type Row, table } from './table.js';
import { line, severityOrder } from './words.js';

interface Located {
  readonly host: string;
  readonly check: Check;
}

const placeNames: Readonly<Record<VantagePoint, string>> = {
  node: 'the node',
  controller: 'this machine',
  peer: 'another node',
  'api-server': 'the API server',
  pod: 'a pod',
};

/** Lines of evidence that are told of one row. */
const mostShown = 3;

/** Wraps at `width` columns; with `wide`, cuts nothing and lists every check. Ends with a line feed. */
export function verifyText(result: VerifyResult, options: TextOptions): string {
  const wide = options.wide === true;
  const fitted: TextOptions = { ...options, width: wide ? Infinity : options.width };
  const sections = [
    checksSection('Failing', located(result.hosts, 'fail'), fitted),
    ...(wide ? [checksSection('Passing', located(result.hosts, 'pass'), fitted)] : []),
    ...(wide ? [checksSection('Not applicable', located(result.hosts, 'not-applicable'), fitted)] : []),
    notJudgedText(result.hosts, fitted),
    unknownSection(located(result.hosts, 'unknown'), fitted),
    notesText(result, fitted),
    summaryLines(result, fitted),
  ];
  return sectionsText(sections);
}

const located = (hosts: readonly VerifiedHost[], status: Check['status']): Located[] =>
  hosts.flatMap(({ host, checks }) => checks.filter((one) => one.status === status).map((check) => ({ host, check })));

const hostsOf = (group: readonly Located[], wide: boolean): string => {
  const names = [...new Set(group.map(({ host }) => host))];
  return wide ? compress(names).join(',') : hostList(names);
};

const placesOf = (group: readonly Located[]): string =>
  [...new Set(group.map(({ check }) => placeNames[check.from]))].join(', ');

/** One row for what was seen alike, on whichever hosts and from wherever. */
function checksSection(title: string, all: readonly Located[], options: TextOptions): string[] {
  const { style, width } = options;
  const wide = options.wide === true;
  const groups = groupBy(all, ({ check: { check, setting, severity, seen, expected } }) =>
    JSON.stringify([check, setting, severity, seen, expected]),
  ).toSorted(([a], [b]) => severityRank(a) - severityRank(b));
  if (groups.length === 0) return [];
  const rows = groups.flatMap((group): Row[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { severity, status, check, setting, seen, expected } = first.check;
    const paint = severity === 'critical' || severity === 'high' ? style.red : style.yellow;
    const cells = [
      status === 'fail' ? { text: severity, paint } : severity,
      line(check),
      line(seen),
      line(expected),
      hostsOf(group, wide),
    ];
    const notes = [...new Set(group.map(({ check: one }) => one.note ?? ''))].filter((note) => note !== '');
    const places = `from ${placesOf(group)}`;
    const about = check === 'running-configuration' && setting !== undefined ? [setting, places] : [places];
    const evidence = [...new Set(group.flatMap(({ check: one }) => one.evidence))];
    const below = [
      ...about,
      ...(wide ? notes : notes.slice(0, mostShown)),
      ...(wide ? evidence : evidence.slice(0, mostShown)),
    ];
    const told = status === 'fail' || wide ? below : about;
    return [{ cells, below: told.flatMap((text) => paragraph('    ', line(text), width).map(style.dim)) }];
  });
  const columns: Column[] = [
    { header: 'SEVERITY', overflow: 'keep' },
    { header: 'CHECK', overflow: 'keep' },
    { header: 'SEEN' },
    { header: 'EXPECTED' },
    { header: 'HOSTS', overflow: 'wrap' },
  ];
  return [style.bold(title), ...table(columns, rows, width)];
}

const severityRank = (one: Located | undefined): number => severityOrder[one?.check.severity ?? 'low'];

/** One row for each reason: a vantage point that is missing has the same one for all of its checks. */
function unknownSection(all: readonly Located[], options: TextOptions): string[] {
  const { style, width } = options;
  const wide = options.wide === true;
  const groups = groupBy(all, ({ check: { from, note } }) => JSON.stringify([from, note]));
  if (groups.length === 0) return [];
  const rows = groups.map((group): Row => {
    const names = [
      ...new Set(
        group.map(({ check: { check, setting } }) => (check === 'running-configuration' ? (setting ?? check) : check)),
      ),
    ];
    const told =
      wide || names.length <= 2 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
    const note = group[0]?.check.note ?? 'could not be asked';
    return { cells: [placesOf(group), line(told), line(note), hostsOf(group, wide)] };
  });
  const columns: Column[] = [
    { header: 'FROM', overflow: 'keep' },
    { header: 'CHECK', overflow: 'wrap' },
    { header: 'REASON', overflow: 'wrap' },
    { header: 'HOSTS', overflow: 'wrap' },
  ];
  return [style.bold('Unknown'), ...table(columns, rows, width)];
}

function summaryLines({ summary, hosts, playbooks, cluster }: VerifyResult, { style, width }: TextOptions): string[] {
  if (hosts.length === 0) return ['Verify: no hosts'];
  const failed = summary.fail === 0 ? style.green : style.red;
  const about = [
    `${summary.judged} of ${count(summary.hosts, 'host')} read`,
    `${summary.fail} fail`,
    `${summary.pass} pass`,
    `${summary.unknown} unknown`,
  ];
  const detail = `${line(cluster)}, ${playbooks.map((name) => line(name)).join(' + ')}`;
  const counts = paragraph('Verify: ', about.join(', '), width).map((text) =>
    text.replace(/^Verify:/, style.bold).replace(/\d+ fail\b/, failed),
  );
  return [...paragraph('', detail, width).map(style.dim), ...counts];
}
