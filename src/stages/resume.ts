/** Finishes a run whose controller died: which hosts are left, in which order they are ended, and what the journal is told. */
import pLimit from 'p-limit';
import { type Journal, type JournalEntry, continueJournal, reopenJournal } from '../apply/journal.js';
import type { RunContext } from '../apply/host-task.js';
import type { Outcome, OutcomeKind } from '../apply/outcome.js';
import { type BegunHost, type ResumeGoal, resumeHost } from '../apply/resume.js';
import { type HostStory, type RunStory, isBegun, isOpen, mayHaveWritten } from '../apply/run-story.js';
import type { Cluster } from '../cluster/cluster.js';
import type { RunLease } from '../cluster/run-lease.js';
import type { Host } from '../inventory/host.js';
import { ToolError, messageOf } from '../lib/errors.js';
import { livesStill, ownMark } from '../lib/process-mark.js';
import { operator } from './change.js';
import type { Kept } from './kept.js';
import { hostOutcome } from './results.js';
import { withRunLock } from './run-lock.js';
import type { Run } from './run.js';

/** What is left of a run, sorted by what can be done about it. */
export interface Remains {
  /** Begun, in the inventory and selected: their nodes are asked. */
  readonly begun: readonly { readonly host: Host; readonly story: HostStory }[];
  /** Hosts that have ended, can be ended without asking anybody, or are left for later. */
  readonly outcomes: readonly Outcome[];
  /** Of `outcomes`: those that the journal does not hold yet. */
  readonly news: readonly Outcome[];
  /** Hosts that may be begun and are left for later: by --limit or --exclude, or since they could not be asked. */
  readonly later: readonly string[];
}

export function remainsOf(
  { inventory, ...chosen }: Pick<Run, 'inventory' | 'hosts'>,
  { run, hosts }: RunStory,
): Remains {
  const known = new Set(inventory.hosts.map(({ name }) => name));
  const selected = new Map(chosen.hosts.map((host) => [host.name, host]));
  const begun: { host: Host; story: HostStory }[] = [];
  const done: Outcome[] = [];
  const news: Outcome[] = [];
  const later: string[] = [];
  for (const story of hosts) {
    const { host: name, outcome, reason } = story;
    const host = selected.get(name);
    if (host === undefined && known.has(name)) {
      if (!isOpen(story)) continue;
      later.push(name);
      done.push(leftForLater(name, run, outcome));
    } else if (!isOpen(story)) {
      done.push(hostOutcome(name, outcome ?? 'unknown', reason));
    } else if (!isBegun(story)) {
      news.push(hostOutcome(name, 'skipped', 'the run ended before its turn'));
    } else if (host === undefined) {
      const hint = 'name it in the inventory, and resume again';
      news.push(hostOutcome(name, 'unknown', 'it is not in the inventory: its node cannot be asked', hint));
    } else begun.push({ host, story });
  }
  return { begun, outcomes: [...done, ...news], news, later };
}

/** A host that --limit or --exclude took out, though the run has not ended there. */
export const leftForLater = (name: string, run: string, outcome?: OutcomeKind): Outcome => {
  const why = 'left for later by --limit or --exclude: the run has not ended';
  return hostOutcome(name, outcome === 'unknown' ? outcome : 'skipped', why, `kubelatch resume ${run}`);
};

/** A run as the nodes tell it, where its journal is on another machine. Undefined where no node knows of it. */
export function storyFromNodes(
  run: string,
  cluster: string,
  kept: readonly Kept[],
  /** What they told earlier, and how its hosts ended. */
  earlier: RunStory | undefined,
): RunStory | undefined {
  const known = (earlier?.hosts ?? []).map((one) => ({ ...one, outcome: one.outcome ?? ('unknown' as const) }));
  const found = kept.flatMap(({ host, transactions }): HostStory[] => {
    if (!transactions.ok || !transactions.value.some(({ id }) => id === run)) return [];
    if (known.some((one) => one.host === host.name)) return [];
    const unknown = { reason: undefined, endedAt: undefined, cordon: undefined };
    // Begun for certain; how far is for the node to say.
    return [{ host: host.name, steps: [], paths: [], outcome: 'unknown', ...unknown }];
  });
  const hosts = [...known, ...found];
  if (earlier !== undefined) return { ...earlier, hosts };
  if (hosts.length === 0) return undefined;
  const none = { of: undefined, endedAt: undefined, stopped: undefined, controller: undefined, lock: undefined };
  const about = { kind: 'apply', cluster, inventory: '?', operator: '?', startedAt: '', fromNodes: true } as const;
  return { run, ...about, resumed: [], hosts, ...none };
}

/** Hosts of the inventory of which no story tells, since their nodes were not asked or did not answer. */
export function unheardOf({ inventory }: Pick<Run, 'inventory'>, { hosts }: RunStory, kept: readonly Kept[]): string[] {
  const heard = kept.filter(({ transactions }) => transactions.ok).map(({ host }) => host.name);
  const told = new Set([...heard, ...hosts.map(({ host }) => host)]);
  return inventory.hosts.map(({ name }) => name).filter((name) => !told.has(name));
}

/** Throws ToolError where the journal does not tell enough, or where it is of another cluster. */
export function goalOf({ run, kind, of, cluster }: RunStory, { inventory }: Run): ResumeGoal {
  const id = kind === 'rollback' ? of : run;
  if (kind === 'uninstall') throw new ToolError('journal', `run ${run} was an uninstall: there is nothing to put back`);
  if (kind === undefined || id === undefined || !/^[A-Za-z0-9-]{1,64}$/.test(id)) {
    throw new ToolError('journal', `the journal of run ${run} does not tell any more what it was`, {
      hint: 'kubelatch audit shows what the nodes keep, and kubelatch rollback RUN puts that back',
    });
  }
  refuseOther({ run, cluster }, { inventory });
  return { run, kind, id };
}

