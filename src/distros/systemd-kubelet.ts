/** A kubelet that is a systemd service of its own: what kubeadm and hand-made nodes have in common. */
import { dirname, posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { removeWords, replaceWord } from '../edit/flag-edit.js';
import { dropInName, extentIn, readDropIn, writeDropIn } from '../edit/systemd-drop-in.js';
import { setYamlValue } from '../edit/yaml-edit.js';
import { type Origin, type ServiceCommand, serviceCommand } from '../facts/command-line.js';
import { type ConfigFault, type ConfigFile, parseConfigFile } from '../facts/config-file.js';
import { type KubeletSources, effectiveSetting } from '../facts/effective-kubelet.js';
import { type Flag, flagText, parseFlags } from '../facts/kubelet-flags.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { type SettingInfo, type Value, settingByPath } from '../facts/settings.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { TextChange } from './distro.js';

/** Paths that a kubelet's flags and fields name, and how its program is called. */
export const kubeletReferences = {
  readReferences: ['config', 'config-dir', 'client-ca-file', 'clientCAFile'],
  lookReferences: ['kubeconfig', 'tls-cert-file', 'tlsCertFile', 'tls-private-key-file', 'tlsPrivateKeyFile'],
  programs: ['kube*'],
  starters: [],
  accounts: [],
};

export const kubeProxyKubeconfigs = [
  '/etc/kubernetes/proxy.conf',
  '/etc/kubernetes/kube-proxy.conf',
  '/var/lib/kube-proxy/kubeconfig',
];

export function unitNamed(facts: NodeFacts, name: string): UnitFact | undefined {
  return facts.units.find((unit) => unit.name === name && unit.loaded && unit.fragmentPath !== undefined);
}

/** The unit file and its drop-ins, in systemd's order. */
export const unitPaths = (unit: UnitFact): readonly string[] => [
  ...(unit.fragmentPath === undefined ? [] : [unit.fragmentPath]),
  ...unit.dropInPaths,
];

/** The set-up of the kubelet that `unit` runs, without the distribution's own words. */
export function systemdSetup(facts: NodeFacts, unit: UnitFact): Omit<KubeletSetup, 'distro' | 'evidence'> {
  const command = commandOf(facts, unit);
  const sources = readSources(facts, unit, command);
  const process =
    facts.processes.find((one) => one.pid === unit.mainPid && one.name.startsWith('kubelet')) ??
    facts.processes.find((one) => one.parent === unit.mainPid && one.name.startsWith('kubelet')) ??
    facts.processes.find((one) => one.pid === unit.mainPid);
  const flag = (name: string): string | undefined => sources.flags.findLast((one) => one.name === name)?.value;
  const ca = settingByPath.get('authentication.x509.clientCAFile');
  const caSetting = ca === undefined ? undefined : effectiveSetting(sources, ca);
  const caPath = typeof caSetting?.value === 'string' && caSetting.value !== '' ? caSetting.value : undefined;
  return {
    unit,
    process,
    sources,
    configPaths: [
      ...unitPaths(unit),
      ...command.environmentFiles,
      ...(sources.config === undefined ? [] : [sources.config.path]),
      ...sources.dropIns.map((one) => one.path),
    ],
    files: {
      'kubelet-unit': unit.fragmentPath,
      'kubelet-config': sources.hasConfig ? flag('config') : undefined,
      'kubelet-kubeconfig': flag('kubeconfig'),
      'client-ca':
        caPath === undefined
          ? undefined
          : posix.resolve(caSetting?.source.kind === 'flag' ? '/' : dirname(caSetting?.source.path ?? '/'), caPath),
      'proxy-kubeconfig': kubeProxyKubeconfigs.find((path) => facts.files.get(path)?.kind === 'file'),
    },
    watch: { unit: unit.name, processName: 'kubelet', logPath: undefined },
    apiClientCertificate: undefined,
    kubeletVersion: /v\d+\.\d+\.\d+\S*/.exec(process?.version ?? '')?.[0],
  };
}

export function commandOf(facts: NodeFacts, unit: UnitFact): ServiceCommand {
  return serviceCommand(unitPaths(unit), (path) => textOf(facts, path));
}

function readSources(facts: NodeFacts, unit: UnitFact, command: ServiceCommand): KubeletSources {
  const flags = parseFlags(command.arguments.slice(1));
  const faults: ConfigFault[] = [...unitPaths(unit), ...command.environmentFiles]
    .filter((path) => textOf(facts, path) === undefined && facts.files.get(path)?.kind !== 'absent')
    .map((path) => ({ path, message: 'the file could not be read' }));
  const load = (path: string): ConfigFile | undefined => {
    const text = textOf(facts, path);
    if (text === undefined) {
      const absent = facts.files.get(path)?.kind === 'absent';
      faults.push({ path, message: absent ? 'the file does not exist' : 'the file could not be read' });
      return undefined;
    }
    const { file, fault } = parseConfigFile(path, text);
    if (fault !== undefined) faults.push(fault);
    return file;
  };
  const configPath = flags.findLast((one) => one.name === 'config')?.value;
  const folder = flags.findLast((one) => one.name === 'config-dir')?.value;
  const dropIns =
    folder === undefined
      ? []
      : [...facts.files.keys()]
          .filter((path) => path.startsWith(`${folder.replace(/\/+$/, '')}/`) && path.endsWith('.conf'))
          .sort();
  return {
    command: command.arguments.map((one) => one.text),
    flags,
    config: configPath === undefined || configPath === '' ? undefined : load(configPath),
    hasConfig: configPath !== undefined && configPath !== '',
    dropIns: dropIns.flatMap((path) => load(path) ?? []),
    faults,
    hidden: command.hidden.filter((one) => one.value.includes('--')),
  };
}

/** One step towards `value`: the caller looks at what is in effect after it, and asks for the next where one is needed. */
export function changeSystemdKubelet(
  facts: NodeFacts,
  setup: KubeletSetup,
  info: SettingInfo,
  value: Value,
): Result<readonly TextChange[], string> {
  const { sources } = setup;
  const fault = sources.faults[0];
  if (fault !== undefined)
    return fail(`${fault.path}${fault.line === undefined ? '' : `:${fault.line}`}: ${fault.message}`);
  const setting = effectiveSetting(sources, info);
  const lastFlag = setting.flags.at(-1);
  const inFiles = sources.hasConfig || setting.source.kind === 'drop-in';
  if (lastFlag !== undefined) {
    const whole = setting.flags.length === 1 && !inFiles;
    const replacement = whole ? flagText(info, value) : undefined;
    const edited = editFlag(facts, setup, lastFlag, replacement);
    const wanted = commandOf(facts, setup.unit).arguments.flatMap(({ text, origin }) => {
      if (isSameWord(origin, lastFlag.origin)) return replacement ?? [];
      return lastFlag.valueOrigin !== undefined && isSameWord(origin, lastFlag.valueOrigin) ? [] : text;
    });
    return edited.ok ? proven(facts, setup.unit, edited.value, wanted) : edited;
  }
  if (inFiles) {
    const target =
      setting.source.kind === 'drop-in'
        ? sources.dropIns.find((one) => one.path === setting.source.path)
        : sources.config;
    if (target === undefined) return fail(`no file was found that could say ${info.path}`);
    const edited = setYamlValue(target.text, info.path.split('.'), value);
    if (!edited.ok) return fail(`${target.path}: ${edited.error}`);
    return proven(facts, setup.unit, { path: target.path, text: edited.value }, sources.command);
  }
  const { execStart } = commandOf(facts, setup.unit);
  if (execStart === undefined) return fail(`${setup.unit.name} has no ExecStart`);
  const added = flagText(info, value);
  const change = dropInChange(facts, setup.unit, { execStart: `${execStart.value.text.trim()} ${added}` });
  return proven(facts, setup.unit, change, [...sources.command, added]);
}

const isSameWord = (left: Origin, right: Origin): boolean => left.path === right.path && left.start === right.start;

/** Refuses a change that would alter other bytes of its file, or after which the arguments would not be the wanted ones. */
function proven(
  facts: NodeFacts,
  unit: UnitFact,
  change: TextChange,
  wanted: readonly string[],
): Result<readonly TextChange[], string> {
  const file = facts.files.get(change.path);
  const bytes = file?.kind === 'file' ? file.content : undefined;
  if (bytes !== undefined && !Buffer.from(bytes.toString('utf8')).equals(bytes)) {
    return fail(`${change.path} holds bytes that are no UTF-8 text: edit it by hand`);
  }
  const isNewDropIn = change.path.includes(`/${unit.name}.d/`) && !unit.dropInPaths.includes(change.path);
  const paths = [...unitPaths(unit), ...(isNewDropIn ? [change.path] : [])];
  const after = serviceCommand(paths, (path) => (path === change.path ? (change.text ?? '') : textOf(facts, path)));
  const got = after.arguments.map((one) => one.text);
  return isDeepStrictEqual(got, wanted) &&
    isDeepStrictEqual(variableLines(after), variableLines(commandOf(facts, unit)))
    ? ok([change])
    : fail(`${change.path}: its quoting is too unusual to be edited safely: edit it by hand`);
}

/** A quote left open would swallow the lines, and so the variables, behind it. */
const variableLines = ({ variables }: ServiceCommand): unknown =>
  [...variables].map(([name, { value }]) => [name, value.text.split('\n').length]);

/** Removes a flag where it stands (`replacement` undefined), or replaces it; in ExecStart itself by a drop-in of ours. */
function editFlag(
  facts: NodeFacts,
  setup: KubeletSetup,
  flag: Flag,
  replacement: string | undefined,
): Result<TextChange, string> {
  const edit = (
    text: string,
    first: { start: number; end: number },
    second?: { start: number; end: number },
  ): string => {
    const rest = second === undefined ? text : removeWords(text, [second]);
    return replacement === undefined ? removeWords(rest, [first]) : replaceWord(rest, first, replacement);
  };
  const { origin, valueOrigin } = flag;
  const command = commandOf(facts, setup.unit);
  if (origin.kind === 'unit' || origin.kind === 'drop-in') {
    if (command.execStart === undefined) return fail(`${setup.unit.name} has no ExecStart`);
    const { value } = command.execStart;
    const second = valueOrigin?.path === origin.path ? extentIn(value, valueOrigin) : undefined;
    const execStart = edit(value.text, extentIn(value, origin), second).trim();
    return ok(dropInChange(facts, setup.unit, { execStart }));
  }
  const text = textOf(facts, origin.path);
  if (text === undefined) return fail(`${origin.path} could not be read`);
  if (origin.kind === 'environment-file' || origin.path.startsWith('/etc/')) {
    return ok({ path: origin.path, text: edit(text, origin, valueOrigin) });
  }
  const variable = command.variables.get(origin.variable ?? '');
  if (variable === undefined) return fail(`${origin.path}:${origin.line}: its variable was not found`);
  const second = valueOrigin === undefined ? undefined : extentIn(variable.value, valueOrigin);
  const value = edit(variable.value.text, extentIn(variable.value, origin), second);
  return ok(dropInChange(facts, setup.unit, { environment: `${origin.variable ?? ''}=${value}` }));
}

/** A change of our own drop-in for a unit. */
export function dropInChange(
  facts: NodeFacts,
  unit: UnitFact,
  change: { readonly execStart?: string; readonly environment?: string },
): TextChange {
  const path = `/etc/systemd/system/${unit.name}.d/${dropInName}`;
  const before = readDropIn(textOf(facts, path));
  const name = change.environment?.split('=')[0];
  const kept = before.environment.filter((one) => one.split('=')[0] !== name);
  return {
    path,
    mode: '0644',
    text: writeDropIn({
      execStart: change.execStart ?? before.execStart,
      environment: change.environment === undefined ? kept : [...kept, change.environment],
    }),
  };
}
