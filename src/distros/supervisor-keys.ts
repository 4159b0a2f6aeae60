/** The keys that supervisors know in config.yaml, and how they treat others.
 * Source: k3s-io/k3s pkg/cli/cmds and pkg/configfilearg/parser.go (stripInvalidFlags), rancher/rke2 pkg/cli/cmds, 1.29 to 1.36.
 */
import { damerauLevenshtein } from '../lib/suggest.js';

export type Role = 'server' | 'agent';

const list = (text: string): readonly string[] => text.trim().split(/\s+/);

const onEveryNode = list(`
  config debug v vmodule log alsologtostderr token token-file server data-dir node-name with-node-id node-label node-taint
  image-credential-provider-bin-dir image-credential-provider-config container-runtime-endpoint default-runtime
  disable-default-registry-endpoint nonroot-devices private-registry airgap-extra-registry snapshotter node-ip node-external-ip
  node-internal-dns node-external-dns resolv-conf kubelet-arg kube-proxy-arg protect-kernel-defaults selinux lb-server-port
  bind-address enable-pprof`);

const ofServers = list(`
  advertise-address tls-san tls-san-security disable-agent cluster-cidr service-cidr cluster-reset cluster-reset-restore-path
  cluster-dns cluster-domain write-kubeconfig write-kubeconfig-mode write-kubeconfig-group write-kubeconfig-name
  kube-apiserver-arg etcd-arg kube-scheduler-arg kube-controller-manager-arg kube-cloud-controller-manager-arg
  datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile disable disable-scheduler disable-cloud-controller
  disable-kube-proxy disable-apiserver disable-controller-manager disable-etcd etcd-disable-snapshots
  etcd-snapshot-schedule-cron etcd-snapshot-reconcile-interval etcd-snapshot-retention etcd-snapshot-dir etcd-snapshot-name
  etcd-snapshot-compress embedded-registry supervisor-metrics system-default-registry egress-selector-mode agent-token
  agent-token-file secrets-encryption secrets-encryption-provider service-node-port-range etcd-expose-metrics etcd-s3
  etcd-s3-access-key etcd-s3-bucket etcd-s3-bucket-lookup-type etcd-s3-config-secret etcd-s3-endpoint etcd-s3-endpoint-ca
  etcd-s3-folder etcd-s3-insecure etcd-s3-proxy etcd-s3-region etcd-s3-secret-key etcd-s3-session-token
  etcd-s3-skip-ssl-verify etcd-s3-timeout etcd-s3-retention helm-job-image helm-controller-arg servicelb-namespace`);

const ofK3sNodes = list(`
  docker image-service-endpoint pause-image flannel-iface flannel-conf flannel-cni-conf vpn-auth vpn-auth-file rootless
  prefer-bundled-bin disable-selinux no-flannel cluster-secret`);

const ofK3sServers = list(`
  https-listen-port supervisor-port apiserver-port apiserver-bind-address advertise-port cluster-init flannel-backend
  flannel-ipv6-masq flannel-external-ip kube-controller-arg kube-cloud-controller-arg kine-tls default-local-storage-path
  disable-network-policy disable-helm-controller no-deploy multi-cluster-cidr`);

const mounted = [
  'kube-apiserver',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-proxy',
  'etcd',
  'cloud-controller-manager',
];
const ofRke2Nodes = [
  ...list(`
    kube-apiserver-image kube-controller-manager-image cloud-controller-manager-image kube-proxy-image kube-scheduler-image
    pause-image runtime-image etcd-image kubelet-path cloud-provider-name cloud-provider-config
    node-name-from-cloud-provider-metadata profile audit-policy-file pod-security-admission-config-file
    control-plane-resource-requests control-plane-resource-limits control-plane-probe-configuration system-default-registry`),
  ...mounted.flatMap((part) => [`${part}-extra-mount`, `${part}-extra-env`]),
];
const ofRke2Servers = list('cni ingress-controller enable-servicelb prime');

