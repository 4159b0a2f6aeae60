/** A kubelet that a supervisor of several Kubernetes parts starts: what is known of one node's, and where its files are. */
import { posix } from 'node:path';
import { type Argument, type Origin, type ServiceCommand, serviceCommand } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { satisfies } from '../lib/kube-version.js';
import { unfitKernelSettings } from './kernel-settings.js';
import { type Entry, type SupervisorConfig, readSupervisorConfig } from './supervisor-config.js';
import { unitPaths } from './systemd-kubelet.js';

/** What tells the supervisors apart. */
export interface Supervisor {
  readonly name: string;
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
  /** Flags that it gives the kubelet before 1.32, where no argument replaces them. */
  readonly oldFlags: (dataDir: string) => readonly string[];
  /** What `profile` may be, and the variable that says it too; undefined: there is no such key. */
  readonly profile?: { readonly names: readonly string[]; readonly variable: string } | undefined;
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

/** Units name their environment files by %N, the unit's name without its ending. */
const expanded = (unit: UnitFact, path: string): string => path.replaceAll('%N', unit.name.replace(/\.service$/, ''));

const commandOf = (facts: NodeFacts, unit: UnitFact): ServiceCommand =>
  serviceCommand(unitPaths(unit), (path) => textOf(facts, expanded(unit, path)));

/** The role and what stands behind it; undefined where the unit runs something else. */
function roleIn(command: ServiceCommand, binary: string): { role: string; args: readonly Argument[] } | undefined {
  const [program, ...words] = command.arguments;
  const at = words.findIndex(({ text }) => /^(server|agent)$/.test(text));
  if (posix.basename(program?.text ?? '') !== binary || at < 0) return undefined;
  return { role: words[at]?.text ?? '', args: words.slice(at + 1) };
}

/** The unit that runs the supervisor, whatever it is called; of several, the one that runs. */
export function supervisedUnit(facts: NodeFacts, { binary }: Supervisor): UnitFact | undefined {
  const found = facts.units.filter(
    (unit) => unit.loaded && unit.fragmentPath !== undefined && roleIn(commandOf(facts, unit), binary) !== undefined,
  );
  return found.find((unit) => unit.mainPid > 0) ?? found[0];
}

export function supervisorState(facts: NodeFacts, unit: UnitFact, supervisor: Supervisor): SupervisorState {
  const command = commandOf(facts, unit);
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
  const profile = profileOf(read, supervisor, command);
  return {
    config: { ...read, faults: [...unread, ...read.faults, ...profileFaults(facts, supervisor, read, profile)] },
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

function profileOf(config: SupervisorConfig, { profile }: Supervisor, command: ServiceCommand): Entry | undefined {
  if (profile === undefined) return undefined;
  const variable = command.variables.get(profile.variable);
  const found =
    config.values.get('profile')?.at(-1) ?? (variable && { text: variable.value.text, origin: variable.origin });
  return found?.text === '' ? undefined : found;
}

/** The profile under which the supervisor itself looks at the kernel's settings before it starts. */
const strictProfile = 'cis';

/**
 * What stops the supervisor before its kubelet (rancher/rke2 pkg/rke2/profile_linux.go of v1.36; whether the first releases of 1.29
 * still took older names is not confirmed).
 */
function profileFaults(
  facts: NodeFacts,
  { name, profile }: Supervisor,
  config: SupervisorConfig,
  set: Entry | undefined,
): ConfigFault[] {
  if (profile === undefined || set === undefined) return [];
  const { path, line } = set.origin;
  if (!profile.names.includes(set.text)) {
    return [
      { path, line, message: `unknown profile ${JSON.stringify(set.text)}: ${name} knows ${profile.names.join(', ')}` },
    ];
  }
  if (set.text !== strictProfile) return [];
  const protects = config.values.get('protect-kernel-defaults')?.at(-1);
  if (protects !== undefined && !isTrue(protects.text)) {
    const message = `protect-kernel-defaults is off, which profile ${strictProfile} forbids`;
    return [{ path: protects.origin.path, line: protects.origin.line, message }];
  }
  const unfit = unfitKernelSettings(facts).filter(({ key }) => !key.startsWith('kernel.keys.'));
  return unfit.map(({ key, is, wanted }) => ({
    path,
    line,
    message: `profile ${strictProfile} wants ${key}=${wanted}, and the kernel has ${is} (sysctl -w ${key}=${wanted})`,
  }));
}

const isTrue = (text: string): boolean => /^(1|t|true)$/i.test(text);

function protectsOf(config: SupervisorConfig, profile: Entry | undefined): SupervisorState['protects'] {
  const entry = config.values.get('protect-kernel-defaults')?.at(-1);
  if (entry !== undefined) return { value: isTrue(entry.text), entry };
  return profile?.text === strictProfile ? { value: true, entry: profile } : undefined;
}

/** Files whose change the supervisor reads at its next start; what it writes itself at every start says nothing about age. */
export function supervisorPaths(facts: NodeFacts, unit: UnitFact, state: SupervisorState): readonly string[] {
  const environment = commandOf(facts, unit).environmentFiles.map((path) => expanded(unit, path));
  return [...unitPaths(unit), ...environment, ...state.configFiles];
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
