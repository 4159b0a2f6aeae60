/** How a host came out of apply or rollback, as a value. */
export const outcomeKinds = [
  'unchanged', // nothing to do
  'confirmed', // changed, proved healthy
  'reverted', // changed, failed the gate, put back and proved healthy
  'unknown', // its state could not be established: look now
  'failed', // could not be changed, and nothing was
  'refused', // a check before the change forbade it
  'unreachable',
  'skipped', // the run stopped before its turn
] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

/** True where the host is as it should be. */
export const isSettled = (kind: OutcomeKind): boolean => kind === 'confirmed' || kind === 'unchanged';

export interface GateCheck {
  /** kubelet-process, healthz, lease, ready, configz, anonymous-10250, read-only-port, api-server-readyz, etcd. */
  readonly check: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly seen: string;
  /** True where nothing could be asked: never a pass, and named in the report. */
  readonly unchecked?: boolean | undefined;
}

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

/** What happens during a run, as it happens. */
export type RunEvent =
  | { readonly event: 'connecting' | 'judged' | 'planned'; readonly host: string }
  | { readonly event: 'unreachable' | 'unreadable'; readonly host: string; readonly reason: string }
  | { readonly event: 'run-started'; readonly run: string; readonly hosts: number; readonly waves: number }
  | { readonly event: 'wave-started'; readonly wave: number; readonly waves: number; readonly hosts: readonly string[] }
  | { readonly event: 'step'; readonly host: string; readonly step: HostStep }
  | {
      readonly event: 'host-done';
      readonly host: string;
      readonly outcome: OutcomeKind;
      readonly reason?: string | undefined;
    }
  | { readonly event: 'stopped'; readonly reason: string }
  | { readonly event: 'waiting'; readonly reason: string };

export type HostStep =
  | 'connect'
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
