/** A kubelet that a supervisor starts along with other Kubernetes components: its state on one node, and where its files are. */
import { posix } from 'node:path';
import type { Origin } from '../facts/command-line.js';
import { clockTolerance } from '../facts/changed-since.js';
import type { ConfigFault } from '../facts/config-file.js';
import { walkOrder } from '../facts/config-dir.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type FileFact, type NodeFacts, type UnitFact, textOf, unreadMessage } from '../facts/node-facts.js';
import { unitPaths } from '../facts/unit-command.js';
import { parseKubeVersion, satisfies } from '../lib/kube-version.js';
import type { Distro, Obstacle } from './distro.js';
import { kubeletProcess, runningFlags } from './supervised-running.js';
import { roleIn, supervisorCommand } from './supervisor-command.js';
import { type Entry, type SupervisorConfig, readSupervisorConfig } from './supervisor-config.js';
import { type Reader, keyFaults } from './supervisor-faults.js';
import { type KeyTable, isOn } from './supervisor-keys.js';
import { type Profiles, profileFaults, profileOf, protectsOf } from './supervisor-profile.js';

/** The differences between the supervisors. */
export interface Supervisor {
  readonly name: string;
  /** The name to show to users. */
  readonly title: string;
  /** Units that run it: names, or patterns with a star. */
  readonly units: readonly string[];
  /** The kernel's names for its processes. */
  readonly processes: readonly string[];
  /** Whether the kubelet is a process of its own or part of the supervisor's. */
  readonly kubelet: 'child' | 'inside';
  readonly kubectl: Distro['kubectl'];
  /** Name of the program in ExecStart. */
  readonly binary: string;
  /** The folder of config.yaml and config.yaml.d. */
  readonly configFolder: string;
  readonly dataDir: string;
  /** Variables that name a different config.yaml and data-dir. */
  readonly configVariable: string;
  readonly dataDirVariable: string;
  /** The file with its own settings in kubelet.conf.d. It overwrites this file at every start. */
  readonly defaultsFile: string;
  /** Undefined if it has no `profile` key. */
  readonly profiles?: Profiles | undefined;
  readonly keys: KeyTable;
  /** Flag names of kubelet-arg entries that it handles itself. */
  readonly ownArguments: ReadonlySet<string>;
  /** Flags that it passes to its kubelet beyond those that k3s passes. */
  readonly supervisorFlags?: readonly string[] | undefined;
}

/** Files in kubelet.conf.d are read since this version (k3s-io/docs: "only available in v1.32 and above"). */
const dropInVersions = '>=1.32';

/** What reading and editing need to know about one node's supervisor. */
export interface SupervisorState {
  readonly config: SupervisorConfig;
  /** Parts of the supervisor's own command that could not be computed. */
  readonly unclear: readonly ConfigFault[];
  /** In the order they are read. */
  readonly configFiles: readonly string[];
  readonly configFile: string;
  readonly dataDir: string;
  readonly role: 'server' | 'agent';
  readonly version: string | undefined;
  /** The kubelet reads kubelet.conf.d. */
  readonly hasDropIns: boolean;
  /** Whether `hasDropIns` is certain. If it is not, only an argument takes effect either way. */
  readonly isDropInSupportKnown: boolean;
  readonly reader: Reader;
  /** Path of kubelet.conf.d. */
  readonly folder: string;
  /** Whether the top-level key or the profile sets protectKernelDefaults. */
  readonly protects: { readonly value: boolean; readonly entry: Entry } | undefined;
}

/** The unit that runs the supervisor with a kubelet, whatever its name. Of several, the active one. */
export function supervisedUnit(facts: NodeFacts, supervisor: Supervisor): UnitFact | undefined {
  const units = supervisorUnits(facts, supervisor);
  const whole = units.filter((unit) => disableAgentEntry(facts, unit, supervisor) === undefined);
  const found = whole.length > 0 ? whole : units.filter((unit) => hasKubelet(facts, unit, supervisor));
  return found.find((unit) => unit.mainPid > 0) ?? found[0];
}

const supervisorUnits = (facts: NodeFacts, { binary }: Supervisor): readonly UnitFact[] =>
  facts.units.filter(
    (unit) =>
      unit.loaded && unit.fragmentPath !== undefined && roleIn(supervisorCommand(facts, unit), binary) !== undefined,
  );

