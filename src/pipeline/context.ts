/** What every stage gets to work with, and how a rollout was asked to go. */
import type { Report } from '../run/outcome.js';
import type { HookSettings } from '../run/hooks.js';
import type { Pauses } from '../run/pause.js';
import type { MaintenanceWindow } from '../run/window.js';
import type { EditOptions } from '../distros/distro.js';
import type { Host, Inventory } from '../inventory/host.js';
import { ToolError } from '../lib/errors.js';
import type { Amount } from '../plan/waves.js';
import type { Playbook } from '../playbook/schema.js';
import type { PlanResult } from '../report/model.js';
import type { UndoneRun } from '../report/undo-text.js';
import type { Connector } from '../ssh/connect.js';
import type { Examiner } from './examiner.js';
import type { ClusterChoice } from './open-cluster.js';

export interface Run {
  readonly version: string;
  readonly inventory: Inventory;
  /** The selected hosts. */
  readonly hosts: readonly Host[];
  readonly playbooks: readonly Playbook[];
  /** Ids of the rules that the playbooks were reduced to; undefined: all of them. */
  readonly onlyRules?: readonly string[] | undefined;
  readonly connector: Connector;
  readonly examiner: Examiner;
  readonly clusterChoice: ClusterChoice;
  readonly editOptions: EditOptions;
  /** Serving certificates are requested although nobody approves renewals. */
  readonly acceptNoApprover?: boolean | undefined;
  /** Values of unknown settings are shown, too. */
  readonly showValues?: boolean | undefined;
  /** How clients of kubelets are looked for; undefined: by the cluster's objects alone. */
  readonly consumers?: ConsumerFlags | undefined;
  readonly forks: number;
  /** Milliseconds for one call over SSH. */
  readonly timeout: number;
  /** Until when hosts may start; undefined: at any time. */
  readonly window?: MaintenanceWindow | undefined;
  readonly pauses?: Pauses | undefined;
  readonly hooks?: HookSettings | undefined;
  readonly runsFolder: string;
  readonly report: Report;
  readonly shutdown: AbortSignal;
}

export interface ConsumerFlags {
  /** Milliseconds for which each node is watched. */
  readonly observe: number;
  /** Secrets are searched, too. */
  readonly scanSecrets: boolean;
  /** Nothing is changed where a client would break. */
  readonly failOn: boolean;
}

export interface RolloutFlags {
  readonly waves: readonly Amount[];
  readonly maxUnavailable?: Amount | undefined;
  readonly maxFailures: Amount;
  /** Milliseconds. */
  readonly settle: number;
  /** Milliseconds. */
  readonly deadline: number;
  /** Milliseconds for which a restarted node may be NotReady; undefined: until the deadline. */
  readonly notReadyGrace?: number | undefined;
  /** How many runs a node keeps backups of; undefined: all of them. */
  readonly keep?: number | undefined;
  readonly cordon: boolean;
  /** Cordons too. */
  readonly drain: boolean;
}

export const isSelected = (run: Run, name: string): boolean => run.hosts.some((host) => host.name === name);

export function hostNamed(run: Run, name: string): Host {
  const host = run.hosts.find((one) => one.name === name);
  if (host === undefined)
    throw new ToolError('plan', `the plan names ${name}, which is not in the inventory`, {
      hint: 'make a new plan, or use the inventory that the plan was made with',
    });
  return host;
}

/** Gets the plan (undefined for a saved one) and why the API server is not used, if so; false ends the run with nothing changed. */
export type Approve = (
  plan: PlanResult | undefined,
  withoutCluster: string | undefined,
  hosts: readonly string[],
  /** Of a rollback. */
  undone?: UndoneRun,
) => Promise<boolean>;
