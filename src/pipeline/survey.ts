/** Reads every host: connect, bring its answer, have it understood, ask the kubelet. A host that fails is a value. */
import type { Report } from '../run/outcome.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ClientsToWatch } from '../consumers/open-ports.js';
import { type Watched, watchClients } from '../consumers/watch.js';
import type { ClusterView, NodeTraits } from '../cluster/nodes.js';
import { type HostIdentity, type NodeMatch, matchNode } from '../cluster/match-node.js';
import { probeRequest } from '../distros/index.js';
import { type ExposedPorts, probePorts } from '../facts/exposed-ports.js';
import { gatherAnswer, unreadable } from '../facts/gather.js';
import type { ProbeRequest } from '../facts/node-facts.js';
import type { Host } from '../inventory/host.js';
import { closing } from '../lib/closing.js';
import { messageOf } from '../lib/errors.js';
import { isReached } from '../lib/is-reached.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { ownerPaths, recogniseOwners } from '../owners/recognise.js';
import { ownedByOther } from '../owners/report.js';
import type { ClientCaEvidence } from '../plan/client-ca.js';
import type { HostAudit } from '../report/model.js';
import type { Connector } from '../ssh/connect.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { Asked, Examined, Goal, NodeReading, Told } from './examine.js';
import type { Examiner } from './examiner.js';
import { hostLimit } from './host-limit.js';
import { type Standing, unjudged } from './judge.js';
import { claimantOf } from './node-claim.js';

/** A host with what was made of its answer; the answer itself is let go. */
export interface Surveyed {
  readonly host: Host;
  readonly result: Result<Examined, HostAudit>;
}

export interface SurveyOptions {
  readonly connector: Connector;
  readonly examiner: Examiner;
  readonly cluster: Cluster | undefined;
  readonly forks: number;
  /** Milliseconds for one call. */
  readonly timeout: number;
  readonly report: Report;
  /** How long clients of each node are looked for, in milliseconds. 0 or undefined: not at all. */
  readonly consumers?: { readonly observe: number } | undefined;
}

/** Milliseconds for which the list serves that showed that the API server answers: that of a large cluster has tens of megabytes. */
const viewAge = 10_000;

/** `goalOf`: what is wanted of a host. */
export async function survey(
  hosts: readonly Host[],
  goalOf: (host: Host) => Goal,
  options: SurveyOptions,
): Promise<Surveyed[]> {
  const limit = hostLimit(options.forks);
  const nodes = await options.cluster?.view(viewAge);
  const view = nodes?.ok === true ? nodes.value : undefined;
  return Promise.all(
    hosts.map((host) =>
      limit(host, async (): Promise<Surveyed> => {
        const result = await surveyHost(host, goalOf(host), view, options).catch(unforeseen);
        if (result.ok) {
          options.report({ event: 'judged', host: host.name });
          return { host, result };
        }
        const status = isReached(result.error) ? 'unreadable' : 'unreachable';
        options.report({ event: status, host: host.name, reason: result.error.message });
        return { host, result: fail(unjudged(host, status, result.error)) };
      }),
    ),
  );
}

/** A fault of ours on one host is this host's alone. */
const unforeseen = (error: unknown): Result<never, HostError> =>
  unreadable(`the host could not be judged (${oneLine(messageOf(error), 120)})`);

/** Times that a host is read from the beginning, because the jump host on the way broke. Reading changes nothing. */
const readings = 3;

async function surveyHost(
  host: Host,
  goal: Goal,
  nodes: ClusterView | undefined,
  options: SurveyOptions,
): Promise<Result<Examined, HostError>> {
  options.report({ event: 'connecting', host: host.name });
  for (let reading = 1; ; reading++) {
    const connected = await options.connector.connect(host);
    if (!connected.ok) return connected;
    const { result, isCut } = await closing(connected.value, async (session) => ({
      result: await examineHost({ host, session, nodes }, goal, options),
      isCut: session.lostBastion?.() === true,
    }));
    if (!isCut || reading === readings) return result;
  }
}

/** A host with an open session, and the Nodes of the cluster if the API server was asked. */
interface OpenHost {
  readonly host: Host;
  readonly session: Session;
  readonly nodes: ClusterView | undefined;
}

