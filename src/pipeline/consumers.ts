/** Who will break: what was seen on the nodes and what the cluster's objects say, brought together once the hosts are read. */
import { field, listOf, textOf } from '../cluster/api-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { listAll } from '../cluster/list.js';
import { mayAccess, serviceAccountSubject } from '../consumers/access-review.js';
import { assessApiServer, webhookRefusal } from '../consumers/api-server-identity.js';
import { type Known, type WatchedHost, liveClients } from '../consumers/clients.js';
import { type Closing, type Draft, draftsOf } from '../consumers/drafts.js';
import {
  type AccountRights,
  accountKey,
  breakingFindings,
  holderFindings,
  unseenFindings,
} from '../consumers/findings.js';
import { byVersion, proxyHolders } from '../consumers/rbac.js';
import { type ClusterObjects, readObjects, readPods } from '../consumers/read-objects.js';
import { scanObjects } from '../consumers/scan.js';
import { parseKubeVersion, satisfies } from '../lib/kube-version.js';
import { unique } from '../lib/lists.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Playbook } from '../playbook/schema.js';
import type { HostAudit, HostPlanned } from '../report/model.js';
import type { Run } from './context.js';
import type { Surveyed } from './survey.js';

/** What is known of clients, for the findings and for another look after the change. */
export interface Consumers {
  readonly closing: Closing;
  readonly hosts: readonly WatchedHost[];
  readonly drafts: readonly Draft[];
  readonly findings: readonly ClusterFinding[];
}

const settings = {
  readOnly: 'readOnlyPort',
  anonymous: 'authentication.anonymous.enabled',
  webhook: 'authorization.mode',
} as const;

/** What the failing rules close, host by host. */
export function closingOf(hosts: readonly HostAudit[]): Closing {
  const failingOn = (setting: string): string[] =>
    hosts
      .filter(({ findings }) => findings.some((one) => one.setting === setting && one.status === 'fail'))
      .map(({ host }) => host);
  return {
    readOnly: failingOn(settings.readOnly),
    anonymous: failingOn(settings.anonymous),
    webhook: failingOn(settings.webhook),
  };
}

/** Asks for what the change concerns, and for holders of nodes/proxy in any case. */
export async function findConsumers(
  run: Pick<Run, 'consumers'>,
  surveyed: readonly Surveyed[],
  closing: Closing,
  cluster: Cluster,
): Promise<Consumers> {
  const hosts = watchedHosts(surveyed);
  const isAny = [closing.readOnly, closing.anonymous, closing.webhook].some((names) => names.length > 0);
  const objects = isAny ? await readObjects(cluster.api, run.consumers?.scanSecrets === true) : undefined;
  const versions = await kubeletVersions(cluster);
  const breaking =
    objects === undefined ? noDrafts : await breakingOf(hosts, closing, objects, cluster, versions.hasFineRights);
  const holders = await holdersOf(cluster, objects, versions);
  const certificates = surveyed.flatMap(({ result }) => (result.ok ? (result.value.apiClientCertificate ?? []) : []));
  const identity = closing.webhook.length === 0 ? [] : await assessApiServer(cluster.api, certificates);
  const unseen = isAny ? unseenFindings(hosts, objects?.problems ?? []) : [];
  const findings = [...breaking.findings, ...identity, ...unseen, ...holders];
  return { closing, hosts, drafts: breaking.drafts, findings };
}

const noDrafts = { drafts: [], findings: [] };

const watchedHosts = (surveyed: readonly Surveyed[]): WatchedHost[] =>
  surveyed.flatMap(({ host, result }) => {
    const nodeName = result.ok ? result.value.draft.host.nodeName : undefined;
    const watched = result.ok ? result.value.watched : undefined;
    return nodeName === undefined || watched === undefined ? [] : [{ host: host.name, nodeName, watched }];
  });

async function breakingOf(
  hosts: readonly WatchedHost[],
  closing: Closing,
  objects: ClusterObjects,
  cluster: Cluster,
  hasFineRights: boolean,
): Promise<Pick<Consumers, 'drafts' | 'findings'>> {
  const known = await knownOf(cluster, objects.pods);
  const found = draftsOf(closing, hosts, liveClients(hosts, known), scanObjects(objects));
  const drafts = found.drafts.map((draft) => ({ ...draft, rights: usable(draft.rights, hasFineRights) }));
  const rights = await rightsOf(cluster, drafts);
  return { drafts, findings: breakingFindings({ ...found, drafts }, closing, rights) };
}

