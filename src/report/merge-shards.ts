/** Audits of shards as one: the order of their hosts, the shards that are missing, and what all of them show of the cluster. Pure. */
import type { Shard } from '../inventory/shard.js';
import { unique } from '../lib/lists.js';
import { nextCommand } from '../lib/next-command.js';
import type { FindingStatus } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { everyNodeKnown, notInInventoryRule, unknownNode } from '../playbook/not-in-inventory.js';
import { clusterFingerprintOf } from './fingerprint.js';
import { groupBy } from './group.js';
import { hostList } from './host-list.js';
import type { AuditResult, HostAudit, Result } from './model.js';
import { severityOrder } from './words.js';

export interface ShardAudit extends AuditResult {
  readonly shard: Shard;
}

export const isShard = (result: Result): result is ShardAudit => result.kind === 'audit' && result.shard !== undefined;

/** The audit of one shard says so in its JSON and to people. */
export const asShard = (audit: AuditResult, shard: Shard): ShardAudit => ({
  ...audit,
  shard,
  notes: [noteOf(shard, audit.hosts.length), ...audit.notes],
});

const noteOf = ({ index, count, hosts }: Shard, own: number): string =>
  `shard ${index} of ${count}: ${own} of ${hosts.length} selected hosts; a report of all shards shows the whole cluster`;

/** Without the note that only a shard has. */
export const notesOfWhole = (result: Result & { readonly notes: readonly string[] }): readonly string[] =>
  isShard(result) ? result.notes.filter((one) => one !== noteOf(result.shard, result.hosts.length)) : result.notes;

/** Hosts that were selected and are in no result, as hosts that were not judged; and a sentence about each set of shards. */
export function missingHosts(
  given: readonly Result[],
  known: ReadonlySet<string>,
): { readonly hosts: readonly HostAudit[]; readonly sentences: readonly string[] } {
  const sets = groupBy(given.filter(isShard), ({ shard }) => String(shard.count)).map((shards) => {
    const names = unique(shards.flatMap(({ shard }) => shard.hosts)).filter((name) => !known.has(name));
    return { names, absent: absentOf(shards), count: shards[0]?.shard.count ?? 0 };
  });
  const lacking = sets.filter(({ names }) => names.length > 0);
  const hosts = lacking.flatMap(({ names, absent, count }) => names.map((name) => notAudited(name, absent, count)));
  return {
    hosts: [...new Map(hosts.map((one) => [one.host, one])).values()],
    sentences: lacking.map(
      ({ names, absent, count }) => `${missingText(absent, count)}. Not audited: ${hostList(names)}.`,
    ),
  };
}

function absentOf(shards: readonly ShardAudit[]): readonly number[] {
  const given = new Set(shards.map(({ shard }) => shard.index));
  return Array.from({ length: shards[0]?.shard.count ?? 0 }, (_, at) => at + 1).filter((index) => !given.has(index));
}

/** The shards were made of different inventories where none of them is missing. */
function missingText(absent: readonly number[], count: number): string {
  if (absent.length === 0) return 'The shards were made of different hosts';
  if (absent.length === 1) return `Shard ${absent.join('')} of ${count} is missing`;
  return `Shards ${absent.slice(0, -1).join(', ')} and ${absent.at(-1) ?? ''} of ${count} are missing`;
}

function notAudited(host: string, absent: readonly number[], count: number): HostAudit {
  const [first] = absent;
  const again = nextCommand('audit', '--shard', `${first ?? 1}/${count}`, '-o', 'json');
  const hint =
    absent.length === 1
      ? `run it, and merge its result too: ${again}`
      : 'run the audits that are missing, and merge all results';
  return {
    ...{ host, nodeName: undefined, role: 'unknown', distro: undefined, kubeletVersion: undefined },
    status: 'unreachable',
    error: {
      kind: 'not-audited',
      message: `${lowerCase(missingText(absent, count))}; this host was not audited`,
      hint,
    },
    ...{ findings: [], notes: [] },
  };
}

const lowerCase = (sentence: string): string => `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`;

/** In the order of the inventory. */
export function inSelectedOrder(hosts: readonly HostAudit[], shards: readonly ShardAudit[]): readonly HostAudit[] {
  const order = new Map(unique(shards.flatMap(({ shard }) => shard.hosts)).map((name, at) => [name, at]));
  return hosts.toSorted((one, other) => (order.get(one.host) ?? Infinity) - (order.get(other.host) ?? Infinity));
}

