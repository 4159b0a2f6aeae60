/** Finds out which hosts a run left unfinished when its controller died, and what to do with each. */
import type { RecoveryGoal } from '../change/recovery.js';
import type { Host } from '../inventory/host.js';
import { ToolError } from '../lib/errors.js';
import { type Outcome, type OutcomeKind, hostOutcome } from '../run/outcome.js';
import { type HostRecord, type RunRecord, isBegun, isOpen } from '../run/record.js';
import type { Run } from './context.js';
import type { HostTransactions } from './node-transactions.js';
import { nextCommand, nextCommandForAll } from '../lib/next-command.js';

/** What is left of a run, sorted by what can be done about it. */
export interface RunRemains {
  /** Begun, in the inventory and selected: their nodes are asked. */
  readonly begun: readonly { readonly host: Host; readonly record: HostRecord }[];
  /** Hosts that have ended, can be ended without asking anybody, or are left for later. */
  readonly outcomes: readonly Outcome[];
  /** Of `outcomes`: those that the journal does not hold yet. */
  readonly news: readonly Outcome[];
  /** Hosts that may be begun and are left for later: by --limit or --exclude, or since they could not be asked. */
  readonly later: readonly string[];
}

export function remainsOfRun(
  { inventory, ...chosen }: Pick<Run, 'inventory' | 'hosts'>,
  { run, hosts, paused = [] }: RunRecord,
): RunRemains {
  const known = new Set(inventory.hosts.map(({ name }) => name));
  const selected = new Map(chosen.hosts.map((host) => [host.name, host]));
  const begun: { host: Host; record: HostRecord }[] = [];
  const done: Outcome[] = [];
  const news: Outcome[] = [];
  const later: string[] = [];
  for (const record of hosts) {
    const { host: name, outcome, reason } = record;
    const host = selected.get(name);
    if (host === undefined && known.has(name)) {
      if (!isOpen(record)) continue;
      later.push(name);
      done.push(deselectedOutcome(name, run, outcome));
    } else if (!isOpen(record)) {
      done.push(hostOutcome(name, outcome ?? 'unknown', reason));
    } else if (!isBegun(record) && paused.includes(name)) {
      later.push(name);
      done.push(hostOutcome(name, 'skipped', 'not started: the run was paused', nextCommand('resume', run)));
    } else if (!isBegun(record)) {
      news.push(hostOutcome(name, 'skipped', 'not started: the run ended first'));
    } else if (host === undefined) {
      const hint = `add the host to the inventory, then run: ${nextCommand('resume', run)}`;
      news.push(hostOutcome(name, 'unknown', 'the host is not in the inventory, so its node cannot be reached', hint));
    } else begun.push({ host, record });
  }
  return { begun, outcomes: [...done, ...news], news, later };
}

/** A host that --limit or --exclude took out, though the run has not ended there. */
export const deselectedOutcome = (name: string, run: string, outcome?: OutcomeKind): Outcome => {
  const why = 'not selected by --limit or --exclude; the run is not finished on this host';
  return hostOutcome(name, outcome === 'unknown' ? outcome : 'skipped', why, nextCommandForAll('resume', run));
};

/** A run as the nodes tell it, where its journal is on another machine. Undefined where no node knows of it. */
export function recordFromNodes(
  run: string,
  cluster: string,
  kept: readonly HostTransactions[],
  /** What they told earlier, and how its hosts ended. */
  earlier: RunRecord | undefined,
): RunRecord | undefined {
  const known = (earlier?.hosts ?? []).map((one) => ({ ...one, outcome: one.outcome ?? ('unknown' as const) }));
  const found = kept.flatMap(({ host, transactions }): HostRecord[] => {
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

/** Hosts of the inventory without a record, because their nodes were not asked or did not answer. */
export function unansweredNames(
  { inventory }: Pick<Run, 'inventory'>,
  { hosts }: RunRecord,
  kept: readonly HostTransactions[],
): string[] {
  const heard = kept.filter(({ transactions }) => transactions.ok).map(({ host }) => host.name);
  const told = new Set([...heard, ...hosts.map(({ host }) => host)]);
  return inventory.hosts.map(({ name }) => name).filter((name) => !told.has(name));
}

/** Throws ToolError where the journal does not tell enough, or where it is of another cluster. */
export function goalOf({ run, kind, of, cluster }: RunRecord, { inventory }: Run): RecoveryGoal {
  const id = kind === 'rollback' ? of : run;
  if (kind === 'uninstall')
    throw new ToolError('journal', `run ${run} was an uninstall, so there is nothing to revert`);
  if (kind === undefined || id === undefined || !/^[A-Za-z0-9-]{1,64}$/.test(id)) {
    throw new ToolError('journal', `the journal of run ${run} is incomplete: it does not say what the run did`, {
      hint: `to list the backups: ${nextCommand('runs backups')}; to restore one: ${nextCommand('rollback', 'RUN')}`,
    });
  }
  refuseOther({ run, cluster }, { inventory });
  return { run, kind, id };
}

/** Throws ToolError where the inventory is of another cluster than the run was. */
export function refuseOther(
  { run, cluster }: Pick<RunRecord, 'run' | 'cluster'>,
  { inventory }: Pick<Run, 'inventory'>,
): void {
  const { name } = inventory.cluster;
  if (cluster === name) return;
  throw new ToolError('plan', `run ${run} was on cluster ${cluster}, but the inventory is for ${name}`, {
    hint: `use the inventory of cluster ${cluster}: -i FILE`,
  });
}

/** Hosts on which something may be changed, as far as their nodes told; for the question. */
export function hostsToChange(
  remains: RunRemains,
  { id, kind }: RecoveryGoal,
  kept: readonly HostTransactions[],
): string[] {
  const ended: readonly string[] = kind === 'apply' ? ['confirmed', 'reverted'] : ['reverted'];
  return remains.begun
    .filter(({ host, record }) => {
      const asked = kept.find((one) => one.host.name === host.name)?.transactions;
      if (record.cordon !== undefined || asked?.ok !== true) return true;
      const found = asked.value.find((one) => one.id === id);
      return found !== undefined && !ended.includes(found.state);
    })
    .map(({ host }) => host.name);
}
