/** The CNI, its version and whether it enforces anything; addresses of nodes as they tell them. */
import { describe, expect, it } from 'vitest';
import { type NodeNetwork, ipAddress, nodeNetworks, otherPorts, parseNodeNetwork } from '../../src/netpol/addresses.js';
import { detectCni } from '../../src/netpol/detect.js';
import { enforcementOf } from '../../src/netpol/enforce.js';
import { script } from '../../src/node/scripts.js';
import { runScript, shells } from '../shell/shells.js';
import { node } from './network.js';

const daemonSet = (name: string, containers: readonly object[], namespace = 'kube-system'): object => ({
  metadata: { name, namespace },
  spec: { template: { spec: { containers } } },
});
const host = (over: Partial<NodeNetwork> = {}): NodeNetwork => ({
  addresses: ['10.0.0.1'],
  plugins: [],
  kubeRouter: false,
  ...over,
});
const none = new Map<string, NodeNetwork>();

describe('the CNI', () => {
  it.each<[string, object, object]>([
    [
      'cilium',
      daemonSet('cilium', [{ name: 'cilium-agent', image: 'quay.io/cilium/cilium:v1.17.3@sha256:0123abcd' }]),
      { name: 'cilium', version: '1.17.3' },
    ],
    [
      'Calico by the operator',
      daemonSet('calico-node', [{ name: 'calico-node', image: 'docker.io/calico/node:v3.29.1' }], 'calico-system'),
      { name: 'calico', version: '3.29.1' },
    ],
    [
      'Canal of a distribution',
      daemonSet('vendor-canal', [
        { name: 'calico-node', image: 'r/hardened-calico:v3.28.2-build20241016' },
        { name: 'kube-flannel' },
      ]),
      { name: 'canal', version: '3.28.2' },
    ],
    [
      'Cilium by digest alone',
      daemonSet('cilium', [{ name: 'cilium-agent', image: 'mirror/cilium@sha256:0123abcd' }]),
      { name: 'cilium', version: undefined },
    ],
    [
      'flannel',
      daemonSet('kube-flannel-ds', [{ name: 'kube-flannel', image: 'flannel:v0.26.1' }]),
      { name: 'flannel', version: '0.26.1' },
    ],
    [
      'AWS, agent off',
      daemonSet('aws-node', [
        { name: 'aws-node', image: 'x:v1.19.0' },
        { name: 'aws-eks-nodeagent', args: ['--enable-network-policy=false'] },
      ]),
      { name: 'aws-vpc-cni', agent: false },
    ],
    [
      'AWS, agent on',
      daemonSet('aws-node', [
        { name: 'aws-node', image: 'x:v1.19.0' },
        { name: 'aws-eks-nodeagent', args: ['--enable-network-policy=true'] },
      ]),
      { name: 'aws-vpc-cni', agent: true },
    ],
  ])('%s', (_, object, expected) => {
    expect(detectCni([daemonSet('kube-proxy', []), object], none).cni).toMatchObject(expected);
  });

  it('is kube-router where its chain is on every node and no DaemonSet is, and nobody knows where it is on some', () => {
    const filtering = host({ kubeRouter: true, plugins: ['flannel'] });
    expect(
      detectCni(
        [],
        new Map([
          ['a', filtering],
          ['b', filtering],
        ]),
      ).cni?.name,
    ).toBe('kube-router');
    expect(
      detectCni(
        [],
        new Map([
          ['a', filtering],
          ['b', host()],
        ]),
      ).cni,
    ).toBeUndefined();
  });

  it('is not known where several engines are, and is one where flannel is beside it', () => {
    const calico = daemonSet('calico-node', [{ name: 'calico-node', image: 'calico/node:v3.29.1' }]);
    const cilium = daemonSet('cilium', [{ name: 'cilium-agent', image: 'cilium:v1.17.0' }]);
    expect(detectCni([calico, cilium], none)).toEqual({ cni: undefined, engines: ['calico', 'cilium'] });
    expect(detectCni([daemonSet('kube-flannel-ds', []), calico], none).cni?.name).toBe('calico');
    expect(detectCni([daemonSet('aws-node', []), calico], none).cni?.name).toBe('calico');
  });

  it('is told by the configuration of all nodes, but not where flannel may have company', () => {
    const bridge = host({ plugins: ['bridge', 'host-local'] });
    expect(detectCni([], new Map([['a', bridge]])).cni).toMatchObject({
      name: 'bridge',
      evidence: ['CNI configuration of a'],
    });
    expect(
      detectCni(
        [],
        new Map([
          ['a', bridge],
          ['b', host()],
        ]),
      ).cni,
    ).toBeUndefined();
    expect(detectCni([], new Map([['a', host({ plugins: ['flannel'] })]])).cni).toBeUndefined();
    expect(detectCni([], none).cni).toBeUndefined();
  });

  it('of any shape is survived', () => {
    for (const odd of [
      null,
      1,
      'x',
      [],
      {},
      { metadata: { name: 'cilium' }, spec: [] },
      daemonSet('cilium', [null as never]),
    ])
      expect(() => detectCni([odd], none)).not.toThrow();
  });
});

