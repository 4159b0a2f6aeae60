/** The nodes of the k3s and RKE2 scenarios, one of each shape, and what the lab plants on them: each weakness with its file and line. */
import { execFileSync } from 'node:child_process';
import type { Lab, Shape } from '../lab/lab.js';

type Place = readonly [path: string, ...words: string[]];
type Places = Readonly<Record<string, { readonly got: unknown; readonly place: Place }>>;

const k3sConfig = '/etc/rancher/k3s/config.yaml';
const k3sLater = `${k3sConfig}.d/50-monitoring.yaml`;
const rke2Config = '/etc/rancher/rke2/config.yaml';
const rke2Later = `${rke2Config}.d/20-metrics.yaml`;
const ops = '/var/lib/rancher/rke2/agent/etc/kubelet.conf.d/50-ops.conf';

const places = (anonymous: Place, webhook: Place, mode: Place, port: Place): Places => ({
  'anonymous-auth': { got: true, place: anonymous },
  'authn-webhook': { got: false, place: webhook },
  'authorization-mode': { got: 'AlwaysAllow', place: mode },
  'read-only-port': { got: 10255, place: port },
});
/** The same as kubelet-arg entries, each in the file given for it. */
const entries = (anonymous: string, webhook: string, mode: string, port: string): Places =>
  places(
    [anonymous, 'anonymous-auth='],
    [webhook, 'authentication-token-webhook='],
    [mode, 'authorization-mode='],
    [port, 'read-only-port='],
  );
const k3sAgent = entries(k3sConfig, k3sConfig, k3sConfig, k3sLater);
const k3sServer = entries(k3sConfig, k3sLater, k3sConfig, k3sLater);
const rke2Server = entries(rke2Config, rke2Config, rke2Config, rke2Later);
const rke2Agent = places(
  [rke2Config, 'anonymous-auth='],
  [ops, 'webhook:', 'enabled:'],
  [ops, 'authorization:', 'mode:'],
  [rke2Config, 'read-only-port='],
);

interface Node {
  readonly name: string;
  readonly shape: Shape;
  readonly places: Places;
}

/** One node of each product, role and generation. */
const all: readonly Node[] = [
  { name: 'a1', shape: 'k3s-agent', places: k3sAgent },
  { name: 'a2', shape: 'rke2-agent', places: rke2Agent },
  { name: 'a3', shape: 'k3s-agent-old', places: k3sAgent },
  { name: 'a4', shape: 'rke2-agent-old', places: entries(rke2Config, rke2Config, rke2Config, rke2Config) },
  { name: 's1', shape: 'k3s-server', places: k3sServer },
  { name: 'r1', shape: 'rke2-server', places: rke2Server },
  { name: 'o1', shape: 'k3s-server-old', places: k3sServer },
  { name: 'o2', shape: 'rke2-server-old', places: rke2Server },
];

/** Whether a shape can be had: all of them, but where the environment names a true program only its product and generation. */
function isToBeHad(shape: Shape): boolean {
  const named = (['k3s', 'rke2'] as const).find((product) => process.env[`KUBELATCH_LAB_${product.toUpperCase()}`]);
  if (named === undefined) return true;
  const program = process.env[`KUBELATCH_LAB_${named.toUpperCase()}`] ?? '';
  const isOld = Number(/v1\.(\d+)\./.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1]) < 32;
  return distroOf(shape) === named && shape.endsWith('-old') === isOld;
}
export const distroOf = (shape: Shape): string => shape.split('-')[0] ?? '';
export const isServer = (shape: Shape): boolean => shape.includes('-server');

export const supervised = all.filter(({ shape }) => isToBeHad(shape));
/** s1 and its peers: one cluster's servers. */
export const threeServers = ['s1', 's2', 's3'].filter(() => isToBeHad('k3s-server'));
/** They go with all others in one fleet. */
export const kubeadmNodes = ['w1'].filter(() => isToBeHad('kubeadm'));

export const names = supervised.map(({ name }) => name);
/** For the titles of tests: [node, shape]. */
export const titled = supervised.map(({ name, shape }) => [name, shape] as const);

/** As up.sh takes them: the nodes above, the peers of s1, and a kubeadm node. */
export const fleet = [
  ...kubeadmNodes.map((name) => `${name}:kubeadm`),
  ...supervised.map(({ name, shape }) => `${name}:${shape}`),
  ...threeServers.slice(1).map((name) => `${name}:k3s-server`),
];

/** The processes that hold the node's containers: they outlive a restart of the kubelet. */
async function containersOf(lab: Lab, node: string): Promise<string> {
  return (await lab.on(node, "ps -eo pid,lstart,comm | grep '[c]ontainerd-shim'")).stdout;
}

export async function containersOfAll(lab: Lab, nodes: readonly string[]): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(
    await Promise.all(nodes.map(async (node) => [node, await containersOf(lab, node)] as const)),
  );
}
