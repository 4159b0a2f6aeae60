/** A kubelet with a systemd service of its own, as on kubeadm and manually installed nodes. */
import { isDeepStrictEqual } from 'node:util';
import { removeWords, replaceWord } from '../edit/flag-edit.js';
import { dropInName, extentIn, readDropIn, writeDropIn } from '../edit/systemd-drop-in.js';
import { setYamlValue } from '../edit/yaml-edit.js';
import { type Origin, type ServiceCommand, serviceCommand } from '../facts/command-line.js';
import { type KubeletSources, effectiveSetting, writtenIn } from '../facts/effective-kubelet.js';
import { type Flag, flagText } from '../facts/kubelet-flags.js';
import { namedPath } from '../facts/named-files.js';
import { type NodeFacts, type ProcessFact, type UnitFact, isText, textOf } from '../facts/node-facts.js';
import type { SettingInfo } from '../facts/settings.js';
import type { Value } from '../facts/value.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { contextOf, unitCommand, unitPaths, withDropIn } from '../facts/unit-command.js';
import { overridden } from './drop-in-order.js';
import type { Editable, TextChange } from './distro.js';
import { editableFiles } from './editable-files.js';
import { readSources } from './systemd-sources.js';

/** Flags and fields of the kubelet that name paths, and the names of its program. */
export const kubeletReferences = {
  readReferences: ['config', 'config-dir', 'client-ca-file', 'clientCAFile'],
  lookReferences: ['kubeconfig', 'tls-cert-file', 'tlsCertFile', 'tls-private-key-file', 'tlsPrivateKeyFile'],
  programs: ['kube*'],
  starters: [],
  accounts: [],
  roots: ['/etc/kubernetes', '/var/lib/kubelet'],
};

export const kubeProxyKubeconfigs = [
  '/etc/kubernetes/proxy.conf',
  '/etc/kubernetes/kube-proxy.conf',
  '/var/lib/kube-proxy/kubeconfig',
];

/** The setup of the kubelet that `unit` runs, without the parts specific to the distribution. */
export function systemdSetup(facts: NodeFacts, unit: UnitFact): Omit<KubeletSetup, 'distro' | 'evidence'> {
  const command = commandOf(facts, unit);
  const process = kubeletProcess(facts, unit);
  const sources = readSources(facts, unit, command, process);
  const flag = (name: string): string | undefined => sources.flags.findLast((one) => one.name === name)?.value;
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
      'kubelet-config': sources.hasConfig ? (sources.config?.path ?? flag('config')) : undefined,
      'kubelet-kubeconfig': flag('kubeconfig'),
      'client-ca': namedPath(sources, 'authentication.x509.clientCAFile', command.workingDirectory ?? '/'),
      'proxy-kubeconfig': kubeProxyKubeconfigs.find((path) => facts.files.get(path)?.kind === 'file'),
    },
    watch: { unit: unit.name, processName: 'kubelet', logPath: undefined },
    apiClientCertificate: undefined,
    kubeletVersion: /v\d+\.\d+\.\d+\S*/.exec(process?.version ?? '')?.[0],
  };
}

/** The unit's main process, or the kubelet that it started. */
function kubeletProcess({ processes }: NodeFacts, { mainPid }: UnitFact): ProcessFact | undefined {
  const isKubelet = ({ name }: ProcessFact): boolean => name.startsWith('kubelet');
  return (
    processes.find((one) => one.pid === mainPid && isKubelet(one)) ??
    processes.find((one) => one.parent === mainPid && isKubelet(one)) ??
    processes.find((one) => one.pid === mainPid)
  );
}

export const commandOf = (facts: NodeFacts, unit: UnitFact): ServiceCommand => unitCommand(facts, unit);