it('what is not known enforces nothing that anybody could rely on', () => {
  expect(enforcementOf(undefined)).toMatchObject({ enforces: 'unknown' });
  expect(
    enforcementOf({ name: 'cilium', version: undefined, evidence: [] }, { 'enable-policy': 'never' }).enforces,
  ).toBe('no');
});

describe('addresses', () => {
  it('are read whole or not at all', () => {
    const text =
      'address lo 127.0.0.1\naddress eth0 192.0.2.1\naddress cni0 10.244.1.1\naddress kube-ipvs0 10.96.0.1\naddress eth0 fe80::1%eth0\naddress x nonsense\nplugin bridge\nend\n';
    expect(parseNodeNetwork(text)).toEqual({
      addresses: ['192.0.2.1', '10.244.1.1', 'fe80::1'],
      plugins: ['bridge'],
      kubeRouter: false,
    });
    expect(parseNodeNetwork(text.slice(0, -5))).toBeUndefined();
    expect(parseNodeNetwork('end\n')).toBeUndefined();
    expect(parseNodeNetwork(`${'address - 1.2.3.4\n'.repeat(2000)}end\n`)).toBeUndefined();
  });

  it('have one form, and loopback is none', () => {
    const forms = [
      '192.0.2.1',
      '::ffff:192.0.2.1',
      '2001:DB8::0001',
      '127.0.0.5',
      '::1',
      '::',
      '1.2.3',
      '1.2.3.256',
      ':::',
      '1::2::3',
      'g::1',
      '1:2:3:4:5:6:7:8:9',
    ];
    expect(forms.map(ipAddress)).toEqual([
      '192.0.2.1',
      '192.0.2.1',
      '2001:db8::1',
      ...Array<undefined>(9).fill(undefined),
    ]);
  });

  it('of all nodes are networks of one address; those of links are one', () => {
    expect(
      nodeNetworks([
        node('a', ['10.0.0.2', 'fe80::2'], ['fe80::3', '10.0.0.1']),
        node('b', ['10.0.0.1', '2001:db8::1']),
      ]),
    ).toEqual({
      v4: ['10.0.0.1/32', '10.0.0.2/32'],
      v6: ['2001:db8::1/128', 'fe80::/10'],
    });
  });

  it('leave the other ports open', () => {
    expect(otherPorts([10250, 10255])).toEqual([
      { from: 1, to: 10249 },
      { from: 10251, to: 10254 },
      { from: 10256, to: 65535 },
    ]);
    expect(otherPorts([1, 65535, 2])).toEqual([{ from: 3, to: 65534 }]);
  });

  it.each(shells)('are told by this machine, in $name', (shell) => {
    const { code, stdout } = runScript(shell, script('network'), ['/nowhere']);
    expect(code).toBe(0);
    expect(parseNodeNetwork(stdout)?.addresses.length).toBeGreaterThan(0);
    const proc = runScript(shell, script('network').replace('for way in by_ip by_proc', 'for way in by_proc'), [
      '/nowhere',
    ]);
    const [byIp, byProc] = [stdout, proc.stdout].map((text) => parseNodeNetwork(text)?.addresses.toSorted());
    expect(byProc).toEqual(byIp);
  });
});
