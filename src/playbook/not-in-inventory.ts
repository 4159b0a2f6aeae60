/** The finding about Nodes that no host of the inventory is. */
import type { ClusterFinding } from './cluster-finding.js';

const head = {
  rule: 'node-not-in-inventory',
  title: 'Every Node of the cluster is in the inventory',
  severity: 'medium',
} as const;

export const notInInventoryRule = head.rule;

/** `all`: in words, such as `all 3 Nodes`. */
export const everyNodeKnown = (all: string): ClusterFinding => ({
  ...{ ...head, status: 'pass', object: undefined },
  ...{ message: `${all} are in the inventory`, evidence: [], fix: '' },
});

/** `unread`: how many hosts were not read, of which one may be this Node. */
export const unknownNode = (
  about: Pick<ClusterFinding, 'object' | 'evidence' | 'fix'>,
  unread: number,
): ClusterFinding => ({
  ...{ ...head, ...about },
  status: unread === 0 ? 'fail' : 'unknown',
  message:
    unread === 0
      ? 'No host of the inventory is this Node, so nobody checks or hardens its kubelet.'
      : `No host of the inventory is known to be this Node; hosts that were not read: ${unread}.`,
});
