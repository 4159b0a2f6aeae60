/** Checks that results name and that are no rules of audit: those of verify, of the gate and of certificate requests. What each is for. */
import type { BuiltInRule } from './own-rules.js';
import type { Severity } from './schema.js';

export type CheckedBy = NonNullable<BuiltInRule['checkedBy']>;

type Text = readonly [title: string, why: string];

const verifyChecks: Readonly<Record<string, readonly [...Text, Severity]>> = {
  'health-port-local': [
    'The health port answers on the loopback address only',
    'The health port has no authentication. On other addresses it tells anyone whether the kubelet is well.',
    'low',
  ],
  'checkpoint-not-exposed': [
    'Nobody can make checkpoints without credentials (CVE-2025-0426)',
    'Some kubelets take checkpoint requests on the read-only port. Many of them fill the disk of the node.',
    'high',
  ],
  'serving-certificate-present': [
    'The kubelet has a serving certificate',
    'Without one, nothing that talks to the kubelet can know that it is this kubelet.',
    'high',
  ],
  'serving-certificate-chain': [
    'The serving certificate is signed by the cluster',
    'A certificate that the kubelet signed itself can be replaced by anyone on the way.',
    'medium',
  ],
  'serving-certificate-name': [
    'The serving certificate names the address that was dialled',
    'Clients that verify the certificate refuse one with other names and addresses.',
    'medium',
  ],
  'serving-certificate-dates': [
    'The serving certificate is valid today',
    'Clients that verify the certificate refuse an expired one, so logs and exec stop working.',
    'medium',
  ],
  'serving-certificate-usage': [
    'The serving certificate is for servers alone',
    'A certificate that also works for clients lets its holder act as the node.',
    'low',
  ],
  'tls-versions': [
    'Only strong TLS versions are offered',
    'Old versions of TLS can be broken. The server is asked with each version, whatever its files say.',
    'high',
  ],
  'tls-suites': [
    'Only strong cipher suites are offered',
    'Weak suites can be broken. The server is asked with each suite, whatever its files say.',
    'medium',
  ],
  'token-without-right-refused': [
    'A token without a right is refused',
    'With authorization AlwaysAllow every authenticated caller may run commands in every pod of the node.',
    'critical',
  ],
  'token-with-right-served': [
    'A token with a right is served',
    'Monitoring authenticates with tokens. If the kubelet refuses one with the right, dashboards go blank.',
    'high',
  ],
  'api-server-reaches-kubelet': [
    'The API server reaches the kubelet',
    'kubectl logs, exec and port-forward go from the API server to the kubelet.',
    'high',
  ],
  'running-configuration': [
    'The running kubelet has the setting that a rule wants',
    'Files may say one thing and the process run with another. The running kubelet tells its settings itself (configz).',
    'critical',
  ],
};

const gateChecks: Readonly<Record<string, Text>> = {
  'kubelet-process': [
    'A new kubelet process runs and stays up',
    'A kubelet that exits with its new configuration is restarted again and again; its pods are no longer managed.',
  ],
  arguments: [
    'The new process runs with the expected arguments',
    'A wrapper or another drop-in can start the kubelet with other arguments than its unit says.',
  ],
  containers: [
    'Containers from before the restart still run',
    'A restart of the kubelet must not restart the containers of the node.',
  ],
  healthz: ['The kubelet says that it is well', 'The kubelet tests its own loops and answers on /healthz.'],
  'serving-certificate': [
    'Port 10250 shows the new certificate',
    'A kubelet that still shows its old certificate did not load the one that the change brought.',
  ],
  lease: [
    'The node renews its Lease',
    'Without renewals the control plane takes the node for dead and evicts its pods.',
  ],
  ready: [
    'The Node is Ready, without a break for --settle',
    'A node that becomes Ready and then fails is found only by waiting.',
  ],
  configz: [
    'The running kubelet has the new settings',
    'A setting that another file overrides is written, and has no effect.',
  ],
  'anonymous-10250': [
    'Port 10250 refuses requests without credentials',
    'The change is there to close this port. An open one means that it has no effect.',
  ],
  'read-only-port': [
    'Nothing listens on the read-only port',
    'The change is there to close this port. An open one means that it has no effect.',
  ],
  'packet-filter': ['The packet filter is loaded', 'A table that is not loaded keeps nobody from the kubelet.'],
  'address-list': ['The address list is in effect', 'A list that systemd did not take keeps nobody from the kubelet.'],
  'api-server-readyz': [
    'The API server of the node is ready',
    'On a control-plane node the kubelet runs the API server. A node that loses it must be reverted.',
  ],
  etcd: [
    'The etcd member of the node is well',
    'On a control-plane node the kubelet runs etcd. Two lost members stop the cluster.',
  ],
};

