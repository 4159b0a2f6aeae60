/** What the page is made from: findings that many hosts share are in it once. */
import { hostList } from '../host-list.js';
import { groupBy } from '../group.js';
import { type JudgedResult, type JudgedRow, controlsOf, judgedRows, planKey, unjudgedRows } from '../judged-row.js';
import type { PlanResult, ShownHost } from '../model.js';
import { momentText } from '../time.js';
import { unique } from '../../lib/lists.js';
import { manyLines } from '../../lib/sanitize.js';
import { line, severityOrder } from '../words.js';

const statusOrder = { fail: 0, unknown: 1, pass: 2, 'not-applicable': 3 } as const;
const most = 2000;

export function judgedData(result: JudgedResult) {
  const rows = judgedRows(result);
  const shared = indexed(rows);
  const rules = groupBy(
    rows.filter(({ host }) => host !== ''),
    ruleKey,
  ).flatMap(([first]) => (first === undefined ? [] : [first]));
  rules.sort((one, other) => severityOrder[one.severity] - severityOrder[other.severity]);
  const ruleAt = new Map(rules.map((row, at) => [ruleKey(row), at]));
  const ofHost = new Map(groupBy(rows, ({ host }) => host).map((own) => [own[0]?.host ?? '', own]));
  const missing = new Map(unjudgedRows(result.hosts).map((one) => [one.host, one]));
  const hosts = result.hosts.map(({ host, nodeName = '', role, distro = '', kubeletVersion = '', status }) => {
    const name = line(host);
    return {
      ...{ name, node: line(nodeName), role: line(role), distro: line(distro), version: line(kubeletVersion), status },
      ...{ error: missing.get(name)?.error ?? '', hint: missing.get(name)?.hint ?? '' },
      cells: (ofHost.get(name) ?? []).map((row) => [ruleAt.get(ruleKey(row)) ?? 0, shared.indexOf(row)]),
    };
  });
  return {
    ...{ title: result.kind, ...aboutOf(result), counts: countsOf(result, rows) },
    rules: rules.map(({ rule, title, severity }) => ({ rule, title, severity })),
    ...{ hosts, findings: shared.findings, groups: groupsOf(rows, shared.indexOf) },
    ...(result.kind === 'plan' ? planData(result) : { plans: [], waves: [] }),
    notes: notesOf(result),
  };
}

/** A rule of two playbooks has two columns. */
const ruleKey = ({ rule, playbook }: JudgedRow): string => JSON.stringify([playbook, rule]);

function indexed(rows: readonly JudgedRow[]) {
  const findings: object[] = [];
  const known = new Map<string, number>();
  const places = new Map<JudgedRow, number>();
  for (const row of rows) {
    const { rule, playbook, title, severity, status, subject, wanted, found, source, note, evidence, fix } = row;
    const controls = controlsOf(row.references);
    const finding = { rule, playbook, title, severity, status, subject, wanted, found, source, note, evidence, fix };
    const whole = { ...finding, controls, docs: row.references.docs };
    const key = JSON.stringify(whole);
    const at = known.get(key) ?? findings.push(whole) - 1;
    known.set(key, at);
    places.set(row, at);
  }
  return { findings, indexOf: (row: JudgedRow): number => places.get(row) ?? 0 };
}

/** The worst first; what passes or does not apply stays in the heat map. */
function groupsOf(rows: readonly JudgedRow[], indexOf: (row: JudgedRow) => number) {
  const open = rows
    .filter(({ status }) => status === 'fail' || status === 'unknown')
    .toSorted(
      (one, other) =>
        statusOrder[one.status] - statusOrder[other.status] ||
        severityOrder[one.severity] - severityOrder[other.severity],
    );
  return groupBy(open, (row) => String(indexOf(row))).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const hosts = first.host === '' ? 'the cluster' : hostList(group.map(({ host }) => host));
    return [{ finding: indexOf(first), hosts }];
  });
}

const aboutOf = ({ cluster, playbooks, startedAt, finishedAt, version }: JudgedResult) => ({
  about: [
    ['Cluster', line(cluster)],
    ['Playbooks', playbooks.map((one) => line(one)).join(', ')],
    ['Started', `${momentText(startedAt)} UTC`],
    ['Ended', `${momentText(finishedAt)} UTC`],
    ['kubelatch', line(version)],
  ],
});

function countsOf({ hosts }: JudgedResult, rows: readonly JudgedRow[]) {
  const number = (status: JudgedRow['status']): number => rows.filter((row) => row.status === status).length;
  const unjudged = hosts.filter(({ status }) => status !== 'judged').length;
  return [
    ['hosts judged', hosts.length - unjudged, ''],
    ['not judged', unjudged, unjudged === 0 ? '' : 'unknown'],
    ['fail', number('fail'), number('fail') === 0 ? '' : 'fail'],
    ['unknown', number('unknown'), number('unknown') === 0 ? '' : 'unknown'],
    ['pass', number('pass'), 'pass'],
    ['not applicable', number('not-applicable'), ''],
  ];
}

function planData({ hosts, waves }: PlanResult<ShownHost>) {
  const changing = hosts.filter(({ plan }) => plan !== undefined && (plan.edits.length > 0 || plan.restart));
  const groups = groupBy(changing, ({ plan }) => planKey(plan));
  const plans = groups.flatMap((group) => {
    const plan = group[0]?.plan;
    if (plan === undefined) return [];
    const texts = (list: readonly string[]): string[] => list.map((one) => line(one, most));
    return [
      {
        ...{ hosts: hostList(group.map(({ host }) => host)), unit: line(plan.unit), restart: plan.restart },
        edits: plan.edits.map(({ path, action, diff }) => ({
          path: line(path),
          action,
          diff: manyLines(diff, 200_000),
        })),
        ...{ fixes: texts(plan.fixes), mayBreak: texts(plan.mayBreak) },
        warnings: texts([...plan.warnings, ...plan.overwrittenBy]),
        skipped: unique(
          group.flatMap(({ unfixed, plan: one }) =>
            (unfixed ?? one?.skippedRules ?? []).map(({ rule, reason }) => line(`${rule}: ${reason}`, most)),
          ),
        ),
      },
    ];
  });
  return { plans, waves: waves.map((names) => hostList(names)) };
}

function notesOf({ notes, hosts }: JudgedResult): string[] {
  const own = hosts.flatMap(({ host, notes: texts }) =>
    texts.map((note) => ({ host: line(host), note: line(note, most) })),
  );
  const grouped = groupBy(own, ({ note }) => note).map(
    (group) => `${hostList(group.map(({ host }) => host))}: ${group[0]?.note ?? ''}`,
  );
  return [...notes.map((note) => line(note, most)), ...grouped];
}