/** Throws ToolError where the inventory is of another cluster than the run was. */
export function refuseOther(
  { run, cluster }: Pick<RunStory, 'run' | 'cluster'>,
  { inventory }: Pick<Run, 'inventory'>,
): void {
  const { name } = inventory.cluster;
  if (cluster !== name)
    throw new ToolError('plan', `run ${run} was on cluster ${cluster}, the inventory is of ${name}`);
}

/** Hosts on which something may be changed, as far as their nodes told; for the question. */
export function toBeChanged(remains: Remains, { id, kind }: ResumeGoal, kept: readonly Kept[]): string[] {
  const ended: readonly string[] = kind === 'apply' ? ['confirmed', 'reverted'] : ['reverted'];
  return remains.begun
    .filter(({ host, story }) => {
      const asked = kept.find((one) => one.host.name === host.name)?.transactions;
      if (story.cordon !== undefined || asked?.ok !== true) return true;
      const found = asked.value.find((one) => one.id === id);
      return found !== undefined && !ended.includes(found.state);
    })
    .map(({ host }) => host.name);
}

/** With the cluster's run lock, and the run's own journal, or a new one under its name where this machine has none. */
export async function withResumedJournal<T>(
  run: Run,
  cluster: Cluster | undefined,
  story: RunStory,
  { isHere, asksNodes }: { readonly isHere: boolean; readonly asksNodes: boolean },
  work: (journal: Journal, lease: RunLease | undefined) => Promise<T>,
): Promise<T> {
  const { controller, lock } = story;
  // A lock of a process that is known to be gone needs no waiting.
  const dead = controller !== undefined && livesStill(controller) === 'no' ? lock : undefined;
  // Where no node is asked, there is nothing to keep others from; what the run held itself is given back.
  if (!asksNodes && dead !== undefined) await cluster?.unlock(dead);
  return withRunLock(
    run,
    asksNodes ? cluster : undefined,
    { operator: operator(), run: story.run, dead },
    async (lease) => {
      const mark = { operator: operator(), controller: ownMark(), lock: lease?.identity };
      const journal = await (isHere ? reopenJournal : continueJournal)(run.runsFolder, story.run);
      try {
        if (!isHere) {
          const hosts = story.hosts.map(({ host }) => host);
          const { path: inventory, cluster: of } = run.inventory;
          const told = { kind: 'apply', fromNodes: true } as const;
          await journal.write({ entry: 'run', ...told, cluster: of.name, inventory, hosts, ...mark });
        }
        await journal.write({ entry: 'resumed', ...mark });
        return await work(journal, lease);
      } finally {
        await journal.close();
      }
    },
  );
}

/**
 * Workers together, then control-plane nodes one by one; a signal, or the run lock in other hands, leaves those whose turn
 * has not come. A lock that cannot be renewed for the moment does not: nodes are put back without the API server too.
 */
export async function endHosts(
  goal: ResumeGoal,
  remains: Remains,
  run: Run,
  context: RunContext,
  fromNodes: boolean,
  lease: Pick<RunLease, 'doubt'> | undefined,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly stopped: string | undefined }> {
  const { journal, report } = context;
  const outcomes: Outcome[] = [];
  let stopped: string | undefined;
  let isLeft = remains.later.length > 0;
  // Nodes are put back, whatever becomes of the record.
  const note = (entry: JournalEntry): Promise<void> =>
    journal.write(entry).catch((error: unknown) => {
      stopped ??= `the journal cannot be written: ${messageOf(error)}`;
    });
  for (const { host, outcome, reason } of remains.news) await note({ entry: 'host', host, outcome, reason });

  const names = remains.begun.map(({ host }) => host.name);
  report({ event: 'run-started', run: goal.run, hosts: names.length, waves: 1 });
  if (names.length > 0) report({ event: 'wave-started', wave: 1, waves: 1, hosts: names });
  const end = async ({ host, story }: Remains['begun'][number]): Promise<void> => {
    const doubt = lease?.doubt();
    if (run.drain.aborted || doubt?.final === true) {
      isLeft = true;
      stopped ??=
        doubt?.final === true ? doubt.reason : 'interrupted: hosts under way were finished, no other was started';
      outcomes.push(hostOutcome(host.name, 'unknown', 'stopped before its turn', `kubelatch resume ${goal.run}`));
      return;
    }
    const begun: BegunHost = {
      host: host.name,
      mayHaveWritten: mayHaveWritten(story),
      cordon: story.cordon,
      fromNodes,
      connect: () => run.connector.fresh(host),
    };
    const outcome = await resumeHost(goal, begun, context).catch((error: unknown) =>
      hostOutcome(host.name, 'unknown', messageOf(error), `kubelatch resume ${goal.run}`),
    );
    outcomes.push(outcome);
    const { outcome: kind, reason } = outcome;
    await note({ entry: 'host', host: host.name, outcome: kind, reason });
    report({ event: 'host-done', host: host.name, outcome: kind, reason });
  };
  const limit = pLimit(run.forks);
  const isServer = ({ host }: Remains['begun'][number]): boolean => host.role === 'control-plane';
  await Promise.all(remains.begun.filter((one) => !isServer(one)).map((one) => limit(() => end(one))));
  for (const one of remains.begun.filter(isServer)) await end(one);
  if (stopped !== undefined) {
    report({ event: 'stopped', reason: stopped });
    await note({ entry: 'stopped', reason: stopped });
  }
  if (!isLeft) await note({ entry: 'end' });
  return { outcomes, stopped };
}
