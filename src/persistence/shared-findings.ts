/** Findings on a configuration that the cluster keeps for its nodes: each setting that an upgrade or a join would bring back weak. Pure. */
import type { SharedConfig } from '../distros/shared-config.js';
import type { Finding } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { wantText } from '../playbook/want.js';
import { oneLine } from '../lib/sanitize.js';
import type { SharedSetting } from './judge-shared.js';
import { nextCommand } from '../lib/next-command.js';

/** A host that gets its configuration from there, as it was judged. */
export interface JudgedHost {
  readonly host: string;
  readonly findings: readonly Finding[];
}

const head = {
  rule: 'setting-survives-upgrade',
  title: 'Upgrades and joins keep the hardened settings',
} as const;

/** The ConfigMap as findings name it, such as `ConfigMap kube-system/kubelet-config`. */
export const objectOf = ({ namespace }: SharedConfig, name: string): string => `ConfigMap ${namespace}/${name}`;

/** That the ConfigMap could not be judged, and why. `status`: whether that is a fault or just nothing to judge. */
export const unjudged = (object: string, status: 'unknown' | 'not-applicable', message: string): ClusterFinding => ({
  ...{ ...head, severity: 'medium', status, object, message, evidence: [] },
  fix: status === 'unknown' ? 'check that the kubeconfig may read this ConfigMap, and that it holds valid YAML' : '',
});

/** One finding per weak setting, or a single pass. `name`: of the ConfigMap. */
export function sharedFindings(
  name: string,
  about: SharedConfig,
  settings: readonly SharedSetting[],
  hosts: readonly JudgedHost[],
): readonly ClusterFinding[] {
  const weak = settings.flatMap((one) => weakFinding(name, about, one, hosts) ?? []);
  if (weak.length > 0) return weak;
  const object = objectOf(about, name);
  const message = `${about.writers} write the values that the playbooks want`;
  return [{ ...head, severity: 'medium', status: 'pass', object, message, evidence: [], fix: '' }];
}

function weakFinding(
  name: string,
  about: SharedConfig,
  { rule, value, source, meets, nodeValue }: SharedSetting,
  hosts: readonly JudgedHost[],
): ClusterFinding | undefined {
  const held = heldBy(rule.id, rule.setting, hosts, about.path);
  // Nothing is lost of a value that no node has, and it is not for the ConfigMap to give it.
  if (meets || (nodeValue && held.lost.length === 0)) return undefined;
  const shown = settingText(rule.setting, value);
  const where =
    source.kind === 'file'
      ? `line ${source.line ?? 1} of data.${about.key}: ${shown}`
      : `${shown} (${source.detail ?? 'default'})`;
  return {
    ...head,
    severity: rule.severity,
    status: 'fail',
    object: `${objectOf(about, name)}: ${rule.setting}`,
    message: `${about.writers} write ${shown} to nodes; ${rule.id} wants ${wantText(rule.want)}.`,
    evidence: [
      where,
      ...(held.lost.length === 0
        ? []
        : [`held today in ${about.path}, which an upgrade overwrites: ${few(held.lost)}`]),
      ...(held.kept.length === 0
        ? []
        : [`held today by a flag or a drop-in, which an upgrade keeps: ${few(held.kept)}`]),
    ],
    fix: fixFor(nodeValue, rule.set !== undefined, `kubectl -n ${about.namespace} edit configmap ${name}`),
  };
}

function fixFor(nodeValue: boolean, hasValue: boolean, byHand: string): string {
  if (nodeValue) return `keep it in a patch folder or a drop-in of the node: ${nextCommand('persist')}`;
  if (hasValue)
    return `${nextCommand('persist', '--to', 'configmap')}, or see the other ways: ${nextCommand('persist')}`;
  return `the playbook has no value to write; set one by hand: ${byHand}`;
}

/** Hosts that pass the rule: by the file that is written anew, and by what wins over it. */
function heldBy(
  rule: string,
  setting: string,
  hosts: readonly JudgedHost[],
  path: string,
): { readonly lost: readonly string[]; readonly kept: readonly string[] } {
  const holders = hosts.flatMap(({ host, findings }) => {
    const found = findings.find((one) => one.rule === rule && one.setting === setting && one.status === 'pass');
    return found === undefined ? [] : [{ host, source: found.source }];
  });
  return {
    lost: holders.filter(({ source }) => source?.path === path).map(({ host }) => host),
    kept: holders.filter(({ source }) => source?.kind === 'flag' || source?.kind === 'drop-in').map(({ host }) => host),
  };
}

/** `readOnlyPort: 10255`, as YAML has it; of a setting without a value, that it is not set. */
const settingText = (setting: string, value: unknown): string =>
  value === null || value === undefined ? `no ${setting}` : oneLine(`${setting}: ${JSON.stringify(value)}`, 200);

const mostNamed = 8;
const few = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(', ')
    : `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more`;
