/** Settings and arguments that a restart would change: the files compared with the running kubelet. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { changeSinceStart } from './changed-since.js';
import { type Setting, configzValue, effectiveSetting } from './effective-kubelet.js';
import { firstMinor } from './kubelet-fields.js';
import { type Flag, flagValue, flagsOfWords } from './kubelet-flags.js';
import type { KubeletSetup } from './kubelet-setup.js';
import type { NodeFacts, ProcessFact } from './node-facts.js';
import { differingSettings } from './running-flags.js';
import { sameSetting } from './same-setting.js';
import { hardeningSettings, settingByFlag, settings } from './settings.js';
import { type Value, at } from './value.js';

/** The running kubelet's configuration from its configz endpoint, through the API server. Undefined if not asked or not answered. */
export type Configz = Readonly<Record<string, unknown>> | undefined;

export interface Difference {
  /** The path of a setting, or a flag without a field, with its dashes. */
  readonly setting: string;
  readonly running: Value;
  readonly next: Value;
  /** Where the next value is set. Undefined if no file sets it. */
  readonly path: string | undefined;
  readonly line: number | undefined;
}

/** A setup with its running process. */
export interface Running {
  readonly facts: NodeFacts;
  readonly setup: KubeletSetup;
  readonly process: ProcessFact;
}

/** Undefined if nothing shows how the running kubelet was started. */
export function runningDifferences(of: Running, configz: Configz): readonly Difference[] | undefined {
  const { setup } = of;
  const { sources } = setup;
  if (sources.faults.some(({ kind }) => kind !== 'start')) return undefined;
  if (configz !== undefined) return [...againstConfigz(of, configz), ...againstArguments(of)];
  const running = setup.running ?? visibleFlags(of);
  if (running === undefined) return undefined;
  const ofSettings = differingSettings({ sources, running }).flatMap(({ info, declared, running: value }) => {
    const setting = effectiveSetting(sources, info);
    return isCertainDifference(of, setting) ? [placed(setting, value, declared)] : [];
  });
  return [...ofSettings, ...againstArguments(of)];
}

/** The arguments of the process, if the files determine what they should be. */
function visibleFlags({ setup, process }: Running): KubeletSetup['running'] {
  const { argumentsVisible, sources } = setup;
  if (argumentsVisible === false || (sources.unclear ?? []).length > 0) return undefined;
  return { flags: flagsOf(process), where: `arguments of process ${process.pid}` };
}

function againstConfigz(of: Running, configz: NonNullable<Configz>): Difference[] {
  const { sources } = of.setup;
  const compared = (sources.minor ?? firstMinor) < firstMinor ? hardeningSettings : settings;
  return compared.flatMap((info) => {
    const next = effectiveSetting(sources, info);
    const running = configzValue(configz, info);
    if (sameSetting(next.value, running) || !isCertainDifference(of, next) || startedWithSameFlags(of, next)) return [];
    return isComparable(next, configz) || isEditedSinceStart(of, next) ? [placed(next, running, next.value)] : [];
  });
}

function placed({ info, source }: Setting, running: Value, next: Value): Difference {
  return { setting: info.path, running, next, path: source.path, line: source.line };
}

/** Fields that the kubelet changes itself while it runs (cmd/kubelet/app/server.go, pkg/kubelet/cm). */
const changedByKubelet = new Set([
  ...['cgroupDriver', 'kubeletCgroups', 'systemCgroups', 'kubeReserved', 'systemReserved', 'evictionHard'],
  ...['resolvConf', 'registerWithTaints', 'reservedMemory', 'nodeStatusReportFrequency', 'logging.flushFrequency'],
  ...['logging.vmodule', 'staticPodURLHeader', 'providerID', 'volumePluginDir'],
]);

/** Whether configz can be compared with the value that the files give a setting. */
export function isComparable({ info, source, flags }: Setting, configz: Configz): boolean {
  if (changedByKubelet.has(info.path)) return false;
  if (info.notInConfigz === true && flags.length > 0) return false;
  if (info.filledIn === true && source.kind === 'default') return false;
  // configz omits zeros, so a missing field that nothing sets may also be one this kubelet does not have.
  return source.kind !== 'default' || at(configz, info.path) !== undefined;
}

