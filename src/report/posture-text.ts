/** The posture as a matrix: hosts by rules, the worst first. Hosts with the same verdicts share a row; it fits any width. */
import type { FindingStatus } from '../playbook/assess.js';
import type { Severity } from '../playbook/schema.js';
import { groupBy } from './group.js';
import { hostList } from './host-list.js';
import { type TextOptions, count, cut, pad, paragraph, sectionsText, widthOf } from './layout.js';
import type { AuditResult, HostAudit } from './model.js';
import type { Paint, Style } from './style.js';
import { line, severityOrder, severityPaint } from './words.js';

/** A rule that fails, or has no verdict, on some host. */
interface PostureRule {
  readonly rule: string;
  readonly severity: Severity;
  readonly fail: number;
  readonly unknown: number;
}

/** Hosts with the same verdicts. */
interface PostureRow {
  readonly hosts: readonly string[];
  readonly verdicts: ReadonlyMap<string, FindingStatus>;
  readonly fail: number;
}

/** The worst verdict first: of several findings of one rule, it is the one that counts. */
const worstFirst: readonly FindingStatus[] = ['fail', 'unknown', 'pass', 'not-applicable'];
const signs: Readonly<Record<FindingStatus, string>> = { fail: 'x', unknown: '?', pass: '.', 'not-applicable': '-' };
/** Rows that are shown; the worst are first. */
const mostRows = 15;
/** Of a column, with the space before it. */
const cellWidth = 3;
const longestName = 24;

/** Wraps at `width` columns. Ends with a line feed. */
export function postureText({ hosts }: Pick<AuditResult, 'hosts'>, options: TextOptions): string {
  const judged = hosts.filter(({ status }) => status === 'judged');
  const rules = postureRules(judged);
  const rows = postureRows(judged, rules);
  return sectionsText([
    titleLines(judged, rules, options),
    ...(rules.length === 0 ? [] : [...blocks(rows, rules, options), legend(options), ruleLines(rules, options)]),
    notJudgedLines(hosts, options),
  ]);
}

function titleLines(judged: readonly HostAudit[], rules: readonly PostureRule[], options: TextOptions): string[] {
  const shown = new Set(rules.map(({ rule }) => rule));
  const others = judged.flatMap(({ findings }) => findings).filter(({ rule }) => !shown.has(rule));
  const passing = new Set(others.filter(({ status }) => status === 'pass').map(({ rule }) => rule));
  const byHand = new Set(others.filter(({ manual }) => manual === true).map(({ rule }) => rule));
  // Where nothing was judged, nothing passed either.
  const none = passing.size === 0 ? 'no rule was judged' : 'no rule fails';
  const parts = [
    rules.length === 0 ? none : `${count(rules.length, 'rule')} to look at`,
    ...(passing.size === 0 ? [] : [`${passing.size} ${passing.size === 1 ? 'passes' : 'pass'} wherever judged`]),
    ...(byHand.size === 0 ? [] : [`${byHand.size} to check by hand`]),
  ];
  const text = `Posture of ${count(judged.length, 'host')}: ${parts.join(', ')}`;
  return paragraph('', text, options.width).map(options.style.bold);
}

/** Rules for a person's eyes have no verdict on any host, so they are left out. */
function postureRules(judged: readonly HostAudit[]): PostureRule[] {
  const all = judged.flatMap(({ host, findings }) =>
    findings
      .filter(({ status, manual }) => status === 'fail' || (status === 'unknown' && manual !== true))
      .map((finding) => ({ host, finding })),
  );
  const rules = groupBy(all, ({ finding }) => finding.rule).flatMap((group): PostureRule[] => {
    const [first] = group;
    if (first === undefined) return [];
    const on = (status: FindingStatus): number =>
      new Set(group.filter(({ finding }) => finding.status === status).map(({ host }) => host)).size;
    const severities = group.map(({ finding }) => finding.severity);
    const severity = severities.toSorted((one, other) => severityOrder[one] - severityOrder[other])[0];
    return [
      {
        rule: first.finding.rule,
        severity: severity ?? first.finding.severity,
        fail: on('fail'),
        unknown: on('unknown'),
      },
    ];
  });
  return rules.toSorted(
    (one, other) =>
      Number(one.fail === 0) - Number(other.fail === 0) ||
      severityOrder[one.severity] - severityOrder[other.severity] ||
      other.fail - one.fail,
  );
}

