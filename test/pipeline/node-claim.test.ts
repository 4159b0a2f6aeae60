import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { NodeStatus } from '../../src/cluster/nodes.js';
import type { Host } from '../../src/inventory/host.js';
import { fail, ok } from '../../src/lib/result.js';
import type { Session } from '../../src/ssh/session.js';
import { disputedClaim, refuseSharedNodes } from '../../src/pipeline/node-claim.js';
import { hostPlanned } from '../report/samples.js';

const node = (name: string, address: string) =>
  [name, { name, addresses: [address] } as unknown as NodeStatus] as const;
const view = new Map([node('n1', '10.0.0.1'), node('n2', '10.0.0.2')]);
const cluster = { view: () => Promise.resolve(ok(view)) } as unknown as Cluster;
const host = { name: 'h', address: '10.0.0.1', ssh: { jump: [] } } as unknown as Host;
const session = {} as unknown as Session;

describe('a Node that a plan, or a record of an earlier run, names for a host', () => {
  it.each<[string, Promise<{ reason: string } | undefined>, RegExp | undefined]>([
    ['is its own by its address', disputedClaim('n1', host, session, cluster), undefined],
    [
      'is its own by the address that answered',
      disputedClaim('n2', host, { direct: { address: '10.0.0.2' } } as Session, cluster),
      undefined,
    ],
    ["is another's", disputedClaim('n2', host, session, cluster), /reports the node name n2/],
    [
      'is not the one that the inventory pins',
      disputedClaim('n2', { ...host, nodeName: 'n1' }, session, cluster),
      /the plan is for Node n2, but the host is Node n1/,
    ],
    ['is pinned', disputedClaim('n2', { ...host, nodeName: 'n2' }, session, cluster), undefined],
    ['is none that is known', disputedClaim('gone', host, session, cluster), undefined],
    ['cannot be asked about', disputedClaim('n2', host, session, undefined), undefined],
    [
      'cannot be asked about just now',
      disputedClaim('n2', host, session, {
        view: () => Promise.resolve(fail({ kind: 'unreachable', message: '' })),
      } as unknown as Cluster),
      undefined,
    ],
  ])('%s', async (_, found, reason) => {
    const dispute = await found;
    if (reason === undefined) expect(dispute).toBeUndefined();
    else expect(dispute?.reason).toMatch(reason);
  });
});

it('refuses two hosts that are said to be one Node, and those alone', () => {
  const hosts = [
    hostPlanned('a', { nodeName: 'n1' }),
    hostPlanned('b', { nodeName: 'n2' }),
    hostPlanned('c', { nodeName: 'n1' }),
    hostPlanned('d', { nodeName: undefined }),
    hostPlanned('e', { nodeName: undefined }),
  ];
  const checked = refuseSharedNodes(hosts);
  expect(checked.map(({ refused }) => refused?.reason)).toEqual([
    'this host and c are the same Node n1',
    undefined,
    'this host and a are the same Node n1',
    undefined,
    undefined,
  ]);
  expect(checked.map(({ plan }) => plan === undefined)).toEqual([true, false, true, false, false]);
});
