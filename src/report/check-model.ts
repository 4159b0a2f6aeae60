/** The results of `inventory`, and of `inventory check`: whether each host and the API server can be used. */
import type { Role, SshSettings } from '../inventory/host.js';
import type { Shard } from '../inventory/shard.js';
import type { HostError, ResultHead } from './model.js';

interface CheckedUse {
  readonly user: string;
  readonly sudo: boolean;
  /** What made the connection. */
  readonly transport?: 'ssh2' | 'openssh' | undefined;
}

export interface CheckedLogin {
  readonly host: string;
  readonly login: CheckedUse | HostError;
}

export interface CheckedApiServer {
  readonly reached: boolean;
  /** Why it was not reached, in one line. */
  readonly reason?: string | undefined;
}

export interface InventoryCheckResult extends ResultHead {
  readonly kind: 'inventory-check';
  readonly cluster: string;
  /** With --shard. */
  readonly shard?: Shard | undefined;
  readonly hosts: readonly CheckedLogin[];
  /** Undefined where neither inventory nor flags say how to reach it, or with --no-cluster. */
  readonly apiServer?: CheckedApiServer | undefined;
}

/** An inventory host with group settings and defaults applied. */
export interface ListedHost {
  readonly host: string;
  readonly address: string;
  readonly nodeName?: string | undefined;
  readonly role: Role;
  readonly group: string;
  readonly ssh: SshSettings;
}

export interface InventoryResult extends ResultHead {
  readonly kind: 'inventory';
  readonly cluster: string;
  /** How the API server is reached. */
  readonly apiServer: {
    readonly kubeconfig?: string | undefined;
    readonly context?: string | undefined;
    readonly via?: string | undefined;
  };
  /** With --shard. */
  readonly shard?: Shard | undefined;
  readonly hosts: readonly ListedHost[];
}
