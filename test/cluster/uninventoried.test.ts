import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KnownHost, uninventoried } from '../../src/cluster/uninventoried.js';
import type { NodeStatus } from '../../src/cluster/nodes.js';

const node = (name: string, ...addresses: string[]): NodeStatus => ({
  ...{ name, addresses, ready: 'True', reason: '', kubeletVersion: 'v1.31.4' },
  ...{ controlPlane: false, unschedulable: false, leaseRenewed: undefined },
});
const viewOf = (nodes: readonly NodeStatus[]): ReadonlyMap<string, NodeStatus> =>
  new Map(nodes.map((one) => [one.name, one]));
const host = (name: string, address: string, nodeName?: string): KnownHost => ({ name, address, nodeName });
const missing = (nodes: readonly NodeStatus[], hosts: readonly KnownHost[]): string[] =>
  uninventoried(viewOf(nodes), hosts).map(({ name }) => name);

describe('a Node that no host is', () => {
  it.each([
    ['by its name in the inventory', host('n1', '192.0.2.9'), []],
    ['by nodeName', host('web', '192.0.2.9', 'n1'), []],
    ['by an address', host('web', '192.0.2.1'), []],
    ['by an IPv6 address written otherwise', host('web', '2001:DB8:0::1'), []],
    ['not by a name that only begins alike', host('n10', '192.0.2.10'), ['n1']],
  ])('is told apart %s', (_how, known, expected) => {
    expect(missing([node('n1', '192.0.2.1', '2001:db8::1')], [known])).toEqual(expected);
  });

  it('is every Node where the inventory is empty, and none where all are named', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/));
    fc.assert(
      fc.property(names, (all) => {
        const nodes = all.map((name) => node(name));
        expect(missing(nodes, [])).toEqual(all);
        expect(
          missing(
            nodes,
            all.map((name) => host(`host-${name}`, '', name)),
          ),
        ).toEqual([]);
      }),
    );
  });
});
