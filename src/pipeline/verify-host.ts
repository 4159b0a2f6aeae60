/** Verifies one host: asks its ports from each vantage point, through the API server, with tokens and from a pod. */
import type { Cluster } from '../cluster/cluster.js';
import { isoTime } from '../lib/clock.js';
import { type Result, fail } from '../lib/result.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { askApiServer, unaskedOfApiServer } from '../verify/api-server.js';
import {
  type Check,
  type Origin,
  checkOf,
  podChecks,
  portChecks,
  tlsChecks,
  tokenChecks,
  unaskedChecks,
} from '../verify/check.js';
import { type Expected, expectationsFor } from '../verify/expectations.js';
import { checkpointPath, judgePorts } from '../verify/judge.js';
import { judgePod } from '../verify/judge-pod.js';
import { judgeTls } from '../verify/judge-tls.js';
import {
  type NodePorts,
  type PortReply,
  addressesFromOutside,
  addressesOnNode,
  askPorts,
  maxAddresses,
} from '../verify/ports.js';
import { type PodAnswer, type PodTarget, askFromPod } from '../verify/probe-pod.js';
import { tlsOffer } from '../verify/tls-offer.js';
import { type NodeTokens, createTokens } from '../verify/tokens.js';
import { type Vantage, fromController, fromNode, fromPeer } from '../verify/vantage.js';
import type { Workspace } from '../verify/workspace.js';
import type { Run } from './context.js';
import { type TargetHost, cancelled } from './verify-target.js';

export interface VerifyTools {
  readonly run: Run;
  /** The API server, or why it is not asked. */
  readonly cluster: Result<Cluster, string>;
  /** Where objects may be created, or why none are. */
  readonly workspace: Result<Workspace, string>;
  readonly probeImage: string | undefined;
  /** PEM of the CAs of serving certificates, where they are known. */
  readonly ca: string | undefined;
  /** The user named the CA: the certificates have to be its own. */
  readonly wantsCluster: boolean;
}

/** Milliseconds for a connection, and again for an answer over it. */
const deadline = 3000;
/** A kubelet that nobody has read is asked on its usual ports. */
const usualPorts: NodePorts = { kubelet: [10250], readOnly: [10255], health: 10248 };

/** `peer`: another host that asks the ports of this one, or why there is none. */
export async function verifyHost(
  tools: VerifyTools,
  target: TargetHost,
  peer: Result<TargetHost, string>,
): Promise<Check[]> {
  const { run, workspace, cluster } = tools;
  const expected = expectationsOf(run, target);
  const [session, other] = await Promise.all([connect(run, target), peer.ok ? connect(run, peer.value) : undefined]);
  const tokens = await openTokens(cluster, workspace, target);
  try {
    const outside = target.outside.length === 0 ? 'no address of the node is known' : undefined;
    const own = target.read.ok ? target.read.value.addresses : [];
    const way = { tools, target, expected, tokens };
    const [node, controller, through, api] = await Promise.all([
      session.ok
        ? askFrom(way, fromNode(session.value), addressesOnNode([...own, ...target.outside]), target.outside[0])
        : unasked({ from: 'node' }, session.error.message),
      outside === undefined
        ? askFrom(way, fromController(), target.outside, target.outside[0])
        : unasked({ from: 'controller' }, outside),
      askFromPeer(way, peer, other, outside),
      askThroughApiServer(cluster, target, expected),
    ]);
    return [...node, ...controller, ...through, ...api];
  } finally {
    if (tokens.ok) await tokens.value.remove();
    if (session.ok) await session.value.close();
    if (other?.ok === true) await other.value.close();
  }
}

export const expectationsOf = (run: Run, { read, kubeletVersion }: TargetHost): readonly Expected[] =>
  expectationsFor(run.playbooks, { distro: read.ok ? read.value.distro : undefined, kubeletVersion });

async function connect(run: Run, { host, read }: TargetHost): Promise<Result<Session, HostError>> {
  if (run.shutdown.aborted) return fail(cancelled);
  // What could not be reached a moment ago would cost its whole timeout again.
  return !read.ok && read.error.kind !== 'script' ? read : run.connector.connect(host);
}

async function openTokens(
  cluster: Result<Cluster, string>,
  workspace: Result<Workspace, string>,
  { node }: TargetHost,
): Promise<Result<NodeTokens, string>> {
  if (!cluster.ok) return cluster;
  if (!workspace.ok) return workspace;
  return node.ok ? createTokens(cluster.value.api, workspace.value, node.value) : node;
}

const unasked = (origin: Origin, reason: string): Check[] =>
  unaskedChecks([...portChecks, ...tlsChecks, ...tokenChecks], origin, reason);

interface Way {
  readonly tools: VerifyTools;
  readonly target: TargetHost;
  readonly expected: readonly Expected[];
  readonly tokens: Result<NodeTokens, string>;
}

