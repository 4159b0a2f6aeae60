/** The result of `inventory check`: whether each host and the API server can be used. */
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
  readonly hosts: readonly CheckedLogin[];
  /** Undefined where neither inventory nor flags say how to reach it, or with --no-cluster. */
  readonly apiServer?: CheckedApiServer | undefined;
}
