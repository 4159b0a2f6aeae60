/** A kubelet that k3s or RKE2 starts: what the two share. How each differs is in its own file. */
import { posix } from 'node:path';
import { setYamlValue } from '../edit/yaml-edit.js';
import { type Argument, type Origin, serviceCommand } from '../facts/command-line.js';
import { type ConfigFault, type ConfigFile, at, parseConfigFile } from '../facts/config-file.js';
import { type KubeletSources, effectiveSetting } from '../facts/effective-kubelet.js';
import { type Flag, flagText } from '../facts/kubelet-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { type SettingInfo, type Value, settings } from '../facts/settings.js';
import { satisfies } from '../lib/kube-version.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange } from './distro.js';
import { type KubeletArg, type SupervisorConfig, kubeletArg, readSupervisorConfig } from './supervisor-config.js';
import { unitPaths } from './systemd-kubelet.js';

/** What tells the two supervisors apart. */
export interface Supervisor {
  readonly name: string;
  /** Name of the program in ExecStart. */
  readonly binary: string;
  /** Folder of config.yaml and config.yaml.d. */
  readonly configFolder: string;
  readonly dataDir: string;
  /** The variable that names another config.yaml. */
  readonly configVariable: string;
  /** The file with its own settings in kubelet.conf.d, written at every start. */
  readonly defaultsFile: string;
  /** Flags that it gives the kubelet before 1.32, where no argument replaces them. */
  readonly oldFlags: (dataDir: string) => readonly string[];
}

/** Our file in kubelet.conf.d and in config.yaml.d: sorts behind those that people usually write. */
const ownDropIn = '99-kubelatch.conf';
const ownConfig = '99-kubelatch.yaml';
/** From this version on files in kubelet.conf.d are read (k3s-io/docs: "only available in v1.32 and above"). */
const dropInVersions = '>=1.32';
const readOnlyFixed = '>=1.32.4';

/** Everything about one node's supervisor that edits need too. */
export interface SupervisorState {
  readonly config: SupervisorConfig;
  /** In the order they are read. */
  readonly configFiles: readonly string[];
  readonly configFile: string;
  readonly dataDir: string;
  readonly role: 'server' | 'agent';
  readonly version: string | undefined;
  readonly hasDropIns: boolean;
  readonly folder: string;
}

export function supervisorState(facts: NodeFacts, unit: UnitFact, supervisor: Supervisor): SupervisorState {
  const command = serviceCommand(unitPaths(unit), (path) => textOf(facts, path));
  const [, role, ...args] = command.arguments;
  const named = argumentValue(args, 'config') ?? command.variables.get(supervisor.configVariable)?.value.text;
  const configFile = named ?? `${supervisor.configFolder}/config.yaml`;
  const dropIns = [...facts.files.keys()].filter(
    (path) => path.startsWith(`${configFile}.d/`) && /\.ya?ml$/.test(path),
  );
  const configFiles = [configFile, ...dropIns.sort()].filter((path) => facts.files.get(path)?.kind === 'file');
  const unread = configFiles.filter((path) => textOf(facts, path) === undefined);
  const files = configFiles.flatMap((path) => {
    const text = textOf(facts, path);
    return text === undefined ? [] : [{ path, text }];
  });
  const read = readSupervisorConfig(files, args);
  const faults = [...unread.map((path) => ({ path, message: 'the file could not be read' })), ...read.faults];
  const dataDir = read.values.get('data-dir')?.at(-1)?.text ?? supervisor.dataDir;
  const process = facts.processes.find((one) => one.pid === unit.mainPid);
  const version = /v\d+\.\d+\.\d+\S*/.exec(process?.version ?? '')?.[0];
  const folder = `${dataDir}/agent/etc/kubelet.conf.d`;
  const hasDropIns =
    version === undefined
      ? facts.files.get(`${folder}/${supervisor.defaultsFile}`)?.kind === 'file'
      : satisfies(version, dropInVersions) === true;
  return {
    config: { ...read, faults },
    configFiles,
    configFile,
    dataDir,
    role: role?.text === 'agent' ? 'agent' : 'server',
    version,
    hasDropIns,
    folder,
  };
}

