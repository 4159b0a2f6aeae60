/** Objects of a generated cluster, each as the text of its JSON: Nodes of 5 to 8 KB, as kubelets fill them, and their Leases. Pure. */
import { addressOf } from './fleet.js';

export interface ApiObjects {
  /** By path. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** What a kubelet answers through the API server. */
  readonly configz: string;
}

export const nodesPath = '/api/v1/nodes';
const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** The address of a Node is that of the host with the same number, so that each host has its own. */
export function apiObjects(count: number): ApiObjects {
  const all = Array.from({ length: count }, (_, at) => at);
  return {
    lists: new Map([
      [nodesPath, all.map((at) => JSON.stringify(node(at)))],
      [leasesPath, all.map((at) => JSON.stringify(lease(at)))],
    ]),
    configz: JSON.stringify({ kubeletconfig: kubeletConfig }),
  };
}

const time = '2026-01-02T03:04:05Z';
export const nameOf = (at: number): string => `node-${String(at).padStart(5, '0')}`;
const hex = (at: number, length: number): string =>
  (at * 2_654_435_761).toString(16).padStart(8, '0').repeat(8).slice(0, length);

const meta = (at: number, more: object): object => ({
  name: nameOf(at),
  uid: `${hex(at, 8)}-0000-4000-8000-${hex(at, 12)}`,
  resourceVersion: String(100_000 + at),
  creationTimestamp: time,
  ...more,
});

/** With what kubelets report of images, which is most of it. */
const node = (at: number): object => ({
  metadata: meta(at, {
    labels: {
      'beta.kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': nameOf(at),
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': 'general-8x32',
      'topology.kubernetes.io/zone': `zone-${at % 3}`,
    },
    annotations: {
      'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/containerd/containerd.sock',
      'node.alpha.kubernetes.io/ttl': '60',
      'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
    },
  }),
  spec: { podCIDR: `10.${at >> 8}.${at & 255}.0/24`, providerID: `cloud:///zone-${at % 3}/${hex(at, 16)}` },
  status: {
    capacity: { cpu: '8', memory: '32779164Ki', pods: '110', 'ephemeral-storage': '101430960Ki' },
    allocatable: { cpu: '7910m', memory: '31653788Ki', pods: '110', 'ephemeral-storage': '93478772582' },
    conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
      ...{ type, status: type === 'Ready' ? 'True' : 'False', lastHeartbeatTime: time, lastTransitionTime: time },
      ...{ reason: `Kubelet${type}`, message: `kubelet reports the condition ${type} of this node` },
    })),
    addresses: [
      { type: 'InternalIP', address: addressOf(at) },
      { type: 'Hostname', address: nameOf(at) },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      ...{ machineID: hex(at, 32), systemUUID: hex(at, 32), bootID: hex(at, 32), kernelVersion: '6.1.0-28-amd64' },
      ...{ osImage: 'Debian GNU/Linux 12 (bookworm)', containerRuntimeVersion: 'containerd://1.7.24' },
      ...{ kubeletVersion: 'v1.31.4', kubeProxyVersion: 'v1.31.4', operatingSystem: 'linux', architecture: 'amd64' },
    },
    images: Array.from({ length: 18 + (at % 8) }, (_, image) => ({
      names: [
        `registry.example.org/platform/component-${image}@sha256:${hex(at + image, 64)}`,
        `registry.example.org/platform/component-${image}:v1.${image}.${at % 10}`,
      ],
      sizeBytes: 20_000_000 + image,
    })),
  },
});

const lease = (at: number): object => ({
  metadata: meta(at, { namespace: 'kube-node-lease', ownerReferences: [{ kind: 'Node', name: nameOf(at) }] }),
  spec: { holderIdentity: nameOf(at), leaseDurationSeconds: 40, renewTime: '2026-01-02T03:04:05.000000Z' },
});

const kubeletConfig = {
  ...{ kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', port: 10250, readOnlyPort: 0 },
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m0s' } },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
};
