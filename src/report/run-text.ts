/** What a run did, for a person: every outcome, why hosts failed, what to do next. */
import type { Outcome, OutcomeKind } from '../apply/outcome.js';
import { groupBy, skeleton } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, paragraph } from './layout.js';
import type { RunResult } from './model.js';
import { alike } from './not-judged.js';
import type { Paint, Style } from './style.js';
import { type Column, table } from './table.js';
import { line } from './words.js';

type HostOutcome = RunResult['hosts'][number];

/** The worst first. */
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

/** Lines fit `width`; with `wide` every host has its own row and nothing is cut. Ends with a line feed. */
export function runText(result: RunResult, options: TextOptions): string {
  const wide = options.wide === true;
  const fitted: TextOptions = { ...options, width: wide ? Infinity : options.width };
  const hosts = [...result.hosts].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  const trouble = groupBy(
    hosts.filter(({ outcome }) => troubled.includes(outcome)),
    (host) => (wide ? host.name : troubleKey(host)),
  );
  const sections = [
    outcomeTable(hosts, fitted),
    ...trouble.map((group) => troubleSection(group, fitted)),
    uncheckedSection(hosts, fitted),
    nextSection(result, fitted),
    summaryLines(result, fitted),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function outcomeTable(hosts: readonly HostOutcome[], { style, width, wide }: TextOptions): string[] {
  const columns: Column[] = [
    { header: 'OUTCOME', overflow: 'keep' },
    { header: 'HOSTS', overflow: 'wrap' },
    { header: 'EDITS', overflow: 'keep' },
    { header: 'SECONDS', overflow: 'keep' },
    { header: 'REASON', overflow: 'wrap' },
  ];
  const keyOf = (host: HostOutcome): string =>
    wide === true ? host.name : JSON.stringify([host.outcome, skeleton(host.reason ?? '', host.name)]);
  const rows = groupBy(hosts, keyOf).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const names = group.map(({ name }) => name);
    return [
      {
        cells: [
          { text: first.outcome, paint: paintOf(first.outcome, style) },
          wide === true ? compress(names).join(',') : hostList(names),
          range(group.map(({ edits }) => edits.length)),
          range(group.map(({ timings }) => Math.round(Object.values(timings).reduce((sum, ms) => sum + ms, 0) / 1000))),
          first.reason === undefined ? '' : alike(line(first.reason), group.length, first.name),
        ],
      },
    ];
  });
  return table(columns, rows, width);
}

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

const troubleKey = (host: HostOutcome): string =>
  JSON.stringify([
    host.outcome,
    skeleton(host.reason ?? '', host.name),
    host.hint,
    failedChecks(host).map(({ check, expected, seen }) => [check, expected, skeleton(seen, host.name)]),
  ]);

const failedChecks = ({ gate }: Outcome): Outcome['gate'] =>
  gate.filter(({ passed, unchecked }) => !passed && unchecked !== true);

/** What was expected, what was seen, the kubelet's own words, what to do: of the first of hosts that failed alike. */
function troubleSection(group: readonly HostOutcome[], { style, width, wide }: TextOptions): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { outcome, name, hint, log } = first;
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
    ...paragraph(`${outcome}: `, hostList(group.map((host) => host.name)), width).map(paintOf(outcome, style)),
    ...table(columns, checks, width),
    ...(last.length === 0 ? [] : [`  the kubelet on ${line(name)} said last:`]),
    ...last.flatMap((text) => paragraph('    | ', line(text), width).map(style.dim)),
    ...(hint === undefined ? [] : paragraph('  hint: ', line(hint), width)),
  ];
}

/** A check that could not be made is never a pass, so it is named even where the host was confirmed. */
function uncheckedSection(hosts: readonly HostOutcome[], { style, width }: TextOptions): string[] {
  const unchecked = hosts.flatMap(({ name, gate }) =>
    gate.filter((one) => one.unchecked === true).map(({ check, seen }) => ({ name, check, seen })),
  );
  if (unchecked.length === 0) return [];
  const groups = groupBy(unchecked, ({ check, seen, name }) => JSON.stringify([check, skeleton(seen, name)]));
  const lines = groups.flatMap((group) => {
    const names = hostList(group.map(({ name }) => name));
    return paragraph('  ', `${line(group[0]?.check ?? '')} on ${names}: ${line(group[0]?.seen ?? '')}`, width);
  });
  return [style.bold('Not checked by the gate'), ...lines];
}

function nextSection({ hosts, kind, run, of, stopped }: RunResult, { style, width }: TextOptions): string[] {
  const namesOf = (...kinds: OutcomeKind[]): string[] =>
    hosts.filter(({ outcome }) => kinds.includes(outcome)).map(({ name }) => name);
  const steps: (readonly [why: string, command: string])[] = [];
  const applies = kind === 'apply' || (kind === 'resume' && of === undefined);
  const lost = namesOf('unknown');
  const again = namesOf('failed', 'refused', 'unreachable', 'skipped', ...(applies ? ['reverted' as const] : []));
  const id = line(of ?? run);
  if (lost.length > 0) {
    steps.push(
      applies
        ? [`Look at ${hostList(lost)} now. To end what was begun there:`, `resume ${id} ${limitTo(lost)}`]
        : [`Look at ${hostList(lost)} now. To put back:`, `rollback ${id} ${limitTo(lost)}`],
    );
  }
  if (again.length > 0) {
    steps.push(['When the cause is gone, do the rest:', `${applies ? 'apply' : `rollback ${id}`} ${limitTo(again)}`]);
  }
  if (applies && namesOf('confirmed').length > 0) steps.push(['To undo what was changed:', `rollback ${id}`]);
  return [
    ...(stopped === undefined ? [] : paragraph('Stopped: ', line(stopped), width).map(style.red)),
    ...steps.flatMap(([why, command]) => [...paragraph('', why, width), `    kubelatch ${command}`]),
  ];
}

/** Never wrapped: it is there to be copied. */
function limitTo(names: readonly string[]): string {
  const list = compress(names).join(',');
  return `--limit ${/^[\w.,-]+$/.test(list) ? list : `'${list}'`}`;
}

function summaryLines({ hosts, kind, summary, startedAt, finishedAt }: RunResult, options: TextOptions): string[] {
  const parts = order.filter((one) => summary[one] > 0).map((one) => `${summary[one]} ${one}`);
  const seconds = Math.round((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
  const took = Number.isFinite(seconds) && seconds >= 0 ? ` in ${seconds} s` : '';
  const title = { apply: 'Apply', rollback: 'Rollback', resume: 'Resume' }[kind];
  const text = hosts.length === 0 ? `${title}: no hosts` : `${title}: ${parts.join(', ')}${took}`;
  return paragraph('', text, options.width).map(options.style.bold);
}

function range(numbers: readonly number[]): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? String(least) : `${least}-${most}`;
}
