/** What the page tells of a run: a bar for each step, with its place in time where the journal has it. */
import type { PastRunResult, RunResult } from '../model.js';
import { between, momentText } from '../time.js';
import { line } from '../words.js';

export const runData = (result: RunResult | PastRunResult) =>
  result.kind === 'run' ? pastData(result) : resultData(result);

/** A result has how long each step took, and not when it began. */
function resultData({ kind, run, cluster, startedAt, finishedAt, stopped = '', hosts, notes }: RunResult) {
  const shown = hosts.map(({ host, outcome, reason = '', hint = '', edits, gate, log, timings }) => {
    let at = 0;
    const steps = Object.entries(timings).map(([step, ms]) => ({ step: stepName(step), at: (at += ms) - ms, ms }));
    const failed = gate.filter(({ passed }) => !passed);
    return {
      ...{ name: line(host), outcome, reason: line(reason, 2000), hint: line(hint, 2000), steps, end: at },
      files: edits.map(({ path }) => line(path)).join(', '),
      checks: failed.map(({ check, expected, seen }) => line(`${check}: ${seen}, expected ${expected}`, 2000)),
      log: log.map((one) => line(one, 2000)),
    };
  });
  const about = [
    ...[
      ['Run', line(run.id)],
      ['Cluster', line(cluster)],
      ['Takes back', line(run.of ?? '')],
    ],
    ...[
      ['Started', `${momentText(startedAt)} UTC`],
      ['Ended', `${momentText(finishedAt)} UTC`],
    ],
  ];
  return {
    ...{ title: `${kind} ${line(run.id)}`, about, stopped: line(stopped, 2000), absolute: false },
    ...{ total: Math.max(0, ...shown.map(({ end }) => end)), hosts: shown, notes: notes.map((one) => line(one, 2000)) },
  };
}

function pastData({ run: { record, state } }: PastRunResult) {
  const { run, kind = 'run', cluster, operator, startedAt, endedAt, stopped = '' } = record;
  const ends = [endedAt, ...record.hosts.map((host) => host.endedAt)].map((time) => between(startedAt, time) ?? 0);
  const hosts = record.hosts.map(({ host, outcome, reason = '', steps, paths, endedAt: end }) => ({
    ...{
      name: line(host),
      outcome: outcome ?? 'unfinished',
      reason: line(reason, 2000),
      hint: '',
      checks: [],
      log: [],
    },
    files: paths.map((path) => line(path)).join(', '),
    steps: steps.map(({ step, time }, at) => ({
      ...{ step: stepName(step), at: Math.max(between(startedAt, time) ?? 0, 0) },
      ms: Math.max(between(time, steps[at + 1]?.time ?? end) ?? 0, 0),
    })),
  }));
  const about = [
    ...[
      ['Run', line(run)],
      ['Cluster', line(cluster)],
      ['Operator', line(operator)],
      ['State', state],
    ],
    ...[
      ['Started', `${momentText(startedAt)} UTC`],
      ['Ended', `${momentText(endedAt)} UTC`],
    ],
  ];
  return {
    ...{ title: `${kind} ${line(run)}`, about, stopped: line(stopped, 2000), absolute: true },
    ...{ total: Math.max(0, ...ends), hosts, notes: [] as string[] },
  };
}

/** It becomes a class of the page. */
const stepName = (step: string): string => line(step).replace(/[^a-z-]/gi, '-');
