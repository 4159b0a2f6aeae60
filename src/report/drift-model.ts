/** What became of an earlier audit's findings: the result of `audit --baseline`. */
import type { Finding, FindingStatus } from '../playbook/assess.js';
import type { Severity } from '../playbook/schema.js';

export const findingChanges = [
  'new', // fails, and did not before
  'changed', // failed before too, with another value or source
  'unverified', // passed or failed, and is not known any more
  'gone', // passed or failed, and its rule is not judged any more
  'fixed', // failed, and does no more
] as const;
export type FindingChange = (typeof findingChanges)[number];

export const hostChanges = [
  'new', // not in the baseline
  'gone', // in the baseline, and not in the inventory any more
  'unread', // judged in the baseline, and not now
  'read', // judged now, and not in the baseline
] as const;
export type HostChange = (typeof hostChanges)[number];

/** A finding as one of the two audits has it. */
export interface DriftSide {
  readonly status: FindingStatus;
  /** The value; of a finding about the cluster what was found, in words. */
  readonly got: unknown;
  readonly source: Finding['source'];
}

export interface FindingDrift {
  readonly fingerprint: string;
  /** Undefined for a finding about the cluster. */
  readonly host: string | undefined;
  readonly rule: string;
  readonly severity: Severity;
  /** The setting, or the object of the cluster. */
  readonly subject: string | undefined;
  readonly change: FindingChange;
  /** It counts as drift: the baseline does not excuse it. */
  readonly drifted: boolean;
  /** Undefined where that audit does not have it. */
  readonly before: DriftSide | undefined;
  readonly after: DriftSide | undefined;
}

export interface HostDrift {
  readonly host: string;
  readonly change: HostChange;
  readonly drifted: boolean;
}

export interface Drift {
  readonly baseline: {
    readonly path: string;
    readonly version: string;
    /** ISO 8601, UTC. */
    readonly startedAt: string;
    readonly finishedAt: string;
  };
  /** One of the hosts or findings drifted. */
  readonly drifted: boolean;
  readonly hosts: readonly HostDrift[];
  readonly findings: readonly FindingDrift[];
  readonly summary: {
    readonly findings: Readonly<Record<FindingChange | 'unchanged', number>>;
    readonly hosts: Readonly<Record<HostChange, number>>;
  };
}
