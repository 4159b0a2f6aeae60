/** The record of a run: which hosts were begun, how far each came, how it ended. */
import type { ProcessMark } from '../lib/process-mark.js';
import type { PlanFile, RunKind } from './journal.js';
import type { OutcomeKind } from './outcome.js';

export interface RecordedStep {
  readonly step: string;
  /** ISO 8601, UTC; of the moment before the step. */
  readonly time: string;
}

export interface HostRecord {
  readonly host: string;
  readonly steps: readonly RecordedStep[];
  readonly paths: readonly string[];
  /** Undefined while the host has not ended. */
  readonly outcome: OutcomeKind | undefined;
  readonly reason: string | undefined;
  readonly endedAt: string | undefined;
  /** The Node that the run cordoned, which nobody had cordoned before. */
  readonly cordon: string | undefined;
}

export interface RunRecord {
  readonly run: string;
  /** Undefined where the first line of the journal is lost. */
  readonly kind: RunKind | undefined;
  /** The run that a rollback takes back. */
  readonly of: string | undefined;
  /** The saved plan that it carried out. */
  readonly plan?: PlanFile | undefined;
  /** Of an apply; empty where the journal does not say. */
  readonly playbooks?: readonly string[] | undefined;
  /** Rules that failed and were to pass. */
  readonly rules?: readonly string[] | undefined;
  /** The only rules of the playbooks that nodes were judged by; undefined for all. */
  readonly onlyRules?: readonly string[] | undefined;
  readonly cluster: string;
  readonly inventory: string;
  readonly operator: string;
  readonly startedAt: string;
  /** Undefined for a run that did not end. */
  readonly endedAt: string | undefined;
  readonly stopped: string | undefined;
  /** Milliseconds in which the run waited for a person: for an answer between waves, or until it was resumed. */
  readonly waitedMs?: number | undefined;
  /** Hosts that are not begun and that the run can go on with; undefined unless it was paused. */
  readonly paused?: readonly string[] | undefined;
  readonly resumed: readonly { readonly time: string; readonly operator: string }[];
  /** The process that wrote the journal last. */
  readonly controller: ProcessMark | undefined;
  /** The name by which that process held the cluster's run lock. */
  readonly lock: string | undefined;
  /** Reported by nodes, not by the run's own journal: hosts may be missing, and earlier steps are unknown. */
  readonly fromNodes: boolean;
  readonly hosts: readonly HostRecord[];
}

/** The host is not done: it has no outcome, or the outcome `unknown`. */
export const isOpen = ({ outcome }: HostRecord): boolean => outcome === undefined || outcome === 'unknown';

/** Something may have been done on it; a connection alone changes nothing. */
export const isBegun = ({ steps, outcome }: HostRecord): boolean =>
  outcome === 'unknown' || steps.some(({ step }) => step !== 'connect');

/** Its files may have been written: the journal says so, or there is no journal on this machine. */
export const mayHaveWritten = ({ steps, outcome }: HostRecord): boolean =>
  (outcome === 'unknown' && steps.length === 0) || steps.some(({ step }) => !beforeWriting.has(step));
const beforeWriting: ReadonlySet<string> = new Set([
  ...['connect', 'certificate', 'prepare', 'prove', 'cordon', 'arm', 'uncordon'],
]);

/** It did not end, or left hosts in an unknown state. An uninstall that ended never counts: it is simply run again. */
export const isUnfinished = ({ kind, endedAt, hosts }: RunRecord): boolean =>
  endedAt === undefined || (kind !== 'uninstall' && hosts.some((host) => isOpen(host) && isBegun(host)));
