/** A new inventory before it is written: hosts from a cluster, from Ansible or typed, with notes on what was left out. */
import type { Role } from './host.js';
import { addressFault, jumpFault, nameFault, nodeNameFault, pathFault, userFault } from './syntax.js';

/** Paths are as the inventory will hold them: absolute or with `~/`. */
export interface DraftSsh {
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly identityFile?: string | undefined;
  readonly knownHostsFile?: string | undefined;
  readonly jump?: readonly string[] | undefined;
}

export interface DraftHost {
  readonly name: string;
  /** undefined: the name is the address. */
  readonly address?: string | undefined;
  readonly nodeName?: string | undefined;
  readonly group: string;
  readonly role: Role;
  readonly ssh: DraftSsh;
  /** Where it was found, such as `hosts.ini:12`; shown with notes. */
  readonly place: string;
}

/** What could not be carried over, and where it stands. */
export interface Note {
  readonly place: string;
  readonly message: string;
}

export interface Draft {
  readonly hosts: readonly DraftHost[];
  readonly notes: readonly Note[];
}

/** Checks for one value; the message of the first one that fails. */
const checks: Readonly<Record<keyof DraftSsh, (ssh: DraftSsh) => string | undefined>> = {
  user: ({ user }) => (user === undefined ? undefined : userFault(user)),
  port: ({ port }) =>
    port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)
      ? undefined
      : `the port ${port} is not from 1 to 65535`,
  identityFile: ({ identityFile }) => (identityFile === undefined ? undefined : pathFault(identityFile)),
  knownHostsFile: ({ knownHostsFile }) => (knownHostsFile === undefined ? undefined : pathFault(knownHostsFile)),
  jump: ({ jump }) => jump?.map(jumpFault).find((fault) => fault !== undefined),
};

function hostFault({ name, address, nodeName, ssh }: DraftHost): string | undefined {
  const sshFaults = Object.values(checks).map((check) => check(ssh));
  const node = nodeName === undefined ? undefined : nodeNameFault(nodeName);
  return [nameFault(name), addressFault(address ?? name), node, ...sshFaults].find((fault) => fault !== undefined);
}

/**
 * Leaves out hosts that an inventory cannot hold, each with a note: invalid names and addresses, names that are there
 * already, and second names of one machine. A group with the name of a host gets another name.
 */
export function settleDraft({ hosts, notes }: Draft): Draft {
  const names = new Map<string, DraftHost>();
  const machines = new Map<string, DraftHost>();
  const left: Note[] = [...notes];
  for (const host of hosts) {
    const machine = JSON.stringify([
      (host.address ?? host.name).toLowerCase(),
      host.ssh.port ?? 22,
      host.ssh.jump ?? [],
    ]);
    const [twin, other] = [names.get(host.name), machines.get(machine)];
    const fault =
      hostFault(host) ??
      (twin === undefined ? undefined : `${JSON.stringify(host.name)} is there already (${twin.place})`) ??
      (other === undefined
        ? undefined
        : `${JSON.stringify(host.name)} is the same machine as ${JSON.stringify(other.name)}`);
    if (fault !== undefined) {
      left.push({ place: host.place, message: `${fault}; the host is left out` });
      continue;
    }
    names.set(host.name, host);
    machines.set(machine, host);
  }
  return { hosts: withFreeGroups([...names.values()], new Set(names.keys())), notes: left };
}

/** `--limit` takes names of hosts and groups, so they differ. */
function withFreeGroups(hosts: readonly DraftHost[], taken: ReadonlySet<string>): readonly DraftHost[] {
  const groups = new Map<string, string>();
  const free = (group: string): string => {
    let name = nameFault(group) === undefined ? group : 'hosts';
    while (taken.has(name)) name += '-group';
    return name;
  };
  return hosts.map((host) => {
    const key = `${host.role} ${host.group}`;
    const rival = groups.get(`${host.role === 'worker' ? 'control-plane' : 'worker'} ${host.group}`);
    const name = groups.get(key) ?? free(rival === undefined ? host.group : `${host.group}-${host.role}`);
    groups.set(key, name);
    return name === host.group ? host : { ...host, group: name };
  });
}

/** Notes with one message are one line: the first place and how many more there are. */
export function noteLines(notes: readonly Note[]): readonly string[] {
  const byMessage = new Map<string, Note[]>();
  for (const note of notes) byMessage.set(note.message, [...(byMessage.get(note.message) ?? []), note]);
  return [...byMessage].map(([message, [first, ...more]]) => {
    const also = more.length === 0 ? '' : ` (and ${more.length} more like it)`;
    return `${first?.place ?? ''}: ${message}${also}`;
  });
}
