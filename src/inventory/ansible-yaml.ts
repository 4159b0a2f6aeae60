/** Reads an Ansible inventory in YAML format. Pure. */
import { type Result, fail, ok } from '../lib/result.js';
import { valueAt } from '../lib/schema-problems.js';
import { type Path, type YamlSource, readYaml } from '../lib/yaml-source.js';
import { type AnsibleFault, type AnsibleInventory, groupNamed, variablesOf } from './ansible-model.js';
import { expandHosts } from './ansible-range.js';
import { maxHosts } from './resolve.js';

/** Groups inside groups; more suggest an attack. */
const maxDepth = 50;

type Tree = Readonly<Record<string, unknown>>;

/** Fails with the first mistake. */
export function readAnsibleYaml(file: string, text: string): Result<AnsibleInventory, AnsibleFault> {
  // Without its tag, an encrypted value is text that begins with $ANSIBLE_VAULT.
  const source = readYaml(
    file,
    text.replace(/(?<=[:\s])!(?:vault|unsafe)(?=\s)/g, (tag) => ' '.repeat(tag.length)),
  );
  const [problem] = source.problems;
  if (problem !== undefined) return fail({ line: problem.position?.line ?? 1, message: problem.message });
  const inventory: AnsibleInventory = { file, groups: new Map(), hosts: new Map() };
  const root = source.value;
  if (!isTree(root)) return fail({ line: 1, message: 'an inventory is a mapping of groups' });
  if ('_meta' in root)
    return fail({ line: 1, message: 'this is the output of --list in JSON: make YAML with --list --yaml' });
  const fault = addGroups({ source, inventory }, root, []);
  return fault === undefined ? ok(inventory) : fail(fault);
}

interface Reading {
  readonly source: YamlSource;
  readonly inventory: AnsibleInventory;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function addGroups(reading: Reading, groups: Tree, path: Path): AnsibleFault | undefined {
  if (path.length > 2 * maxDepth) return { line: lineOf(reading, path), message: `more than ${maxDepth} groups deep` };
  for (const name of Object.keys(groups)) {
    const fault = addGroup(reading, name, [...path, name]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const lineOf = ({ source }: Reading, path: Path): number => source.where(path).line;

function addGroup(reading: Reading, name: string, path: Path): AnsibleFault | undefined {
  const { source, inventory } = reading;
  const value = valueAt(source.value, path);
  const line = lineOf(reading, path);
  const group = groupNamed(inventory, name, line);
  if (value === null) return undefined;
  if (!isTree(value)) return { line, message: `the group ${JSON.stringify(name)} is not a mapping` };
  const parts: Record<'hosts' | 'children' | 'vars', Tree> = { hosts: {}, children: {}, vars: {} };
  for (const [key, part] of Object.entries(value)) {
    const at = lineOf(reading, [...path, key]);
    if (key !== 'hosts' && key !== 'children' && key !== 'vars')
      return {
        line: at,
        message: `${JSON.stringify(key)} in the group ${JSON.stringify(name)} is not hosts, children or vars`,
      };
    if (part !== null && !isTree(part))
      return { line: at, message: `${key} of the group ${JSON.stringify(name)} is not a mapping` };
    parts[key] = part ?? {};
  }
  for (const [key, one] of Object.entries(parts.vars))
    group.variables.set(key, { value: textOf(one), line: lineOf(reading, [...path, 'vars', key]) });
  for (const child of Object.keys(parts.children))
    if (!group.children.has(child)) group.children.set(child, lineOf(reading, [...path, 'children', child]));
  const fault = addHosts(reading, group.hosts, parts.hosts, [...path, 'hosts']);
  return fault ?? addGroups(reading, parts.children, [...path, 'children']);
}

function addHosts(reading: Reading, members: Map<string, number>, hosts: Tree, path: Path): AnsibleFault | undefined {
  for (const [pattern, own] of Object.entries(hosts)) {
    const line = lineOf(reading, [...path, pattern]);
    const expanded = expandHosts(pattern, maxHosts);
    if (!expanded.ok) return { line, message: expanded.error };
    if (own !== null && !isTree(own))
      return { line, message: `the variables of ${JSON.stringify(pattern)} are not a mapping` };
    const { names, port } = expanded.value;
    for (const name of names) {
      const known = variablesOf(reading.inventory, name);
      if (port !== undefined) known.set('ansible_port', { value: String(port), line });
      for (const [key, one] of Object.entries(own ?? {}))
        known.set(key, { value: textOf(one), line: lineOf(reading, [...path, pattern, key]) });
      if (!members.has(name)) members.set(name, line);
    }
    if (reading.inventory.hosts.size > maxHosts) return { line, message: `more than ${maxHosts} hosts` };
  }
  return undefined;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}