/** Boolean keys: as arguments they take no next word, and their value must be a Go boolean. */
export const switches: ReadonlySet<string> = new Set(
  list(`
    debug alsologtostderr with-node-id disable-default-registry-endpoint nonroot-devices protect-kernel-defaults selinux
    enable-pprof tls-san-security disable-agent cluster-reset disable-scheduler disable-cloud-controller disable-kube-proxy
    disable-apiserver disable-controller-manager disable-etcd etcd-disable-snapshots etcd-snapshot-compress embedded-registry
    supervisor-metrics secrets-encryption etcd-expose-metrics etcd-s3 etcd-s3-insecure etcd-s3-skip-ssl-verify docker rootless
    prefer-bundled-bin disable-selinux no-flannel cluster-init flannel-ipv6-masq flannel-external-ip kine-tls
    disable-network-policy disable-helm-controller enable-servicelb prime node-name-from-cloud-provider-metadata`),
);

export const isBoolean = (text: string): boolean => /^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(text);
export const isOn = (text: string): boolean => isBoolean(text) && /^[1tT]/.test(text);

/** The newest minor version of Kubernetes 1 that this table covers. */
export const newestKeys = 36;

export interface KeyTable {
  readonly server: ReadonlySet<string>;
  readonly agent: ReadonlySet<string>;
  /** Roles that ignore unknown keys in their files. The others do not start with one. */
  readonly skipping: readonly Role[];
}

/** A k3s agent does not filter unknown keys; its command-line parser rejects them (k3s-io/k3s#6565). */
export const k3sKeys: KeyTable = {
  server: new Set([...onEveryNode, ...ofServers, ...ofK3sNodes, ...ofK3sServers]),
  agent: new Set([...onEveryNode, ...ofK3sNodes]),
  skipping: ['server'],
};

export const rke2Keys: KeyTable = {
  server: new Set([...onEveryNode, ...ofServers, ...ofRke2Nodes, ...ofRke2Servers]),
  agent: new Set([...onEveryNode, ...ofRke2Nodes]),
  skipping: ['server', 'agent'],
};

/** Whether any supervisor knows the key, in any role. */
export const isSupervisorKey = (name: string): boolean => isAnyKey(k3sKeys, name) || isAnyKey(rke2Keys, name);

const isAnyKey = ({ server, agent }: KeyTable, name: string): boolean => server.has(name) || agent.has(name);
const folded = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, '');

/** The known key that an unknown one probably stands for. */
export function suggestKey(table: KeyTable, role: Role, name: string): string | undefined {
  if (isAnyKey(table, name) || name.length > 60) return undefined;
  const written = folded(name);
  let best: string | undefined;
  let least = 3;
  for (const key of table[role]) {
    const known = folded(key);
    const distance = known === written ? 0 : isComparable(known, written) ? damerauLevenshtein(known, written) : least;
    if (distance < least) [best, least] = [key, distance];
  }
  // No other key begins with kubelet, so this one was meant for the kubelet.
  return best ?? (written.startsWith('kubelet') ? 'kubelet-arg' : undefined);
}

/** In a short word, two typing errors could make another word. */
const isComparable = (known: string, written: string): boolean =>
  Math.min(known.length, written.length) > 5 && Math.abs(known.length - written.length) <= 2;

/** Why an unknown key or flag (`noun`) that is not ignored keeps the supervisor from starting. Undefined if it is known. */
export function keyFault(table: KeyTable, role: Role, name: string, noun = 'key'): string | undefined {
  if (table[role].has(name)) return undefined;
  const meant = suggestKey(table, role, name);
  if (meant !== undefined) return `unknown ${noun} (did you mean ${meant}?); this ${role} does not start with it`;
  return isAnyKey(table, name)
    ? `only a server has this ${noun}; an agent does not start with it`
    : `unknown ${noun}; this ${role} does not start with it`;
}
