/** Whether a CNI enforces policies at all, and what it does with a pod that dials its own node. Pure. */
import type { Cni, CniName } from './model.js';

export interface Enforcement {
  readonly enforces: 'yes' | 'no' | 'unknown';
  /** Pod to the node it runs on. */
  readonly ownNode: 'filtered' | 'allowed' | 'unknown';
  /** Where that was read, or why it is so. */
  readonly why: string;
}

const filtered = (why: string): Enforcement => ({ enforces: 'yes', ownNode: 'filtered', why });
const allowed = (why: string): Enforcement => ({ enforces: 'yes', ownNode: 'allowed', why });
const unsure = (why: string): Enforcement => ({ enforces: 'yes', ownNode: 'unknown', why });
const none = (why: string): Enforcement => ({ enforces: 'no', ownNode: 'allowed', why });

const table: Readonly<Record<CniName, Enforcement>> = {
  cilium: filtered('Cilium filters traffic to nodes by its entities host and remote-node'),
  calico: filtered('Calico asks the policy of the pod before it lets traffic to the host through'),
  canal: filtered('Calico asks the policy of the pod before it lets traffic to the host through'),
  'kube-router': filtered('kube-router filters traffic of pods in INPUT, FORWARD and OUTPUT'),
  'aws-vpc-cni': allowed('the network policy agent puts the own node into every list of allowed addresses'),
  weave: allowed('Weave always lets a pod reach its own node'),
  kindnet: allowed('kube-network-policies does not filter traffic to the own node'),
  antrea: unsure('nothing is known about traffic from a pod to its own node'),
  'ovn-kubernetes': unsure('nothing is known about traffic from a pod to its own node'),
  'kube-ovn': unsure('nothing is known about traffic from a pod to its own node'),
  'gke-dataplane-v2': unsure('nothing is known about traffic from a pod to its own node'),
  flannel: none('Flannel alone enforces no policies: the API server accepts them, and they do nothing'),
  bridge: none('the bridge plugin enforces no policies: the API server accepts them, and they do nothing'),
};

/** `config`: keys of ConfigMap kube-system/cilium-config, if there is one. */
export function enforcementOf(cni: Cni | undefined, config?: Readonly<Record<string, string>>): Enforcement {
  if (cni === undefined) return { enforces: 'unknown', ownNode: 'unknown', why: 'the CNI is not known' };
  if (cni.name === 'aws-vpc-cni' && cni.agent === false)
    return none('the network policy agent of the AWS VPC CNI is switched off (--enable-network-policy)');
  if (cni.name === 'cilium' && config?.['enable-policy'] === 'never')
    return none('cilium-config has enable-policy: never');
  if (cni.name === 'cilium' && config?.['policy-audit-mode'] === 'true')
    return none('cilium-config has policy-audit-mode: true, so Cilium logs and lets everything through');
  return table[cni.name];
}
