/** The result of a run as text: outcomes, why hosts failed, next steps. */
import { laterCommand, nextCommand } from '../lib/next-command.js';
import type { Outcome, OutcomeKind } from '../run/outcome.js';
import { groupBy, messagePattern } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, paragraph, sectionsText } from './layout.js';
import type { RunResult } from './model.js';
import { withSimilarCount } from './not-judged.js';
import type { Paint, Style } from './style.js';
import { type Column, table } from './table.js';
import { between } from './time.js';
import { line } from './words.js';

/** Worst outcome first. */
const order: readonly OutcomeKind[] = [
  'unknown',
  'reverted',
  'failed',
  'refused',
  'unreachable',
  'skipped',
  'confirmed',
  'unchanged',
];
const troubled: readonly OutcomeKind[] = ['unknown', 'reverted', 'failed', 'refused', 'unreachable'];
const logLines = 8;
/** Below so many columns, a reason would have no room beside the numbers. */
const narrow = 60;

/** Wraps at `width` columns; with `wide`, every host has a row of its own and nothing is cut. Ends with a line feed. */
export function runText(result: RunResult, options: TextOptions): string {
  const wide = options.wide === true;
  const fitted: TextOptions = { ...options, width: wide ? Infinity : options.width };
  const hosts = [...result.hosts].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  const trouble = groupBy(
    hosts.filter(({ outcome }) => troubled.includes(outcome)),
    (host) => (wide ? host.host : troubleKey(host)),
  );
  const sections = [
    outcomeTable(hosts, fitted),
    ...trouble.map((group) => troubleSection(group, fitted)),
    uncheckedSection(hosts, fitted),
    result.notes.flatMap((note) => paragraph('note: ', line(note, 600), fitted.width)).map(options.style.yellow),
    nextSection(result, fitted),
    summaryLines(result, fitted),
  ];
  return sectionsText(sections);
}

function outcomeTable(hosts: readonly Outcome[], { style, width, wide }: TextOptions): string[] {
  const isNarrow = width < narrow;
  const columns: Column[] = [
    { header: 'OUTCOME', overflow: 'keep' },
    { header: 'HOSTS', overflow: 'wrap' },
    ...(isNarrow
      ? []
      : ([
          { header: 'EDITS', overflow: 'keep' },
          { header: 'SECONDS', overflow: 'keep' },
        ] as const)),
    { header: 'REASON', overflow: 'wrap' },
  ];
  const keyOf = (host: Outcome): string =>
    wide === true ? host.host : JSON.stringify([host.outcome, messagePattern(host.reason ?? '', host.host)]);
  const rows = groupBy(hosts, keyOf).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const names = group.map(({ host }) => host);
    return [
      {
        cells: [
          { text: first.outcome, paint: paintOf(first.outcome, style) },
          wide === true ? compress(names).join(',') : hostList(names),
          ...(isNarrow ? [] : [range(group.map(({ edits }) => edits.length)), range(group.map(secondsOf))]),
          first.reason === undefined ? '' : withSimilarCount(line(first.reason), group.length, first.host),
        ],
      },
    ];
  });
  return table(columns, rows, width);
}

const secondsOf = ({ timings }: Outcome): number =>
  Math.round(Object.values(timings).reduce((sum, ms) => sum + ms, 0) / 1000);

function paintOf(outcome: OutcomeKind, style: Style): Paint {
  switch (outcome) {
    case 'confirmed':
    case 'unchanged':
      return style.green;
    case 'skipped':
    case 'unreachable':
      return style.yellow;
    default:
      return style.red;
  }
}

const troubleKey = (host: Outcome): string =>
  JSON.stringify([
    host.outcome,
    messagePattern(host.reason ?? '', host.host),
    host.hint,
    failedChecks(host).map(({ check, expected, seen }) => [check, expected, messagePattern(seen, host.host)]),
  ]);

const failedChecks = ({ gate }: Outcome): Outcome['gate'] =>
  gate.filter(({ passed, unchecked }) => !passed && unchecked !== true);

