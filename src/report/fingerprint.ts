/** What a finding is known by from one audit to the next: its host, its rule and what it is about, never its wording. */
import { sha256Of } from '../lib/digest.js';
import type { Finding } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Check } from '../verify/check.js';

/** 16 hexadecimal digits. Findings of two playbooks on the same setting by the same rule id share one. */
export const fingerprintOf = (host: string, { rule, setting }: Pick<Finding, 'rule' | 'setting'>): string =>
  sha256Of(JSON.stringify([host, rule, setting ?? null])).slice(0, 16);

/** Of a finding about the cluster: its rule and its object. */
export const clusterFingerprintOf = ({ rule, object }: Pick<ClusterFinding, 'rule' | 'object'>): string =>
  sha256Of(JSON.stringify(['', rule, object ?? null])).slice(0, 16);

/** Of a check of verify: its host, what was checked, and from where. */
export const checkFingerprintOf = (host: string, { check, from, via, setting }: Check): string =>
  sha256Of(JSON.stringify([host, check, setting ?? null, from, from === 'pod' ? (via ?? null) : null])).slice(0, 16);
