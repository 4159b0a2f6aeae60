/** An Ansible inventory as it was read: groups with their hosts, children and variables, each with its line. */

export interface AnsibleVariable {
  /** Text as it was written; numbers and booleans as text, too. */
  readonly value: string;
  readonly line: number;
}

export type AnsibleVariables = Map<string, AnsibleVariable>;

export interface AnsibleGroup {
  readonly name: string;
  readonly line: number;
  /** Names of hosts in the order of the file, with the line of each. */
  readonly hosts: Map<string, number>;
  /** Names of groups below it, with the line of each. */
  readonly children: Map<string, number>;
  readonly variables: AnsibleVariables;
}

export interface AnsibleInventory {
  readonly file: string;
  /** In the order of the file; `all` and `ungrouped` are not in it unless they are written there. */
  readonly groups: Map<string, AnsibleGroup>;
  /** Variables of each host, in the order of the file. */
  readonly hosts: Map<string, AnsibleVariables>;
}

/** A mistake that makes the file unreadable. */
export interface AnsibleFault {
  readonly line: number;
  readonly message: string;
}

export function groupNamed(inventory: AnsibleInventory, name: string, line: number): AnsibleGroup {
  const found = inventory.groups.get(name);
  if (found !== undefined) return found;
  const made = { name, line, hosts: new Map(), children: new Map(), variables: new Map() };
  inventory.groups.set(name, made);
  return made;
}

/** The variables of a host, which is in the inventory from then on. */
export function variablesOf(inventory: AnsibleInventory, host: string): AnsibleVariables {
  const found = inventory.hosts.get(host) ?? (new Map() as AnsibleVariables);
  inventory.hosts.set(host, found);
  return found;
}

/** A chain of groups in which one is below itself, or undefined. */
export function findCycle({ groups }: AnsibleInventory): readonly string[] | undefined {
  const done = new Set<string>();
  const stack: { readonly name: string; readonly left: string[] }[] = [];
  for (const start of groups.keys()) {
    if (done.has(start)) continue;
    stack.push({ name: start, left: [...(groups.get(start)?.children.keys() ?? [])] });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.left.shift();
      if (next === undefined) {
        done.add(top.name);
        stack.pop();
        continue;
      }
      const at = stack.findIndex(({ name }) => name === next);
      if (at !== -1) return [...stack.slice(at).map(({ name }) => name), next];
      if (!done.has(next)) stack.push({ name: next, left: [...(groups.get(next)?.children.keys() ?? [])] });
    }
  }
  return undefined;
}
