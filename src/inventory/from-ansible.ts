/** Makes the draft of an inventory from one of Ansible, in INI or YAML format. Pure. */
import { resolve } from 'node:path';
import { ToolError } from '../lib/errors.js';
import type { Result } from '../lib/result.js';
import { readAnsibleIni } from './ansible-ini.js';
import { type AnsibleFault, type AnsibleInventory, type AnsibleVariable, findCycle } from './ansible-model.js';
import { groupsOfHosts, isControlPlaneGroup } from './ansible-groups.js';
import { readConnection } from './ansible-ssh.js';
import { readAnsibleYaml } from './ansible-yaml.js';
import { type Draft, type DraftHost, type Note, settleDraft } from './draft.js';

/** Bytes of an inventory. */
const maxChars = 4 * 1024 * 1024;

/** Throws ToolError `usage` with file and line of the first mistake. */
export function readAnsible(file: string, text: string): AnsibleInventory {
  const refuse = (line: number, message: string, hint?: string): never => {
    throw new ToolError('usage', `${file}:${line}: ${message}`, { hint });
  };
  const dump = `make one file of it: ansible-inventory -i ${file} --list --yaml > hosts.yaml`;
  if (text.length > maxChars) refuse(1, 'the file is larger than 4 MiB');
  if (text.startsWith('$ANSIBLE_VAULT;'))
    refuse(
      1,
      'the file is encrypted with Ansible Vault',
      'decrypt a copy: ansible-vault decrypt --output hosts.txt FILE',
    );
  if (text.startsWith('#!')) refuse(1, 'this is a program, and kubelatch starts no inventory programs', dump);
  const read: Result<AnsibleInventory, AnsibleFault> = isYaml(file, text)
    ? readAnsibleYaml(file, text)
    : readAnsibleIni(file, text);
  if (!read.ok) return refuse(read.error.line, read.error.message);
  const cycle = findCycle(read.value);
  const [inner, outer] = [cycle?.at(-1) ?? '', cycle?.at(-2) ?? ''];
  if (cycle !== undefined)
    refuse(read.value.groups.get(outer)?.children.get(inner) ?? 1, `groups are below themselves: ${cycle.join(' > ')}`);
  return read.value;
}

const isYaml = (file: string, text: string): boolean =>
  /\.(ya?ml|json)$/i.test(file) ||
  (!/\.(ini|cfg)$/i.test(file) &&
    /^(---|[\w"'-]+:\s*(#.*)?$|\s*\{)/m.test(text.split('\n').find((line) => !/^\s*(#|;|$)/.test(line)) ?? ''));

export interface AnsibleChoice {
  /** Take the hosts of these groups; undefined: of all. */
  readonly groups?: readonly string[] | undefined;
  /** Groups and hosts of the control plane; undefined: by the names of groups. */
  readonly controlPlane?: readonly string[] | undefined;
}

/** Names of groups that have hosts, in the order of the file, and how many; `control` where the name says so. */
export function ansibleGroups(
  inventory: AnsibleInventory,
): readonly { readonly name: string; readonly hosts: number; readonly control: boolean }[] {
  const members = [...groupsOfHosts(inventory).values()];
  return [...inventory.groups.keys()].flatMap((name) => {
    const hosts = members.filter(({ all }) => all.includes(name)).length;
    return hosts === 0 ? [] : [{ name, hosts, control: isControlPlaneGroup(name, inventory) }];
  });
}

/** Throws ToolError `usage` if a chosen group is not there. */
export function draftFromAnsible(inventory: AnsibleInventory, choice: AnsibleChoice): Draft {
  const { file } = inventory;
  const notes: Note[] = [];
  const hosts: DraftHost[] = [];
  const members = groupsOfHosts(inventory);
  refuseUnknown(inventory, choice);
  const ofControlPlane = (name: string): boolean =>
    choice.controlPlane === undefined ? isControlPlaneGroup(name, inventory) : choice.controlPlane.includes(name);
  let foreign: { first: AnsibleVariable; names: Set<string> } | undefined;
  for (const [name, { own, all, variables, line }] of members) {
    if (choice.groups !== undefined && !all.some((group) => choice.groups?.includes(group))) continue;
    if (choice.groups === undefined && all.some((group) => /^bastions?$/i.test(group))) {
      notes.push({
        place: `${file}:${line}`,
        message: 'hosts of the group "bastion" are left out; take them with --group',
      });
      continue;
    }
    const { address, ssh, notes: about, unusable } = readConnection({ host: name, variables }, absolute);
    if (unusable !== undefined) {
      notes.push({ place: `${file}:${unusable.line}`, message: `${unusable.message}; ${name} is left out` });
      continue;
    }
    notes.push(...about.map((one) => ({ place: `${file}:${one.line}`, message: one.message })));
    for (const [key, variable] of variables) {
      if (key.startsWith('ansible_')) continue;
      foreign ??= { first: variable, names: new Set() };
      foreign.names.add(key);
    }
    const control = choice.controlPlane?.includes(name) === true ? all[0] : all.find(ofControlPlane);
    const group = control ?? own.find((one) => one !== 'all' && one !== 'ungrouped') ?? 'workers';
    hosts.push({
      ...{ name, address, group, ssh, place: `${file}:${line}` },
      role: control === undefined ? 'worker' : 'control-plane',
    });
  }
  if (foreign !== undefined) {
    const [first = ''] = foreign.names;
    const more = foreign.names.size === 1 ? '' : ` and ${foreign.names.size - 1} more variables`;
    const message = `${first}${more} without ansible_ in front are no connection settings, and are left out`;
    notes.push({ place: `${file}:${foreign.first.line}`, message });
  }
  return settleDraft({ hosts, notes: unique(notes) });
}

/** A path that stays right in an inventory in any folder. */
const absolute = (path: string): string => (path.startsWith('~') ? path : resolve(path));

const unique = (notes: readonly Note[]): readonly Note[] => [
  ...new Map(notes.map((note) => [`${note.place} ${note.message}`, note])).values(),
];

function refuseUnknown(inventory: AnsibleInventory, { groups = [], controlPlane = [] }: AnsibleChoice): void {
  const missing =
    groups.find((name) => !inventory.groups.has(name)) ??
    controlPlane.find((name) => !inventory.groups.has(name) && !inventory.hosts.has(name));
  if (missing === undefined) return;
  const names = [...inventory.groups.keys()].slice(0, 20).join(', ');
  throw new ToolError('usage', `${inventory.file} has no group ${JSON.stringify(missing)}`, {
    hint: `its groups: ${names}`,
  });
}
