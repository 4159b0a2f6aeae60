/** One node on its way through a run, and the record of its steps. */
import type { Cluster } from '../cluster/cluster.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import { monotonic } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { Seclusion } from './cordon.js';
import type { GateOptions } from './gate-check.js';
import type { Journal } from './journal.js';
import type { GateCheck, HostStep, Outcome, OutcomeKind, Report } from './outcome.js';

interface Timing {
  /** Milliseconds until a gate fails. */
  readonly gate: number;
  /** Milliseconds for which a node must be Ready without a break. */
  readonly settle: number;
}

/** One node on its way through a run. */
export interface HostTask {
  readonly host: string;
  readonly nodeName: string | undefined;
  readonly controlPlane: boolean;
  readonly target: WatchTarget;
  readonly ports: GateOptions['ports'];
  /** A connection that shares nothing with earlier ones: it proves each time that the way in still works. */
  connect(): Promise<Result<Session, HostError>>;
}

export interface RunContext {
  readonly journal: Journal;
  readonly cluster: Cluster | undefined;
  readonly timing: Timing;
  readonly seclusion: Seclusion;
  /** Finished changes of which a node keeps the backups; undefined: all of them. */
  readonly keep?: number | undefined;
  readonly report: Report;
}

interface Progress {
  readonly timings: Record<string, number>;
  edits: Outcome['edits'];
  gate: readonly GateCheck[];
  log: readonly string[];
}

type Finish = (outcome: OutcomeKind, reason?: string, hint?: string) => Outcome;

export type Track = ReturnType<typeof trackHost>;

/** Collects what an Outcome needs while the steps go by. */
export function trackHost(task: HostTask, { journal, report }: RunContext) {
  const progress: Progress = { timings: {}, edits: [], gate: [], log: [] };
  /** Throws where the journal cannot be written and `must` be: the work is not begun then. */
  const step = async <T>(
    name: HostStep,
    work: () => Promise<T>,
    must = name !== 'revert' && name !== 'uncordon',
  ): Promise<T> => {
    const noted = journal.write({
      entry: 'step',
      host: task.host,
      step: name,
      paths: progress.edits.map(({ path }) => path),
    });
    // Putting back is never held up by a full disk here.
    await (must ? noted : noted.catch(() => undefined));
    report({ event: 'step', host: task.host, step: name });
    const start = monotonic();
    const result = await work();
    progress.timings[name] = Math.round(monotonic() - start);
    return result;
  };
  const finish: Finish = (outcome, reason, hint) => ({
    host: task.host,
    nodeName: task.nodeName,
    outcome,
    reason,
    hint,
    edits: progress.edits,
    gate: progress.gate,
    log: progress.log,
    timings: progress.timings,
  });
  return { progress, step, finish };
}