function argumentValue(args: readonly Argument[], name: string): string | undefined {
  const joined = args.find((one) => one.text.startsWith(`--${name}=`));
  if (joined !== undefined) return joined.text.slice(name.length + 3);
  const at = args.findIndex((one) => one.text === `--${name}` || (name === 'config' && one.text === '-c'));
  return at < 0 ? undefined : args[at + 1]?.text;
}

/** What feeds the kubelet: the supervisor's own settings, people's files, kubelet-arg. */
export function supervisedSources(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
  state: SupervisorState,
): KubeletSources {
  const { config, hasDropIns, folder, version, dataDir } = state;
  const faults: ConfigFault[] = [...config.faults];
  const { kept, swallowed } = withoutSwallowed((config.values.get('kubelet-arg') ?? []).map(kubeletArg), hasDropIns);
  const own = hasDropIns
    ? version !== undefined && satisfies(version, readOnlyFixed) === false
      ? []
      : ['--read-only-port=0']
    : supervisor.oldFlags(dataDir);
  const replaced = new Set(kept.filter((one) => one.how === 'replaces').map((one) => one.name));
  const builtIn: Origin = {
    kind: 'built-in',
    path: unit.fragmentPath ?? unit.name,
    line: 1,
    start: 0,
    end: 0,
    variable: `${supervisor.name}'s own`,
  };
  const flags = [
    ...own.map((text) => flagOf(text.slice(2), builtIn)).filter((flag) => !replaced.has(flag.name)),
    ...kept.filter((one) => !hasDropIns || !['config', 'config-dir'].includes(one.name)).map(asFlag),
  ];
  const dropIns = hasDropIns ? dropInsOf(facts, folder, faults) : [];
  const hidden = [
    ...config.lost
      .filter((one) => one.key === 'kubelet-arg')
      .map((one) => ({ name: 'kubelet-arg', value: `--${kubeletArg(one).name}=${kubeletArg(one).value}`, ...one })),
    ...swallowed.map(({ lost, by }) => ({
      name: 'kubelet-arg',
      value: `--${lost.name}=${lost.value}`,
      origin: lost.origin,
      hiddenBy: by.origin,
    })),
  ];
  return {
    command: [supervisor.name, ...flags.map((flag) => `--${flag.name}=${flag.value ?? 'true'}`)],
    flags,
    config: undefined,
    hasConfig: false,
    dropIns,
    faults,
    hidden,
  };
}

/**
 * From 1.32 an entry without a value takes the next one for its value, and that one is lost.
 * Read in k3s-io/k3s pkg/daemons/agent/agent.go (extractConfigArgs); not confirmed upstream.
 */
function withoutSwallowed(
  args: readonly KubeletArg[],
  applies: boolean,
): { readonly kept: readonly KubeletArg[]; readonly swallowed: readonly { lost: KubeletArg; by: KubeletArg }[] } {
  if (!applies) return { kept: args, swallowed: [] };
  const kept: KubeletArg[] = [];
  const swallowed: { lost: KubeletArg; by: KubeletArg }[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (arg === undefined) continue;
    kept.push(arg);
    const next = args[index + 1];
    if (!arg.bare || next === undefined) continue;
    swallowed.push({ lost: next, by: arg });
    index += 1;
  }
  return { kept, swallowed };
}

function flagOf(text: string, origin: Origin): Flag {
  const at = text.indexOf('=');
  return { name: text.slice(0, at), value: text.slice(at + 1), origin };
}

const asFlag = ({ name, value, origin }: KubeletArg): Flag => ({ name, value, origin });

function dropInsOf(facts: NodeFacts, folder: string, faults: ConfigFault[]): ConfigFile[] {
  const paths = [...facts.files.keys()].filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.conf'));
  return paths.sort().flatMap((path) => {
    const file = facts.files.get(path);
    if (file?.kind === 'absent') return [];
    const text = textOf(facts, path);
    if (text === undefined) {
      faults.push({ path, message: 'the file could not be read' });
      return [];
    }
    const parsed = parseConfigFile(path, text);
    if (parsed.fault !== undefined) faults.push(parsed.fault);
    return parsed.file === undefined ? [] : [parsed.file];
  });
}

