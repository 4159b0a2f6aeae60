/** The outcome of a host in a run; only this file makes one. */
import type { GateCheck } from '../gate/check.js';
import type { HookKind } from './hooks.js';

export const outcomeKinds = [
  'unchanged', // nothing to do
  'confirmed', // changed, proved healthy
  'reverted', // changed, failed the gate, reverted and proved healthy
  'unknown', // its state could not be established: look now
  'failed', // could not be changed, and nothing was
  'refused', // a check before the change forbade it
  'unreachable',
  'skipped', // the run stopped before it came to this host
] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

/** True where the host is as it should be. */
export const isSettled = (kind: OutcomeKind): boolean => kind === 'confirmed' || kind === 'unchanged';

export interface Outcome {
  readonly host: string;
  readonly nodeName: string | undefined;
  readonly outcome: OutcomeKind;
  /** One line; undefined where the outcome says it all. */
  readonly reason: string | undefined;
  /** What to do next, one line. */
  readonly hint: string | undefined;
  readonly edits: readonly { readonly path: string; readonly action: string }[];
  readonly gate: readonly GateCheck[];
  /** The kubelet's own last error lines. */
  readonly log: readonly string[];
  /** Milliseconds per step: write, restart, gate, revert. */
  readonly timings: Readonly<Record<string, number>>;
}

type Evidence = Pick<Outcome, 'edits' | 'gate' | 'log' | 'timings'>;
const noEvidence: Evidence = { edits: [], gate: [], log: [], timings: {} };

/** The only way to make an outcome. `host`: its name in the inventory, or the host with the Node that is its own. */
export const hostOutcome = (
  host: string | Pick<Outcome, 'host' | 'nodeName'>,
  outcome: OutcomeKind,
  reason?: string,
  hint?: string,
  evidence: Evidence = noEvidence,
): Outcome => ({
  host: typeof host === 'string' ? host : host.host,
  nodeName: typeof host === 'string' ? undefined : host.nodeName,
  outcome,
  reason,
  hint,
  ...evidence,
});

/** What happens during a run, as it happens. */
export type RunEvent =
  | { readonly event: 'connecting' | 'read' | 'judged' | 'planned'; readonly host: string }
  | { readonly event: 'unreachable' | 'unreadable'; readonly host: string; readonly reason: string }
  | {
      readonly event: 'run-started';
      readonly run: string;
      readonly hosts: number;
      readonly waves: number;
      /** Hosts of each wave. */
      readonly waveSizes?: readonly number[] | undefined;
      /** Hosts that may change at the same time, as far as it is known. */
      readonly atOnce?: number | undefined;
    }
  | { readonly event: 'wave-started'; readonly wave: number; readonly waves: number; readonly hosts: readonly string[] }
  | { readonly event: 'step'; readonly host: string; readonly step: HostStep }
  | {
      readonly event: 'gate';
      readonly host: string;
      /** The health check that is waited for. */
      readonly check: string;
      readonly expected: string;
      readonly seen: string;
      /** Milliseconds for which it has held, and must hold; undefined while it does not hold. */
      readonly heldMs?: number | undefined;
      readonly wantedMs?: number | undefined;
    }
  | {
      readonly event: 'host-done';
      readonly host: string;
      readonly outcome: OutcomeKind;
      readonly reason?: string | undefined;
    }
  | {
      readonly event: 'hook';
      readonly hook: HookKind;
      /** Undefined for a wave's. */
      readonly host?: string | undefined;
      readonly wave: number;
      readonly state: 'started' | 'done' | 'failed';
      readonly reason?: string | undefined;
    }
  | {
      readonly event: 'hook-output';
      readonly hook: HookKind;
      readonly host?: string | undefined;
      readonly wave: number;
      readonly line: string;
    }
  /** A person answered. */
  | { readonly event: 'pause-ended'; readonly wave: number; readonly waitedMs: number; readonly goesOn: boolean }
  | { readonly event: 'stopped'; readonly reason: string }
  | { readonly event: 'waiting'; readonly reason: string };

export type HostStep =
  | 'connect'
  | 'certificate' // a serving certificate is requested and issued, before anything changes
  | 'prepare'
  | 'prove' // a second connection, with sudo, before anything depends on it
  | 'arm'
  | 'cordon'
  | 'write'
  | 'restart'
  | 'gate'
  | 'confirm'
  | 'revert'
  | 'uncordon'
  | 'uninstall';

export type Report = (event: RunEvent) => void;
