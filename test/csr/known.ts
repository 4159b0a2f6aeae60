/** A small cluster of three Nodes, with the inventory that fits it. */
import type { HostReading, Judgement } from '../../src/csr/judgement.js';
import { type KnownCluster, nodeOf } from '../../src/csr/known-cluster.js';
import { readRequest } from '../../src/csr/serving-request.js';
import { validate } from '../../src/csr/validate.js';
import type { Host } from '../../src/inventory/host.js';

export const host = (name: string, address: string, more: Partial<Host> = {}): Host => ({
  name,
  address,
  role: 'worker',
  group: 'workers',
  ssh: { jump: [], become: 'sudo' },
  ...more,
});

export const nodeObject = (
  name: string,
  addresses: readonly (readonly [type: string, address: string])[],
  spec: object = {},
): object => ({
  metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec,
  status: {
    addresses: addresses.map(([type, address]) => ({ type, address })),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  },
});

const simple = (name: string, address: string): object =>
  nodeObject(name, [
    ['InternalIP', address],
    ['Hostname', name],
  ]);

export const hosts: readonly Host[] = [
  host('cp1', '192.0.2.10', { role: 'control-plane' }),
  host('n1', '192.0.2.11'),
  host('n2', '192.0.2.12'),
];

export function clusterOf(
  objects: readonly object[] = [simple('cp1', '192.0.2.10'), simple('n1', '192.0.2.11'), simple('n2', '192.0.2.12')],
  more: Partial<KnownCluster> = {},
): KnownCluster {
  const nodes = objects.map(nodeOf);
  return {
    nodes: new Map(nodes.map((node) => [node.name, node])),
    hosts,
    taken: new Map([
      ['10.96.0.1', 'Service default/kubernetes'],
      ['192.0.2.10', 'the API server'],
      ['192.0.2.100', 'Service shop/front'],
    ]),
    keys: new Map(),
    ...more,
  };
}

export const reading = (nodeName: string, more: Partial<HostReading> = {}): HostReading => ({
  nodeName,
  kubeletStartedAt: Date.parse('2026-11-29T11:59:50Z'),
  addresses: [],
  ...more,
});

/** Hosts are the Nodes that they are named after. */
export const judge = (
  object: object,
  cluster: KnownCluster = clusterOf(),
  read: (name: string) => HostReading | string = (name) => reading(name),
): Judgement => validate({ request: readRequest(object), cluster, reading: read });
