/** Past runs for a person: all of them in a table, or one step by step. */
import type { HostStory, RunStory } from '../apply/run-story.js';
import { hostList } from './host-list.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { Paint } from './style.js';
import { type Row, table } from './table.js';
import { between, momentText, spanText } from './time.js';
import { line } from './words.js';

export interface ToldRun {
  readonly story: RunStory;
  /** `left`: it did not end, or hosts are left of which nobody knows. */
  readonly state: 'ended' | 'going on' | 'left';
}

/** Newest first, as they come. Ends with a line feed. */
export function runsText(runs: readonly ToldRun[], options: TextOptions): string {
  const columns = [
    { header: 'RUN', overflow: 'keep' as const },
    { header: 'STARTED (UTC)', overflow: 'keep' as const },
    { header: 'TOOK', overflow: 'keep' as const },
    { header: 'KIND', overflow: 'keep' as const },
    { header: 'CLUSTER' },
    { header: 'HOSTS', overflow: 'keep' as const },
  ];
  const rows = runs.map(({ story, state }): Row => {
    const { run, kind, of, cluster, startedAt, endedAt, hosts } = story;
    const started = momentText(startedAt).slice(0, 16);
    const took = endedAt === undefined ? '-' : spanText(between(startedAt, endedAt));
    const cells = [line(run), started, took, kind ?? '?', line(cluster), String(hosts.length)];
    const outcomes = [...(of === undefined ? [] : [`of ${line(of)}`]), outcomesText(hosts)].join(': ');
    const below = [...paragraph('    ', outcomes, options.width), ...leftLines({ story, state }, '    ', options)];
    return { cells, below };
  });
  return `${table(columns, rows, options.width).join('\n')}\n`;
}

/** One run, host by host, with times. Ends with a line feed. */
export function storyText(told: ToldRun, options: TextOptions): string {
  const { width, style } = options;
  const { run, kind, of, cluster, operator, inventory, startedAt, endedAt, stopped, resumed, hosts } = told.story;
  const title = `${line(run)}: ${kind ?? 'a run'}${of === undefined ? '' : ` of ${line(of)}`} on ${line(cluster)}`;
  const took = endedAt === undefined ? '' : `, took ${spanText(between(startedAt, endedAt))}`;
  const about = [
    `started ${momentText(startedAt)} UTC by ${line(operator)}${took}`,
    `${count(hosts.length, 'host')} of ${line(inventory)}: ${outcomesText(hosts)}`,
    ...resumed.map((one) => `resumed ${momentText(one.time)} UTC by ${line(one.operator)}`),
  ];
  const begun = hosts.filter(({ steps, outcome }) => steps.length > 0 || outcome !== undefined);
  const waiting = hosts.filter((host) => !begun.includes(host)).map(({ host }) => host);
  const sections = [
    [...paragraph('', title, width).map(style.bold), ...about.flatMap((text) => paragraph('  ', text, width))],
    ...begun.map((host) => hostLines(host, startedAt, options)),
    waiting.length === 0 ? [] : paragraph('Not begun: ', hostList(waiting), width),
    [
      ...(stopped === undefined ? [] : paragraph('Stopped: ', line(stopped), width).map(style.red)),
      ...leftLines(told, '', options),
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function hostLines(story: HostStory, startedAt: string, { width, style }: TextOptions): string[] {
  const { host, steps, outcome, reason, endedAt, paths } = story;
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
      ? `${line(host)}: did not end`
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

function leftLines({ story, state }: ToldRun, indent: string, { width, style }: TextOptions): string[] {
  if (state === 'ended') return [];
  if (state === 'going on') return paragraph(indent, `is going on: process ${story.controller?.pid ?? '?'}`, width);
  const unknown = story.hosts.filter(({ outcome }) => outcome === 'unknown').map(({ host }) => host);
  const open = story.fromNodes ? 'not all of its nodes were asked' : 'did not end';
  const why = story.endedAt === undefined ? open : `nobody knows of ${hostList(unknown)}`;
  // The command is never broken over lines: it is there to be copied.
  const command = `kubelatch resume ${line(story.run)}`;
  const whole = `${indent}${why}: ${command}`;
  const lines = whole.length <= width ? [whole] : [...paragraph(indent, `${why}:`, width), `${indent}${command}`];
  return lines.map(style.red);
}

/** `3 confirmed, 1 reverted, 2 not begun`. */
function outcomesText(hosts: readonly HostStory[]): string {
  const counts = new Map<string, number>();
  for (const { outcome, steps } of hosts) {
    const what = outcome ?? (steps.length > 0 ? 'under way' : 'not begun');
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return counts.size === 0 ? 'no hosts' : [...counts].map(([what, number]) => `${number} ${what}`).join(', ');
}
