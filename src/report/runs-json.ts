/** Past runs as data: keys are a promise to scripts. */
import type { HostStory } from '../apply/run-story.js';
import { redact } from '../lib/redact.js';
import { plainJson } from './json.js';
import type { ToldRun } from './runs-text.js';
import { between } from './time.js';

type Tree = Readonly<Record<string, unknown>>;

/** The list: one document, or with `lines` one run a line. */
export function runsJson(runs: readonly ToldRun[], version: string, lines: boolean): string {
  const trees = runs.map((told) => ({ ...runTree(told), hosts: told.story.hosts.map(({ host }) => host) }));
  if (lines) return trees.map((one) => `${plainJson(one)}\n`).join('');
  return `${plainJson({ schemaVersion: 1, tool: 'kubelatch', version, kind: 'runs', runs: trees }, 2)}\n`;
}

/** One run with every step: one document, or with `lines` one host a line. */
export function storyJson(told: ToldRun, version: string, lines: boolean): string {
  const hosts = told.story.hosts.map(hostTree);
  const { run } = told.story;
  if (lines) return hosts.map((one) => `${plainJson({ run, ...one })}\n`).join('');
  const tree = { ...runTree(told), inventory: told.story.inventory, resumed: told.story.resumed, hosts };
  return `${plainJson({ schemaVersion: 1, tool: 'kubelatch', version, kind: 'run', run: tree }, 2)}\n`;
}

function runTree({ story, state }: ToldRun): Tree {
  const { run, kind, of, cluster, operator, startedAt, endedAt, stopped, hosts } = story;
  const outcomes: Record<string, number> = {};
  for (const { outcome } of hosts) if (outcome !== undefined) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    run,
    kind: kind ?? null,
    ...(of === undefined ? {} : { of }),
    cluster,
    operator,
    startedAt,
    endedAt: endedAt ?? null,
    seconds: seconds(startedAt, endedAt),
    state,
    next: state === 'left' ? `kubelatch resume ${run}` : null,
    stopped: stopped === undefined ? null : redact(stopped),
    outcomes,
  };
}

function hostTree({ host, steps, paths, outcome, reason, endedAt }: HostStory): Tree {
  const ends = [...steps.slice(1).map(({ time }) => time), endedAt];
  return {
    name: host,
    outcome: outcome ?? null,
    ...(reason === undefined ? {} : { reason: redact(reason) }),
    endedAt: endedAt ?? null,
    seconds: seconds(steps[0]?.time, endedAt),
    files: paths,
    steps: steps.map(({ step, time }, at) => ({ step, time, seconds: seconds(time, ends[at]) })),
  };
}

function seconds(from: string | undefined, to: string | undefined): number | null {
  const ms = between(from, to);
  return ms === undefined ? null : ms / 1000;
}
