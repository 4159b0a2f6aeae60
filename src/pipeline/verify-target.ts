/** Reads each host as far as verify needs it: its Node, its ports, its addresses. A host that fails is a value. */
import type { Cluster } from '../cluster/cluster.js';
import { matchNode } from '../cluster/match-node.js';
import type { ClusterView, NodeStatus } from '../cluster/nodes.js';
import { probeRequest } from '../distros/index.js';
import { gatherAnswer, unreadable } from '../facts/gather.js';
import type { Host } from '../inventory/host.js';
import { closing } from '../lib/closing.js';
import { messageOf } from '../lib/errors.js';
import { isReached } from '../lib/is-reached.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { addressesFromOutside } from '../verify/ports.js';
import type { Run } from './context.js';
import type { NodeReading, VerifyTarget } from './examine.js';
import { hostLimit } from './host-limit.js';
import { claimantOf } from './node-claim.js';

/** A host and what is known of it before its ports are asked. */
export interface TargetHost {
  readonly host: Host;
  /** The Node that it is; or why none can be named. */
  readonly node: Result<string, string>;
  /** Of the Node object, or of the inventory: what other machines dial. */
  readonly outside: readonly string[];
  /** What the host tells of itself over SSH. */
  readonly read: Result<VerifyTarget, HostError>;
  readonly kubeletVersion: string | undefined;
}

/** The Nodes of the cluster, or why there are none. */
interface KnownNodes {
  readonly nodes: ClusterView | undefined;
  readonly without: string;
}

export async function readTargets(
  run: Run,
  cluster: Cluster | undefined,
  missing: string | undefined,
): Promise<TargetHost[]> {
  const limit = hostLimit(run.forks);
  const listed = await cluster?.view();
  const nodes = listed?.ok === true ? listed.value : undefined;
  const view: KnownNodes = { nodes, without: missing ?? (listed?.ok === false ? listed.error.message : '') };
  return Promise.all(
    run.hosts.map((host) =>
      limit(host, async () => {
        const target = await readTarget(run, host, view).catch((error: unknown) =>
          targetOf(host, view, unreadable(`it could not be read (${oneLine(messageOf(error), 120)})`)),
        );
        const { read } = target;
        if (read.ok) run.report({ event: 'read', host: host.name });
        else {
          const event = isReached(read.error) ? 'unreadable' : 'unreachable';
          run.report({ event, host: host.name, reason: read.error.message });
        }
        return target;
      }),
    ),
  );
}

async function readTarget(run: Run, host: Host, view: KnownNodes): Promise<TargetHost> {
  run.report({ event: 'connecting', host: host.name });
  if (run.shutdown.aborted) return targetOf(host, view, fail(cancelled));
  const session = await run.connector.connect(host);
  if (!session.ok) return targetOf(host, view, session);
  return closing(session.value, (opened) => readSession(run, host, opened, view));
}

export const cancelled: HostError = { kind: 'aborted', message: 'cancelled', hint: 'run the command again' };

async function readSession(run: Run, host: Host, session: Session, view: KnownNodes): Promise<TargetHost> {
  const read = (answer: Buffer): Promise<Result<NodeReading, HostError>> => run.examiner.ask('read', { answer });
  const gathered = await gatherAnswer(session, probeRequest(), read, run.timeout);
  if (!gathered.ok) return targetOf(host, view, gathered, session);
  const { answer, reading } = gathered.value;
  if (reading.noKubelet !== undefined) return targetOf(host, view, fail(reading.noKubelet), session);
  const node = nodeOf(host, view, session, reading.claimed);
  const kubeletVersion = node.ok ? node.value.kubeletVersion : undefined;
  const target = await run.examiner.ask('target', { answer, kubeletVersion, configz: undefined });
  return withNode(host, node, target, session);
}

/** Of a host that tells nothing of itself: the inventory and the API server know some of it. */
const targetOf = (host: Host, view: KnownNodes, read: Result<never, HostError>, session?: Session): TargetHost =>
  withNode(host, nodeOf(host, view, session, undefined), read, session);

function withNode(
  host: Host,
  node: Result<NodeStatus, string>,
  read: Result<VerifyTarget, HostError>,
  session: Session | undefined,
): TargetHost {
  const dialled = [session?.direct?.address ?? '', host.address];
  return {
    host,
    node: node.ok ? ok(node.value.name) : node,
    outside: addressesFromOutside([...dialled, ...(node.ok ? node.value.addresses : [])]),
    read,
    kubeletVersion:
      (read.ok ? read.value.kubeletVersion : undefined) ?? (node.ok ? node.value.kubeletVersion : undefined),
  };
}

function nodeOf(
  host: Host,
  { nodes, without }: KnownNodes,
  session: Session | undefined,
  claimed: string | undefined,
): Result<NodeStatus, string> {
  if (nodes === undefined) return fail(`the API server was not asked: ${without}`);
  const owned = matchNode(nodes, { ...claimantOf(host, { direct: session?.direct }), claimed });
  return owned.kind === 'own' ? ok(owned.node) : fail(owned.reason);
}
