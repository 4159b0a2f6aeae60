/** What every stage gets to work with, and how a rollout was asked to go. */
import type { Report } from '../apply/outcome.js';
import type { Wishes } from '../distros/distro.js';
import type { Host, Inventory } from '../inventory/host.js';
import type { Amount } from '../plan/waves.js';
import type { Playbook } from '../playbook/schema.js';
import type { Connector } from '../ssh/connect.js';
import type { ClusterChoice } from './reach-cluster.js';

export interface Run {
  readonly version: string;
  readonly inventory: Inventory;
  /** The selected hosts. */
  readonly hosts: readonly Host[];
  readonly playbooks: readonly Playbook[];
  readonly connector: Connector;
  readonly clusterChoice: ClusterChoice;
  readonly wishes: Wishes;
  readonly forks: number;
  /** Milliseconds for one call over SSH. */
  readonly timeout: number;
  readonly runsFolder: string;
  readonly report: Report;
  readonly drain: AbortSignal;
}

export interface RolloutFlags {
  readonly waves: readonly Amount[];
  readonly maxUnavailable?: Amount | undefined;
  readonly maxFailures: Amount;
  /** Milliseconds. */
  readonly settle: number;
  /** Milliseconds. */
  readonly deadline: number;
  /** Runs of which a node keeps backups; undefined: all of them. */
  readonly keep?: number | undefined;
  readonly cordon: boolean;
  /** Cordons too. */
  readonly drain: boolean;
}