/** Without the finer rights, a kubelet checks nodes/proxy for all else. */
function usable(rights: readonly string[], hasFineRights: boolean): readonly string[] {
  if (hasFineRights) return rights;
  const { always } = byVersion(rights);
  return always.length === 0 ? ['nodes/metrics'] : always;
}

/** Who has which address. */
export async function knownOf(cluster: Cluster, pods: Known['pods']): Promise<Known> {
  const view = await cluster.view(Infinity);
  const endpoints = await cluster.api.get('/api/v1/namespaces/default/endpoints/kubernetes');
  const subsets = endpoints.ok ? listOf(field(endpoints.value, 'subsets')) : [];
  const apiServers = subsets.flatMap((one) =>
    listOf(field(one, 'addresses')).map((address) => textOf(field(address, 'ip'))),
  );
  return { pods, nodes: view.ok ? [...view.value.values()] : [], apiServers };
}

/** Accounts that are asked about. A cluster has far fewer clients of kubelets. */
const maxAccounts = 100;
const anyRight = ['proxy', 'metrics', 'stats', 'log', 'pods', 'healthz', 'configz'];

async function rightsOf(cluster: Cluster, drafts: readonly Draft[]): Promise<ReadonlyMap<string, AccountRights>> {
  const found = new Map<string, AccountRights>();
  for (const { serviceAccount, rights } of drafts) {
    if (serviceAccount === undefined || found.size >= maxAccounts || found.has(accountKey(serviceAccount))) continue;
    const subject = serviceAccountSubject(serviceAccount.namespace, serviceAccount.name);
    const held = new Set<string>();
    let failure: string | undefined;
    for (const subresource of unique([...anyRight, ...rights.map((one) => one.replace('nodes/', ''))])) {
      const may = await mayAccess(cluster.api, subject, { verb: 'get', subresource });
      if (may.ok && may.value) held.add(`nodes/${subresource}`);
      if (!may.ok) failure = may.error;
    }
    const missing = rights.filter((one) => !held.has(one));
    found.set(accountKey(serviceAccount), {
      any: held.size > 0 ? true : failure === undefined ? false : undefined,
      missing,
    });
  }
  return found;
}

interface Versions {
  readonly oldest: string | undefined;
  readonly hasFineRights: boolean;
}

async function kubeletVersions(cluster: Cluster): Promise<Versions> {
  const view = await cluster.view(Infinity);
  const versions = view.ok ? [...view.value.values()].map(({ kubeletVersion }) => kubeletVersion) : [];
  const order = (text: string): number => {
    const version = parseKubeVersion(text);
    return version === undefined ? 0 : version.major * 1e6 + version.minor * 1e3 + version.patch;
  };
  const [oldest] = versions.toSorted((one, other) => order(one) - order(other));
  return { oldest, hasFineRights: versions.length > 0 && versions.every((one) => satisfies(one, '>=1.33') === true) };
}

async function holdersOf(
  cluster: Cluster,
  objects: ClusterObjects | undefined,
  { oldest, hasFineRights }: Versions,
): Promise<ClusterFinding[]> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const [roles, bindings] = await Promise.all([
    listAll(cluster.api, `${rbac}/clusterroles`),
    listAll(cluster.api, `${rbac}/clusterrolebindings`),
  ]);
  // An API server without RBAC has neither; one that does not give them is no reason for an alarm of its own.
  if (!roles.ok || !bindings.ok) return [];
  const holders = proxyHolders(roles.value, bindings.value);
  if (holders.length === 0) return [];
  return holderFindings(holders, objects?.pods ?? (await readPods(cluster.api)), oldest, hasFineRights);
}

/** Hosts that would shut out the API server are refused. */
export function refuseWebhook(
  hosts: readonly HostPlanned[],
  findings: readonly ClusterFinding[],
  playbooks: readonly Playbook[],
): readonly HostPlanned[] {
  const refused = webhookRefusal(findings);
  if (refused === undefined) return hosts;
  const rules = new Set(
    playbooks.flatMap(({ rules: all }) =>
      all.flatMap((rule) => (rule.kind === 'setting' && rule.setting === settings.webhook ? [rule.id] : [])),
    ),
  );
  return hosts.map((host) =>
    host.plan?.fixes.some((id) => rules.has(id)) === true ? { ...host, plan: undefined, refused } : host,
  );
}
