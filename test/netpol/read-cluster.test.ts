/** What the API server tells of the network, put together with the nodes and the flags; odd answers are no answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/cluster/gateway.js';
import { podSubnets } from '../../src/distros/cluster-network.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import { clusterNetwork, networkFindings } from '../../src/netpol/network.js';
import { type ClusterFacts, readCluster } from '../../src/netpol/read-cluster.js';

const gatewayOf = (answers: Readonly<Record<string, unknown>>): Gateway => {
  const no = (): Promise<Result<never, { kind: 'refused'; message: string; status: number }>> =>
    Promise.resolve(fail({ kind: 'refused', status: 404, message: 'HTTP 404' }));
  return {
    get: (path) => {
      const [place = ''] = path.split('?');
      return Object.hasOwn(answers, place) ? Promise.resolve(ok(answers[place])) : no();
    },
    send: no,
    kubectl: no,
    close: () => Promise.resolve(),
  };
};
const peers = { nodes: {}, networks: {} };
const egress = { items: { properties: { to: { items: { properties: peers } } } } };
const definition = {
  spec: {
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        schema: { openAPIV3Schema: { properties: { spec: { properties: { egress } } } } },
      },
    ],
  },
};
const answers = {
  '/version': { gitVersion: 'v1.31.4+k3s1' },
  '/apis': {
    groups: [{ versions: [{ groupVersion: 'apps/v1' }, { groupVersion: 'crd.projectcalico.org/v1' }] }, null],
  },
  '/api/v1/nodes': {
    items: [
      {
        metadata: { name: 'n1' },
        spec: { podCIDRs: ['10.42.0.0/24', 'nonsense'] },
        status: {
          addresses: [{ address: '192.0.2.11' }, { address: 'n1.example' }, { address: '127.0.0.1' }, null],
          daemonEndpoints: { kubeletEndpoint: { Port: 9999 } },
        },
      },
      { metadata: { name: 'n2' }, status: { addresses: 'odd', daemonEndpoints: { kubeletEndpoint: { Port: 'x' } } } },
    ],
  },
  '/apis/apps/v1/daemonsets': {
    items: [
      {
        metadata: { name: 'node-local-dns', namespace: 'kube-system' },
        spec: {
          template: { spec: { containers: [{ args: ['-localip', '169.254.20.10,10.96.0.10', '-conf', 'x'] }] } },
        },
      },
    ],
  },
  '/api/v1/namespaces/default/endpoints/kubernetes': {
    subsets: [{ addresses: [{ ip: '192.0.2.10' }, { ip: 'odd' }], ports: [{ port: 6443 }, { port: 0 }] }],
  },
  '/api/v1/namespaces/kube-system/services': { items: [{ spec: { selector: { 'k8s-app': 'kube-dns' } } }] },
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/adminnetworkpolicies.policy.networking.k8s.io': definition,
  '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io': {
    spec: { service: { namespace: 'kube-system' } },
  },
  '/apis/crd.projectcalico.org/v1/ippools': { items: [{ spec: { cidr: '10.50.0.0/16' } }] },
  '/config': { data: { ClusterConfiguration: 'networking: {podSubnet: "10.60.0.0/16,fd00::/56"}\n' } },
};

const read = async (over: Readonly<Record<string, unknown>> = {}): Promise<ClusterFacts> => {
  const facts = await readCluster(gatewayOf({ ...answers, ...over }), '/config');
  if (!facts.ok) throw new Error(facts.error.message);
  return facts.value;
};

describe('the API server', () => {
  it('tells what netpol has to know', async () => {
    const facts = await read();
    expect(facts).toMatchObject({
      serverVersion: 'v1.31.4+k3s1',
      nodes: [
        { name: 'n1', port: 9999, reported: ['192.0.2.11'], podCidrs: ['10.42.0.0/24'] },
        { name: 'n2', port: 10250, reported: [], podCidrs: [] },
      ],
      apiServer: [{ address: '192.0.2.10', port: 6443 }],
      dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
      localDns: ['169.254.20.10', '10.96.0.10'],
      ciliumConfig: undefined,
      adminPeers: ['nodes', 'networks'],
      metricsNamespace: 'kube-system',
      pools: { calico: ['10.50.0.0/16'], cilium: [] },
    });
    expect(podSubnets(facts.clusterConfiguration)).toEqual(['10.60.0.0/16', 'fd00::/56']);
  });

  it('that does not list its APIs tells nothing', async () => {
    expect(await readCluster(gatewayOf({ ...answers, '/apis': 'odd' }), '/config')).toMatchObject({ ok: false });
    expect(await readCluster(gatewayOf({}), '/config')).toMatchObject({ ok: false, error: { status: 404 } });
  });

  it('may say anything: what is not understood is not known', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(answers)), fc.jsonValue(), async (path, odd) => {
        const list = path === '/api/v1/nodes' || path.endsWith('daemonsets') || path.endsWith('ippools');
        const facts = await readCluster(gatewayOf({ ...answers, [path]: list ? { items: [odd] } : odd }), '/config');
        if (facts.ok) {
          clusterNetwork({ facts: facts.value, hosts: [], addresses: new Map(), configuredSubnets: [] });
          podSubnets(facts.value.clusterConfiguration);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the network', () => {
  const n1 = { addresses: ['192.0.2.11', '10.42.0.1'], plugins: ['bridge'], kubeRouter: false };
  const hosts = [
    { host: 'a', node: 'n1', network: n1 },
    { host: 'b', node: 'n2', network: undefined, problem: 'b did not answer' },
  ];
  const put = (facts: ClusterFacts, addresses: readonly (readonly [string, readonly string[]])[] = []) =>
    clusterNetwork({ facts, hosts, addresses: new Map(addresses), configuredSubnets: [] });

  it('has the addresses of the nodes, and names those that are missing', async () => {
    const network = put(await read());
    expect(network.nodes).toMatchObject([
      { node: 'n1', reported: ['192.0.2.11'], own: ['192.0.2.11', '10.42.0.1'] },
      { node: 'n2', own: undefined, missing: 'b did not answer' },
    ]);
    expect(networkFindings(network, network.cni).map(({ rule, status }) => `${rule} ${status}`)).toEqual([
      'network-policies-enforced fail',
      'node-addresses-known unknown',
    ]);
    const given = put(await read(), [['n2', ['192.0.2.12']]]);
    expect(networkFindings(given, undefined).map(({ status }) => status)).toEqual(['unknown', 'pass']);
    expect(given.nodes[1]).toMatchObject({ own: ['192.0.2.12'] });
  });

  it('has networks of pods where they are sure', async () => {
    const calico = { metadata: { name: 'calico-node' }, spec: { template: { spec: { containers: [] } } } };
    const of = async (over: object, configuredSubnets: string[] = []) =>
      clusterNetwork({ facts: await read({ ...over }), hosts, addresses: new Map(), configuredSubnets }).podCidrs;
    expect(await of({ '/apis/apps/v1/daemonsets': { items: [calico] } })).toEqual({
      cidrs: ['10.50.0.0/16'],
      source: 'IPPools of Calico',
    });
    // n2 has none in its spec.
    expect(await of({})).toBeUndefined();
    expect(await of({}, ['10.60.0.0/16'])).toMatchObject({ cidrs: ['10.60.0.0/16'] });
  });
});
