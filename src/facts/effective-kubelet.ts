/** The configuration that a kubelet starts with, and the source of each setting's value.
 * Precedence (kubernetes cmd/kubelet/app/server.go): flags > drop-ins, later name wins > --config > defaults.
 */
import type { OverriddenVariable } from './command-line.js';
import type { ConfigFault, ConfigFile } from './config-file.js';
import type { FieldValue, Found } from './config-fields.js';
import { type Flag, flagValue, isInEffect } from './kubelet-flags.js';
import { type ResolvedFiles, mergesAsGo, resolveFiles } from './resolve-config.js';
import { type SettingInfo, settingByPath, zeroOf } from './settings.js';
import { type Value, at } from './value.js';

/** Everything that a distribution found to feed a kubelet. */
export interface KubeletInput {
  /** The command that the files result in; the program comes first. */
  readonly command: readonly string[];
  /** In the order the kubelet reads them, as the files give them. A running kubelet may have been started with older ones. */
  readonly flags: readonly Flag[];
  /** The file that --config names. Undefined without --config; then the legacy defaults apply. */
  readonly config: ConfigFile | undefined;
  /** True if --config is given, even if its file could not be read. */
  readonly hasConfig: boolean;
  /** Files of --config-dir in the order they are merged. */
  readonly dropIns: readonly ConfigFile[];
  /** What would keep the kubelet from starting, or could not be read. */
  readonly faults: readonly ConfigFault[];
  /** Variables with flags that another assignment replaces. */
  readonly hidden: readonly OverriddenVariable[];
  /** Drop-ins with the supervisor's own defaults. */
  readonly supervisorDefaults?: readonly string[] | undefined;
  /** Why the files alone do not determine the kubelet's arguments. */
  readonly unclear?: readonly ConfigFault[] | undefined;
  /** The kubelet's minor version, if known. */
  readonly minor?: number | undefined;
  /** Lines in a supervisor's files that have no effect. */
  readonly mistakes?: readonly Mistake[] | undefined;
  /** Settings whose default depends on a version that could not be determined, each with the reason. */
  readonly unknownDefaults?: ReadonlyMap<string, string> | undefined;
}

export interface Mistake {
  readonly kind: 'misspelt' | 'unread';
  /** The setting or key that the mistake is about. */
  readonly what: string;
  readonly path: string;
  readonly line: number;
  /** Does not show the value of an unknown key. */
  readonly message: string;
  /** The same message, including the value. */
  readonly withValue?: string | undefined;
}

/** Everything that feeds a kubelet, with the combined values of its files. */
export interface KubeletSources extends KubeletInput {
  readonly files: ResolvedFiles;
}

export function kubeletSources(input: KubeletInput): KubeletSources {
  return { ...input, files: resolveFiles(input.config, input.dropIns, input.hasConfig, input.minor) };
}

export interface Source {
  readonly kind: 'flag' | 'file' | 'drop-in' | 'default' | 'configz' | 'running' | 'stat';
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  /** The source in words if path and line are not enough: the flag and its variable, or which defaults. */
  readonly detail?: string | undefined;
}

export interface Declared {
  readonly value: Value;
  readonly source: Source;
}

export interface Setting extends Declared {
  readonly info: SettingInfo;
  /** Other declarations of the setting that this one overrides; the one with the highest precedence first. */
  readonly hidden: readonly Declared[];
  /** The flags that set the value. Empty if no flag does. */
  readonly flags: readonly Flag[];
}

/** The value that the files give a setting. */
export function effectiveSetting(sources: KubeletSources, info: SettingInfo): Setting {
  const flags =
    info.flag === undefined ? [] : sources.flags.filter((flag) => flag.name === info.flag && isInEffect(flag));
  const layers: Declared[] = [defaultOf(sources, info), ...fileLayers(sources, info)];
  for (const flag of flags) layers.push({ value: flagValue(info, flag.value), source: flagSource(flag) });
  const [top = defaultOf(sources, info), ...below] = layers.toReversed();
  return {
    info,
    value: merged(info, layers, flags) ?? top.value,
    source: top.source,
    hidden: below.filter((one) => one.source.kind !== 'default'),
    flags,
  };
}

