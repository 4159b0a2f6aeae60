/** Which policy is right for a cluster, what is asked for, and why one is not written. */
import { describe, expect, it } from 'vitest';
import { choosePolicy } from '../../src/netpol/choose.js';
import type { Cni, ClusterNetwork, NetpolRequest } from '../../src/netpol/model.js';
import { network, node, request } from './network.js';

const cni = (name: Cni['name'], version?: string, over: Partial<Cni> = {}): Cni => ({
  name,
  version,
  evidence: ['seen'],
  ...over,
});
const all = { allowNamespaces: ['monitoring', 'kube-system'] };
const served = (...versions: string[]): Partial<ClusterNetwork> => ({ served: new Set(versions) });
const choose = (found: Partial<ClusterNetwork>, asked: Partial<NetpolRequest> = all) =>
  choosePolicy(network(found), request(asked)).policy;
const v1alpha1 = 'policy.networking.k8s.io/v1alpha1';
const v1alpha2 = 'policy.networking.k8s.io/v1alpha2';

describe('the policy that fits', () => {
  it.each<[string, Partial<ClusterNetwork>, Partial<NetpolRequest>, string]>([
    ['Cilium', { cni: cni('cilium', '1.17.3') }, all, 'cilium'],
    ['kube-router', {}, { namespaces: ['shop'] }, 'network-policy'],
    ['Calico with its API server', { cni: cni('calico', '3.29.1'), ...served('projectcalico.org/v3') }, all, 'calico'],
    ['Calico without', { cni: cni('calico', '3.29.1') }, { namespaces: ['shop'] }, 'network-policy'],
    [
      'Calico before 3.29',
      { cni: cni('calico', '3.28.4'), ...served('projectcalico.org/v3') },
      { namespaces: ['shop'] },
      'network-policy',
    ],
    [
      'Canal',
      { cni: cni('canal', '3.29.1'), ...served('projectcalico.org/v3') },
      { namespaces: ['shop'] },
      'network-policy',
    ],
    [
      'OVN-Kubernetes',
      { cni: cni('ovn-kubernetes'), adminPeers: ['nodes', 'networks'], ...served(v1alpha1) },
      all,
      'admin-network-policy',
    ],
    ['kindnet', { cni: cni('kindnet'), ...served(v1alpha2) }, all, 'cluster-network-policy'],
    [
      'AWS with its agent',
      { cni: cni('aws-vpc-cni', '1.19.0', { agent: true }) },
      { namespaces: ['shop'] },
      'network-policy',
    ],
    [
      'a namespace that is named',
      { cni: cni('calico', '3.29.1'), ...served('projectcalico.org/v3') },
      { namespaces: ['shop'] },
      'network-policy',
    ],
    ['nodes without a CNI that filters', { cni: cni('flannel') }, { policy: 'nftables' }, 'nftables'],
  ])('%s', (_, found, asked, kind) => {
    const policy = choose(found, asked);
    expect(policy.kind).toBe(kind);
    expect(policy.limits.map((one) => one.kind)).toEqual(
      expect.arrayContaining(['cuts-off', 'does-not-reach', 'needs']),
    );
    expect(policy.manifests.length + policy.files.length).toBeGreaterThan(0);
    for (const { metadata } of policy.manifests)
      expect(metadata.labels).toEqual({ 'app.kubernetes.io/managed-by': 'kubelatch' });
  });
});

describe('what is not known is asked for', () => {
  const unread = { ...node('n3', ['192.0.2.13']), own: undefined, missing: 'n3 did not answer' };
  it.each<[string, Partial<ClusterNetwork>, Partial<NetpolRequest>, string]>([
    ['the CNI', { cni: undefined, engines: [] }, {}, '--cni antrea|'],
    ['which CNI', { cni: undefined, engines: ['calico', 'cilium'] }, {}, '--cni'],
    ['a namespace', {}, {}, '--namespace'],
    ['whom to let through', { cni: cni('cilium', '1.17.0') }, {}, '--allow-namespace'],
    ['the version of Cilium', { cni: cni('cilium') }, all, '--cni-version'],
    ['the version of Calico', { cni: cni('calico') }, { ...all, policy: 'calico' }, '--cni-version'],
    ['addresses', { nodes: [node('n1', ['192.0.2.11']), unread] }, { namespaces: ['shop'] }, '--node-address n3='],
    ['open ports', { serverVersion: 'v1.20.2' }, { namespaces: ['shop'] }, '--allow-node-port'],
    ['DNS', { dns: undefined }, { namespaces: ['shop'], policy: 'default-deny' }, '--dns'],
    ['networks of pods', { podCidrs: undefined }, { policy: 'nftables' }, '--pod-cidr'],
  ])('%s', (_, found, asked, flag) => {
    let error: unknown;
    try {
      choose(found, asked);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'usage', hint: expect.stringContaining(flag) as string });
  });

  it('a flag answers it', () => {
    const found = { cni: undefined, engines: ['calico', 'cilium'] };
    expect(choose(found, { ...all, cni: 'cilium', cniVersion: '1.18.0' }).kind).toBe('cilium');
    expect(choose({ cni: cni('cilium') }, { ...all, cniVersion: '1.17' }).kind).toBe('cilium');
    expect(choose({ podCidrs: undefined }, { policy: 'nftables', podCidrs: ['10.9.0.0/16'] }).files).toHaveLength(2);
    expect(choose({ cni: cni('cilium', '1.17.0') }, { allowNamespaces: [] }).manifests[0]?.spec).toMatchObject({
      endpointSelector: {},
    });
  });
});

