/** `ssh.jumpForks`: how many hosts behind the same bastions are worked on at once. */
import { memoizeObject } from '../lib/memoize.js';
import type { Path, Problem } from '../lib/yaml-source.js';
import type { Host, SshSettings } from './host.js';
import type { SshInput } from './schema.js';

/** What has an `ssh` block in the inventory. */
interface Layer {
  readonly ssh?: SshInput | null | undefined;
}

interface Layers extends Layer {
  readonly groups?: Readonly<Record<string, Layer & { readonly hosts?: Readonly<Record<string, Layer | null>> }>>;
}

const keyOf = ({ jump }: SshSettings): string => jump.join(',');

/** Hosts with the same `jump` get the lowest number among them. */
export function shareJumpForks(hosts: readonly Host[]): readonly Host[] {
  const lowest = new Map<string, number>();
  for (const { ssh } of hosts) {
    if (ssh.jumpForks === undefined) continue;
    lowest.set(keyOf(ssh), Math.min(ssh.jumpForks, lowest.get(keyOf(ssh)) ?? Infinity));
  }
  if (lowest.size === 0) return hosts;
  const shared = memoizeObject((ssh: SshSettings): SshSettings => {
    const jumpForks = lowest.get(keyOf(ssh));
    return jumpForks === undefined ? ssh : { ...ssh, jumpForks };
  });
  return hosts.map((host) => ({ ...host, ssh: shared(host.ssh) }));
}

/** A limit that no host has, as where the bastions are in ~/.ssh/config alone. */
export function idleJumpForks(hosts: readonly Host[], inventory: Layers): readonly Problem[] {
  if (hosts.some(({ ssh }) => ssh.jumpForks !== undefined)) return [];
  const groups = Object.entries(inventory.groups ?? {});
  const layers: readonly (readonly [Path, Layer | null])[] = [
    [[], inventory],
    ...groups.map(([name, group]) => [['groups', name], group] as const),
    ...groups.flatMap(([name, group]) =>
      Object.entries(group.hosts ?? {}).map(([host, layer]) => [['groups', name, 'hosts', host], layer] as const),
    ),
  ];
  const message = 'limits the hosts behind the bastions of `jump`, and no host here has a `jump`';
  return layers
    .filter(([, layer]) => layer?.ssh?.jumpForks !== undefined)
    .slice(0, 1)
    .map(([path]) => ({ path: [...path, 'ssh', 'jumpForks'], message }));
}
