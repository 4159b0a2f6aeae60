/** What shards find of the cluster, each by its own hosts, as one audit of all hosts would find it. */
import { describe, expect, it } from 'vitest';
import type { ClusterFinding } from '../../src/playbook/cluster-finding.js';
import { asShard, missingHosts, shardFindings } from '../../src/report/merge-shards.js';
import { auditResult, clusterFinding, hostAudit } from './samples.js';

const names = ['n1', 'n2', 'n3'];
const hosts = names.map((name) => hostAudit(name, { nodeName: name }));

/** One shard for each list of findings, each with one host. */
const shardsWith = (lists: readonly (readonly ClusterFinding[])[], unnamedOthers = 0) =>
  lists.map((clusterFindings, at) =>
    asShard(
      { ...auditResult(hosts.slice(at, at + 1)), clusterFindings },
      { index: at + 1, count: lists.length, hosts: names, unnamedOthers },
    ),
  );
const found = (...lists: readonly (readonly ClusterFinding[])[]) =>
  shardFindings(shardsWith(lists), hosts).map(({ rule, status, object }) => [rule, status, object]);

const about = (rule: string, status: ClusterFinding['status'], over: Partial<ClusterFinding> = {}): ClusterFinding =>
  clusterFinding({ rule, status, object: undefined, evidence: [], fix: '', ...over });

describe('a Node that is not in the inventory', () => {
  const node = (name: string) => clusterFinding({ object: `Node ${name}`, status: 'unknown' });
  const rule = 'node-not-in-inventory';

  it('is one that no shard knows; it fails where all hosts were read', () => {
    expect(found([node('w1'), node('w2')], [node('w2')], [node('w2'), node('w3')])).toEqual([
      [rule, 'fail', 'Node w2'],
    ]);
  });

  it('is not known where a host was not read, or one that was not selected may be it', () => {
    const unread = [...hosts.slice(1), hostAudit('n1', { nodeName: undefined })];
    const shards = shardsWith([[node('w2')], [node('w2')]]);
    expect(shardFindings(shards, unread)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining('not read: 1') as string },
    ]);
    expect(shardFindings(shardsWith([[node('w2')]], 3), hosts)).toMatchObject([{ status: 'unknown' }]);
  });

  it('there is none where the shards together know all, and a shard that could not ask says nothing of it', () => {
    expect(found([node('w1')], [node('w2')], [])).toEqual([[rule, 'pass', undefined]]);
    expect(found([node('w1')], [], [node('w1')])).toEqual([[rule, 'fail', 'Node w1']]);
    expect(found([], [], [])).toEqual([]);
  });
});

describe('other findings', () => {
  it.each<[string, readonly ClusterFinding['status'][], ClusterFinding['status']]>([
    ['consumer-anonymous', ['pass', 'unknown', 'fail'], 'fail'],
    ['consumer-anonymous', ['pass', 'unknown', 'pass'], 'unknown'],
    // Only a control-plane node shows it.
    ['api-server-verifies-kubelets', ['unknown', 'pass', 'unknown'], 'pass'],
    ['api-server-identity', ['unknown', 'pass', 'fail'], 'fail'],
    // A node of any shard may enforce them by itself.
    ['network-policies-enforced', ['fail', 'unknown', 'fail'], 'unknown'],
  ])('%s: %j is %s', (rule, statuses, status) => {
    expect(found(...statuses.map((one) => [about(rule, one)]))).toEqual([[rule, status, undefined]]);
  });

  it('have the evidence of all shards', () => {
    const each = ['a', 'b', 'a'].map((one) => [about('consumer-anonymous', 'fail', { evidence: [one] })]);
    expect(shardFindings(shardsWith(each), hosts)[0]?.evidence).toEqual(['a', 'b']);
  });

  it('a packet filter keeps pods out only where every shard has it', () => {
    const network = about('network-policies-enforced', 'unknown');
    const filtered = about('pods-kept-from-kubelets', 'pass');
    expect(found([network, filtered], [network], [network, filtered])).toEqual([[network.rule, 'unknown', undefined]]);
    expect(found([network, filtered], [], [network, filtered])).toHaveLength(2);
    // What fails is not forgotten because a shard could not read it.
    expect(found([network, { ...filtered, status: 'fail' }], [network])).toHaveLength(2);
  });

  it('a whole does not pass where a part of it fails in another shard', () => {
    const whole = about('setting-survives-upgrade', 'pass', { object: 'ConfigMap a/b' });
    const part = about('setting-survives-upgrade', 'fail', { object: 'ConfigMap a/b: readOnlyPort' });
    expect(found([whole], [part], [whole])).toEqual([[part.rule, 'fail', part.object]]);
  });

  it('of one shard stay as they are, also two on one object', () => {
    const two = [about('consumer-read-only-port', 'fail'), about('consumer-read-only-port', 'unknown')];
    expect(found([], two, [])).toHaveLength(2);
  });
});

it('shards of different inventories are told, with the hosts that no result has', () => {
  const [first, second] = shardsWith([[], []]);
  const { hosts: missing, sentences } = missingHosts(
    [first, second].flatMap((one) => one ?? []),
    new Set(['n1', 'n2']),
  );
  expect(missing).toMatchObject([{ host: 'n3', status: 'unreachable', error: { kind: 'not-audited' } }]);
  expect(sentences).toEqual(['The shards were made of different hosts. Not audited: n3.']);
});
