/** The result of verify, as the writers take it. */
import type { Check } from '../verify/check.js';
import type { AuditResult, HostAudit } from './model.js';

/** A host as verify saw it: also one that SSH does not reach has checks, from the other vantage points. */
export interface VerifiedHost extends Omit<HostAudit, 'findings'> {
  readonly checks: readonly Check[];
}

/** Its notes also say what was removed from the cluster, or is left in it. Its summary counts hosts, and checks per status. */
export interface VerifyResult extends Omit<AuditResult, 'kind' | 'hosts' | 'clusterFindings'> {
  readonly kind: 'verify';
  readonly hosts: readonly VerifiedHost[];
}
