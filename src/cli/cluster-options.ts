/** Options of the verbs that look at or change the cluster and no node: csr, netpol, persist, verify. */
import { cniNames, policyKinds } from '../netpol/model.js';
import type { OptionGroup } from './option-groups.js';
import { collect, duration } from './option-values.js';
import { option } from './options.js';

export const watchFor: OptionGroup = {
  title: 'Watch',
  options: [option('--for <duration>', 'Watch for this time').argParser(duration).default(1_800_000, '30m')],
};

export const policy: OptionGroup = {
  title: 'Policy',
  options: [
    option('--policy <kind>', 'Write this policy (default: the one that fits the CNI)').choices(policyKinds),
    option('-n, --namespace <name>', 'Write a NetworkPolicy for this namespace; repeatable').argParser(collect),
    option('--allow-namespace <name>', 'Let pods of this namespace reach kubelets; repeatable, or none').argParser(
      collect,
    ),
    option('--allow-address <address>', 'Let pods at this address through nftables; repeatable').argParser(collect),
    option('--kubelet-port <port>', 'Block this port of kubelets too; repeatable').argParser(collect),
    option('--apply', 'Apply the policy after a dry run and its diff').default(false),
  ],
};

export const networkFacts: OptionGroup = {
  title: 'What could not be found out',
  options: [
    option('--cni <name>', 'Take this for the CNI that enforces policies').choices(cniNames),
    option('--cni-version <version>', 'Take this for its version'),
    option('--pod-cidr <cidr>', 'Take this for a network of pods; repeatable').argParser(collect),
    option('--node-address <node=address>', 'Add an address of a node; repeatable').argParser(collect),
    option('--dns <namespace/label=value>', 'Take these pods for the DNS server'),
    option('--allow-node-port <port>', 'Keep this port open on old API servers; repeatable, or none').argParser(
      collect,
    ),
    option('--accept-deny-all-risk', 'Allow an old Cilium that may block all egress').default(false),
  ],
};

export const persistence: OptionGroup = {
  title: 'Place',
  options: [
    option('--to <place>', 'Keep the settings there; without it, compare the places').choices([
      'configmap',
      'patches',
      'drop-in',
    ]),
    option('--folder <folder>', 'Write the patch to this folder (with --to patches)').default('./kubelet-patches'),
  ],
};

/** Of verify. */
export const verification: OptionGroup = {
  title: 'Verification',
  options: [
    option('--probe-image <image>', 'Probe from a pod, too; needs sh, and curl or wget'),
    option('--serving-ca <file>', 'Check serving certificates against this CA bundle (PEM)'),
    option('--read-only', 'Create nothing in the cluster: no tokens, no pods').default(false),
  ],
};
