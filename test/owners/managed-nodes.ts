/** A node of each system that owns kubelets: the files that tell of it, and its Node object. Without traits, files alone tell; without files, the Node. */
import type { NodeTraits } from '../../src/cluster/nodes.js';

interface ManagedNode {
  readonly owner: string;
  readonly files: readonly string[];
  readonly traits?: Partial<NodeTraits>;
}

export const managedNodes: readonly ManagedNode[] = [
  {
    owner: 'eks-al2023',
    files: ['/etc/kubernetes/kubelet/config.json', '/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf'],
    traits: { providerId: 'aws:///eu-central-1a/i-0a1b2c', osImage: 'Amazon Linux 2023.8' },
  },
  {
    owner: 'eks-al2',
    files: ['/etc/eks/bootstrap.sh', '/etc/kubernetes/kubelet/kubelet-config.json'],
    traits: { labels: { 'eks.amazonaws.com/nodegroup': 'workers' }, providerId: 'aws:///eu-central-1a/i-0a1b2c' },
  },
  {
    owner: 'gke',
    files: ['/home/kubernetes/kubelet-config.yaml'],
    traits: { labels: { 'cloud.google.com/gke-nodepool': 'pool-1' }, providerId: 'gce://project/zone/vm' },
  },
  {
    owner: 'aks',
    files: ['/etc/default/kubeletconfig.json', '/etc/kubernetes/azure.json'],
    traits: { labels: { 'kubernetes.azure.com/cluster': 'MC_x' }, providerId: 'azure:///subscriptions/1' },
  },
  {
    owner: 'openshift',
    files: ['/etc/machine-config-daemon/currentconfig'],
    traits: { annotations: ['machineconfiguration.openshift.io/currentConfig'] },
  },
  { owner: 'microshift', files: ['/etc/microshift/config.yaml', '/var/lib/microshift/resources/kubelet'] },
  {
    owner: 'talos',
    files: [],
    traits: { osImage: 'Talos (v1.9.1)', annotations: ['networking.talos.dev/self-ips'] },
  },
  { owner: 'bottlerocket', files: ['/etc/kubernetes/kubelet/env'], traits: { osImage: 'Bottlerocket OS 1.40.0' } },
  {
    owner: 'cluster-api',
    files: ['/run/cluster-api/bootstrap-success.complete', '/run/kubeadm'],
    traits: { annotations: ['cluster.x-k8s.io/cluster-name', 'cluster.x-k8s.io/machine'] },
  },
  {
    owner: 'gardener',
    files: ['/var/lib/kubelet/config/kubelet'],
    traits: { labels: { 'worker.gardener.cloud/pool': 'w1' } },
  },
  {
    owner: 'kubespray',
    files: ['/etc/kubernetes/kubelet.env', '/etc/kubernetes/kubelet-config.yaml', '/etc/kubernetes/ssl'],
  },
  { owner: 'k0s', files: ['/run/k0s'], traits: { kubeletVersion: 'v1.31.4+k0s' } },
  {
    owner: 'microk8s',
    files: ['/var/snap/microk8s/current/args/kubelet'],
    traits: { labels: { 'microk8s.io/cluster': 'true' } },
  },
  {
    owner: 'canonical-kubernetes',
    files: ['/var/snap/k8s/common/args/kubelet', '/etc/systemd/system/snap.k8s.kubelet.service'],
  },
  { owner: 'kind', files: ['/.dockerenv', '/kind/version'], traits: { providerId: 'kind://docker/kind/kind-worker' } },
  { owner: 'k3d', files: ['/.dockerenv', '/bin/k3d-entrypoint.sh'], traits: { providerId: 'k3s://k3d-x-agent-0' } },
  {
    owner: 'flatcar',
    files: ['/usr/share/flatcar/release'],
    traits: { osImage: 'Flatcar Container Linux by Kinvolk' },
  },
];
