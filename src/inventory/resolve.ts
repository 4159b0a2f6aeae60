/** Resolves groups, ranges and defaults to a flat list of hosts. Pure, except that `~` is expanded. */
import type { Path, Problem } from '../lib/yaml-source.js';
import type { Host, SshSettings } from './host.js';
import { idleJumpForks, shareJumpForks } from './jump-forks.js';
import { parseRange } from './range.js';
import { splitJump } from './schema.js';
import type { GroupInput, HostInput, InventoryInput, SshInput } from './schema.js';
import { addressFault, localPath, nameFault, nodeNameFault } from './syntax.js';

/** Maximum number of hosts in an inventory. */
export const maxHosts = 5000;

/** An inventory without its faulty parts, which are reported already. */
export type Draft = Partial<Omit<InventoryInput, 'groups'>> & { readonly groups?: Record<string, Partial<GroupInput>> };

export interface Resolved {
  readonly hosts: readonly Host[];
  readonly problems: readonly Problem[];
}

/** Expands ranges and merges ssh settings (host over group over inventory). If there are problems, `hosts` is incomplete. */
export function resolveHosts(draft: Draft, inventoryPath: string): Resolved {
  const hosts: Host[] = [];
  const problems: Problem[] = [];
  const owners = new Map<string, string>();
  for (const [groupName, group] of Object.entries(draft.groups ?? {})) {
    const path = ['groups', groupName];
    if (group.hosts !== undefined && Object.keys(group.hosts).length === 0) {
      problems.push({ path: [...path, 'hosts'], message: 'the group has no hosts: add hosts or remove the group' });
    }
    for (const [key, input] of Object.entries(group.hosts ?? {})) {
      const at = [...path, 'hosts', key];
      const entry = expandEntry(key, input ?? {}, at, maxHosts - hosts.length);
      problems.push(...entry.problems);
      if (entry.isOverLimit) return { hosts, problems };
      const ssh = mergeSsh([draft.ssh, group.ssh, input?.ssh], inventoryPath);
      const taken: string[] = [];
      for (const { name, address, nodeName } of entry.machines) {
        const owner = owners.get(name);
        if (owner !== undefined) taken.push(`${JSON.stringify(name)} is already defined by ${owner}`);
        else owners.set(name, `${groupName}.${key}`);
        hosts.push({ name, address, nodeName, role: group.role ?? 'worker', group: groupName, ssh });
      }
      const [first] = taken;
      if (first !== undefined)
        problems.push({ path: at, message: taken.length > 1 ? `${first}, and ${taken.length - 1} more` : first });
    }
  }
  return {
    hosts: shareJumpForks(hosts),
    problems: [
      ...problems,
      ...groupNameConflicts(draft, owners),
      ...duplicateMachines(hosts, owners, draft),
      ...idleJumpForks(hosts, draft),
    ],
  };
}

interface Machine {
  readonly name: string;
  readonly address: string;
  readonly nodeName?: string | undefined;
}

function expandEntry(
  key: string,
  input: HostInput,
  path: Path,
  maxCount: number,
): { machines: readonly Machine[]; problems: readonly Problem[]; isOverLimit?: true } {
  const range = parseRange(key);
  if (!range.ok) return { machines: [], problems: [{ path, message: range.error }] };
  const { count } = range.value;
  if (count > maxCount)
    return { machines: [], problems: [{ path, message: `more than ${maxHosts} hosts` }], isOverLimit: true };
  const names = range.value.expand();
  const problems: Problem[] = [];
  const report = (at: Path, messages: readonly (string | undefined)[]): void => {
    const message = messages.find((text) => text !== undefined);
    if (message !== undefined) problems.push({ path: at, message });
  };
  const expandField = (
    field: 'address' | 'nodeName',
    fault: (text: string) => string | undefined,
  ): readonly string[] => {
    const text = input[field];
    if (text === undefined || (fault(text) === undefined && count === 1)) return text === undefined ? [] : [text];
    const at = [...path, field];
    const values = parseRange(text);
    if (!values.ok) report(at, [values.error]);
    else if (values.value.count !== count)
      report(at, [`has ${values.value.count} values, but ${key} has ${count} hosts`]);
    else {
      const expanded = values.value.expand();
      report(at, expanded.map(fault));
      return expanded;
    }
    return [];
  };
  report(path, names.map(nameFault));
  const addresses = expandField('address', addressFault);
  const nodeNames = expandField('nodeName', nodeNameFault);
  const machines = names.map((name, i) => ({ name, address: addresses[i] ?? name, nodeName: nodeNames[i] }));
  if (input.address === undefined && problems.length === 0) report(path, names.map(addressFault));
  return { machines, problems };
}

function mergeSsh(layers: readonly (SshInput | null | undefined)[], inventoryPath: string): SshSettings {
  const settings: SshInput = Object.assign({}, ...layers.map((layer) => layer ?? {})) as SshInput;
  const path = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : localPath(text, inventoryPath);
  const jump = typeof settings.jump === 'string' ? splitJump(settings.jump) : (settings.jump ?? []);
  return {
    user: settings.user,
    port: settings.port,
    identityFile: path(settings.identityFile),
    knownHostsFile: path(settings.knownHostsFile),
    jump,
    ...(settings.jumpForks === undefined || jump.length === 0 ? {} : { jumpForks: settings.jumpForks }),
    ...(settings.transport === undefined ? {} : { transport: settings.transport }),
    ...(settings.jump !== undefined && jump.length === 0 ? { direct: true as const } : {}),
    ...becomeSettings(settings.become),
  };
}

function becomeSettings(settings: SshInput['become']): Pick<SshSettings, 'become' | 'becomePassword'> {
  const { method = 'sudo', password = 'shared' } = typeof settings === 'object' ? settings : { method: settings };
  return { become: method, ...(password === 'per-host' ? { becomePassword: password } : {}) };
}

/** `--limit` accepts names of hosts and groups, so they must differ. */
function groupNameConflicts(draft: Draft, owners: ReadonlyMap<string, string>): readonly Problem[] {
  return Object.keys(draft.groups ?? {}).flatMap((name) => {
    const owner = owners.get(name);
    return owner === undefined
      ? []
      : [{ path: ['groups', name], message: `a host has the same name as this group (${owner})` }];
  });
}

/** With two names, a machine would be changed twice at the same time. */
function duplicateMachines(
  hosts: readonly Host[],
  owners: ReadonlyMap<string, string>,
  draft: Draft,
): readonly Problem[] {
  const seen = new Map<string, Host>();
  return hosts.flatMap((host) => {
    const place = JSON.stringify([host.address.toLowerCase(), host.ssh.port ?? 22, host.ssh.jump]);
    const other = seen.get(place);
    seen.set(place, other ?? host);
    if (other === undefined || other.name === host.name) return [];
    const key = Object.keys(draft.groups?.[host.group]?.hosts ?? {}).find(
      (name) => owners.get(host.name) === `${host.group}.${name}`,
    );
    return [
      {
        path: ['groups', host.group, 'hosts', key ?? host.name],
        message: `${JSON.stringify(host.name)} is the same machine as ${JSON.stringify(other.name)}: ${host.address}`,
      },
    ];
  });
}
