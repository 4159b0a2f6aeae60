/** Goes on with a run that was paused: in its own journal, with the hosts that it did not start. */
import type { Cluster } from '../cluster/cluster.js';
import { laterCommand, nextCommandForAll } from '../lib/next-command.js';
import type { RunResult } from '../report/model.js';
import { beginRun, continueRun } from '../run/open.js';
import { hostOutcome } from '../run/outcome.js';
import type { RunRecord } from '../run/record.js';
import type { RolloutResult } from '../run/rollout.js';
import type { Run } from './context.js';
import { deselectedOutcome } from './remains.js';

type About = Parameters<typeof beginRun>[2];
type Work = Parameters<typeof beginRun<RunResult>>[3];

/** Begins a run, or goes on with `paused`. A run that is paused, now or still, has no end. */
export function beginOrGoOn(
  run: Run,
  cluster: Cluster | undefined,
  about: About,
  paused: RunRecord | undefined,
  work: Work,
): Promise<RunResult> {
  // A saved plan is applied again instead: no journal holds its edits.
  if (paused === undefined)
    return beginRun(run, cluster, about, work, ({ next }) => next !== undefined && about.plan === undefined);
  const later = laterHosts(paused, run);
  return continueRun(
    run,
    cluster,
    { record: paused, isHere: true, asksNodes: about.hosts.length > 0 },
    async (journal, lease) => {
      const result = await work(journal, lease);
      const waiting = result.next === undefined ? [] : result.hosts.filter(({ outcome }) => outcome === 'skipped');
      if (later.length > 0)
        await journal
          .write({ entry: 'paused', hosts: [...waiting.map(({ host }) => host), ...later] })
          .catch(() => undefined);
      else if (result.next === undefined) await journal.write({ entry: 'end' }).catch(() => undefined);
      return later.length === 0 ? result : { ...result, next: nextCommandForAll('resume', paused.run) };
    },
  );
}

/** A run that is gone on with has the result of a resume. */
export const kindOf = <T extends 'apply' | 'rollback'>(kind: T, paused: RunRecord | undefined) =>
  paused === undefined ? { kind } : { kind: 'resume' as const, runKind: kind };

/** Outcomes of the hosts that are not gone on with: done before, or left for later by --limit or --exclude. */
export const earlierOutcomes = (paused: RunRecord | undefined, run: Pick<Run, 'hosts'>) =>
  paused === undefined
    ? []
    : [
        ...paused.hosts.flatMap(({ host, outcome, reason }) =>
          outcome === undefined ? [] : [hostOutcome(host, outcome, reason)],
        ),
        ...laterHosts(paused, run).map((host) => deselectedOutcome(host, paused.run)),
      ];

const laterHosts = ({ paused = [] }: RunRecord, { hosts }: Pick<Run, 'hosts'>): string[] =>
  paused.filter((name) => !hosts.some((host) => host.name === name));

/** The command that goes on with the hosts that were not started; undefined unless the run was paused. `words` come after the verb. */
export function goOnCommand(
  { window }: Pick<Run, 'window'>,
  { isPaused }: Pick<RolloutResult, 'isPaused'>,
  verb: 'apply' | 'resume',
  ...words: readonly string[]
): string | undefined {
  if (!isPaused) return undefined;
  // A date has passed by then; a time of day comes again.
  const isDaily = window !== undefined && !window.given.includes('T');
  return laterCommand(verb, ...words, ...(isDaily ? ['--until', window.given] : []));
}
