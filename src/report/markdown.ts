/** A result as Markdown for a person: a pull request, a ticket, a wiki. */
import { type SafeText, joinSafe, safeForm, safeText } from '../lib/output.js';
import { manyLines } from '../lib/sanitize.js';
import { groupBy } from './group.js';
import { hostList } from './host-list.js';
import { type JudgedResult, type JudgedRow, controlsOf, judgedRows, planKey, unjudgedRows } from './judged-row.js';
import { count } from './layout.js';
import { block, code, items, prose, section, tableText } from './markdown-parts.js';
import type { NothingToResume, PlanResult, ResultBase, RunResult, ShownHost } from './model.js';
import { type SheetResult, sheetOf } from './sheet.js';
import { momentText } from './time.js';
import { line, severityOrder } from './words.js';

/** Ends with a line feed. */
export function markdown(result: SheetResult): SafeText {
  switch (result.kind) {
    case 'audit':
    case 'verify':
      return page(result.kind, [about(result), ...judgedSections(result), ...noteSections(result)]);
    case 'plan':
      return page('plan', [about(result), ...planSections(result), ...noteSections(result)]);
    case 'apply':
    case 'rollback':
    case 'resume':
      return page(result.kind, runSections(result));
    default: {
      const { columns, rows } = sheetOf(result);
      return page(result.kind, [sheetTable(columns, rows)]);
    }
  }
}

const page = (title: string, sections: readonly SafeText[]): SafeText =>
  safeForm`# kubelatch ${prose(title)}\n\n${joinSafe(sections, '\n')}`;

/** Empty columns are left out. */
function sheetTable(columns: readonly string[], rows: readonly (readonly string[])[]): SafeText {
  const used = columns.map((_, at) => at).filter((at) => rows.some((cells) => cells[at] !== ''));
  if (rows.length === 0) return safeText('Nothing to show.\n');
  return tableText(
    used.map((at) => (columns[at] ?? '').replaceAll('_', ' ')),
    rows.map((cells) => used.map((at) => code(cells[at] ?? ''))),
  );
}

function about({ cluster, playbooks, startedAt, version }: ResultBase): SafeText {
  const rules = joinSafe(
    playbooks.map((one) => code(line(one))),
    ', ',
  );
  return items([
    safeForm`Cluster: ${code(line(cluster))}`,
    ...(playbooks.length === 0 ? [] : [safeForm`Playbooks: ${rules}`]),
    safeForm`Started: ${prose(momentText(startedAt))} UTC, kubelatch ${prose(line(version))}`,
  ]);
}

function judgedSections(result: Exclude<JudgedResult, { readonly kind: 'plan' }>): SafeText[] {
  const rows = judgedRows(result);
  const { hosts, judged } = result.summary;
  const number = (status: JudgedRow['status']): number => rows.filter((row) => row.status === status).length;
  const parts = [
    `${judged} of ${count(hosts, 'host')} judged`,
    ...[`${number('fail')} fail`, `${number('pass')} pass`, `${number('unknown')} unknown`],
    `${number('not-applicable')} not applicable`,
  ];
  return [
    safeForm`**${prose(parts.join(', '))}**\n`,
    ...unjudgedSections(result.hosts),
    ...section('Failing', rowsTable(rows.filter(({ status }) => status === 'fail'))),
    ...section('Unknown', rowsTable(rows.filter(({ status, manual }) => status === 'unknown' && !manual))),
    ...section('To be checked by hand', rowsTable(rows.filter(({ status, manual }) => status === 'unknown' && manual))),
  ];
}

const unjudgedSections = (hosts: JudgedResult['hosts']): readonly SafeText[] =>
  section(
    'Not judged',
    items(
      unjudgedRows(hosts).map(
        ({ host, status, error, hint }) =>
          safeForm`${code(host)} is ${prose(status)}: ${code(error)}${hint === '' ? safeText('') : safeForm` (${code(hint)})`}`,
      ),
    ),
  );

/** Hosts that have the same finding share a row; the worst come first. */
function rowsTable(rows: readonly JudgedRow[]): SafeText {
  if (rows.length === 0) return safeText('');
  const sorted = rows.toSorted((one, other) => severityOrder[one.severity] - severityOrder[other.severity]);
  const groups = groupBy(sorted, ({ rule, playbook, subject, wanted, found, source, note }) =>
    JSON.stringify([rule, playbook, subject, wanted, found, source, note]),
  );
  const cells = groups.flatMap((group): SafeText[][] => {
    const [first] = group;
    if (first === undefined) return [];
    const title = safeForm`${code(first.rule)}<br>${prose(first.title)}`;
    const where = joinSafe(
      [first.subject, first.source, first.note, ...first.evidence].filter((one) => one !== '').map((one) => code(one)),
      '<br>',
    );
    const hosts = first.host === '' ? prose('the cluster') : code(hostList(group.map(({ host }) => host)));
    const controls = joinSafe(
      controlsOf(first.references).map((one) => code(one)),
      '<br>',
    );
    return [[prose(first.severity), title, code(first.found), code(first.wanted), where, hosts, controls]];
  });
  return tableText(['severity', 'rule', 'found', 'wanted', 'where', 'hosts', 'controls'], cells);
}

