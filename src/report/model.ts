/** Every result of every verb, as the writers take it. Its JSON is described in schema.ts and read back in read-result.ts. */
import type { Shard } from '../inventory/shard.js';
import type { InventoryCheckResult, InventoryResult } from './check-model.js';
import type { CsrResult } from './csr-model.js';
import type { HookResults } from '../run/hooks.js';
import type { PlanFile, RunKind } from '../run/journal.js';
import type { Outcome, OutcomeKind } from '../run/outcome.js';
import type { RunRecord } from '../run/record.js';
import type { HostPlan, PlanRefusal } from '../plan/host-plan.js';
import type { UnfixedRule } from '../plan/unfixed-rules.js';
import type { Finding } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Drift } from './drift-model.js';
import type { BuiltInRule } from '../playbook/own-rules.js';
import type { Rule } from '../playbook/schema.js';
import type { RuleWant } from '../playbook/want.js';
import type { NetpolResult } from './netpol-model.js';
import type { PersistResult } from './persist-model.js';
import type { RulesResult } from './rules-model.js';
import type { VerifyResult } from './verify-model.js';

export interface ResultHead {
  readonly schemaVersion: 1;
  readonly tool: 'kubelatch';
  readonly version: string;
}

export interface ResultBase extends ResultHead {
  readonly cluster: string;
  readonly playbooks: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface HostError {
  readonly kind: string;
  readonly message: string;
  readonly hint: string;
}

export interface HostAudit {
  readonly host: string;
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
  /** With --shard. */
  readonly shard?: Shard | undefined;
  readonly hosts: readonly HostAudit[];
  /** What is found about the cluster, and not about one host. */
  readonly clusterFindings: readonly ClusterFinding[];
  /** What changed since an earlier audit, if it was compared with one. */
  readonly drift?: Drift | undefined;
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

/** What a report tells of a host's plan. */
export type ShownPlan = Omit<HostPlan, 'nodeName' | 'role' | 'watch' | 'ports' | 'sources'>;

export interface ShownHost extends HostAudit {
  readonly plan?: ShownPlan | undefined;
  readonly refused?: PlanRefusal | undefined;
  /** Rules that the plan leaves as they are. Undefined of a host without a plan, and in results of earlier versions. */
  readonly unfixed?: readonly UnfixedRule[] | undefined;
}

/** With all that apply needs. */
export interface HostPlanned extends ShownHost {
  readonly plan?: HostPlan | undefined;
}

/** A plan that can be applied; one that was read back is a `PlanResult<ShownHost>`. */
export interface PlanResult<PlannedHost extends ShownHost = HostPlanned> extends ResultBase {
  readonly kind: 'plan';
  /** Where --out put it, and what `apply --digest` may demand. */
  readonly saved?: { readonly path: string; readonly digest: string } | undefined;
  readonly hosts: readonly PlannedHost[];
  readonly clusterFindings: readonly ClusterFinding[];
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

export interface RunInfo {
  readonly id: string;
  /** Undefined where the first line of its journal is lost. */
  readonly kind: RunKind | undefined;
  /** The run that a rollback takes back. */
  readonly of?: string | undefined;
  /** The saved plan that it carried out. */
  readonly plan?: PlanFile | undefined;
}

export interface RunResult extends ResultBase, HookResults {
  readonly kind: 'apply' | 'rollback' | 'resume';
  readonly run: RunInfo;
  readonly durationMs?: number | undefined; // from the first host's start, without waits for a person
  /** Why the run ended before its last wave. */
  readonly stopped: string | undefined;
  /** Of a run that was paused: the command that goes on with the hosts that were not started. */
  readonly next?: string | undefined;
  readonly hosts: readonly Outcome[];
  /** What holds for the run as a whole: clients that were turned away. */
  readonly notes: readonly string[];
  readonly summary: Readonly<Record<OutcomeKind, number>>;
}

/** A resume that found no unfinished run. */
export interface NothingToResume extends ResultHead {
  readonly kind: 'resume';
  readonly run: undefined;
}

export type UninstallOutcome = 'removed' | 'nothing' | 'refused' | 'failed' | 'unreachable' | 'skipped';

export interface Uninstalled {
  readonly host: string;
  /** `nothing`: kubelatch had no files on the node. */
  readonly outcome: UninstallOutcome;
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
  /** Runs whose backups were on the node. */
  readonly backupCount: number;
}

export interface UninstallResult extends Omit<ResultBase, 'playbooks'>, HookResults {
  readonly kind: 'uninstall';
  /** Undefined where no host could be asked, so that no run began. */
  readonly run: RunInfo | undefined;
  readonly hosts: readonly Uninstalled[];
}

/** A past run, from its journal. */
export interface RunSummary {
  readonly record: RunRecord;
  /** `left`: the run did not finish, or the state of some hosts is unknown; `resume` continues it. */
  readonly state: 'ended' | 'going on' | 'left';
  /** Rollbacks of it that restored hosts, as far as this machine knows; the newest first. */
  readonly rolledBack?: readonly { readonly run: string; readonly hosts: readonly string[] }[] | undefined;
}

export interface RunsResult extends ResultHead {
  readonly kind: 'runs';
  /** Newest first. */
  readonly runs: readonly RunSummary[];
}

export interface PastRunResult extends ResultHead {
  readonly kind: 'run';
  readonly run: RunSummary;
}

export interface Backup {
  readonly run: string;
  readonly state: string;
  /** ISO 8601, by the clock of the machine that started the run; empty if the node's record is unreadable. */
  readonly startedAt: string;
  readonly operator: string;
  readonly files: readonly string[];
  /** Who ended the run and when, by the node's clock. */
  readonly verdict: string;
  /** Size on the node's disk; undefined if the node did not report it. */
  readonly bytes: number | undefined;
}

export interface HostBackups {
  readonly host: string;
  readonly error?: HostError | undefined;
  /** Newest first. */
  readonly backups: readonly Backup[];
}

export interface BackupsResult extends ResultHead {
  readonly kind: 'backups';
  readonly cluster: string;
  readonly hosts: readonly HostBackups[];
}

export interface RuleResult extends ResultHead, RuleWant {
  readonly kind: 'rule';
  readonly rule: Rule | BuiltInRule;
  /** Names of the playbooks that contain it; empty for one that is judged whatever the playbook. */
  readonly playbooks: readonly string[];
}

/** Judged or changed hosts: what an exit code comes of. */
export type HostsResult = AuditResult | VerifyResult | PlanResult<ShownHost> | RunResult;

export type Result =
  | HostsResult
  | NothingToResume
  | UninstallResult
  | InventoryResult
  | InventoryCheckResult
  | RunsResult
  | PastRunResult
  | BackupsResult
  | CsrResult
  | NetpolResult
  | PersistResult
  | RuleResult
  | RulesResult;