/** The entry that makes a server's next start run without a kubelet. */
export function disableAgentEntry(facts: NodeFacts, unit: UnitFact, supervisor: Supervisor): Entry | undefined {
  const { role, config } = supervisorState(facts, unit, supervisor);
  const entry = config.values.get('disable-agent')?.at(-1);
  return role === 'server' && entry !== undefined && isOn(entry.text) ? entry : undefined;
}

/** A kubelet is running now, whatever the files say about the next start. */
function hasKubelet(facts: NodeFacts, unit: UnitFact, { kubelet }: Supervisor): boolean {
  if (runningFlags(facts, unit, kubelet) !== undefined) return true;
  if (kubelet === 'child' && kubeletProcess(facts, unit, kubelet) !== undefined) return true;
  return unit.mainPid > 0 && facts.listening.some(({ port }) => port === 10250);
}

/** Why a node that runs the supervisor has no kubelet to judge. */
export function noKubelet(facts: NodeFacts, supervisor: Supervisor): Obstacle | undefined {
  const [unit] = supervisorUnits(facts, supervisor);
  const entry = unit === undefined ? undefined : disableAgentEntry(facts, unit, supervisor);
  if (unit === undefined || entry === undefined) return undefined;
  const { path, line } = entry.origin;
  return {
    reason: `no kubelet runs on this host: ${unit.name} runs ${supervisor.title} with disable-agent (${path}:${line})`,
    hint: 'if that is intended, remove the host from the inventory',
  };
}

export function supervisorState(facts: NodeFacts, unit: UnitFact, supervisor: Supervisor): SupervisorState {
  const command = supervisorCommand(facts, unit);
  const { role: word, args, comesFirst } = roleIn(command, supervisor.binary) ?? noRole;
  const role = word === 'agent' ? 'agent' : 'server';
  const variable = (name: string): string | undefined => nonEmpty(command.variables.get(name)?.value.text);
  const own = readSupervisorConfig([], args).values;
  const named = variable(supervisor.configVariable) ?? own.get('config')?.[0]?.text;
  const configFile = named ?? `${supervisor.configFolder}/config.yaml`;
  const dropIns = [...facts.files.keys()].filter(
    (path) => posix.dirname(path) === `${configFile}.d` && /\.ya?ml$/i.test(path),
  );
  const present = [configFile, ...dropIns.sort(walkOrder)].filter((path) => isThere(facts, path));
  const configFiles = named !== undefined && present.length === 0 ? [configFile] : present;
  const texts = configFiles.map((path) => ({ path, text: textOf(facts, path) }));
  const read = readSupervisorConfig(
    texts.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }])),
    args,
  );
  const unread = texts.filter(({ text }) => text === undefined).map(({ path }) => unreadFault(facts, path));
  const dataDir = nonEmpty(read.values.get('data-dir')?.at(-1)?.text) ?? variable(supervisor.dataDirVariable);
  const folder = posix.join(dataDir ?? supervisor.dataDir, 'agent/etc/kubelet.conf.d');
  const { name, title, profiles, keys, ownArguments } = supervisor;
  const version = versionOf(facts, unit);
  const proven = provenFiles(facts, unit, configFiles);
  const reader: Reader = { title, role, keys, ownArguments, roleComesFirst: comesFirst, version, proven };
  const profile = profileOf(read, profiles, command);
  const faults = [
    ...command.faults,
    ...unread,
    ...read.faults,
    ...notText(facts, configFiles),
    ...keyFaults(read, reader),
    ...profileFaults(facts, { name, role, profiles }, read, profile),
  ];
  return {
    config: { ...read, faults },
    unclear: command.unclear,
    configFiles,
    configFile,
    dataDir: posix.resolve('/', dataDir ?? supervisor.dataDir),
    role,
    version,
    ...dropInsRead(facts, unit, version, supervisor, `${folder}/${supervisor.defaultsFile}`),
    folder,
    reader,
    protects: protectsOf(read, profile),
  };
}

const noRole = { role: '', args: [], comesFirst: false };