/** One step towards `value`. The caller checks the result and asks for the next step if needed. */
export function changeSystemdKubelet(
  facts: NodeFacts,
  setup: KubeletSetup,
  info: SettingInfo,
  value: Value,
): Result<readonly TextChange[], string> {
  const { sources } = setup;
  // Unclear arguments do not keep us from editing files.
  const obstacle = obstacleIn({ ...sources, unclear: [] });
  if (obstacle !== undefined) return fail(obstacle);
  const setting = effectiveSetting(sources, info);
  const lastFlag = setting.flags.at(-1);
  const inFiles = sources.hasConfig || setting.source.kind === 'drop-in';
  const [unclear] = sources.unclear ?? [];
  if (unclear !== undefined && (lastFlag !== undefined || !inFiles)) {
    return fail(
      `${unclear.path}:${unclear.line ?? 1}: ${unclear.message}. Set --${info.flag ?? info.path} there by hand`,
    );
  }
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
    if (target === undefined) return fail(`no configuration file was found in which to set ${info.path}`);
    const writtenAs = writtenIn(sources, info)?.writtenAs;
    if (writtenAs !== undefined && setting.source.path === target.path) {
      return fail(
        `${target.path}:${setting.source.line ?? 1}: the kubelet reads ${writtenAs} as ${info.path}. First rename the key to ${info.path}`,
      );
    }
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

/** Why the files cannot be edited as they are, in one line. */
export function obstacleIn({ faults, unclear = [] }: KubeletSources): string | undefined {
  const [first] = [...faults, ...unclear];
  return first && `${first.path}${first.line === undefined ? '' : `:${first.line}`}: ${first.message}`;
}

const isSameWord = (left: Origin, right: Origin): boolean => left.path === right.path && left.start === right.start;

/** Rejects a change that would alter other content of the file, or that would not result in the wanted arguments. */
function proven(
  facts: NodeFacts,
  unit: UnitFact,
  change: TextChange,
  wanted: readonly string[],
): Result<readonly TextChange[], string> {
  if (!isText(facts, change.path)) {
    return fail(`${change.path} is not valid UTF-8. Edit it by hand`);
  }
  const isDropIn = change.path.includes(`/${unit.name}.d/`);
  const dropInPaths = isDropIn ? withDropIn(unit.dropInPaths, change.path) : unit.dropInPaths;
  const paths = unitPaths({ ...unit, dropInPaths });
  const read = (path: string): string | undefined => (path === change.path ? (change.text ?? '') : textOf(facts, path));
  const after = serviceCommand(paths, read, contextOf(facts, unit));
  const got = after.arguments.map((one) => one.text);
  return isDeepStrictEqual(got, wanted) &&
    isDeepStrictEqual(variableLines(after), variableLines(commandOf(facts, unit)))
    ? ok([change])
    : fail(
        overridden(change, dropInPaths, read) ??
          `${change.path}: the quoting in this file cannot be edited safely. Edit it by hand`,
      );
}

/** An unclosed quote would absorb the lines after it, and with them their variables. */
const variableLines = ({ variables }: ServiceCommand): unknown =>
  [...variables].map(([name, { value }]) => [name, value.text.split('\n').length]);

/** kubelatch's drop-in, the configuration files, and files in /etc whose variables contain flags. */
export function editableSystemd(facts: NodeFacts, setup: KubeletSetup): Editable {
  const { unit, sources } = setup;
  return editableFiles(facts, setup, [
    ownDropIn(unit),
    ...unitPaths(unit).filter((path) => path.startsWith('/etc/')),
    ...commandOf(facts, unit).environmentFiles,
    ...(sources.config === undefined ? [] : [sources.config.path]),
    ...sources.dropIns.map(({ path }) => path),
  ]);
}

/**
 * Removes a flag where it is written (`replacement` undefined) or replaces it. A flag in ExecStart itself is changed by
 * kubelatch's drop-in.
 */
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
  const written = command.variables.get(origin.variable ?? '')?.written;
  if (written === undefined) return fail(`${origin.path}:${origin.line}: the variable with the flag was not found`);
  const second = valueOrigin === undefined ? undefined : extentIn(written, valueOrigin);
  const value = edit(written.text, extentIn(written, origin), second);
  return ok(dropInChange(facts, setup.unit, { environment: `${origin.variable ?? ''}=${value}` }));
}

export const ownDropIn = (unit: UnitFact): string => `/etc/systemd/system/${unit.name}.d/${dropInName}`;

/** A change of kubelatch's own drop-in for a unit. */
export function dropInChange(
  facts: NodeFacts,
  unit: UnitFact,
  change: { readonly execStart?: string; readonly environment?: string },
): TextChange {
  const path = ownDropIn(unit);
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
