/** The one result model that every writer reads; `-o json` prints it as it stands. */
import type { Outcome, OutcomeKind } from '../apply/outcome.js';
import type { HostPlan, PlanRefusal } from '../plan/host-plan.js';
import type { Finding } from '../playbook/assess.js';

interface ResultBase {
  readonly schemaVersion: 1;
  readonly tool: 'kubelatch';
  readonly version: string;
  readonly cluster: string;
  readonly playbooks: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

export interface HostError {
  readonly kind: string;
  readonly message: string;
  readonly hint: string;
}

export interface HostAudit {
  readonly name: string;
  readonly nodeName: string | undefined;
  readonly role: string;
  readonly distro: string | undefined;
  readonly kubeletVersion: string | undefined;
  readonly status: 'judged' | 'unreachable' | 'unreadable';
  readonly error?: HostError | undefined;
  readonly findings: readonly Finding[];
  /** What could not be asked although the node was judged: one sentence each. */
  readonly notes: readonly string[];
}

export interface AuditResult extends ResultBase {
  readonly kind: 'audit';
  readonly hosts: readonly HostAudit[];
  /** What holds for all hosts: the API server was not asked, and why. */
  readonly notes: readonly string[];
  readonly summary: {
    readonly hosts: number;
    readonly judged: number;
    readonly pass: number;
    readonly fail: number;
    readonly unknown: number;
    readonly notApplicable: number;
  };
}

export interface HostPlanned extends HostAudit {
  readonly plan?: HostPlan | undefined;
  readonly refused?: PlanRefusal | undefined;
}

export interface PlanResult extends ResultBase {
  readonly kind: 'plan';
  readonly hosts: readonly HostPlanned[];
  readonly notes: readonly string[];
  /** Names of hosts per wave, in order; only those that change. */
  readonly waves: readonly (readonly string[])[];
  readonly summary: {
    readonly hosts: number;
    readonly change: number;
    readonly restarts: number;
    readonly controlPlaneRestarts: number;
    readonly unchanged: number;
    readonly refused: number;
    readonly notJudged: number;
  };
}

export interface RunResult extends ResultBase {
  readonly kind: 'apply' | 'rollback' | 'resume';
  readonly run: string;
  /** The run that was taken back, for a rollback and one that is resumed. */
  readonly of?: string | undefined;
  readonly finishedAt: string;
  /** Why the run ended before its last wave. */
  readonly stopped: string | undefined;
  readonly hosts: readonly (Outcome & { readonly name: string })[];
  readonly summary: Readonly<Record<OutcomeKind, number>>;
}

export type Result = AuditResult | PlanResult | RunResult;