/** From the main process or the Node object. Undefined if the text is not a version. */
function versionOf(facts: NodeFacts, unit: UnitFact): string | undefined {
  const process = facts.processes.find((one) => one.pid === unit.mainPid);
  const [own] = /v\d+\.\d+\.\d+\S*/.exec(process?.version ?? '') ?? [];
  return [own, facts.reportedVersion].find((one) => one !== undefined && parseKubeVersion(one) !== undefined);
}

/** Decided by the version, else by the running kubelet's arguments or by the file that is written at every start. */
function dropInsRead(
  facts: NodeFacts,
  unit: UnitFact,
  version: string | undefined,
  { kubelet }: Supervisor,
  defaultsPath: string,
): Pick<SupervisorState, 'hasDropIns' | 'isDropInSupportKnown'> {
  if (version !== undefined)
    return { hasDropIns: satisfies(version, dropInVersions) === true, isDropInSupportKnown: true };
  const running = runningFlags(facts, unit, kubelet);
  if (running !== undefined) {
    return { hasDropIns: running.flags.some(({ name }) => name === 'config-dir'), isDropInSupportKnown: true };
  }
  const process = facts.processes.find((one) => one.pid === unit.mainPid);
  const file = facts.files.get(defaultsPath);
  const since = process === undefined || file?.kind !== 'file' ? -Infinity : file.mtime - process.startedAt;
  const isSure = isThere(facts, defaultsPath) ? since >= -clockTolerance : process !== undefined;
  return { hasDropIns: isThere(facts, defaultsPath), isDropInSupportKnown: isSure };
}

/** Files older than the start of a supervisor that reported itself ready. They cannot keep it from starting. */
function provenFiles(facts: NodeFacts, unit: UnitFact, paths: readonly string[]): ReadonlySet<string> {
  const process = facts.processes.find((one) => one.pid === unit.mainPid);
  if (process === undefined || unit.activeState !== 'active' || unit.type !== 'notify') return new Set();
  const files = paths.flatMap((path) => facts.files.get(path) ?? []);
  const isOlder = (file: FileFact): boolean =>
    file.kind === 'file' && Math.max(file.mtime, file.ctime ?? 0) < process.startedAt - clockTolerance;
  return new Set(files.filter(isOlder).map(({ path }) => path));
}

/** Go's YAML reader rejects a file with any byte that is not UTF-8, even in a comment. */
const notText = (facts: NodeFacts, paths: readonly string[]): ConfigFault[] =>
  paths.flatMap((path) => {
    const file = facts.files.get(path);
    const bytes = file?.kind === 'file' ? file.content : undefined;
    const isText = bytes === undefined || Buffer.from(bytes.toString('utf8')).equals(bytes);
    return isText ? [] : [{ path, message: 'the file is not valid UTF-8' }];
  });

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function isThere(facts: NodeFacts, path: string): boolean {
  const file = facts.files.get(path);
  // A link to a folder is also opened as a file.
  return (
    file?.kind === 'file' || file?.kind === 'unreadable' || (file?.kind === 'folder' && file.linkTarget !== undefined)
  );
}

export const unreadFault = (facts: NodeFacts, path: string): ConfigFault => ({
  path,
  message: unreadMessage(facts, path),
});

/** Files that the supervisor reads at its next start, without those that it writes itself at every start. */
export function supervisorPaths(facts: NodeFacts, unit: UnitFact, state: SupervisorState): readonly string[] {
  return [...unitPaths(unit), ...supervisorCommand(facts, unit).environmentFiles, ...state.configFiles];
}

/** The origin of a supervisor's default. */
export const ownOrigin = (unit: UnitFact, name: string): Origin => ({
  kind: 'built-in',
  path: unit.fragmentPath ?? unit.name,
  line: 1,
  start: 0,
  end: 0,
  variable: `${name} defaults`,
});

export const supervisedFiles = (dataDir: string): KubeletSetup['files'] => ({
  'kubelet-unit': undefined,
  'kubelet-config': undefined,
  'kubelet-kubeconfig': posix.join(dataDir, 'agent/kubelet.kubeconfig'),
  'client-ca': posix.join(dataDir, 'agent/client-ca.crt'),
  'proxy-kubeconfig': posix.join(dataDir, 'agent/kubeproxy.kubeconfig'),
});
