/** The configurations that the cluster keeps for the surveyed hosts: each is read once, and judged by the playbooks. */
import type { Cluster } from '../cluster/cluster.js';
import { type ConfigMap, readConfigMap } from '../cluster/config-map.js';
import type { ClusterError } from '../cluster/gateway.js';
import { distros } from '../distros/index.js';
import type { SharedConfig } from '../distros/shared-config.js';
import { byVersion } from '../lib/kube-version.js';
import type { Result } from '../lib/result.js';
import { type Kubelets, judgeShared, minorOf, sharedRules } from '../persistence/judge-shared.js';
import { objectOf, sharedFindings, unjudged } from '../persistence/shared-findings.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Playbook } from '../playbook/schema.js';
import type { HostAudit } from '../report/model.js';

/** Hosts that get their configuration from one ConfigMap. */
export interface SharedGroup {
  readonly about: SharedConfig;
  readonly name: string;
  readonly kubelets: Kubelets;
  readonly hosts: readonly HostAudit[];
}

/** Hosts of a distribution without such a ConfigMap, and hosts that were not judged, are in no group. */
export function sharedGroups(hosts: readonly HostAudit[]): readonly SharedGroup[] {
  const groups = new Map<string, { about: SharedConfig; name: string; distro: string; hosts: HostAudit[] }>();
  for (const host of hosts) {
    const distro = distros.find(({ name }) => name === host.distro);
    const about = distro?.sharedConfig;
    if (host.status !== 'judged' || distro === undefined || about === undefined) continue;
    const name = about.nameFor(minorOf(host.kubeletVersion));
    const group = groups.get(`${distro.name} ${name}`) ?? { about, name, distro: distro.name, hosts: [] };
    groups.set(`${distro.name} ${name}`, group);
    group.hosts.push(host);
  }
  return [...groups.values()].map(({ about, name, distro, hosts: members }) => {
    const versions = members.flatMap(({ kubeletVersion }) => kubeletVersion ?? []);
    return { about, name, hosts: members, kubelets: { distro, version: versions.toSorted(byVersion).at(-1) } };
  });
}

export const readShared = ({ about, name }: SharedGroup, cluster: Cluster): Promise<Result<ConfigMap, ClusterError>> =>
  readConfigMap(cluster.api, about.namespace, name);

/** What upgrades and joins would bring back weak. */
export async function persistenceFindings(
  hosts: readonly HostAudit[],
  playbooks: readonly Playbook[],
  cluster: Cluster,
): Promise<readonly ClusterFinding[]> {
  const each = sharedGroups(hosts).map(async (group) =>
    judgedGroup(group, playbooks, await readShared(group, cluster)),
  );
  return (await Promise.all(each)).flat();
}

function judgedGroup(
  { about, name, kubelets, hosts }: SharedGroup,
  playbooks: readonly Playbook[],
  read: Result<ConfigMap, ClusterError>,
): readonly ClusterFinding[] {
  const object = objectOf(about, name);
  if (!read.ok) {
    const isMissing = read.error.status === 404;
    const message = isMissing
      ? `there is no such ConfigMap, so ${about.writers} cannot write nodes from it`
      : `it could not be read: ${read.error.message}`;
    return [unjudged(object, isMissing ? 'not-applicable' : 'unknown', message)];
  }
  const text = read.value.data.get(about.key);
  if (text === undefined) return [unjudged(object, 'unknown', `it has no text in data.${about.key}`)];
  const judged = judgeShared(text, about, kubelets, sharedRules(playbooks, kubelets));
  if (!judged.ok) return [unjudged(object, 'unknown', `data.${about.key}: ${judged.error}`)];
  return sharedFindings(name, about, judged.value, hosts);
}
