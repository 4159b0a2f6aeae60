import { describe, expect, it } from 'vitest';
import type { ClusterView, NodeStatus } from '../../src/cluster/nodes.js';
import { type HostIdentity, matchNode } from '../../src/cluster/match-node.js';

const view: ClusterView = new Map(
  [
    ['n1', '10.0.0.1'],
    ['n2', '10.0.0.2', 'fd00::2', 'n2.example.org'],
    ['n3', '10.0.0.9'],
    ['n4', '10.0.0.9'],
  ].map(([name = '', ...addresses]) => [name, { name, addresses } as unknown as NodeStatus]),
);
const of = (host: Partial<HostIdentity>): string => {
  const owned = matchNode(view, { name: 'host', dialled: ['10.0.0.1'], ...host });
  return owned.kind === 'own' ? owned.node.name : `${owned.kind}: ${owned.reason}`;
};

describe('the Node of a host', () => {
  it.each<[string, Partial<HostIdentity>, string]>([
    ['is the one that the inventory pins, whatever the host says', { pinned: 'n2', claimed: 'n1' }, 'n2'],
    ['is the one that it says it is, where that has its address', { claimed: 'n1' }, 'n1'],
    ['is compared by addresses in one form', { claimed: 'n2', dialled: ['FD00:0::2'] }, 'n2'],
    ['may have the name that was dialled', { claimed: 'n2', dialled: ['n2.example.org'] }, 'n2'],
    ['may have the address that answered', { claimed: 'n2', dialled: ['alias', '10.0.0.2'] }, 'n2'],
    ['is the one of its name in the inventory, behind whatever address', { name: 'n2', claimed: 'n2' }, 'n2'],
    ['is found by the inventory alone', { name: 'n2', claimed: 'elsewhere', dialled: ['x'] }, 'n2'],
    ['is found by an address that only one has', { claimed: 'elsewhere' }, 'n1'],
    ['is one of two that share an address, by its word', { claimed: 'n4', dialled: ['10.0.0.9'] }, 'n4'],
  ])('%s', (_, host, expected) => expect(of(host)).toBe(expected));

  it.each<[string, Partial<HostIdentity>, RegExp]>([
    [
      'that another has by its address',
      { claimed: 'n2' },
      /^disputed: .*node name n2, but that Node does not have the address 10\.0\.0\.1; that address belongs to Node n1/,
    ],
    [
      'of which nobody knows',
      { claimed: 'n2', dialled: ['192.0.2.1'] },
      /^disputed: .*node name n2, but that Node does not have the address 192/,
    ],
    ['though the inventory calls the host otherwise', { name: 'n1', claimed: 'n2' }, /^disputed: /],
    ['pinned and not there', { pinned: 'gone', claimed: 'n1' }, /^none: the API server has no Node gone/],
    [
      'not there, with an address of two',
      { claimed: 'x', dialled: ['10.0.0.9'] },
      /^none: the API server has no Node x or host/,
    ],
    ['named like what every object has', { claimed: '__proto__', dialled: ['x'] }, /^none: /],
  ])('is not the one %s', (_, host, expected) => expect(of(host)).toMatch(expected));
});

it('is looked up by its address, and not among all nodes for each host', () => {
  let reads = 0;
  const node = (name: string, addresses: readonly string[]): NodeStatus =>
    Object.defineProperty({ name } as NodeStatus, 'addresses', {
      get: () => {
        reads += 1;
        return addresses;
      },
    });
  const names = Array.from({ length: 50 }, (_, at) => `10.1.0.${at + 1}`);
  const many: ClusterView = new Map(names.map((name) => [name, node(name, [name, '10.9.9.9'])]));
  for (const name of names)
    expect(matchNode(many, { name: 'x', dialled: ['10.9.9.9', name] })).toMatchObject({ kind: 'none' });
  for (const name of names) expect(matchNode(many, { name: 'x', dialled: [name] })).toMatchObject({ node: { name } });
  expect(reads).toBe(names.length);
});
