/** A finding about the cluster as JSON holds it. */
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { clusterFingerprintOf } from './fingerprint.js';

export const clusterFindingTree = (finding: ClusterFinding) => {
  const { rule, title, severity, status, object, message, evidence, fix } = finding;
  const fingerprint = clusterFingerprintOf(finding);
  return { fingerprint, rule, title, severity, status, object: object ?? null, message, evidence, fix };
};
