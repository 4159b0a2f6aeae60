/** Takes hosts through a run: each verb's waves, room and limits, over the one rollout. */
import type { Cluster } from '../cluster/cluster.js';
import type { ClusterView } from '../cluster/nodes.js';
import { matchNode } from '../cluster/match-node.js';
import type { RunLease } from '../cluster/run-lease.js';
import { monotonic } from '../lib/clock.js';
import { paceOf } from '../plan/rollout-time.js';
import { planWaves } from '../plan/waves.js';
import type { Journal } from '../run/journal.js';
import { type Report, hostOutcome } from '../run/outcome.js';
import { type HookContext, type HookHost, type Hooks, createHooks, hookTime } from '../run/hooks.js';
import { pauseBetween } from '../run/pause.js';
import { type RolloutHost, type RolloutOptions, type RolloutResult, rollOut } from '../run/rollout.js';
import {
  type Admission,
  allOf,
  serversAlone,
  whileLocked,
  withinCluster,
  withinForks,
  withinJumps,
} from '../run/room.js';
import { withinWindow } from '../run/window.js';
import type { RolloutFlags, Run } from './context.js';
import { forksFor } from './host-limit.js';
import { nextCommand } from '../lib/next-command.js';

export interface RolledOut extends RolloutResult {
  /** Milliseconds from its start to its end, without the waits for a person. */
  readonly durationMs: number;
}

type Lease = Pick<RunLease, 'problem'> | undefined;
type Place = Pick<Run, 'forks' | 'report' | 'shutdown' | 'window' | 'pauses' | 'hooks' | 'hosts' | 'inventory'>;

/** What a rollout in waves works with. */
interface WaveOptions {
  readonly cluster: Cluster | undefined;
  readonly journal: Journal;
  readonly flags: RolloutFlags;
  readonly lease: Lease;
  readonly verb: HookContext['verb'];
  /** Nodes found to be servers, whether they change or not. */
  readonly detected?: readonly string[];
}

/** apply and rollback: wave by wave, as many at once as the cluster can spare. */
export function rollOutWaves(
  hosts: readonly RolloutHost[],
  run: Run,
  { cluster, journal, flags, lease, verb, detected = [] }: WaveOptions,
): Promise<RolledOut> {
  const all = run.inventory.hosts;
  const servers = hosts.filter((one) => one.controlPlane);
  const waves = planWaves(
    hosts.filter((one) => !one.controlPlane),
    servers,
    flags.waves,
  );
  const named = servers.flatMap((one) => one.nodeName ?? []);
  const serversBesides = (view: ClusterView): ReadonlySet<string> =>
    new Set([...detected, ...named, ...serversOf(run.inventory, view)]);
  const room = withinCluster({ cluster, maxUnavailable: flags.maxUnavailable, serversBesides });
  return begin(run, journal, verb, {
    waves,
    admit: admission(run, whileLocked(lease, 'wait'), room),
    roomTimeout: flags.deadline,
    maxFailures: flags.maxFailures,
    needsJournal: true,
    canPause: true,
    notStarted: (host, stopped, isPaused) =>
      hostOutcome(host, 'skipped', `not started: ${isPaused ? stopped : 'the run stopped first'}`),
    hintAfterFault: nextCommand('resume', journal.run),
    atOnce: paceOf({ ...flags, forks: forksFor(all, run.forks), hosts: all.length, hasCluster: cluster !== undefined })
      .atOnce,
  });
}

/**
 * resume: workers together, then control-plane nodes one by one. It reverts nodes even while the lock cannot be renewed or the
 * journal cannot be written.
 */
export function rollOutRecovery(
  hosts: readonly RolloutHost[],
  run: Place,
  journal: Journal,
  lease: Lease,
): Promise<RolledOut> {
  const ordered = [...hosts.filter((one) => !one.controlPlane), ...hosts.filter((one) => one.controlPlane)];
  const hint = nextCommand('resume', journal.run);
  return begin(run, journal, 'resume', {
    waves: ordered.length === 0 ? [] : [ordered],
    admit: admission(run, whileLocked(lease, 'go on'), serversAlone),
    roomTimeout: 0,
    needsJournal: false,
    canPause: false,
    notStarted: (host, stopped) =>
      hostOutcome(
        host,
        'unknown',
        `not started: ${run.window === undefined ? 'the run stopped first' : stopped}`,
        hint,
      ),
    hintAfterFault: hint,
    atOnce: run.forks,
  });
}

/** uninstall: no kubelet is restarted, so all hosts go at once; none starts while the lock is in doubt. */
export function rollOutUninstall(
  hosts: readonly RolloutHost[],
  run: Place,
  journal: Journal,
  lease: Lease,
): Promise<RolledOut> {
  return begin(run, journal, 'uninstall', {
    waves: [hosts],
    admit: admission(run, whileLocked(lease, 'stop')),
    roomTimeout: 0,
    needsJournal: false,
    canPause: false,
    notStarted: (host, stopped) => hostOutcome(host, 'skipped', stopped, `run ${nextCommand('uninstall')} again`),
    hintAfterFault: `some files may already be removed; run ${nextCommand('uninstall')} again`,
    atOnce: run.forks,
  });
}

/** What each rollout asks. The window is first, so that nobody waits for room after its end, and last, since that wait takes time. */
function admission({ window, hooks, forks }: Place, locked: Admission, ...others: readonly Admission[]): Admission {
  const isOpen = withinWindow(window, undefined, hookTime(hooks));
  return allOf(isOpen, locked, withinForks(forks), withinJumps, ...others, isOpen);
}

async function begin(
  run: Place,
  journal: Journal,
  verb: HookContext['verb'],
  { atOnce, ...options }: Omit<RolloutOptions, 'journal' | 'report' | 'shutdown'> & { readonly atOnce: number },
): Promise<RolledOut> {
  const { shutdown, pauses } = run;
  const began = monotonic();
  let waited = 0;
  const report: Report = (event) => {
    if (event.event === 'pause-ended') waited += event.waitedMs;
    run.report(event);
  };
  const { waves } = options;
  const waveSizes = waves.map((wave) => wave.length);
  const hosts = waveSizes.reduce((sum, size) => sum + size, 0);
  report({ event: 'run-started', run: journal.run, hosts, waves: Math.max(1, waves.length), waveSizes, atOnce });
  const hooks = hooksOf(run, journal, verb);
  const afterWave = pauses && pauseBetween(pauses, { journal, report });
  const result = await rollOut({ ...options, hooks, afterWave, journal, report, shutdown });
  return { ...result, durationMs: Math.max(0, Math.round(monotonic() - began - waited)) };
}

function hooksOf(run: Place, journal: Journal, verb: HookContext['verb']): Hooks | undefined {
  if (run.hooks === undefined) return undefined;
  const { report, shutdown, inventory } = run;
  const hostOf = (name: string): HookHost => {
    const host = run.hosts.find((one) => one.name === name);
    return { name, address: host?.address, role: host?.role };
  };
  return createHooks(run.hooks, { verb, cluster: inventory.cluster.name, hostOf, journal, report, shutdown });
}

/** Nodes of the inventory's control plane, as far as the API server knows them. */
function serversOf({ hosts }: Run['inventory'], view: ClusterView): string[] {
  return hosts
    .filter(({ role }) => role === 'control-plane')
    .flatMap(({ name, nodeName: pinned, address }) => {
      const owned = matchNode(view, { name, pinned, dialled: [address] });
      return owned.kind === 'own' ? [owned.node.name] : [];
    });
}