function postureRows(judged: readonly HostAudit[], rules: readonly PostureRule[]): PostureRow[] {
  const shown = new Set(rules.map(({ rule }) => rule));
  const seen = judged.map(({ host, findings }) => {
    const verdicts = new Map<string, FindingStatus>();
    for (const { rule, status } of findings) {
      const before = verdicts.get(rule);
      if (shown.has(rule) && (before === undefined || worstFirst.indexOf(status) < worstFirst.indexOf(before)))
        verdicts.set(rule, status);
    }
    return { host, verdicts };
  });
  const keyOf = ({ verdicts }: (typeof seen)[number]): string =>
    JSON.stringify(rules.map(({ rule }) => verdicts.get(rule)));
  const weights = rules.map(({ severity }) => 10 ** (3 - severityOrder[severity]));
  const weightOf = ({ verdicts }: Pick<PostureRow, 'verdicts'>): number =>
    rules.reduce((sum, { rule }, at) => sum + (verdicts.get(rule) === 'fail' ? (weights[at] ?? 0) : 0), 0);
  return groupBy(seen, keyOf)
    .map((group): PostureRow => {
      const verdicts = group[0]?.verdicts ?? new Map<string, FindingStatus>();
      const fail = [...verdicts.values()].filter((status) => status === 'fail').length;
      return { hosts: group.map(({ host }) => host), verdicts, fail };
    })
    .toSorted((one, other) => weightOf(other) - weightOf(one) || other.fail - one.fail);
}

/** As many rules beside one another as fit; the others follow below. */
function blocks(rows: readonly PostureRow[], rules: readonly PostureRule[], options: TextOptions): string[][] {
  const { width, style } = options;
  const shown = rows.slice(0, mostRows);
  const names = shown.map(({ hosts }) => rowName(hosts));
  const widest = Math.max(4, ...names.map(widthOf));
  const nameWidth = Math.min(widest, longestName, Math.max(8, Math.floor(width / 2)));
  const perBlock = Math.max(1, Math.floor((width - nameWidth) / cellWidth));
  const texts: string[][] = [];
  for (let from = 0; from < rules.length; from += perBlock) {
    const part = rules.slice(from, from + perBlock);
    const head = part.map((_, at) => String(from + at + 1).padStart(cellWidth)).join('');
    texts.push([
      style.dim(`${pad('HOST', nameWidth)}${head}`),
      ...shown.map((row, at) => {
        const cells = part.map((rule) => cell(row.verdicts.get(rule.rule), rule, style)).join('');
        return `${pad(cut(names[at] ?? '', nameWidth), nameWidth)}${cells}`.trimEnd();
      }),
    ]);
  }
  const more = rows.slice(mostRows).flatMap(({ hosts }) => hosts);
  const rest = `and ${count(more.length, 'more host')} on which less fails: ${hostList(more, 4)}`;
  return more.length === 0 ? texts : [...texts, paragraph('', rest, width).map(style.dim)];
}

/** `node[01:31] (31)`, `n1,n5`, `n1 and 8 more`. */
function rowName(hosts: readonly string[]): string {
  const [first = ''] = hosts;
  const list = hostList(hosts, 3);
  if (hosts.length === 1) return line(first);
  if (list.includes('…')) return `${line(first)} and ${hosts.length - 1} more`;
  return list.includes('[') ? `${list} (${hosts.length})` : list;
}

function cell(status: FindingStatus | undefined, { severity }: PostureRule, style: Style): string {
  const paints: Readonly<Record<FindingStatus, Paint>> = {
    fail: severityPaint(severity, style),
    unknown: style.yellow,
    pass: style.green,
    'not-applicable': style.dim,
  };
  if (status === undefined) return ' '.repeat(cellWidth);
  return `${' '.repeat(cellWidth - 1)}${paints[status](signs[status])}`;
}

const legend = ({ width, style }: TextOptions): string[] =>
  paragraph('', 'x fails, ? unknown, . passes, - does not apply', width).map(style.dim);

function ruleLines(rules: readonly PostureRule[], { width, style }: TextOptions): string[] {
  const digits = String(rules.length).length;
  return rules.flatMap(({ rule, severity, fail, unknown }, at) => {
    const counts = [
      ...(fail === 0 ? [] : [`fails on ${count(fail, 'host')}`]),
      ...(unknown === 0 ? [] : [`unknown on ${count(unknown, 'host')}`]),
    ].join(', ');
    const paint = fail === 0 ? style.yellow : severityPaint(severity, style);
    const text = `${line(rule)}  ${severity}, ${counts}`;
    return paragraph(`${String(at + 1).padStart(digits)}  `, text, width).map((one) =>
      one.replace(line(rule), paint(line(rule))),
    );
  });
}

function notJudgedLines(hosts: readonly HostAudit[], { width, style }: TextOptions): string[] {
  const others = hosts.filter(({ status }) => status !== 'judged');
  if (others.length === 0) return [];
  const lines = groupBy(others, ({ status }) => status).flatMap((group) => {
    const names = hostList(group.map(({ host }) => host));
    return paragraph('! ', `${count(group.length, 'host')} ${group[0]?.status ?? ''}: ${names}`, width);
  });
  return lines.map(style.yellow);
}