async function askFromPeer(
  way: Way,
  peer: Result<TargetHost, string>,
  other: Result<Session, HostError> | undefined,
  outside: string | undefined,
): Promise<Check[]> {
  if (!peer.ok) return unasked({ from: 'peer' }, peer.error);
  const origin = { from: 'peer', via: peer.value.host.name } as const;
  if (other?.ok !== true) return unasked(origin, other?.error.message ?? '');
  if (outside !== undefined) return unasked(origin, outside);
  return askFrom(way, fromPeer(other.value), way.target.outside, way.target.outside[0]);
}

/** `named`: the address that its certificate should be for. */
async function askFrom(
  way: Way,
  vantage: Vantage,
  addresses: readonly string[],
  named: string | undefined,
): Promise<Check[]> {
  const { tools, target, expected, tokens } = way;
  const stop = tools.run.shutdown;
  const ports = target.read.ok ? target.read.value.ports : usualPorts;
  const { origin } = vantage;
  const replies = await askPorts(vantage, { ports, addresses, deadline, readOnlyPaths: [checkpointPath], stop });
  const { kubeletVersion } = target;
  const checks = judgePorts({ origin, replies, unasked: addresses.slice(maxAddresses), kubeletVersion, expected });
  const place = tlsPlace(replies, named);
  if (place === undefined) {
    const reason = 'no address answers with TLS from here';
    return [...checks, ...unaskedChecks([...tlsChecks, ...tokenChecks], origin, reason)];
  }
  const { address, port } = place;
  const offer = await tlsOffer({ vantage, address, port, deadline: deadline * 2, ca: tools.ca, stop });
  const now = Date.parse(isoTime());
  const tls = judgeTls({ origin, address, offer, expected, wantsCluster: tools.wantsCluster, now });
  const token = tokens.ok
    ? await tokens.value.ask(vantage, { address, port, deadline: deadline * 3 }, stop)
    : unaskedChecks(tokenChecks, origin, tokens.error);
  return [...checks, ...tls, ...token];
}

/** The address to shake hands with: the one that others dial, else the first on which anything listens. */
function tlsPlace(replies: readonly PortReply[], named: string | undefined): PortReply | undefined {
  const listening = replies.filter(
    ({ name, reply }) => name === 'kubelet' && ['status', 'no-certificate', 'broken'].includes(reply.kind),
  );
  return listening.find(({ address }) => address === named) ?? listening[0];
}

async function askThroughApiServer(
  cluster: Result<Cluster, string>,
  { node, read }: TargetHost,
  expected: readonly Expected[],
): Promise<Check[]> {
  if (!cluster.ok) return unaskedOfApiServer(expected, cluster.error);
  if (!node.ok) return unaskedOfApiServer(expected, node.error);
  const { readOnly } = read.ok ? read.value.ports : usualPorts;
  return askApiServer(cluster.value, node.value, readOnly, expected);
}

/** A pod on the host's node asks that node on all of its addresses, and `others` on those that other machines dial. */
export async function podAnswer(
  { run, cluster, workspace, probeImage }: VerifyTools,
  target: TargetHost,
  others: readonly TargetHost[],
): Promise<Result<PodAnswer, string>> {
  if (probeImage === undefined) return fail('not asked');
  if (!cluster.ok) return cluster;
  if (!workspace.ok) return workspace;
  if (!target.node.ok) return target.node;
  if (run.shutdown.aborted) return fail('cancelled');
  // A loopback address would be the pod's own.
  const own = addressesFromOutside(target.read.ok ? target.read.value.addresses : target.outside);
  const targets = [
    ...placesOf(target, own.slice(0, 8)),
    ...others.flatMap((one) => placesOf(one, one.outside.slice(0, 2))),
  ];
  const ask = { node: target.node.value, image: probeImage, targets, stop: run.shutdown };
  return askFromPod(cluster.value.api, workspace.value, ask);
}

function placesOf({ read }: TargetHost, addresses: readonly string[]): PodTarget[] {
  const ports = read.ok ? read.value.ports : usualPorts;
  return addresses.flatMap((address) => [
    ...ports.kubelet.map((port) => ({ name: 'kubelet' as const, address, port, path: '/pods' })),
    ...ports.readOnly.map((port) => ({ name: 'read-only' as const, address, port, path: '/pods' })),
    ...(ports.health === 0 ? [] : [{ name: 'health' as const, address, port: ports.health, path: '/healthz' }]),
  ]);
}

/** Where no image was given, nobody asked for this vantage point. */
export const podChecksUnwanted = (): Check[] =>
  podChecks.map((name) =>
    checkOf(name, { from: 'pod' }, { status: 'not-applicable', seen: 'not asked', note: 'no --probe-image was given' }),
  );

/** What the pod of `via` was answered by the addresses of `target`. */
export function podChecksOf(
  target: TargetHost,
  via: string,
  answer: Result<PodAnswer, string>,
  expected: readonly Expected[],
): Check[] {
  if (!answer.ok) return unaskedChecks(podChecks, { from: 'pod', via }, answer.error);
  const own = new Set([...(target.read.ok ? target.read.value.addresses : []), ...target.outside]);
  const replies = answer.value.replies.filter(({ address }) => own.has(address));
  return judgePod(via, { ...answer.value, replies }, expected);
}