describe('a policy that does harm or nothing is refused', () => {
  it.each<[string, Partial<ClusterNetwork>, Partial<NetpolRequest>, RegExp]>([
    ['Flannel alone', { cni: cni('flannel') }, { namespaces: ['shop'] }, /nothing enforces.*Flannel/],
    [
      'AWS without its agent',
      { cni: cni('aws-vpc-cni', '1.19.0', { agent: false }) },
      { namespaces: ['a'] },
      /switched off/,
    ],
    [
      'Cilium in audit mode',
      { cni: cni('cilium', '1.17.0'), ciliumConfig: { 'policy-audit-mode': 'true' } },
      all,
      /audit/,
    ],
    ['ipBlock on Cilium', { cni: cni('cilium', '1.17.0') }, { namespaces: ['a'], policy: 'network-policy' }, /ipBlock/],
    [
      'a default deny on Cilium',
      { cni: cni('cilium', '1.17.0') },
      { namespaces: ['a'], policy: 'default-deny' },
      /ipBlock/,
    ],
    ['Cilium 1.15', { cni: cni('cilium', '1.15.9') }, { ...all, acceptDenyAllRisk: true }, /no enableDefaultDeny/],
    ['Cilium 1.16', { cni: cni('cilium', '1.16.6') }, all, /sometimes blocks/],
    [
      'no host firewall',
      { cni: cni('cilium', '1.17.0'), ciliumConfig: {} },
      { ...all, policy: 'cilium-host' },
      /ignores host/,
    ],
    [
      'Calico 3.28',
      { cni: cni('calico', '3.28.4'), ...served('projectcalico.org/v3') },
      { ...all, policy: 'calico' },
      /no tiers/,
    ],
    ['no Calico API', { cni: cni('calico', '3.29.0') }, { ...all, policy: 'calico' }, /does not serve/],
    ['another CNI’s policy', {}, { ...all, policy: 'calico' }, /does nothing with the CNI kube-router/],
    [
      'namespaces without names',
      { cni: cni('kindnet'), serverVersion: 'v1.20.2', ...served(v1alpha2) },
      { ...all, policy: 'cluster-network-policy' },
      /1\.20\.2 does not label/,
    ],
    [
      'no peers',
      { cni: cni('ovn-kubernetes'), ...served(v1alpha1) },
      { ...all, policy: 'admin-network-policy' },
      /neither/,
    ],
    [
      'a kubelet’s port kept open',
      { serverVersion: 'v1.20.2' },
      { namespaces: ['a'], nodePorts: [10250] },
      /kubelet listens/,
    ],
  ])('%s', (_, found, asked, message) => {
    expect(() => choose(found, asked)).toThrow(message);
  });

  it.each<[string, Partial<ClusterNetwork>, Partial<NetpolRequest>]>([
    ['--namespace', { cni: cni('cilium', '1.17.0') }, { namespaces: ['a'] }],
    ['--allow-namespace', {}, { namespaces: ['a'], allowNamespaces: ['b'] }],
    ['--allow-namespace', {}, { policy: 'nftables', allowNamespaces: [] }],
    ['--allow-address', {}, { namespaces: ['a'], allowAddresses: ['10.0.0.1'] }],
  ])('%s without effect', (flag, found, asked) => {
    expect(() => choose(found, asked)).toThrow(`${flag} has no effect`);
  });

  it('Cilium 1.16 is taken with its risk', () => {
    expect(choose({ cni: cni('cilium', '1.16.6') }, { ...all, acceptDenyAllRisk: true }).kind).toBe('cilium');
  });
});

