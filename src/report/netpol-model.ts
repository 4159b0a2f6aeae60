/** The result of netpol: the policy, what was found and what it does not do, and what was done at the API server. */
import type { Enforcement } from '../netpol/enforce.js';
import type { Cni, Limit, Manifest, NodeFile, PolicyKind } from '../netpol/model.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { ResultHead } from './model.js';

export interface NetpolChange {
  /** Such as `NetworkPolicy shop/kubelatch-no-kubelet`. */
  readonly object: string;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'removed' | 'failed' | 'skipped';
  /** Unified, of labels and spec; empty where nothing changes, and of an object that is removed. */
  readonly diff: string;
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
}

export interface NetpolResult extends ResultHead {
  readonly kind: 'netpol';
  readonly cluster: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Undefined after a removal, which asks for no CNI. */
  readonly cni: (Pick<Cni, 'name' | 'version'> & Pick<Enforcement, 'enforces' | 'ownNode'>) | undefined;
  readonly policy: PolicyKind | undefined;
  readonly manifests: readonly Manifest[];
  /** For every node; the policy nftables has them. */
  readonly files: readonly NodeFile[];
  readonly limits: readonly Limit[];
  readonly clusterFindings: readonly ClusterFinding[];
  /** What was done at the API server; empty where nothing was asked for. */
  readonly changes: readonly NetpolChange[];
}
