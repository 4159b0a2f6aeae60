/** Judges one request for a serving certificate: every check, each with its own reason. Pure. */
import type { Host } from '../inventory/host.js';
import { canonicalAddress } from '../lib/ip-address.js';
import { oneLine } from '../lib/sanitize.js';
import { identityReasons, nodeChecks } from './cluster-checks.js';
import { type CheckName, type Judgement, type Question, type Reason, checkNumbers } from './judgement.js';
import type { KnownCluster, KnownNode } from './known-cluster.js';
import { type AlternativeNames, alternativeNames, alternativeNamesOf } from './names.js';
import { innerChecks, outerChecks, reasonsOf } from './request-checks.js';
import { nodeOfUser } from './serving-request.js';

const checks = Object.keys(checkNumbers) as CheckName[];
/** Reasons of one request; a hostile one may have thousands of names. */
const most = 20;

/** Never throws. What could not be checked is `unknown`, and never `valid`. */
export function validate(question: Question): Judgement {
  const all = reasons(question).map((one) => ({ ...one, message: oneLine(one.message) }));
  const sorted = all.toSorted((one, other) => checkNumbers[one.check] - checkNumbers[other.check]).slice(0, most);
  if (sorted.length === 0) return { verdict: 'valid', reasons: [] };
  return { verdict: all.every((one) => one.unknown === true) ? 'unknown' : 'refused', reasons: sorted };
}

function reasons(question: Question): readonly Reason[] {
  const outer = checks.flatMap((check) => reasonsOf(check, outerChecks[check]?.(question)));
  const { decoded } = question.request;
  if (!decoded.ok) return outer;
  const names = namesIn(decoded.value.extensions);
  const nodeName = nodeOfUser(question.request.username);
  const node = nodeName === undefined ? undefined : question.cluster.nodes.get(nodeName);
  const host = nodeName === undefined ? undefined : hostOfNode(nodeName, node, question.cluster);
  const asked = { ...question, decoded: decoded.value, names: names ?? nothing, node, host };
  const inner = checks.flatMap((check) => reasonsOf(check, innerChecks[check]?.(asked)));
  const faults = names === undefined ? reasonsOf('encoding', ['it has no alternative names that can be read']) : [];
  const known =
    node === undefined || names === undefined
      ? []
      : checks.flatMap((check) => reasonsOf(check, nodeChecks[check]?.({ ...asked, node })));
  return [...outer, ...inner, ...faults, ...known, ...identityReasons(asked)];
}

const nothing: AlternativeNames = { dns: [], addresses: [], others: [] };

function namesIn(
  extensions: readonly { readonly oid: string; readonly value: Buffer }[],
): AlternativeNames | undefined {
  const value = extensions.find(({ oid }) => oid === alternativeNames)?.value;
  const read = value === undefined ? undefined : alternativeNamesOf(value);
  return read?.ok === true ? read.value : undefined;
}

/** The host that is this Node: by `nodeName` in the inventory, by its name, or by its address. Several are none. */
export function hostOfNode(
  name: string,
  node: KnownNode | undefined,
  { hosts }: Pick<KnownCluster, 'hosts'>,
): Host | undefined {
  const pinned = hosts.filter(({ nodeName }) => nodeName === name);
  if (pinned.length > 0) return pinned.length === 1 ? pinned[0] : undefined;
  const open = hosts.filter(({ nodeName }) => nodeName === undefined);
  const named = open.find((host) => host.name === name);
  if (named !== undefined) return named;
  const addressed = open.filter(({ address }) => node?.addresses.includes(canonicalAddress(address)) === true);
  return addressed.length === 1 ? addressed[0] : undefined;
}
