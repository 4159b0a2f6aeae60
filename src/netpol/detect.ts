/** Which CNI the cluster has: from its DaemonSets, and where there are none, from the nodes themselves. Pure. */
import { field, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { oneLine } from '../lib/sanitize.js';
import { unique } from '../lib/lists.js';
import type { NodeNetwork } from './addresses.js';
import type { Cni, CniName } from './model.js';

interface Known {
  readonly name: CniName;
  /** Name of its DaemonSet. */
  readonly daemonSet: RegExp;
  /** Container whose image has its version. */
  readonly container: RegExp;
  /** Makes policies true. */
  readonly engine: boolean;
}

const known: readonly Known[] = [
  { name: 'cilium', daemonSet: /^cilium$/, container: /^cilium-agent$/, engine: true },
  { name: 'canal', daemonSet: /(^|-)canal$/, container: /^calico-node$/, engine: true },
  { name: 'calico', daemonSet: /^calico-node(-.*)?$/, container: /^calico-node$/, engine: true },
  { name: 'antrea', daemonSet: /^antrea-agent$/, container: /^antrea-agent$/, engine: true },
  { name: 'ovn-kubernetes', daemonSet: /^ovnkube-node(-.*)?$/, container: /^ovn/, engine: true },
  { name: 'weave', daemonSet: /^weave-net$/, container: /^weave$/, engine: true },
  { name: 'kube-router', daemonSet: /^kube-router$/, container: /^kube-router$/, engine: true },
  { name: 'kindnet', daemonSet: /^kindnet$/, container: /^kindnet/, engine: true },
  { name: 'kube-ovn', daemonSet: /^kube-ovn-cni$/, container: /^cni-server$/, engine: true },
  { name: 'gke-dataplane-v2', daemonSet: /^anetd$/, container: /^cilium-agent$/, engine: true },
  { name: 'aws-vpc-cni', daemonSet: /^aws-node$/, container: /^aws-node$/, engine: false },
  { name: 'flannel', daemonSet: /^kube-flannel(-ds.*)?$/, container: /^kube-flannel$/, engine: false },
];

/** Plugins of a node's configuration, and whose they are. Flannel is not among them: beside it something else may filter. */
const plugins: Readonly<Record<string, CniName>> = {
  'cilium-cni': 'cilium',
  calico: 'calico',
  antrea: 'antrea',
  'ovn-k8s-cni-overlay': 'ovn-kubernetes',
  'weave-net': 'weave',
  'kube-ovn': 'kube-ovn',
  'aws-cni': 'aws-vpc-cni',
  bridge: 'bridge',
};

export interface Detected {
  /** Undefined if none was seen, or if several engines could be the one. */
  readonly cni: Cni | undefined;
  readonly engines: readonly string[];
}

/** `daemonSets`: all of the cluster; `nodes`: what the nodes said, by host. */
export function detectCni(daemonSets: readonly unknown[], nodes: ReadonlyMap<string, NodeNetwork>): Detected {
  const seen = daemonSets.flatMap((one) => daemonSetCni(one) ?? []);
  const filtering = [...nodes].filter(([, { kubeRouter }]) => kubeRouter).map(([host]) => host);
  const engines = seen.filter(isEngine);
  if (engines.length === 0 && filtering.length > 0 && filtering.length === nodes.size) {
    const evidence = [`chain KUBE-ROUTER-INPUT on ${hosts(filtering)}`];
    return { cni: { name: 'kube-router', version: undefined, evidence }, engines: ['kube-router'] };
  }
  const others = daemonSets.map(nameOf).filter((name) => otherEngine.test(name));
  if (engines.length === 0 && others.length > 0)
    return { cni: undefined, engines: unique(others).map((one) => oneLine(one, 80)) };
  const names = unique([...engines.map(({ name }) => name), ...(filtering.length > 0 ? ['kube-router'] : [])]);
  if (names.length > 1) return { cni: undefined, engines: names };
  const [first] = engines.length > 0 ? engines : seen;
  if (filtering.length > 0 && engines.length === 0) return { cni: undefined, engines: ['kube-router'] };
  return { cni: first ?? pluginCni(nodes), engines: names };
}

/** DaemonSets that enforce policies for a CNI that does not. What they do with a pod and its own node is not known. */
const otherEngine = /^azure-npm|network-polic(y|ies)/;

const isEngine = ({ name, agent }: Cni): boolean => agent ?? known.some((one) => one.name === name && one.engine);

function daemonSetCni(object: unknown): Cni | undefined {
  const name = nameOf(object);
  const row = known.find(({ daemonSet }) => daemonSet.test(name));
  if (row === undefined) return undefined;
  const namespace = textOf(field(field(object, 'metadata'), 'namespace'));
  const pod = field(field(field(object, 'spec'), 'template'), 'spec');
  const containers = listOf(field(pod, 'containers'));
  const image = textOf(
    field(
      containers.find((one) => row.container.test(textOf(field(one, 'name')))),
      'image',
    ),
  );
  const evidence = [
    `DaemonSet ${oneLine(namespace, 80)}/${oneLine(name, 80)}, image ${oneLine(image, 160) || '(none)'}`,
  ];
  const version = versionOf(image);
  return row.name === 'aws-vpc-cni'
    ? { name: row.name, version, agent: containers.some(isSwitchedOnAgent), evidence }
    : { name: row.name, version, evidence };
}

/** EKS: the agent is always there; one argument switches it on. */
function isSwitchedOnAgent(container: unknown): boolean {
  const args = listOf(field(container, 'args')).map(textOf);
  return textOf(field(container, 'name')) === 'aws-eks-nodeagent' && args.includes('--enable-network-policy=true');
}

/** `1.17.3` of `quay.io/cilium/cilium:v1.17.3@sha256:...`. */
function versionOf(image: string): string | undefined {
  return /:v?(\d{1,4}\.\d{1,4}\.\d{1,4})(?:[-@+].*)?$/.exec(image.replace(/@sha256:[0-9a-f]*$/, ''))?.[1];
}

/** Where every node has the same plugin, and no DaemonSet told. */
function pluginCni(nodes: ReadonlyMap<string, NodeNetwork>): Cni | undefined {
  const byHost = [...nodes].map(
    ([host, one]) => [host, one.plugins.flatMap((name) => plugins[name] ?? [])[0]] as const,
  );
  const [name, ...others] = unique(byHost.map(([, found]) => found));
  if (name === undefined || others.length > 0) return undefined;
  return { name, version: undefined, evidence: [`CNI configuration of ${hosts(byHost.map(([host]) => host))}`] };
}

function hosts(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
