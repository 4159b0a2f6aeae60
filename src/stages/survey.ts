/** Reads every host: connect, gather facts, recognise the distribution, ask the kubelet. A host that fails is a value. */
import pLimit from 'p-limit';
import type { Report } from '../apply/outcome.js';
import { type Cluster, type ClusterView, findNode } from '../cluster/cluster.js';
import type { Distro } from '../distros/distro.js';
import { detectDistro, distros, probeRequest } from '../distros/index.js';
import { flagOnly } from '../facts/effective-kubelet.js';
import { gatherFacts } from '../facts/gather.js';
import { askDoors, portsOf } from '../facts/kubelet-ports.js';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import type { Host } from '../inventory/host.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { ClientCaEvidence } from '../plan/client-ca.js';
import type { NodeView } from '../playbook/assess.js';
import type { Connector } from '../ssh/connect.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { notesOnTransactions } from './kept-notes.js';

export interface SurveyedNode {
  readonly host: Host;
  readonly nodeName: string | undefined;
  /** By the API server; `unasked` where there is no access to it. */
  readonly standing: 'ready' | 'not-ready' | 'no-such-node' | 'unasked';
  readonly distro: Distro;
  readonly view: NodeView;
  /** What could not be asked although the node was read. */
  readonly notes: readonly string[];
}

export interface SurveyFailure {
  readonly status: 'unreachable' | 'unreadable';
  readonly error: HostError;
}

export interface Surveyed {
  readonly host: Host;
  readonly result: Result<SurveyedNode, SurveyFailure>;
}

export interface SurveyOptions {
  readonly connector: Connector;
  readonly cluster: Cluster | undefined;
  readonly forks: number;
  /** Milliseconds for one call. */
  readonly timeout: number;
  readonly report: Report;
}

export async function survey(hosts: readonly Host[], options: SurveyOptions): Promise<Surveyed[]> {
  const limit = pLimit(options.forks);
  const nodes = await options.cluster?.view();
  const view = nodes?.ok === true ? nodes.value : undefined;
  return Promise.all(hosts.map((host) => limit(async () => ({ host, result: await surveyHost(host, view, options) }))));
}

async function surveyHost(
  host: Host,
  nodes: ClusterView | undefined,
  options: SurveyOptions,
): Promise<Result<SurveyedNode, SurveyFailure>> {
  const { connector, report } = options;
  report({ event: 'connecting', host: host.name });
  const lost = (status: SurveyFailure['status'], error: HostError): Result<never, SurveyFailure> => {
    report({ event: status, host: host.name, reason: error.message });
    return fail({ status, error });
  };
  const session = await connector.connect(host);
  if (!session.ok) return lost('unreachable', session.error);
  try {
    const facts = await gatherFacts(session.value, probeRequest(), missingFiles, options.timeout);
    if (!facts.ok)
      return lost(
        facts.error.kind === 'script' || facts.error.kind === 'output' ? 'unreadable' : 'unreachable',
        facts.error,
      );
    const detected = detectDistro(facts.value);
    if (detected === undefined) return lost('unreadable', noKubelet(facts.value));
    const node = await understand(host, session.value, facts.value, detected, nodes, options);
    report({ event: 'judged', host: host.name });
    return ok(node);
  } finally {
    await session.value.close();
  }
}

async function understand(
  host: Host,
  session: Session,
  facts: NodeFacts,
  { distro, setup }: NonNullable<ReturnType<typeof detectDistro>>,
  nodes: ClusterView | undefined,
  { cluster, timeout }: SurveyOptions,
): Promise<SurveyedNode> {
  const notes: string[] = [];
  const override = flagOnly(setup.sources, 'hostname-override')?.value;
  const ownName = typeof override === 'string' ? override : facts.hostname.toLowerCase();
  const names = host.nodeName === undefined ? [ownName, host.name] : [host.nodeName];
  const node = nodes === undefined ? undefined : findNode(nodes, names, host.address);
  if (nodes !== undefined && node === undefined) {
    notes.push(
      `the API server has no Node ${names.join(' or ')} and none with the address ${host.address}: set nodeName`,
    );
  }
  const configz = node === undefined ? undefined : await cluster?.configz(node.name);
  if (configz?.ok === false)
    notes.push(`the running kubelet could not be asked through the API server: ${configz.error.message}`);
  if (setup.unchangeable !== undefined) notes.push(`audited, but never changed: ${setup.unchangeable.reason}`);
  const doors = await askDoors(session, portsOf(setup.sources, facts), Math.min(timeout, 10_000));
  notes.push(...notesOnTransactions(facts.transactions));
  return {
    host,
    nodeName: node?.name ?? host.nodeName ?? ownName,
    standing:
      nodes === undefined
        ? 'unasked'
        : node === undefined
          ? 'no-such-node'
          : node.ready === 'True'
            ? 'ready'
            : 'not-ready',
    distro,
    view: {
      facts,
      setup,
      doors,
      configz: configz?.ok === true ? configz.value : undefined,
      kubeletVersion: node?.kubeletVersion,
    },
    notes,
  };
}

/** What the first run of the probe did not bring although the kubelet is told to read it. */
function missingFiles(facts: NodeFacts): { files: string[]; folders: readonly string[] } {
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) return { files: [], folders: [] };
  const wanted = [...setup.configPaths, ...Object.values(setup.files), ...setup.sources.faults.map(({ path }) => path)];
  return { files: wanted.filter((path): path is string => path !== undefined), folders: setup.folders ?? [] };
}

function noKubelet(facts: NodeFacts): HostError {
  const known = distros.map(({ title }) => title).join(', ');
  const message =
    facts.init === 'systemd'
      ? `no kubelet was found (known: ${known})`
      : 'the node is not run by systemd, and what runs its kubelet was not understood';
  return { kind: 'script', message, hint: 'take the host out of the inventory, or check that it is a Kubernetes node' };
}

/** What the surveyed control-plane nodes and the API server tell of the certificate that kubelets will be shown. */
export async function clientCaEvidence(
  surveyed: readonly Surveyed[],
  cluster: Cluster | undefined,
): Promise<ClientCaEvidence> {
  const clientCertificates = surveyed.flatMap(({ result }) => {
    if (!result.ok) return [];
    const { facts, setup } = result.value.view;
    const pem = setup.apiClientCertificate === undefined ? undefined : textOf(facts, setup.apiClientCertificate);
    return pem === undefined ? [] : [pem];
  });
  return { clientCertificates, clusterCa: await cluster?.clientCa() };
}