/** As one audit of all these hosts finds them. `hosts`: of all shards, also those that were not judged. */
export function shardFindings(shards: readonly ShardAudit[], hosts: readonly HostAudit[]): readonly ClusterFinding[] {
  const all = shards
    .filter((one) => one.hosts.length > 0)
    .toSorted((one, other) => one.shard.index - other.shard.index)
    .map(({ clusterFindings }) => clusterFindings);
  const keys = unique(all.flat().map(clusterFingerprintOf));
  const found = keys.flatMap((key) => {
    const each = all.map((findings) => findings.filter((one) => clusterFingerprintOf(one) === key));
    return combined(each.filter((one) => one.length > 0));
  });
  const unnamed = Math.max(0, ...shards.map(({ shard }) => shard.unnamedOthers));
  const unread = hosts.filter(({ nodeName }) => nodeName === undefined).length + unnamed;
  const others = found.filter((one) => one.rule !== notInInventoryRule && isOfAll(one, all));
  return [...nodesNotInInventory(found, all, unread), ...others.filter((one) => !isOutdone(one, others))];
}

type Findings = readonly ClusterFinding[];

/** A Node that one shard knows is in the inventory, whatever the others say. */
function nodesNotInInventory(found: Findings, all: readonly Findings[], unread: number): Findings {
  const isNode = ({ rule }: ClusterFinding): boolean => rule === notInInventoryRule;
  const asked = all.filter((findings) => findings.some(isNode));
  if (asked.length === 0) return [];
  const [pass] = found.filter((one) => isNode(one) && one.status === 'pass');
  if (pass !== undefined) return [pass];
  const missing = found
    .filter(isNode)
    .filter(({ object }) => asked.every((findings) => findings.some((one) => isNode(one) && one.object === object)));
  return missing.length === 0 ? [everyNodeKnown('all Nodes')] : missing.map((one) => unknownNode(one, unread));
}

/** A packet filter keeps pods out only if every shard that looked at network policies has it on its hosts. */
const isOfAll = ({ rule, status }: ClusterFinding, all: readonly Findings[]): boolean =>
  rule !== 'pods-kept-from-kubelets' ||
  status !== 'pass' ||
  all
    .filter((findings) => findings.some((one) => one.rule === 'network-policies-enforced'))
    .every((findings) => findings.some((one) => one.rule === rule));

/** That an object passes as a whole, where a shard found a part of it that does not. */
const isOutdone = ({ rule, status, object }: ClusterFinding, all: Findings): boolean =>
  status === 'pass' &&
  object !== undefined &&
  all.some((one) => one.rule === rule && one.status === 'fail' && one.object?.startsWith(`${object}: `) === true);

/** One shard's findings stand as they are. Of several, the one that knows or fears most, with the evidence of all. */
function combined(each: readonly Findings[]): Findings {
  const [first = [], second] = each;
  if (second === undefined) return first;
  const [winner] = each.flat().toSorted(byWeight);
  return winner === undefined ? [] : [{ ...winner, evidence: unique(each.flat().flatMap(({ evidence }) => evidence)) }];
}

const worstFirst: readonly FindingStatus[] = ['fail', 'unknown', 'pass', 'not-applicable'];
const knownFirst: readonly FindingStatus[] = ['fail', 'pass', 'unknown', 'not-applicable'];
const doubtFirst: readonly FindingStatus[] = ['unknown', 'fail', 'pass', 'not-applicable'];

/** What only some hosts can show, such as a flag of the API server, is known once one of them shows it. */
const orders: Readonly<Record<string, readonly FindingStatus[]>> = {
  'serving-certificate-signer': knownFirst,
  'api-server-verifies-kubelets': knownFirst,
  'api-server-identity': knownFirst,
  // A node of any shard may enforce policies by itself.
  'network-policies-enforced': doubtFirst,
};

function byWeight(one: ClusterFinding, other: ClusterFinding): number {
  const order = orders[one.rule] ?? worstFirst;
  return (
    order.indexOf(one.status) - order.indexOf(other.status) ||
    severityOrder[one.severity] - severityOrder[other.severity] ||
    other.evidence.length - one.evidence.length ||
    other.fix.length - one.fix.length
  );
}
