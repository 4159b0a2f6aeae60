/** Past runs as text: the list of runs, or one run step by step. */
import type { HostRecord } from '../run/record.js';
import { hostList } from './host-list.js';
import { type TextOptions, count, paragraph, sectionsText } from './layout.js';
import type { RunSummary } from './model.js';
import { resumeCommand, tookMs } from './past-run.js';
import type { Paint } from './style.js';
import { type Row, table } from './table.js';
import { between, momentText, spanText } from './time.js';
import { line } from './words.js';

/** Keeps the order of `runs` (newest first). Ends with a line feed. */
export function runsText(runs: readonly RunSummary[], options: TextOptions): string {
  const columns = [
    { header: 'RUN', overflow: 'keep' as const },
    { header: 'STARTED (UTC)', overflow: 'keep' as const },
    { header: 'TOOK', overflow: 'keep' as const },
    { header: 'KIND', overflow: 'keep' as const },
    { header: 'CLUSTER' },
  ];
  const rows = runs.map((summary): Row => {
    const { record } = summary;
    const { run, kind, of, cluster, startedAt, endedAt, hosts } = record;
    const started = momentText(startedAt).slice(0, 16);
    const took = endedAt === undefined ? '-' : spanText(tookMs(record));
    const cells = [line(run), started, took, kind ?? '?', line(cluster)];
    const outcomes = `${of === undefined ? '' : `of ${line(of)}, `}${count(hosts.length, 'host')}: ${outcomesText(hosts)}`;
    const below = [
      ...paragraph('    ', outcomes, options.width),
      ...rolledBackLines(summary, '    ', options),
      ...nextStepLines(summary, '    ', options),
    ];
    return { cells, below };
  });
  return `${table(columns, rows, options.width).join('\n')}\n`;
}

/** One run, host by host, with the time of each step. Ends with a line feed. */
export function recordText(summary: RunSummary, options: TextOptions): string {
  const { width, style } = options;
  const { run, kind, of, plan, cluster, operator, inventory, startedAt, endedAt, stopped, resumed, hosts } =
    summary.record;
  const title = `${line(run)}: ${kind ?? 'a run'}${of === undefined ? '' : ` of ${line(of)}`} on ${line(cluster)}`;
  const took = endedAt === undefined ? '' : `, took ${spanText(tookMs(summary.record))}`;
  const about = [
    `started ${momentText(startedAt)} UTC by ${line(operator)}${took}`,
    `${count(hosts.length, 'host')} of ${line(inventory)}: ${outcomesText(hosts)}`,
    ...rulesText(summary.record),
    ...(plan === undefined ? [] : [`applied plan ${line(plan.digest)}${signedBy(plan.signers)}`]),
    ...resumed.map((one) => `resumed ${momentText(one.time)} UTC by ${line(one.operator)}`),
  ];
  const begun = hosts.filter(({ steps, outcome }) => steps.length > 0 || outcome !== undefined);
  const waiting = hosts.filter((host) => !begun.includes(host)).map(({ host }) => host);
  const sections = [
    [
      ...paragraph('', title, width).map(style.bold),
      ...about.flatMap((text) => paragraph('  ', text, width)),
      ...rolledBackLines(summary, '  ', options),
    ],
    ...begun.map((host) => hostLines(host, startedAt, options)),
    waiting.length === 0 ? [] : paragraph('Not started: ', hostList(waiting), width),
    [
      ...(stopped === undefined ? [] : paragraph('Stopped: ', line(stopped), width).map(style.red)),
      ...nextStepLines(summary, '', options),
    ],
  ];
  return sectionsText(sections);
}

function rulesText({ playbooks = [], rules = [] }: RunSummary['record']): string[] {
  const names = (all: readonly string[]): string => all.map((one) => line(one)).join(', ');
  return [
    ...(playbooks.length === 0 ? [] : [`playbooks: ${names(playbooks)}`]),
    ...(rules.length === 0 ? [] : [`rules: ${names(rules)}`]),
  ];
}

