/** What the API server alone tells of network policies: whether the CNI enforces them, and whether one keeps pods from kubelets. */
import { field, isRecord, listOf, nameOf, textOf } from '../cluster/api-object.js';
import type { Gateway } from '../cluster/gateway.js';
import { listAll } from '../cluster/list.js';
import { nextCommand } from '../lib/next-command.js';
import { oneLine } from '../lib/sanitize.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { detectCni } from './detect.js';
import { type Enforcement, enforcementOf } from './enforce.js';
import { managedBy, owner } from './manifest.js';
import type { Cni } from './model.js';
import { enforcementFinding } from './network.js';

/** What the nodes say of themselves. */
export interface NodeFilters {
  /** They can enforce policies in a way that no DaemonSet shows, so that a CNI without an engine proves nothing. */
  readonly mayFilter: boolean;
  /** The packet filter of kubelatch is in effect on every host. */
  readonly everywhere: boolean;
}

/** Asks no node. */
export async function policyFindings(api: Gateway, nodes: NodeFilters): Promise<readonly ClusterFinding[]> {
  const seen = await seenCni(api);
  if (!seen.ok) return [unread(`which CNI there is could not be read: ${seen.error}`)];
  const { cni, engines, config } = seen.value;
  const enforcement = enforcementOf(cni, config);
  if (enforcement.enforces === 'no' && nodes.mayFilter)
    return [unread(`${enforcement.why}, but these nodes may filter by themselves`, cni)];
  const found = enforcementFinding({ ciliumConfig: config, engines }, cni);
  if (enforcement.enforces === 'unknown' && !nodes.everywhere) return [{ ...found, fix: askNodes() }];
  // Where nothing is enforced, no policy is worth looking for.
  if (nodes.everywhere) return [found, filteredOnNodes];
  return enforcement.enforces === 'no' ? [found] : [found, await keptOut(api, enforcement)];
}

const askNodes = (): string => `to ask the nodes too: ${nextCommand('netpol')}`;

const unread = (why: string, cni?: Cni): ClusterFinding => ({
  rule: 'network-policies-enforced',
  title: 'The CNI enforces network policies',
  severity: 'medium',
  status: 'unknown',
  object: undefined,
  message: `It is not known whether anything enforces network policies: ${why}.`,
  evidence: cni?.evidence ?? [],
  fix: askNodes(),
});

interface SeenCni {
  readonly cni: Cni | undefined;
  readonly engines: readonly string[];
  readonly config: Readonly<Record<string, string>> | undefined;
}

async function seenCni(api: Gateway): Promise<Result<SeenCni, string>> {
  const daemonSets = await listAll(api, '/apis/apps/v1/daemonsets');
  if (!daemonSets.ok) return fail(daemonSets.error.message);
  const detected = detectCni(daemonSets.value, new Map());
  if (detected.cni?.name !== 'cilium') return ok({ ...detected, config: undefined });
  const config = await api.get('/api/v1/namespaces/kube-system/configmaps/cilium-config');
  if (!config.ok) return fail(`ConfigMap kube-system/cilium-config: ${config.error.message}`);
  const data = field(config.value, 'data');
  const texts = Object.entries(isRecord(data) ? data : {}).map(([key, value]) => [key, textOf(value)] as const);
  return ok({ ...detected, config: Object.fromEntries(texts) });
}

interface PolicyKindRead {
  readonly apiVersion: string;
  readonly plural: string;
  readonly kind: string;
  /** Selects pods of all namespaces. */
  readonly wide: boolean;
}

const calico = ['projectcalico.org/v3', 'crd.projectcalico.org/v1'] as const;
const kinds: readonly PolicyKindRead[] = (
  [
    ['networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', false],
    ['cilium.io/v2', 'ciliumclusterwidenetworkpolicies', 'CiliumClusterwideNetworkPolicy', true],
    ['cilium.io/v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy', false],
    ...calico.flatMap((api) => [
      [api, 'globalnetworkpolicies', 'GlobalNetworkPolicy', true] as const,
      [api, 'networkpolicies', 'NetworkPolicy of Calico', false] as const,
    ]),
    ['policy.networking.k8s.io/v1alpha2', 'clusternetworkpolicies', 'ClusterNetworkPolicy', true],
    ['policy.networking.k8s.io/v1alpha1', 'adminnetworkpolicies', 'AdminNetworkPolicy', true],
    ['policy.networking.k8s.io/v1alpha1', 'baselineadminnetworkpolicies', 'BaselineAdminNetworkPolicy', true],
  ] as const
).map(([apiVersion, plural, kind, wide]) => ({ apiVersion, plural, kind, wide }));

interface SeenPolicy {
  readonly name: string;
  readonly wide: boolean;
  readonly own: boolean;
}

