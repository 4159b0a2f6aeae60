/** A kubelet that a supervisor of several Kubernetes parts starts: what is known of one node's, and where its files are. */
import { posix } from 'node:path';
import type { Origin } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { satisfies } from '../lib/kube-version.js';
import type { Distro } from './distro.js';
import { roleIn, supervisorCommand } from './supervisor-command.js';
import { type Entry, type SupervisorConfig, readSupervisorConfig } from './supervisor-config.js';
import { type Profiles, profileFaults, profileOf, protectsOf } from './supervisor-profile.js';
import { unitPaths } from './systemd-kubelet.js';

/** What tells the supervisors apart. */
export interface Supervisor {
  readonly name: string;
  /** As a person writes it. */
  readonly title: string;
  /** Units that run it, as a pattern with a star or by name. */
  readonly units: readonly string[];
  /** Its processes as the kernel names them. */
  readonly processes: readonly string[];
  /** The kubelet is a process of its own, or a part of the supervisor's. */
  readonly kubelet: 'child' | 'inside';
  readonly kubectl: Distro['kubectl'];
  /** Name of the program in ExecStart. */
  readonly binary: string;
  /** Folder of config.yaml and config.yaml.d. */
  readonly configFolder: string;
  readonly dataDir: string;
  /** Variables that name another config.yaml and another data-dir. */
  readonly configVariable: string;
  readonly dataDirVariable: string;
  /** The file with its own settings in kubelet.conf.d, written at every start. */
  readonly defaultsFile: string;
  /** Undefined: there is no such key. */
  readonly profiles?: Profiles | undefined;
}

/** From this version on files in kubelet.conf.d are read (k3s-io/docs: "only available in v1.32 and above"). */
const dropInVersions = '>=1.32';

/** Everything about one node's supervisor that reading and editing need. */
export interface SupervisorState {
  readonly config: SupervisorConfig;
  /** In the order they are read. */
  readonly configFiles: readonly string[];
  readonly configFile: string;
  readonly dataDir: string;
  readonly role: 'server' | 'agent';
  readonly version: string | undefined;
  /** The kubelet reads kubelet.conf.d. */
  readonly hasDropIns: boolean;
  /** kubelet.conf.d. */
  readonly folder: string;
  /** Where the kernel's settings are left alone or not, by the top-level key or the profile. */
  readonly protects: { readonly value: boolean; readonly entry: Entry } | undefined;
}

/** The unit that runs the supervisor, whatever it is called; of several, the one that runs. */
export function supervisedUnit(facts: NodeFacts, { binary }: Supervisor): UnitFact | undefined {
  const found = facts.units.filter(
    (unit) =>
      unit.loaded && unit.fragmentPath !== undefined && roleIn(supervisorCommand(facts, unit), binary) !== undefined,
  );
  return found.find((unit) => unit.mainPid > 0) ?? found[0];
}

export function supervisorState(facts: NodeFacts, unit: UnitFact, supervisor: Supervisor): SupervisorState {
  const command = supervisorCommand(facts, unit);
  const { role, args } = roleIn(command, supervisor.binary) ?? { role: '', args: [] };
  const variable = (name: string): string | undefined => nonEmpty(command.variables.get(name)?.value.text);
  const own = readSupervisorConfig([], args).values;
  const named = variable(supervisor.configVariable) ?? own.get('config')?.at(-1)?.text;
  const configFile = named ?? `${supervisor.configFolder}/config.yaml`;
  const dropIns = [...facts.files.keys()].filter(
    (path) => posix.dirname(path) === `${configFile}.d` && /\.ya?ml$/i.test(path),
  );
  const present = [configFile, ...dropIns.sort()].filter((path) => isThere(facts, path));
  const configFiles = named !== undefined && present.length === 0 ? [configFile] : present;
  const texts = configFiles.map((path) => ({ path, text: textOf(facts, path) }));
  const read = readSupervisorConfig(
    texts.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }])),
    args,
  );
  const unread = texts.filter(({ text }) => text === undefined).map(({ path }) => unreadFault(facts, path));
  const dataDir = nonEmpty(read.values.get('data-dir')?.at(-1)?.text) ?? variable(supervisor.dataDirVariable);
  const folder = posix.join(dataDir ?? supervisor.dataDir, 'agent/etc/kubelet.conf.d');
  const process = facts.processes.find((one) => one.pid === unit.mainPid);
  const version = /v\d+\.\d+\.\d+\S*/.exec(process?.version ?? '')?.[0];
  const profile = profileOf(read, supervisor.profiles, command);
  const { name, profiles } = supervisor;
  return {
    config: {
      ...read,
      faults: [...unread, ...read.faults, ...profileFaults(facts, { name, role, profiles }, read, profile)],
    },
    configFiles,
    configFile,
    dataDir: posix.resolve('/', dataDir ?? supervisor.dataDir),
    role: role === 'agent' ? 'agent' : 'server',
    version,
    hasDropIns:
      version === undefined
        ? isThere(facts, `${folder}/${supervisor.defaultsFile}`)
        : satisfies(version, dropInVersions) === true,
    folder,
    protects: protectsOf(read, profile),
  };
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function isThere(facts: NodeFacts, path: string): boolean {
  const kind = facts.files.get(path)?.kind;
  return kind === 'file' || kind === 'unreadable';
}

export function unreadFault(facts: NodeFacts, path: string): ConfigFault {
  const absent = facts.files.get(path)?.kind === 'absent';
  return { path, message: absent ? 'the file does not exist' : 'the file could not be read' };
}

/** Files whose change the supervisor reads at its next start; what it writes itself at every start says nothing about age. */
export function supervisorPaths(facts: NodeFacts, unit: UnitFact, state: SupervisorState): readonly string[] {
  return [...unitPaths(unit), ...supervisorCommand(facts, unit).environmentFiles, ...state.configFiles];
}

/** The place of something that the supervisor does by itself. */
export const ownOrigin = (unit: UnitFact, name: string): Origin => ({
  kind: 'built-in',
  path: unit.fragmentPath ?? unit.name,
  line: 1,
  start: 0,
  end: 0,
  variable: `${name}'s own`,
});

export const supervisedFiles = (dataDir: string): KubeletSetup['files'] => ({
  'kubelet-unit': undefined,
  'kubelet-config': undefined,
  'kubelet-kubeconfig': posix.join(dataDir, 'agent/kubelet.kubeconfig'),
  'client-ca': posix.join(dataDir, 'agent/client-ca.crt'),
  'proxy-kubeconfig': posix.join(dataDir, 'agent/kubeproxy.kubeconfig'),
});
