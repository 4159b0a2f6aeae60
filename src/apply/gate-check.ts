/** One thing the gate looks at, again and again, and the connection it does so over. */
import type { Cluster } from '../cluster/cluster.js';
import type { KubeletPorts } from '../facts/kubelet-ports.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import type { Result } from '../lib/result.js';
import type { Expectation } from '../plan/promises.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { KubeletState } from './kubelet-watch.js';

/** The connection of a gate: a new one takes the place of one that was lost. */
export interface Line {
  session: Session;
  lost: boolean;
}

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
}

export interface Looker {
  readonly state: Check;
  look(): Promise<void>;
}

export interface GateOptions {
  readonly session: Session;
  /** A new connection, for when the first one is lost. */
  connect(): Promise<Result<Session, HostError>>;
  readonly cluster: Cluster | undefined;
  readonly nodeName: string | undefined;
  readonly target: WatchTarget;
  /** The process before the restart; its like must not be seen again. */
  readonly before: KubeletState | undefined;
  /** Settings that configz must show; empty when the old configuration is proved. */
  readonly expect: readonly Expectation[];
  readonly ports: KubeletPorts;
  readonly controlPlane: boolean;
  /** Milliseconds until the gate fails. */
  readonly deadline: number;
  /** Milliseconds for which the node must be Ready without a break. */
  readonly settle: number;
}