/** Hosts with the same edits share them. */
function planSections({ hosts, waves, summary }: PlanResult<ShownHost>): SafeText[] {
  const parts = [
    `Change ${count(summary.change, 'host')}`,
    `restart ${count(summary.restarts, 'kubelet')} (${summary.controlPlaneRestarts} of the control plane)`,
    `${summary.unchanged} unchanged, ${summary.refused} refused, ${summary.notJudged} not judged`,
  ];
  const changing = hosts.filter(({ plan }) => plan !== undefined && (plan.edits.length > 0 || plan.restart));
  const groups = groupBy(changing, ({ plan }) => planKey(plan));
  const refused = hosts.flatMap(({ host, refused: no }) =>
    no === undefined ? [] : [safeForm`${code(line(host))}: ${code(line(no.reason))} (${code(line(no.hint))})`],
  );
  return [
    safeForm`**${prose(parts.join('; '))}**\n`,
    ...section(
      'Waves',
      items(waves.map((names, at) => safeForm`Wave ${safeText(String(at + 1))}: ${code(hostList(names))}`)),
    ),
    ...groups.flatMap((group) => editSection(group)),
    ...section('Refused', items(refused)),
    ...section('Stays as it is', items(unfixedItems(hosts))),
    ...unjudgedSections(hosts),
  ];
}

/** Rules that the plan leaves failing or unknown, with the hosts that they are left on. */
function unfixedItems(hosts: readonly ShownHost[]): readonly SafeText[] {
  const left = hosts.flatMap(({ host, unfixed = [], refused }) =>
    refused === undefined ? unfixed.map((one) => ({ host, one })) : [],
  );
  return groupBy(left, ({ one }) => JSON.stringify(one)).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { rule, status, reason, hint } = first.one;
    const names = hostList(group.map(({ host }) => line(host)));
    return [
      safeForm`${code(line(rule))} stays ${safeText(status === 'fail' ? 'failing' : 'unknown')} on ${code(names)}: ${code(line(reason, 2000))} (${code(line(hint, 2000))})`,
    ];
  });
}

function editSection(group: readonly ShownHost[]): readonly SafeText[] {
  const plan = group[0]?.plan;
  if (plan === undefined) return [];
  const points = [
    safeForm`${code(line(plan.unit))} ${safeText(plan.restart ? 'is restarted' : 'is not restarted')}`,
    ...plan.fixes.map((rule) => safeForm`fixes ${code(line(rule))}`),
    ...plan.mayBreak.map((text) => safeForm`may break: ${prose(line(text, 2000))}`),
    ...plan.overwrittenBy.map((text) => safeForm`overwritten by: ${code(line(text, 2000))}`),
    ...plan.warnings.map((text) => safeForm`warning: ${code(line(text, 2000))}`),
    // Where all that stays is known, it has a section of its own.
    ...(group[0]?.unfixed === undefined ? (plan.skippedRules ?? []) : []).map(
      ({ rule, reason }) => safeForm`${code(line(rule))} stays: ${code(line(reason))}`,
    ),
  ];
  const diffs = plan.edits.map(({ diff }) => block(manyLines(diff, 200_000), 'diff'));
  const title = hostList(group.map(({ host }) => line(host)));
  return section(`Edits on ${title}`, joinSafe([items(points), ...diffs], '\n'));
}

function runSections(result: RunResult | NothingToResume): SafeText[] {
  if (result.run === undefined) return [safeText('There was nothing to resume.\n')];
  const { run, stopped, hosts, notes } = result;
  const { columns, rows } = sheetOf(result);
  const failing = hosts.filter(({ log, gate }) => log.length > 0 || gate.some(({ passed }) => !passed));
  const evidence = failing.map(({ host, gate, log }) => {
    const checks = gate
      .filter(({ passed }) => !passed)
      .map(
        ({ check, expected, seen }) =>
          safeForm`${code(line(check))}: ${code(line(seen))}, expected ${code(line(expected))}`,
      );
    const lines = log.length === 0 ? [] : [block(log.map((one) => line(one, 2000)).join('\n'), 'text')];
    return safeForm`### ${code(line(host))}\n\n${joinSafe([items(checks), ...lines], '\n')}`;
  });
  return [
    about(result),
    items([
      safeForm`Run: ${code(line(run.id))}`,
      ...(run.of === undefined ? [] : [safeForm`Takes back: ${code(line(run.of))}`]),
      ...(stopped === undefined ? [] : [safeForm`**Stopped:** ${code(line(stopped))}`]),
    ]),
    ...section(
      'Hosts',
      sheetTable(
        columns.slice(1),
        rows.map((cells) => cells.slice(1)),
      ),
    ),
    ...section('Failed checks', joinSafe(evidence, '\n')),
    ...section('Notes', items(notes.map((note) => code(line(note, 2000))))),
  ];
}

function noteSections({ notes, hosts }: JudgedResult): readonly SafeText[] {
  const own = hosts.flatMap(({ host, notes: texts }) =>
    texts.map((note) => ({ host: line(host), note: line(note, 2000) })),
  );
  const grouped = groupBy(own, ({ note }) => note).map(
    (group) => safeForm`${code(hostList(group.map(({ host }) => host)))}: ${code(group[0]?.note ?? '')}`,
  );
  return section('Notes', items([...notes.map((note) => code(line(note, 2000))), ...grouped]));
}