/** What is refused of a request for a serving certificate, as docs/certificates.md has it. */
const requestChecks: Readonly<Record<string, string>> = {
  signer: 'any signer but kubernetes.io/kubelet-serving',
  username: 'a user other than system:node:NAME',
  'common-name': 'a common name that is not the name of the user',
  groups: 'a user outside system:nodes or system:authenticated',
  organization: 'other organizations than system:nodes alone, or more in the subject',
  'usage-foreign': 'usages beyond digital signature, key encipherment and server auth',
  'usage-missing': 'no server auth or digital signature',
  'address-foreign':
    'an address that the Node does not have, or that another Node, a Service, the API server or a host has',
  'addresses-only': 'addresses without a name',
  'name-foreign': 'a name that the Node does not have, or that only its kubelet reported',
  'name-reserved': 'localhost, kubernetes, names of Services, wildcards',
  'address-special': 'loopback, unspecified, link-local and multicast addresses, IPv4 inside IPv6',
  'name-form': 'an address as a name, a dot at the end, upper case, internationalized names, NUL, repetition',
  extension: 'e-mail, URI and other kinds of names, any other extension or attribute',
  encoding: 'more than one PEM block, headers, other bytes, DER that could be shorter, a wrong signature',
  node: 'no such Node, or a request older than the Node or than the start of the kubelet',
  key: 'RSA below 2048 bits, other curves than P-256, P-384 and P-521, a key that another certificate has',
  lifetime: 'a lifetime of more than a year',
  decided: 'a request that is decided already, or was replaced after it was checked',
  inventory: 'a Node that is no host of the inventory, or whose host is another node',
  incomplete: 'a missing name or address of the Node: the kubelet would ask again at once',
};

const fixes: Readonly<Record<CheckedBy, string>> = {
  verify: 'Apply a playbook that sets what the check wants. To see the evidence: kubelatch verify -o wide',
  gate: 'Read the kubelet log that the result shows, fix the cause, and apply again; the old files were restored.',
  csr: 'Leave the request alone: kubelatch denies nothing. If the kubelet asked for the wrong thing, fix its node.',
};

/** Ids of the checks that a part of kubelatch makes, without those that are rules of audit, too. */
export const checkIds: Readonly<Record<CheckedBy, readonly string[]>> = {
  verify: Object.keys(verifyChecks),
  gate: Object.keys(gateChecks),
  csr: Object.keys(requestChecks),
};

/** Undefined for an id that is none of them. */
export function checkRule(id: string): BuiltInRule | undefined {
  const checkedBy = (['verify', 'gate', 'csr'] as const).find((by) => checkIds[by].includes(id));
  if (checkedBy === undefined) return undefined;
  const [title = '', why = '', severity = 'high'] = textsOf(checkedBy, id);
  const references = { cis: {}, stig: [], docs: [] };
  const fix = fixes[checkedBy];
  return { kind: 'built-in', id, title, severity, about: 'host', why, fix, checkedBy, skip: {}, references };
}

function textsOf(by: CheckedBy, id: string): readonly [title?: string, why?: string, severity?: Severity] {
  if (by === 'verify') return verifyChecks[id] ?? [];
  if (by === 'gate') return gateChecks[id] ?? [];
  const refused = requestChecks[id] ?? '';
  return [`Certificate requests: ${id}`, `kubelatch does not approve a request with ${refused}.`];
}