/** What is no longer in effect on the nodes, though its hosts ended confirmed. */
const rolledBackLines = (
  { rolledBack = [] }: RunSummary,
  indent: string,
  { width, style }: TextOptions,
): readonly string[] =>
  rolledBack.flatMap(({ run, hosts }) =>
    paragraph(indent, `rolled back on ${hostList(hosts)} by ${line(run)}`, width).map(style.yellow),
  );

const signedBy = (signers: readonly string[] | undefined): string =>
  signers === undefined ? '' : `, signed by ${signers.map((name) => line(name)).join(' and ')}`;

function hostLines(record: HostRecord, startedAt: string, { width, style }: TextOptions): string[] {
  const { host, steps, outcome, reason, endedAt, paths } = record;
  const ends = [...steps.slice(1).map(({ time }) => time), endedAt];
  const day = momentText(startedAt).slice(0, 10);
  const clock = (time: string | undefined): string => {
    const text = momentText(time);
    return text.startsWith(day) ? text.slice(11) : text;
  };
  const rows = steps.map(({ step, time }, at) => ({
    cells: [`  ${clock(time)}`, line(step), spanText(between(time, ends[at]))],
  }));
  const end = { cells: [`  ${clock(endedAt)}`, { text: outcome ?? '', paint: paintOf(outcome, style) }, ''] };
  const columns = [{ header: '  TIME' }, { header: 'STEP' }, { header: 'TOOK' }];
  const took = spanText(between(steps[0]?.time, endedAt));
  const title =
    outcome === undefined
      ? `${line(host)}: did not finish`
      : `${line(host)}: ${outcome}${steps.length > 0 ? ` in ${took}` : ''}`;
  return [
    ...paragraph('', title, width).map(paintOf(outcome ?? 'unknown', style)),
    ...(reason === undefined ? [] : paragraph('  ', line(reason), width)),
    ...(paths.length === 0 ? [] : paragraph('  files: ', paths.map((path) => line(path)).join(', '), width)),
    ...table(columns, steps.length > 0 && outcome !== undefined ? [...rows, end] : rows, width),
  ];
}

function paintOf(outcome: string | undefined, style: TextOptions['style']): Paint {
  if (outcome === 'confirmed' || outcome === 'unchanged') return style.green;
  return outcome === 'skipped' || outcome === 'unreachable' ? style.yellow : style.red;
}

function nextStepLines({ record, state }: RunSummary, indent: string, { width, style }: TextOptions): string[] {
  if (state === 'ended') return [];
  if (state === 'going on') return paragraph(indent, runningText(record), width);
  const unknown = record.hosts.filter(({ outcome }) => outcome === 'unknown').map(({ host }) => host);
  const open = record.fromNodes ? 'Not all nodes of the run were read.' : 'Not finished.';
  const why =
    record.endedAt === undefined
      ? `${open} To continue:`
      : `The state of ${hostList(unknown)} is unknown. To find out:`;
  // Never break the command over lines, so that it can be copied.
  const command = resumeCommand(record);
  const whole = `${indent}${why} ${command}`;
  const lines = whole.length <= width ? [whole] : [...paragraph(indent, why, width), `${indent}${command}`];
  return lines.map(style.red);
}

/** Another process goes on with it, so nobody should. */
function runningText({ controller, startedAt, resumed }: RunSummary['record']): string {
  const since = momentText(resumed.at(-1)?.time ?? startedAt).slice(0, 16);
  const where = controller === undefined ? '' : ` on ${line(controller.machine)} (process ${controller.pid})`;
  return `Running since ${since} UTC${where}: wait until it ends`;
}

/** `3 confirmed, 1 reverted, 2 not started`. */
function outcomesText(hosts: readonly HostRecord[]): string {
  const counts = new Map<string, number>();
  for (const { outcome, steps } of hosts) {
    const what = outcome ?? (steps.length > 0 ? 'in progress' : 'not started');
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return counts.size === 0 ? 'no hosts' : [...counts].map(([what, number]) => `${number} ${what}`).join(', ');
}
