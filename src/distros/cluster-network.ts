/** Where distributions keep what concerns the network of the whole cluster: CNI configuration on nodes, subnets in a ConfigMap. */
import { readYaml } from '../lib/yaml-source.js';

/** Folders of CNI configuration; a node uses the first that has any. */
export const cniFolders: readonly string[] = [
  '/etc/cni/net.d',
  '/var/lib/rancher/k3s/agent/etc/cni/net.d',
  '/var/snap/microk8s/current/args/cni-network',
];

/** The ConfigMap that `kubeadm init` leaves; other clusters have none. */
export const subnetConfigMap = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';

/** `networking.podSubnet` of its key ClusterConfiguration, as written; empty if it is not told. */
export function podSubnets(clusterConfiguration: string): readonly string[] {
  const { value } = readYaml('ClusterConfiguration', clusterConfiguration, '1.1');
  const networking = recordOf(recordOf(value)['networking']);
  const subnets = networking['podSubnet'];
  return typeof subnets === 'string' ? subnets.split(',').filter((one) => one !== '') : [];
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
