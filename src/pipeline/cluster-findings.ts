/** What is found about the cluster, and not about one host, once the hosts are read. */
import type { Cluster } from '../cluster/cluster.js';
import { uninventoried } from '../cluster/uninventoried.js';
import { distros } from '../distros/index.js';
import { policyFindings } from '../netpol/policies.js';
import { recogniseOwners } from '../owners/recognise.js';
import { ownerFindings } from '../owners/report.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { everyNodeKnown, unknownNode } from '../playbook/not-in-inventory.js';
import type { Consumers } from './consumers.js';
import type { Run } from './context.js';
import { servingFindings } from './serving-findings.js';
import { persistenceFindings } from './shared-sources.js';
import type { Surveyed } from './survey.js';

/**
 * Where the API server is not asked, a note of the result says so, and only what the nodes show by themselves is found. `consumers`:
 * those that were found already.
 */
export async function clusterFindings(
  run: Run,
  surveyed: readonly Surveyed[],
  cluster: Cluster | undefined,
  consumers: Consumers | undefined,
): Promise<readonly ClusterFinding[]> {
  const owned = await findingsOnOwners(surveyed, cluster);
  if (cluster === undefined) return owned;
  const hosts = surveyed.map(({ result }) => (result.ok ? result.value.draft.host : result.error));
  const each = await Promise.all([
    inventoryFindings(run, surveyed, cluster),
    servingFindings(run, surveyed, cluster.api),
    persistenceFindings(hosts, run.playbooks, cluster),
    policyFindings(cluster.api, { mayFilter: mayFilter(surveyed), everywhere: areFiltered(surveyed) }),
  ]);
  return [...each.flat(), ...(consumers?.findings ?? []), ...owned];
}

/** Where no host was read, nobody knows. */
function mayFilter(surveyed: readonly Surveyed[]): boolean {
  const read = surveyed.flatMap(({ result }) => (result.ok ? result.value.serving.distro : []));
  return (
    read.length === 0 || distros.some(({ name, filtersPolicies }) => filtersPolicies === true && read.includes(name))
  );
}

/** Of every host, and none that was not read. */
const areFiltered = (surveyed: readonly Surveyed[]): boolean =>
  surveyed.length > 0 && surveyed.every(({ result }) => result.ok && result.value.serving.packetFilter);

/** If a host was not read, its Node object may still show which system owns its kubelet. */
async function findingsOnOwners(
  surveyed: readonly Surveyed[],
  cluster: Cluster | undefined,
): Promise<readonly ClusterFinding[]> {
  const view = await cluster?.view(Infinity);
  const nodes = view?.ok === true ? view.value : undefined;
  return ownerFindings(
    surveyed.map(({ host, result }) => {
      if (!result.ok) {
        const node = nodes?.get(host.nodeName ?? host.name);
        return { host: host.name, owners: recogniseOwners([], node?.traits), fails: undefined };
      }
      const { owners, draft } = result.value;
      return { host: host.name, owners, fails: draft.host.findings.some(({ status }) => status === 'fail') };
    }),
  );
}

/** A Node that no host is. Where hosts could not be read, one of them may be that Node. */
async function inventoryFindings(run: Run, surveyed: readonly Surveyed[], cluster: Cluster): Promise<ClusterFinding[]> {
  const view = await cluster.view(Infinity);
  if (!view.ok) return [];
  const seen = new Map(surveyed.map(({ host, result }) => [host.name, nodeNameOf(result)]));
  const known = run.inventory.hosts.map(({ name, address, nodeName }) => ({
    name,
    address,
    nodeName: seen.get(name) ?? nodeName,
  }));
  const unread = known.filter(({ nodeName }) => nodeName === undefined).map(({ name }) => name);
  const missing = uninventoried(view.value, known);
  if (missing.length === 0) return [everyNodeKnown(`all ${view.value.size} Nodes`)];
  return missing.map(({ name, addresses }) => {
    const evidence = [`the API server lists it with the addresses ${addresses.join(', ') || '(none)'}`];
    const fix = `add it to ${run.inventory.path}, or set nodeName for the host that it is`;
    return unknownNode({ object: `Node ${name}`, evidence, fix }, unread.length);
  });
}

const nodeNameOf = (result: Surveyed['result']): string | undefined =>
  result.ok ? result.value.draft.host.nodeName : result.error.nodeName;
