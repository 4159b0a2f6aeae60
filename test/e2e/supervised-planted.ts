/** What the lab plants on k3s and RKE2 nodes, and where: for each weakness the file and the words of its line. */
import type { Lab } from '../lab/lab.js';

type Place = readonly [path: string, ...words: string[]];
export interface Planted {
  readonly distro: 'k3s' | 'rke2';
  readonly places: Readonly<Record<string, { readonly got: unknown; readonly place: Place }>>;
}

const k3sConfig = '/etc/rancher/k3s/config.yaml';
const k3sLater = `${k3sConfig}.d/50-monitoring.yaml`;
const rke2Config = '/etc/rancher/rke2/config.yaml';
const ops = '/var/lib/rancher/rke2/agent/etc/kubelet.conf.d/50-ops.conf';

const places = (anonymous: Place, webhook: Place, mode: Place, port: Place): Planted['places'] => ({
  'anonymous-auth': { got: true, place: anonymous },
  'authn-webhook': { got: false, place: webhook },
  'authorization-mode': { got: 'AlwaysAllow', place: mode },
  'read-only-port': { got: 10255, place: port },
});
const argument = (path: string, name: string): Place => [path, `${name}=`];
const [anonymous, webhook, mode, port] = [
  'anonymous-auth',
  'authentication-token-webhook',
  'authorization-mode',
  'read-only-port',
] as const;

const k3sAgent: Planted = {
  distro: 'k3s',
  places: places(
    argument(k3sConfig, anonymous),
    argument(k3sConfig, webhook),
    argument(k3sConfig, mode),
    argument(k3sLater, port),
  ),
};

/** By node of the supervised lab. */
export const plantedOn: Readonly<Record<string, Planted>> = {
  a1: k3sAgent,
  a2: {
    distro: 'rke2',
    places: places(
      argument(rke2Config, anonymous),
      [ops, 'webhook:', 'enabled:'],
      [ops, 'authorization:', 'mode:'],
      argument(rke2Config, port),
    ),
  },
  a3: k3sAgent,
  a4: {
    distro: 'rke2',
    places: places(
      argument(rke2Config, anonymous),
      argument(rke2Config, webhook),
      argument(rke2Config, mode),
      argument(rke2Config, port),
    ),
  },
  s1: {
    distro: 'k3s',
    places: places(
      argument(k3sConfig, anonymous),
      argument(k3sLater, webhook),
      argument(k3sConfig, mode),
      argument(k3sLater, port),
    ),
  },
  r1: {
    distro: 'rke2',
    places: places(
      argument(rke2Config, anonymous),
      argument(rke2Config, webhook),
      argument(rke2Config, mode),
      argument(`${rke2Config}.d/20-metrics.yaml`, port),
    ),
  },
};

/** One node of each shape; servers last. */
export const shapes = Object.keys(plantedOn);

/** The processes that hold the node's containers: they outlive a restart of the kubelet. */
export async function containersOf(lab: Lab, node: string): Promise<string> {
  return (await lab.on(node, "ps -eo pid,lstart,comm | grep '[c]ontainerd-shim'")).stdout;
}