/** Low: whoever reaches a hardened kubelet still needs a credential with rights. */
const head = {
  rule: 'pods-kept-from-kubelets',
  title: 'A network policy or a packet filter keeps pods from kubelets',
  severity: 'low',
  object: undefined,
  fix: '',
} as const;

const filteredOnNodes: ClusterFinding = {
  ...head,
  status: 'pass',
  message: 'The packet filter of kubelatch is in effect on every host.',
  evidence: [],
};

async function keptOut(api: Gateway, { ownNode, why }: Enforcement): Promise<ClusterFinding> {
  const read = await policiesOf(api);
  if (!read.ok) {
    const message = `It is not known whether a policy keeps pods from kubelets: ${read.error}.`;
    return { ...head, status: 'unknown', message, evidence: [] };
  }
  const own = read.value.filter((one) => one.own);
  const others = read.value.filter((one) => !one.own);
  const evidence = [...own, ...others].map(({ name }) => name);
  if (own.some(({ wide }) => wide)) {
    const message = 'A policy that kubelatch wrote keeps pods of the whole cluster from kubelets.';
    if (ownNode === 'filtered') return { ...head, status: 'pass', message, evidence };
    const gap = `${message.slice(0, -1)}, but ${ownNode === 'allowed' ? 'not' : 'perhaps not'} from that of their own node: ${why}.`;
    return { ...head, status: ownNode === 'allowed' ? 'fail' : 'unknown', message: gap, evidence, fix: onNodes() };
  }
  if (others.length > 0) {
    const message = 'There are policies that may keep pods from kubelets; whether they do was not tried.';
    return { ...head, status: 'unknown', message, evidence, fix: tryIt() };
  }
  const message =
    own.length === 0
      ? 'No network policy keeps pods from kubelets.'
      : 'Policies that kubelatch wrote keep pods of their own namespaces from kubelets, and those of no other.';
  return { ...head, status: 'fail', message, evidence, fix: `write one: ${nextCommand('netpol')}` };
}

const onNodes = (): string => `filter on the nodes: ${nextCommand('netpol', '--policy', 'nftables')}`;
const tryIt = (): string => `try it from a pod: ${nextCommand('verify', '--probe-image', 'IMAGE')}`;

/** Policies that may keep pods from kubelets. Fails where one of the kinds that are served could not be listed. */
async function policiesOf(api: Gateway): Promise<Result<readonly SeenPolicy[], string>> {
  const groups = await api.get('/apis');
  if (!groups.ok) return fail(groups.error.message);
  const versions = listOf(field(groups.value, 'groups')).flatMap((one) => listOf(field(one, 'versions')));
  const served = new Set(versions.map((one) => textOf(field(one, 'groupVersion'))));
  // Calico's own API server shows the same objects as its definitions do.
  const hidden = served.has(calico[0]) ? calico[1] : undefined;
  const asked = kinds.filter(({ apiVersion }) => served.has(apiVersion) && apiVersion !== hidden);
  const found: SeenPolicy[] = [];
  for (const { apiVersion, plural, kind, wide } of asked) {
    const list = await listAll(api, `/apis/${apiVersion}/${plural}`);
    // A group may be served without this kind.
    if (!list.ok && list.error.status !== 404) return fail(`${plural}: ${list.error.message}`);
    const policies = list.ok ? list.value.filter((one) => isOwn(one) || mayKeepOut(kind, one)) : [];
    found.push(...policies.map((one) => ({ name: placeOf(kind, one), wide, own: isOwn(one) })));
  }
  return ok(found);
}

const metadataOf = (object: unknown): unknown => field(object, 'metadata');
const isOwn = (object: unknown): boolean => field(field(metadataOf(object), 'labels'), managedBy) === owner;

function placeOf(kind: string, object: unknown): string {
  const namespace = textOf(field(metadataOf(object), 'namespace'));
  return `${kind} ${oneLine(`${namespace === '' ? '' : `${namespace}/`}${nameOf(object)}`, 160)}`;
}

/**
 * A policy for the traffic that leaves pods, in the words of every kind; Cilium also has a list of specs. Or one for nodes: those of
 * Cilium have a node selector, those of Calico may select nodes as they select pods.
 */
function mayKeepOut(kind: string, object: unknown): boolean {
  const specs = [field(object, 'spec'), ...listOf(field(object, 'specs'))];
  return (
    kind === 'GlobalNetworkPolicy' ||
    specs.some(
      (spec) =>
        isRecord(field(spec, 'nodeSelector')) ||
        ['egress', 'egressDeny'].some((key) => Array.isArray(field(spec, key))) ||
        ['policyTypes', 'types'].some((key) => listOf(field(spec, key)).includes('Egress')),
    )
  );
}