async function examineHost(open: OpenHost, goal: Goal, options: SurveyOptions): Promise<Result<Examined, HostError>> {
  const { host, session, nodes } = open;
  const { cluster, examiner, timeout } = options;
  const read = (answer: Buffer): Promise<Result<NodeReading, HostError>> => examiner.ask('read', { answer });
  const gathered = await gatherAnswer(session, wholeRequest(), read, timeout);
  if (!gathered.ok) return gathered;
  const { answer, reading } = gathered.value;
  if (reading.noKubelet !== undefined) {
    const traits = nodes === undefined ? undefined : traitsOf(matchNode(nodes, claimant(host, session, reading)));
    return fail(ownedByOther(reading.noKubelet, recogniseOwners(reading.ownerPaths, traits)));
  }
  const { told, ...known } = await askCluster(open, reading, cluster);
  const ports = await examiner.ask('ports', { answer, ...told });
  if (!ports.ok) return ports;
  // First: the requests of this program are counted, too.
  const watched = await watch(session, known, ports.value.clients, options);
  const exposed: ExposedPorts = await probePorts(session, ports.value, Math.min(timeout, 10_000));
  const judged = await examiner.ask('judge', { answer, host, asked: { ...known, exposed }, goal, ...told });
  return judged.ok ? ok({ ...judged.value, watched }) : judged;
}

/** Only by the name of a Node that is the host's own, and only where a port is open. */
async function watch(
  session: Session,
  { nodeName, standing }: Pick<Asked, 'nodeName' | 'standing'>,
  clients: ClientsToWatch | undefined,
  { cluster, consumers, timeout }: SurveyOptions,
): Promise<Watched | undefined> {
  const observe = consumers?.observe ?? 0;
  const isOwn = standing === 'ready' || standing === 'not-ready';
  if (cluster === undefined || observe === 0 || clients === undefined || nodeName === undefined || !isOwn)
    return undefined;
  return watchClients(session, nodeName, clients, { gateway: cluster.api, observe, timeout });
}

let request: ProbeRequest | undefined;

/** What distributions need to know, and whether there are paths that tell of a system that owns the kubelet: the same for each host. */
function wholeRequest(): ProbeRequest {
  if (request === undefined) {
    const ofDistros = probeRequest();
    request = { ...ofDistros, look: [...new Set([...ofDistros.look, ...ownerPaths])] };
  }
  return request;
}

const claimant = (host: Host, session: Session, { claimed }: NodeReading): HostIdentity => ({
  ...claimantOf(host, session),
  claimed,
});

const traitsOf = (owned: NodeMatch): NodeTraits | undefined => (owned.kind === 'own' ? owned.node.traits : undefined);

/** What the API server tells of the node that the host is. */
async function askCluster(
  { host, session, nodes }: OpenHost,
  reading: NodeReading,
  cluster: Cluster | undefined,
): Promise<Omit<Asked, 'exposed'> & { readonly told: Told }> {
  const nothing = { kubeletVersion: undefined, configz: undefined };
  if (nodes === undefined) {
    return { nodeName: host.nodeName ?? reading.claimed, standing: 'unasked', notes: [], told: nothing };
  }
  const owned = matchNode(nodes, claimant(host, session, reading));
  if (owned.kind !== 'own') {
    const nodeName = owned.kind === 'none' ? (host.nodeName ?? reading.claimed) : undefined;
    const dispute = owned.kind === 'disputed' ? { reason: owned.reason, hint: owned.hint } : undefined;
    return { nodeName, standing: standingOf(owned), dispute, notes: [owned.reason], told: nothing };
  }
  const { name, kubeletVersion } = owned.node;
  const configz = await cluster?.configz(name);
  const notes =
    configz?.ok === false ? [`configz could not be read through the API server: ${configz.error.message}`] : [];
  const told = { kubeletVersion, configz: configz?.ok === true ? configz.value : undefined, traits: traitsOf(owned) };
  return { nodeName: name, standing: standingOf(owned), notes, told };
}

function standingOf(owned: NodeMatch): Standing {
  if (owned.kind === 'own') return owned.node.ready === 'True' ? 'ready' : 'not-ready';
  return owned.kind === 'none' ? 'no-such-node' : 'disputed';
}

/** What the surveyed control-plane nodes and the API server tell of the certificate that kubelets will be shown. */
export async function clientCaEvidence(
  surveyed: readonly Surveyed[],
  cluster: Cluster | undefined,
): Promise<ClientCaEvidence> {
  const clientCertificates = surveyed.flatMap(({ result }) =>
    result.ok ? (result.value.apiClientCertificate ?? []) : [],
  );
  return { clientCertificates, clusterCa: await cluster?.clientCa() };
}