/** The kubelet was started with exactly these flags, so any difference in configz is the kubelet's own doing. */
function startedWithSameFlags(of: Running, { info, flags }: Setting): boolean {
  const running = visibleFlags(of)?.flags.filter(({ name }) => name === info.flag);
  const values = (list: readonly Flag[]): unknown[] => list.map(({ value }) => value);
  return flags.length > 0 && running !== undefined && isDeepStrictEqual(values(running), values(flags));
}

/** A file with this value changed after the start. Then the difference counts even for fields that the kubelet changes itself. */
function isEditedSinceStart({ facts, process }: Running, { info, source }: Setting): boolean {
  if (!changedByKubelet.has(info.path) || info.path.startsWith('logging.') || source.path === undefined) return false;
  return changeSinceStart(facts.files.get(source.path), process) !== undefined;
}

/**
 * A default value can differ for two reasons: a line that set the value was removed, or the real default is not the one known
 * here. The difference counts only if the kubelet was started with the setting's flag, or if one of the files changed since.
 */
function isCertainDifference(of: Running, { info, source }: Setting): boolean {
  const { sources, running, argumentsVisible, supervisorFlags } = of.setup;
  const isGiven = source.path !== undefined && sources.supervisorDefaults?.includes(source.path) === true;
  if (source.kind !== 'default' && !isGiven) return true;
  const started = argumentsVisible === false ? running?.flags : flagsOf(of.process);
  const hasFlag = info.flag !== undefined && started?.some(({ name }) => name === info.flag) === true;
  if (argumentsVisible !== false) return hasFlag || hasChangedFile(of);
  const isSupervisors = info.flag !== undefined && supervisorFlags?.includes(info.flag) === true;
  return (running === undefined || hasFlag) && !isSupervisors && hasChangedFile(of);
}

/** Adding or removing a file changes the time of its folder. */
function hasChangedFile({ facts, setup, process }: Running): boolean {
  const folder = setup.sources.flags.findLast(({ name }) => name === 'config-dir')?.value;
  return [...setup.configPaths, ...(folder === undefined ? [] : [folder, folder.replace(/\/+$/, '')])].some(
    (path) => changeSinceStart(facts.files.get(path), process) !== undefined,
  );
}

const flagsOf = ({ argv }: ProcessFact): readonly Flag[] => flagsOfWords(argv.slice(argv[1] === 'kubelet' ? 2 : 1));

/** A flag without a field, or one that configz does not show. */
function isOwnFlag(name: string): boolean {
  const info = settingByFlag.get(name);
  return info === undefined || info.notInConfigz === true;
}

/** Compares such flags: the process's own with those that the files give it. */
function againstArguments({ facts, setup, process }: Running): Difference[] {
  const { sources } = setup;
  const running = visibleFlags({ facts, setup, process })?.flags;
  if (running === undefined) return [];
  const names = new Set([...sources.flags, ...running].map(({ name }) => name).filter(isOwnFlag));
  return [...names].flatMap((name): Difference[] => {
    const values = (flags: readonly Flag[]): (string | undefined)[] =>
      flags.filter((one) => one.name === name).map((one) => one.value);
    const [before, after] = [values(running), values(sources.flags)];
    if (isDeepStrictEqual(before, after)) return [];
    const place = sources.flags.findLast((one) => one.name === name)?.origin;
    const info = settingByFlag.get(name);
    const valueOf = (list: readonly (string | undefined)[]): Value => {
      if (list.length === 0) return null;
      return info === undefined ? (list.at(-1) ?? 'true') : flagValue(info, list.at(-1));
    };
    const setting = info?.path ?? `--${name}`;
    return [{ setting, running: valueOf(before), next: valueOf(after), path: place?.path, line: place?.line }];
  });
}
