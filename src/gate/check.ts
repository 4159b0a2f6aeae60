/** What the gate checks, and what it has to know for that. */
import type { Cluster } from '../cluster/cluster.js';
import type { KubeletPorts } from '../facts/kubelet-ports.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import type { Result } from '../lib/result.js';
import type { GuardKind } from '../plan/guard-plan.js';
import type { ExpectedSetting } from '../plan/planned-rules.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { KubeletState } from './kubelet-watch.js';

export interface Check {
  readonly check: string;
  readonly expected: string;
  seen: string;
  passed: boolean;
  unchecked?: boolean;
  /** It can only get worse: waiting longer is useless. */
  fatal?: boolean;
  /** The kubelet's own plain answer, which it will not change while it lives. */
  definite?: boolean;
  /** It was asked in this poll and does not hold; undefined where it could not be asked. `atLeast`: milliseconds that it may need, whatever the grace. */
  denied?: { readonly atLeast: number } | undefined;
  /** Of the process, in this poll: it runs, and systemd has finished its start. */
  isUp?: boolean;
  /** Milliseconds for which it has held, and must hold; undefined where it does not hold, or need not for long. */
  held?: { readonly ms: number; readonly of: number } | undefined;
}

/** What a gate waits for, when that has changed. */
export type OnWait = (awaited: Pick<Check, 'check' | 'expected' | 'seen' | 'held'>) => void;

/** A request that is repeated, and the checks that its answer decides. */
export interface GateProbe {
  readonly checks: readonly Check[];
  poll(): Promise<void>;
}

/** A node as the gate has to know it. */
export interface GateNode {
  readonly nodeName: string | undefined;
  readonly controlPlane: boolean;
  readonly target: WatchTarget;
  readonly ports: KubeletPorts;
  /** A new connection, for when the first one is lost. */
  connect(): Promise<Result<Session, HostError>>;
  readonly onWait?: OnWait | undefined;
}

/** What all nodes of a run have in common for the gate. */
export interface GateSettings {
  readonly cluster: Cluster | undefined;
  readonly timing: {
    /** Milliseconds until a gate fails. */
    readonly gate: number;
    /** Milliseconds for which a node must be Ready without a break. */
    readonly settle: number;
    /** Milliseconds for which a node may be NotReady, or its kubelet unhealthy, after the restart; undefined: until the gate fails. */
    readonly notReadyGrace?: number | undefined;
  };
}

export interface GateOptions extends GateNode, GateSettings {
  readonly session: Session;
  /** The process before the restart; its like must not be seen again. */
  readonly before: KubeletState | undefined;
  /** Settings that configz must show; empty when the old configuration is proved. */
  readonly expect: readonly ExpectedSetting[];
  /** What keeps others from the kubelet and must be in effect. */
  readonly guards?: readonly GuardKind[] | undefined;
  /** The certificate (PEM) that port 10250 must show, where the change brought one. */
  readonly certificate?: string | undefined;
}

/** A check as the outcome tells it. */
export interface GateCheck {
  /** kubelet-process, healthz, serving-certificate, lease, ready, configz, anonymous-10250, read-only-port, packet-filter, address-list, api-server-readyz, etcd. */
  readonly check: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly seen: string;
  /** True where nothing could be asked: never a pass, and named in the report. */
  readonly unchecked?: boolean | undefined;
}