/** Settings that the supervisor owns: it issues the serving certificate itself. */
const owned: Readonly<Record<string, string>> = {
  serverTLSBootstrap:
    'its server issues the serving certificate; a request of the kubelet’s own would stay pending and drop it',
  tlsCertFile: 'its server issues the serving certificate',
  tlsPrivateKeyFile: 'its server issues the serving certificate',
  'authentication.x509.clientCAFile': 'its server issues the client CA',
};

/** One step towards `value`. */
export function changeSupervised(
  facts: NodeFacts,
  setup: KubeletSetup,
  info: SettingInfo,
  value: Value,
  supervisor: Supervisor,
): Result<readonly TextChange[], string> {
  const reason = owned[info.path];
  if (reason !== undefined) return fail(`${info.path} is never touched on ${supervisor.name}: ${reason}`);
  const fault = setup.sources.faults[0];
  if (fault !== undefined)
    return fail(`${fault.path}${fault.line === undefined ? '' : `:${fault.line}`}: ${fault.message}`);
  const state = supervisorState(facts, setup.unit, supervisor);
  const setting = effectiveSetting(setup.sources, info);
  const flag = setting.flags.findLast((one) => one.origin.kind !== 'built-in');
  const argument = (state.config.values.get('kubelet-arg') ?? []).find(
    (one) => one.origin.kind !== 'config' && one.origin.kind !== 'built-in',
  );
  if (argument !== undefined && (!state.hasDropIns || flag !== undefined)) {
    const { path, line } = argument.origin;
    return fail(
      `--kubelet-arg in ExecStart (${path}:${line}) hides every kubelet-arg of the files: move it to ${state.configFile} first`,
    );
  }
  if (info.path === 'protectKernelDefaults') return topLevelKey(facts, state, 'protect-kernel-defaults', value);
  if (!state.hasDropIns) return appendArgument(facts, state, flagText(info, value).slice(2));
  if (flag !== undefined) return removeArgument(facts, flag);
  return writeDropIn(facts, setup, state, info, value);
}

