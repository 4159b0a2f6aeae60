/** For any nodes: a pod under the policy reaches no kubelet, and everything else as before. By the rules of the API. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCidr, parseAddress, holdsAddress } from '../../src/lib/cidr.js';
import { defaultDeny, noKubelet } from '../../src/netpol/network-policy.js';
import type { ClusterNetwork, Manifest } from '../../src/netpol/model.js';
import { type Packet, lets, network, node, request, rulesOf } from './network.js';

const v4 = fc.ipV4().filter((one) => !/^(127|0)\./.test(one));
const v6 = fc
  .array(fc.nat(0xffff), { minLength: 5, maxLength: 5 })
  .map((groups) => `2001:db8:${groups.map((one) => one.toString(16)).join(':')}::`);
const inPodNetwork = fc.tuple(fc.nat(255), fc.nat(254)).map(([a, b]) => `10.244.${a}.${b + 1}`);
const address = fc.oneof(
  v4,
  v6,
  inPodNetwork,
  fc.constantFrom('fe80::1', 'fe80::ecee:eeff:feee:eeee', '169.254.20.10'),
);
const nodes = fc
  .array(fc.tuple(fc.uniqueArray(address, { minLength: 1, maxLength: 4 }), fc.constantFrom(10250, 10250, 9090)), {
    minLength: 1,
    maxLength: 6,
  })
  .map((all) => all.map(([own, port], at) => ({ ...node(`n${at}`, own.slice(0, 1), own), port })));
const port = fc.integer({ min: 1, max: 65535 });
const other = fc.tuple(v4, v6);

const policyOf = (over: Partial<ClusterNetwork>, ask = {}): Manifest => {
  const [policy] = noKubelet(network(over), request({ namespaces: ['shop'], ...ask })).manifests;
  if (policy === undefined) throw new Error('no policy');
  return policy;
};
const tcp = (to: string, number: number): Packet => ({ to, protocol: 'TCP', port: number });

describe('all but the kubelet', () => {
  it('closes its ports on every address of every node, and no other port of them', () => {
    fc.assert(
      fc.property(nodes, port, (all, free) => {
        const policy = policyOf({ nodes: all });
        const closed = [10250, 10255, ...all.map((one) => one.port)];
        for (const to of all.flatMap(({ own }) => own ?? [])) {
          for (const number of closed) expect(lets(policy, tcp(to, number)), `${to} ${number}`).toBe(false);
          if (!closed.includes(free)) expect(lets(policy, tcp(to, free)), `${to} ${free}`).toBe(true);
          expect(lets(policy, { to, protocol: 'UDP', port: free })).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves DNS, the API server, pods on 10250 and everything that is no node open', () => {
    fc.assert(
      fc.property(nodes, other, port, inPodNetwork, (all, others, free, podAddress) => {
        const policy = policyOf({ nodes: all });
        const own = new Set(all.flatMap((one) => one.own ?? []));
        for (const to of others.filter((one) => !own.has(one)))
          for (const number of [free, 10250]) expect(lets(policy, tcp(to, number))).toBe(true);
        const [api = ''] = own;
        expect(lets(policy, tcp(api, 6443))).toBe(true);
        expect(lets(policy, { to: api, protocol: 'UDP', port: 53 })).toBe(true);
        const pod = { namespace: 'kube-system', labels: { 'k8s-app': 'metrics-server' } };
        expect(lets(policy, { ...tcp(podAddress, 10250), pod })).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('excepts only what is inside its network, once, and in the family of it', () => {
    fc.assert(
      fc.property(nodes, (all) => {
        const blocks = rulesOf(policyOf({ nodes: all })).flatMap(({ to }) =>
          (to ?? []).flatMap((one) => one.ipBlock ?? []),
        );
        for (const { cidr, except = [] } of blocks) {
          const outer = parseCidr(cidr);
          expect(new Set(except).size).toBe(except.length);
          for (const text of except) {
            const inner = parseCidr(text);
            const first = parseAddress(text.split('/')[0] ?? '');
            if (outer === undefined || inner === undefined || first === undefined) throw new Error(`${cidr} ${text}`);
            expect(inner.prefix).toBeGreaterThan(outer.prefix);
            expect(holdsAddress(outer, first)).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('for an API server without endPort closes more, and never a kubelet', () => {
    fc.assert(
      fc.property(nodes, port, (all, free) => {
        const closed = [10250, 10255, ...all.map((one) => one.port)];
        const open = closed.includes(free) ? [] : [free];
        const policy = policyOf({ nodes: all, serverVersion: 'v1.20.2', localDns: [] }, { nodePorts: open });
        expect(JSON.stringify(policy)).not.toContain('endPort');
        for (const to of all.flatMap(({ own }) => own ?? [])) {
          for (const number of closed) expect(lets(policy, tcp(to, number), { endPort: false })).toBe(false);
          for (const number of open) expect(lets(policy, tcp(to, number), { endPort: false })).toBe(true);
        }
        expect(lets(policy, tcp('192.0.2.10', 6443), { endPort: false })).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a default deny', () => {
  it('opens DNS, the API server and pods, and no address of a node', () => {
    fc.assert(
      fc.property(nodes, port, (all, free) => {
        const [policy] = defaultDeny(network({ nodes: all }), request({ namespaces: ['shop'] })).manifests;
        if (policy === undefined) throw new Error('no policy');
        for (const to of all.flatMap(({ own }) => own ?? []).filter((one) => one !== '192.0.2.10')) {
          expect(lets(policy, tcp(to, 10250))).toBe(false);
          if (to !== '169.254.20.10') expect(lets(policy, tcp(to, free))).toBe(false);
        }
        const pod = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
        expect(lets(policy, { to: '10.244.9.9', protocol: 'UDP', port: 53, pod })).toBe(true);
        expect(lets(policy, { ...tcp('10.244.9.9', 10250), pod })).toBe(true);
        expect(lets(policy, { to: '169.254.20.10', protocol: 'UDP', port: 53 })).toBe(true);
        expect(lets(policy, tcp('192.0.2.10', 6443))).toBe(true);
        expect(lets(policy, tcp('198.51.100.7', 53))).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
