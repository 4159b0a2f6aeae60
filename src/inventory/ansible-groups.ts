/** Which groups an Ansible host is in, which variables it has from them, and which groups are the control plane. Pure. */
import type { AnsibleInventory, AnsibleVariable } from './ansible-model.js';

export interface Membership {
  /** Groups that name the host itself, in the order of the file. */
  readonly own: readonly string[];
  /** Those and all groups above them. */
  readonly all: readonly string[];
  /** As the host, or else the group closest to it, has them. */
  readonly variables: ReadonlyMap<string, AnsibleVariable>;
  /** Where the host stands first. */
  readonly line: number;
}

/** By name, in the order of the file. The groups must have no cycle. */
export function groupsOfHosts(inventory: AnsibleInventory): ReadonlyMap<string, Membership> {
  const parents = parentsOf(inventory);
  const depths = depthsOf(inventory, parents);
  const own = new Map<string, string[]>();
  const lines = new Map<string, number>();
  for (const { name, hosts } of inventory.groups.values()) {
    for (const [host, line] of hosts) {
      own.set(host, [...(own.get(host) ?? []), name]);
      lines.set(host, Math.min(line, lines.get(host) ?? line));
    }
  }
  return new Map(
    [...inventory.hosts].map(([host, variables]) => {
      const groups = own.get(host) ?? [];
      const all = withParents(groups, parents);
      // Ansible merges from the outermost group to the innermost, those of one depth by name; `all` comes first.
      const order = [...new Set(['all', ...all])].toSorted(
        (a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || (a < b ? -1 : 1),
      );
      const merged = new Map(order.flatMap((name) => [...(inventory.groups.get(name)?.variables ?? [])]));
      for (const [name, variable] of variables) merged.set(name, variable);
      return [host, { own: groups, all, variables: merged, line: lines.get(host) ?? 1 }] as const;
    }),
  );
}

function parentsOf({ groups }: AnsibleInventory): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, string[]>();
  for (const { name, children } of groups.values())
    for (const child of children.keys()) parents.set(child, [...(parents.get(child) ?? []), name]);
  return parents;
}

function withParents(names: readonly string[], parents: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found = new Set(names);
  for (const name of found) for (const parent of parents.get(name) ?? []) found.add(parent);
  return [...found];
}

/** How deep each group is below the outermost one. */
function depthsOf(
  { groups }: AnsibleInventory,
  parents: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const depths = new Map<string, number>([['all', 0]]);
  let waiting = [...groups.keys()].filter((name) => name !== 'all');
  while (waiting.length > 0) {
    const left: string[] = [];
    for (const name of waiting) {
      const above = (parents.get(name) ?? []).map((parent) => depths.get(parent));
      if (above.includes(undefined)) left.push(name);
      else depths.set(name, Math.max(0, ...above.map((depth) => depth ?? 0)) + 1);
    }
    if (left.length === waiting.length) break;
    waiting = left;
  }
  return depths;
}

const controlPlane = /(^|[_-])(masters?|control[_-]?planes?|controllers?)([_-]?(nodes?|hosts?))?$/i;

/** By its name; `servers` counts where there are `agents` beside them. */
export function isControlPlaneGroup(name: string, { groups }: AnsibleInventory): boolean {
  if (controlPlane.test(name)) return true;
  const server = /^(.*)servers?$/i.exec(name);
  const before = server?.[1];
  return before !== undefined && [`${before}agents`, `${before}agent`].some((one) => groups.has(one));
}