/** Failed checks, kubelet log and hint of the first host in a group that failed in the same way. */
function troubleSection(group: readonly Outcome[], { style, width, wide }: TextOptions): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { outcome, host, hint, log } = first;
  const checks = failedChecks(first).map(({ check, expected, seen }) => ({
    cells: [`  ${line(check)}`, line(expected), line(seen)],
  }));
  const columns: Column[] = [
    { header: '  GATE', overflow: 'keep' },
    { header: 'EXPECTED', overflow: 'wrap' },
    { header: 'SEEN', overflow: 'wrap' },
  ];
  if (checks.length === 0 && log.length === 0 && hint === undefined) return [];
  const last = log.slice(wide === true ? 0 : -logLines).filter((text) => line(text) !== '');
  return [
    ...paragraph(`${outcome}: `, hostList(group.map((one) => one.host)), width).map(paintOf(outcome, style)),
    ...table(columns, checks, width),
    ...(last.length === 0 ? [] : paragraph('  ', `last kubelet log lines on ${line(host)}:`, width)),
    ...last.flatMap((text) => paragraph('    | ', line(text), width).map(style.dim)),
    ...(hint === undefined ? [] : paragraph('  hint: ', line(hint), width)),
  ];
}

/** A check that could not run is not a pass, so it is listed even for a confirmed host. */
function uncheckedSection(hosts: readonly Outcome[], { style, width }: TextOptions): string[] {
  const unchecked = hosts.flatMap(({ host, gate }) =>
    gate.filter((one) => one.unchecked === true).map(({ check, seen }) => ({ host, check, seen })),
  );
  if (unchecked.length === 0) return [];
  const groups = groupBy(unchecked, ({ check, seen, host }) => JSON.stringify([check, messagePattern(seen, host)]));
  const lines = groups.flatMap((group) => {
    const names = hostList(group.map(({ host }) => host));
    return paragraph('  ', `${line(group[0]?.check ?? '')} on ${names}: ${line(group[0]?.seen ?? '')}`, width);
  });
  return [style.bold('Health checks that could not run'), ...lines];
}

function nextSection({ hosts, run, stopped, next }: RunResult, { style, width }: TextOptions): string[] {
  const hostsWith = (...kinds: OutcomeKind[]): string[] =>
    hosts.filter(({ outcome }) => kinds.includes(outcome)).map(({ host }) => host);
  const id = line(run.of ?? run.id);
  const steps: (readonly [why: string, command: string])[] = [];
  const undo = (...limit: readonly string[]): string => nextCommand('rollback', id, ...limit);
  const applies = run.kind !== 'rollback';
  const unknownHosts = hostsWith('unknown');
  const retryHosts = hostsWith(
    'failed',
    'refused',
    'unreachable',
    // A paused run goes on with those.
    ...(next === undefined ? ['skipped' as const] : []),
    ...(applies ? ['reverted' as const] : []),
  );
  const isOnlyInterrupted =
    stopped?.startsWith('interrupted') === true && retryHosts.length === hostsWith('skipped').length;
  if (unknownHosts.length > 0) {
    steps.push(
      applies
        ? [
            `The state of ${hostList(unknownHosts)} is unknown. To finish or revert the change there:`,
            nextCommand('resume', id, ...limitTo(unknownHosts)),
          ]
        : [
            `The state of ${hostList(unknownHosts)} is unknown. To try the rollback again:`,
            undo(...limitTo(unknownHosts)),
          ],
    );
  }
  if (next !== undefined) steps.push(['To go on with the hosts that were not started:', line(next, Infinity)]);
  if (retryHosts.length > 0) {
    steps.push([
      isOnlyInterrupted
        ? 'To continue with the remaining hosts:'
        : 'Once the cause is fixed, continue with the remaining hosts:',
      applies ? laterCommand('apply', ...limitTo(retryHosts)) : undo(...limitTo(retryHosts)),
    ]);
  }
  if (applies && hostsWith('confirmed').length > 0) steps.push(['To roll back the confirmed changes:', undo()]);
  return [
    ...(stopped === undefined ? [] : paragraph('Stopped: ', line(stopped), width).map(style.red)),
    // A command is never wrapped, so that it can be copied.
    ...steps.flatMap(([why, command]) => [...paragraph('', why, width), `    ${command}`]),
  ];
}

const limitTo = (names: readonly string[]): readonly string[] => ['--limit', compress(names).join(',')];

function summaryLines(result: RunResult, options: TextOptions): string[] {
  const { hosts, kind, summary, startedAt, finishedAt, durationMs } = result;
  const parts = order.filter((one) => summary[one] > 0).map((one) => `${summary[one]} ${one}`);
  const ms = durationMs ?? between(startedAt, finishedAt) ?? -1;
  const took = ms >= 0 ? ` in ${Math.round(ms / 1000)} s` : '';
  const title = { apply: 'Apply', rollback: 'Rollback', resume: 'Resume' }[kind];
  const text = hosts.length === 0 ? `${title}: no hosts` : `${title}: ${parts.join(', ')}${took}`;
  return paragraph('', text, options.width).map(options.style.bold);
}

function range(numbers: readonly number[]): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? String(least) : `${least}-${most}`;
}