describe('the objects', () => {
  const spec = (found: Partial<ClusterNetwork>, asked: Partial<NetpolRequest>, at = 0) =>
    choose(found, asked).manifests[at]?.spec;
  const excepted = { operator: 'NotIn', values: ['monitoring', 'kube-system'] };

  it('of Cilium deny and leave the rest alone, on the own node and on others', () => {
    expect(spec({ cni: cni('cilium', '1.17.0') }, all)).toEqual({
      endpointSelector: { matchExpressions: [{ key: 'k8s:io.kubernetes.pod.namespace', ...excepted }] },
      enableDefaultDeny: { egress: false },
      egressDeny: [
        {
          toEntities: ['host', 'remote-node'],
          toPorts: [
            {
              ports: [
                { port: '10250', protocol: 'TCP' },
                { port: '10255', protocol: 'TCP' },
              ],
            },
          ],
        },
      ],
    });
    const host = { cni: cni('cilium', '1.17.0'), ciliumConfig: { 'enable-host-firewall': 'true' } };
    expect(spec(host, { ...all, policy: 'cilium-host' })).toMatchObject({
      nodeSelector: {},
      enableDefaultDeny: { ingress: false },
      ingressDeny: [{ fromEndpoints: [{ matchExpressions: [{ operator: 'Exists' }, excepted] }] }],
    });
  });

  it('of Calico have at most 256 networks a rule, and leave out none', () => {
    const nodes = Array.from({ length: 600 }, (_, at) => node(`m${at}`, [`192.0.${at >> 8}.${at & 255}`]));
    const calico = { cni: cni('calico', '3.30.0'), ...served('projectcalico.org/v3'), nodes };
    const { egress } = spec(calico, all, 1) as { egress: readonly { destination: { nets: readonly string[] } }[] };
    expect(egress.map(({ destination }) => destination.nets.length)).toEqual([256, 256, 88]);
    expect(new Set(egress.flatMap(({ destination }) => destination.nets)).size).toBe(600);
  });

  it('of Calico stand in a tier that passes the rest, one rule a family', () => {
    const calico = { cni: cni('calico', '3.30.0'), ...served('projectcalico.org/v3') };
    expect(spec(calico, all)).toEqual({ order: 500, defaultAction: 'Pass' });
    expect(spec(calico, all, 1)).toMatchObject({
      tier: 'kubelatch',
      namespaceSelector: 'kubernetes.io/metadata.name not in { "monitoring", "kube-system" }',
      types: ['Egress'],
      egress: [
        {
          action: 'Deny',
          destination: {
            nets: ['10.244.1.1/32', '10.244.2.1/32', '169.254.20.10/32', '192.0.2.11/32', '192.0.2.12/32'],
            ports: [10250, 10255],
          },
        },
        { action: 'Deny', destination: { nets: ['2001:db8::11/128', 'fe80::/10'] } },
      ],
    });
  });

  it('of the network policy API hold 25 networks a peer and 25 peers a rule', () => {
    const nodes = [...Array(700).keys()].map((at) => node(`n${at}`, [`10.1.${at >> 8}.${at & 255}`]));
    const found = { cni: cni('kindnet'), nodes, ...served(v1alpha2) };
    const { egress } = spec(found, all) as { egress: { name: string; to: { networks: string[] }[] }[] };
    expect(egress.map(({ to }) => to.length)).toEqual([25, 3]);
    expect(egress.flatMap(({ to }) => to.flatMap(({ networks }) => networks))).toHaveLength(700);
    expect(egress.every(({ to }) => to.every(({ networks }) => networks.length <= 25))).toBe(true);
    const admin = { cni: cni('ovn-kubernetes'), ...served(v1alpha1) };
    expect(spec({ ...admin, adminPeers: ['networks'] }, all)).toMatchObject({
      egress: [{ to: [{ networks: expect.any(Array) as unknown }] }],
    });
    expect(spec({ ...admin, adminPeers: ['networks', 'nodes'], nodes: [] }, all)).toMatchObject({
      egress: [{ to: [{ nodes: {} }] }],
    });
  });

  it('name the metrics API where it is cut off', () => {
    const texts = (asked: Partial<NetpolRequest>): string =>
      choose({ cni: cni('cilium', '1.17.0'), metricsNamespace: 'kube-system' }, asked)
        .limits.map(({ text }) => text)
        .join(' ');
    expect(texts({ allowNamespaces: ['monitoring'] })).toContain('served by pods in kube-system');
    expect(texts(all)).not.toContain('served by pods in');
  });

  it('say where the CNI lets a pod through to its own node', () => {
    const { limits } = choose({ cni: cni('weave', '2.8.1') }, { namespaces: ['shop'] });
    expect(limits.map(({ text }) => text).join(' ')).toContain(
      'still reaches the kubelet of its own node: Weave always',
    );
    expect(
      choose({}, { namespaces: ['shop'] })
        .limits.map(({ text }) => text)
        .join(' '),
    ).not.toContain('own node:');
  });
});