/** The same by path. Undefined for a path that is not a setting. */
export function settingAt(sources: KubeletSources, path: string): Setting | undefined {
  const info = settingByPath.get(path);
  return info && effectiveSetting(sources, info);
}

/** Values that files give the setting, lowest precedence first. */
function fileLayers(sources: KubeletSources, info: SettingInfo): Declared[] {
  const found = sources.files.values.get(info.path);
  if (found === undefined) return [];
  const declared = ({ value, place }: Found): Declared => ({
    value: isDefaulted(info, value) && !keepsZero(sources, place.path) ? info.fileDefault : value,
    source: { kind: kindOf(sources, place.path), ...place },
  });
  return [...found.hidden.toReversed().map(declared), declared(found)];
}

/** Before 1.32 the kubelet did not apply defaults again to values from drop-ins. */
const keepsZero = (sources: KubeletSources, path: string): boolean =>
  mergesAsGo(sources.minor) && kindOf(sources, path) === 'drop-in';

const kindOf = ({ config }: KubeletSources, path: string): Source['kind'] =>
  path === config?.path ? 'file' : 'drop-in';

/** The key as the deciding file writes it. Undefined if no file sets it. */
export const writtenIn = (sources: KubeletSources, info: SettingInfo): FieldValue | undefined =>
  sources.files.values.get(info.path);

/** Why the value is uncertain: only a default applies, and that default is unknown. */
export const unknownDefaultReason = (sources: KubeletSources, { info, source }: Setting): string | undefined =>
  source.kind === 'default' ? sources.unknownDefaults?.get(info.path) : undefined;

/**
 * Repeated flags accumulate for lists and maps. Feature gates of files stay in effect beside those of flags. seccompDefault is
 * on if either the file or the flag turns it on.
 */
function merged(info: SettingInfo, layers: readonly Declared[], flags: readonly Flag[]): Value | undefined {
  if (info.path === 'seccompDefault') return layers.some((layer) => layer.value === true) ? true : undefined;
  if (flags.length === 0 || (info.kind !== 'list' && info.kind !== 'map')) return undefined;
  const values = flags.map((flag) => flagValue(info, flag.value));
  if (info.kind === 'list') return values.flat();
  const beneath = info.path === 'featureGates' ? (layers.at(-1 - flags.length)?.value ?? {}) : {};
  return Object.assign({}, beneath, ...values) as Value;
}

const isDefaulted = (info: SettingInfo, value: Value): boolean =>
  value === null ||
  (info.zeroIsDefault === true &&
    (value === 0 || value === '' || (typeof value === 'string' && /^[+-]?0+(ns|us|µs|ms|s|m|h)?$/.test(value))));

function defaultOf(sources: KubeletSources, info: SettingInfo): Declared {
  return sources.hasConfig
    ? { value: info.fileDefault, source: { kind: 'default', detail: 'kubelet default (with --config)' } }
    : { value: info.flagDefault, source: { kind: 'default', detail: 'kubelet default (no --config)' } };
}

function flagSource({ name, origin }: Flag): Source {
  const holder = origin.variable === undefined ? 'ExecStart' : origin.variable;
  return { kind: 'flag', path: origin.path, line: origin.line, detail: `--${name} in ${holder}` };
}

/** The value of a flag without a field, such as hostname-override. Undefined if it is not given. */
export function flagOnly(sources: KubeletSources, name: string): Declared | undefined {
  const flag = sources.flags.findLast((one) => one.name === name);
  return flag === undefined ? undefined : { value: flag.value ?? 'true', source: flagSource(flag) };
}

/** What configz shows for a setting. A field that configz omits has its type's zero value (Go's omitempty). */
export function configzValue(configz: unknown, info: SettingInfo): Value {
  const value = at(configz, info.path);
  if (value !== undefined && value !== null) return value;
  return zeroOf[info.kind];
}
