/** Rules that no playbook holds: kubelatch judges hosts and the cluster by them whatever the playbook. What they say, why, and what to do. */
import type { ManualRule, Severity } from './schema.js';

export interface OwnRule {
  readonly title: string;
  /** The highest that a finding of it may have. */
  readonly severity: Severity;
  readonly about: 'host' | 'cluster';
  readonly why: string;
  /** What to do about a finding, as far as that is the same for all of them. */
  readonly fix: string;
}

/** One of them in the form of a playbook's rule. */
export interface BuiltInRule extends Omit<ManualRule, 'kind' | 'look'> {
  readonly kind: 'built-in';
  readonly about: OwnRule['about'];
  readonly fix: string;
  /** What makes this check where audit does not. */
  readonly checkedBy?: 'verify' | 'gate' | 'csr' | undefined;
}

/** Undefined for an id that is none of them. */
export function builtInRule(id: string): BuiltInRule | undefined {
  const own = Object.hasOwn(ownRules, id) ? ownRules[id] : undefined;
  return own && { kind: 'built-in', id, ...own, skip: {}, references: { cis: {}, stig: [], docs: [] } };
}

export const ownRules: Readonly<Record<string, OwnRule>> = {
  'anonymous-request-refused': {
    title: 'The kubelet refuses an anonymous request',
    severity: 'critical',
    about: 'host',
    why: 'kubelatch sends a request without credentials to every address of the kubelet. Whoever is answered can read pods, and with authorization AlwaysAllow run commands in them.',
    fix: 'Apply a playbook that turns anonymous requests off, such as baseline.',
  },
  'read-only-port-closed': {
    title: 'Nothing listens on the read-only port',
    severity: 'critical',
    about: 'host',
    why: 'The read-only port shows every pod of the node, with its environment, to anyone who reaches it. It has no authentication.',
    fix: 'Apply a playbook that closes the read-only port, such as baseline; find its clients first with: kubelatch audit --observe 10m',
  },
  'declared-not-in-effect': {
    title: 'Every declared setting is in effect',
    severity: 'critical',
    about: 'host',
    why: 'A line that has no effect misleads its readers: it is misspelt, repeated or overridden, the kubelet runs with older files, or it would not start with them at all.',
    fix: 'Correct or delete the line by hand, or restart the kubelet if it runs with older files.',
  },
  'leftover-configuration': {
    title: 'No leftover configuration is in effect',
    severity: 'medium',
    about: 'host',
    why: 'Some distributions keep a copy of a configuration file that an argument named. The copy stays in effect after the argument is gone.',
    fix: 'Delete the copy by hand, then restart the kubelet.',
  },
  'revert-failed': {
    title: 'Unconfirmed changes are reverted',
    severity: 'critical',
    about: 'host',
    why: 'The node gave up reverting a change that nobody confirmed. Neither the old nor the new files may be complete.',
    fix: 'Fix the cause that the finding names, then run: kubelatch resume',
  },
  'serving-cipher-suites': {
    title: 'The cipher suites fit the key of the serving certificate',
    severity: 'high',
    about: 'host',
    why: 'A certificate that the cluster issues to a kubelet has an ECDSA key. With a list of suites for RSA keys alone, no client with TLS 1.2 can connect.',
    fix: 'Add TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 to tlsCipherSuites, or apply the playbook tls.',
  },
  'node-not-in-inventory': {
    title: 'Every Node of the cluster is in the inventory',
    severity: 'medium',
    about: 'cluster',
    why: 'A node that no host of the inventory is, is neither checked nor hardened.',
    fix: 'Add the node to the inventory, or set nodeName for the host that it is.',
  },
  'node-owned-by': {
    title: 'No other system owns the kubelet’s configuration',
    severity: 'low',
    about: 'cluster',
    why: 'Where a cloud or an installer owns the configuration, it overwrites edits on the node or loses them with the machine. kubelatch does not make them.',
    fix: 'Set the value in the system that owns it; the finding says where.',
  },
  'setting-survives-upgrade': {
    title: 'Upgrades and joins keep the hardened settings',
    severity: 'critical',
    about: 'cluster',
    why: 'An upgrade or a join writes the configuration of a node from a ConfigMap. A weak value there comes back.',
    fix: 'Keep the values, in the ConfigMap or on the nodes: kubelatch persist',
  },
  'serving-certificate-signer': {
    title: 'Serving certificates are signed',
    severity: 'high',
    about: 'cluster',
    why: 'With serverTLSBootstrap a kubelet asks the cluster for its certificate. If nobody signs, it has none, and logs, exec and metrics of the node fail.',
    fix: 'Give the controller manager a CA (--cluster-signing-cert-file, --cluster-signing-key-file), or leave serverTLSBootstrap off and set tlsCertFile and tlsPrivateKeyFile.',
  },
  'serving-certificate-approver': {
    title: 'Something approves renewals of serving certificates',
    severity: 'high',
    about: 'cluster',
    why: 'Kubernetes approves no serving certificate by itself. Without an approver each certificate ends after its lifetime, and logs, exec and metrics of the node end with it.',
    fix: 'Install an approver (docs/certificates.md), or run kubelatch csr watch often enough.',
  },
  'api-server-verifies-kubelets': {
    title: 'The API server verifies kubelets',
    severity: 'medium',
    about: 'cluster',
    why: 'Without --kubelet-certificate-authority the API server accepts any certificate, so whoever can answer for a node’s address reads exec sessions and logs.',
    fix: 'First move every kubelet to a certificate of the cluster (playbook tls), then set --kubelet-certificate-authority on one API server after the other.',
  },
  'api-server-identity': {
    title: 'The API server may use kubelets that ask it for authorization',
    severity: 'critical',
    about: 'cluster',
    why: 'With authorization.mode Webhook the API server needs rights on kubelets like every other client. Without them kubectl logs and exec get 403.',
    fix: 'Bind the user of its client certificate to ClusterRole system:kubelet-api-admin; the finding has the command.',
  },
  'network-policies-enforced': {
    title: 'The CNI enforces network policies',
    severity: 'medium',
    about: 'cluster',
    why: 'The API server accepts network policies whatever the CNI does with them. Where nothing enforces them, they do nothing.',
    fix: 'Install a CNI that enforces policies, or filter on the nodes: kubelatch netpol --policy nftables',
  },
  'pods-kept-from-kubelets': {
    title: 'A network policy or a packet filter keeps pods from kubelets',
    severity: 'low',
    about: 'cluster',
    why: 'Hardly any pod has business with a kubelet. A pod that cannot reach it cannot use a stolen credential or a flaw there.',
    fix: 'Write the policy for your CNI: kubelatch netpol',
  },
  'node-addresses-known': {
    title: 'All addresses of all nodes are known',
    severity: 'medium',
    about: 'cluster',
    why: 'A kubelet listens on bridges and tunnels too. A policy that leaves an address out leaves a way to the kubelet.',
    fix: 'Include all nodes in the inventory, so that their addresses can be read.',
  },
  'consumer-read-only-port': {
    title: 'No client depends on the read-only port',
    severity: 'high',
    about: 'cluster',
    why: 'A client of the read-only port is refused once the port is closed. Dashboards and autoscaling may depend on it.',
    fix: 'Move the client to https://NODE:10250 with the token of its ServiceAccount, before you apply.',
  },
  'consumer-anonymous': {
    title: 'Every client of the kubelet has credentials and rights',
    severity: 'high',
    about: 'cluster',
    why: 'A client without credentials gets 401 once anonymous requests are refused; one without rights gets 403 once authorization.mode is Webhook.',
    fix: 'Give the client a ServiceAccount with the rights that the finding names, before you apply.',
  },
  'consumer-nodes-proxy': {
    title: 'Only administrators and the API server may use nodes/proxy',
    severity: 'medium',
    about: 'cluster',
    why: 'nodes/proxy lets its holder run commands in every pod through a kubelet, past the audit log of the API server, even with the verb get alone.',
    fix: 'Replace it with finer rights such as nodes/metrics and nodes/stats; the finding names those that the client needs.',
  },
};