/** Takes one entry out of a file's kubelet-arg list, so that a drop-in is heard. */
function removeArgument(facts: NodeFacts, { origin }: Flag): Result<readonly TextChange[], string> {
  const text = textOf(facts, origin.path);
  if (text === undefined) return fail(`${origin.path} could not be read`);
  const start = text.lastIndexOf('\n', origin.start - 1) + 1;
  const newline = text.indexOf('\n', origin.end);
  const line = text.slice(start, newline < 0 ? text.length : newline);
  if (!/^\s*-\s+["']?[^\s"'][^"']*["']?\s*(#.*)?\r?$/.test(line)) {
    return fail(
      `${origin.path}:${origin.line}: its form is too unusual to be edited safely: take the entry out by hand`,
    );
  }
  const edited = text.slice(0, start) + text.slice(newline < 0 ? text.length : newline + 1);
  return ok([{ path: origin.path, text: edited }]);
}

/** Before 1.32: an entry in a file of our own behind all others, with `+` where earlier ones are to stay. */
function appendArgument(
  facts: NodeFacts,
  state: SupervisorState,
  entry: string,
): Result<readonly TextChange[], string> {
  const path = `${state.configFile}.d/${ownConfig}`;
  const before = textOf(facts, path);
  const name = entry.slice(0, entry.indexOf('='));
  const kept = (before ?? '').split('\n').filter((line) => line.startsWith('  - ') && !line.startsWith(`  - ${name}=`));
  const others = (state.config.values.get('kubelet-arg') ?? []).some((one) => one.origin.path !== path);
  const rest = topLevelLines(before);
  const lines = [header, ...rest, others ? 'kubelet-arg+:' : 'kubelet-arg:', ...kept, `  - ${entry}`];
  return ok([{ path, mode: '0600', text: `${lines.join('\n')}\n` }]);
}

const header = '# Written by kubelatch. `kubelatch rollback` removes it.';

const topLevelLines = (text: string | undefined): string[] =>
  (text ?? '').split('\n').filter((line) => /^[a-z]/.test(line) && !line.startsWith('kubelet-arg'));

function topLevelKey(
  facts: NodeFacts,
  state: SupervisorState,
  key: string,
  value: Value,
): Result<readonly TextChange[], string> {
  const path = `${state.configFile}.d/${ownConfig}`;
  const before = textOf(facts, path);
  const others = topLevelLines(before).filter((line) => !line.startsWith(`${key}:`));
  const list = (before ?? '').split('\n').filter((line) => line.startsWith('kubelet-arg') || line.startsWith('  - '));
  const lines = [header, ...others, `${key}: ${JSON.stringify(value)}`, ...list];
  return ok([{ path, mode: '0600', text: `${lines.join('\n')}\n` }]);
}

/** From 1.32: a drop-in of our own with whole blocks, so that tools which read files one after the other are not misled. */
function writeDropIn(
  facts: NodeFacts,
  setup: KubeletSetup,
  state: SupervisorState,
  info: SettingInfo,
  value: Value,
): Result<readonly TextChange[], string> {
  const path = `${state.folder}/${ownDropIn}`;
  let text =
    textOf(facts, path) ?? `${header}\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n`;
  const block = info.path.includes('.') ? info.path.split('.')[0] : undefined;
  const siblings =
    block === undefined ? [] : settings.filter((one) => one.path.startsWith(`${block}.`) && one.path !== info.path);
  const own = setup.sources.dropIns.find((one) => one.path === path);
  for (const sibling of siblings) {
    if (own !== undefined && at(own.data, sibling.path) !== undefined) continue;
    const current = effectiveSetting(setup.sources, sibling).value;
    if (current === '' || current === null) continue;
    const filled = setYamlValue(text, sibling.path.split('.'), current);
    if (!filled.ok) return fail(`${path}: ${filled.error}`);
    text = filled.value;
  }
  const edited = setYamlValue(text, info.path.split('.'), value);
  return edited.ok ? ok([{ path, mode: '0600', text: edited.value }]) : fail(`${path}: ${edited.error}`);
}

export const knownFiles = (dataDir: string): KubeletSetup['files'] => ({
  'kubelet-unit': undefined,
  'kubelet-config': undefined,
  'kubelet-kubeconfig': posix.join(dataDir, 'agent/kubelet.kubeconfig'),
  'client-ca': posix.join(dataDir, 'agent/client-ca.crt'),
  'proxy-kubeconfig': posix.join(dataDir, 'agent/kubeproxy.kubeconfig'),
});

/** The unit that runs the supervisor, whatever it is called; of several, the one that runs. */
export function supervisedUnit(facts: NodeFacts, { binary }: Supervisor): UnitFact | undefined {
  const found = facts.units.filter((unit) => {
    if (!unit.loaded || unit.fragmentPath === undefined) return false;
    const command = serviceCommand(unitPaths(unit), (path) => textOf(facts, path));
    const [program, role] = command.arguments;
    return posix.basename(program?.text ?? '') === binary && /^(server|agent)$/.test(role?.text ?? '');
  });
  return found.find((unit) => unit.mainPid > 0) ?? found[0];
}

/** Files whose change the supervisor reads at its next start. Its own defaults are written anew then and say nothing about age. */
export const supervisedConfigPaths = (unit: UnitFact, state: SupervisorState): readonly string[] => [
  ...unitPaths(unit),
  ...state.configFiles,
];

export function undoneBySupervisor(setup: KubeletSetup, paths: readonly string[]): readonly string[] {
  return paths.some((path) => path.includes('.service'))
    ? [`the installer writes ${setup.unit.name} anew and drops arguments that it is not given again`]
    : [];
}

/** The containers belong to the unit's group: only KillMode=process lets them live through a restart. */
export const killHazard = ({ name, killMode }: UnitFact): string | undefined =>
  killMode === undefined || killMode === 'process'
    ? undefined
    : `${name} has KillMode=${killMode}: its restart would end every container of the node`;
