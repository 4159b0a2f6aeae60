/** One node on its way through a run, and the record of its steps. */
import type { Cluster } from '../cluster/cluster.js';
import type { GateNode, GateSettings } from '../gate/check.js';
import { monotonic } from '../lib/clock.js';
import { ToolError, messageOf } from '../lib/errors.js';
import type { Result } from '../lib/result.js';
import type { Journal } from '../run/journal.js';
import { type HostStep, type Outcome, type OutcomeKind, type Report, hostOutcome } from '../run/outcome.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { CordonMode } from './cordon.js';
import type { Issue } from './serving.js';

/** One node on its way through a run. */
export interface HostTask extends GateNode {
  readonly host: string;
  /** A connection that shares nothing with earlier ones: each proves that the way in still works. */
  connect(): Promise<Result<Session, HostError>>;
  /** Why the Node of that name cannot be taken for this host's; nothing is done then. */
  dispute?(session: Session): Promise<{ readonly reason: string; readonly hint: string } | undefined>;
}

export interface RunContext extends GateSettings {
  readonly journal: Journal;
  readonly cluster: Cluster | undefined;
  readonly cordonMode: CordonMode;
  /** Has serving certificates issued; undefined where the API server is not asked. */
  readonly issue?: Issue | undefined;
  /** How many backups of finished changes a node keeps; undefined: all of them. */
  readonly keep?: number | undefined;
  readonly report: Report;
  /** Ends a drain, before which nothing was changed. */
  readonly shutdown?: AbortSignal | undefined;
}

interface Progress {
  readonly timings: Record<string, number>;
  edits: Outcome['edits'];
  gate: Outcome['gate'];
  log: Outcome['log'];
}

export interface Track {
  readonly progress: Progress;
  /**
   * Writes the step to the journal, then does it. Throws ToolError `journal`, with nothing done, where the journal cannot be
   * written; `must: false` goes on without it: a revert never waits for a full disk here.
   */
  readonly step: <T>(name: HostStep, work: () => Promise<T>, must?: boolean) => Promise<T>;
  readonly finish: (outcome: OutcomeKind, reason?: string, hint?: string) => Outcome;
}

/** Collects what an Outcome needs while the steps go by. */
export function trackHost(
  task: Pick<HostTask, 'host' | 'nodeName'>,
  { journal, report }: Pick<RunContext, 'journal' | 'report'>,
): Track {
  const { host } = task;
  const progress: Progress = { timings: {}, edits: [], gate: [], log: [] };
  return {
    progress,
    async step(name, work, must = name !== 'revert' && name !== 'uncordon') {
      const paths = progress.edits.map(({ path }) => path);
      await journal.write({ entry: 'step', host, step: name, paths }).catch((error: unknown) => {
        if (must)
          throw new ToolError('journal', `the run journal cannot be written: ${messageOf(error)}`, { cause: error });
      });
      report({ event: 'step', host, step: name });
      const start = monotonic();
      const result = await work();
      progress.timings[name] ??= Math.round(monotonic() - start);
      return result;
    },
    finish: (outcome, reason, hint) => hostOutcome(task, outcome, reason, hint, progress),
  };
}

/** Where a change could not begin for want of a journal. */
export const journalHint =
  'nothing was changed; free some space for the journal, or set XDG_STATE_HOME to another folder';
