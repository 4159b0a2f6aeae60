/** The configuration a kubelet starts with, and for each setting where its value comes from.
 * Precedence (kubernetes cmd/kubelet/app/server.go): flags > drop-ins, later name wins > --config > defaults.
 */
import type { HiddenVariable } from './command-line.js';
import { type ConfigFault, type ConfigFile, at } from './config-file.js';
import { type Flag, flagValue } from './kubelet-flags.js';
import type { SettingInfo, Value } from './settings.js';

/** Everything that feeds a kubelet, as its distribution hands it over. */
export interface KubeletSources {
  /** The arguments the files make up, the program first. */
  readonly command: readonly string[];
  /** In the order the kubelet reads them, as the files say it; a running kubelet may be older. */
  readonly flags: readonly Flag[];
  /** The file behind --config; undefined with no --config, where the legacy defaults hold. */
  readonly config: ConfigFile | undefined;
  /** True where --config is given, even if its file could not be read. */
  readonly hasConfig: boolean;
  /** Files of --config-dir in the order they are merged. */
  readonly dropIns: readonly ConfigFile[];
  /** What would stop the kubelet from starting, or could not be read. */
  readonly faults: readonly ConfigFault[];
  /** Variables with flags in them that another assignment replaces. */
  readonly hidden: readonly HiddenVariable[];
  /** Drop-ins that hold what a supervisor sets unasked. */
  readonly givenPaths?: readonly string[] | undefined;
}

export interface Source {
  readonly kind: 'flag' | 'file' | 'drop-in' | 'default' | 'configz' | 'running' | 'stat';
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  /** In words, where the place needs them: the flag and its variable, which defaults. */
  readonly detail?: string | undefined;
}

export interface Declared {
  readonly value: Value;
  readonly source: Source;
}

export interface Setting extends Declared {
  readonly info: SettingInfo;
  /** Declared too, but without effect, strongest first. */
  readonly hidden: readonly Declared[];
  /** The flags that decide the value; empty where none does. */
  readonly flags: readonly Flag[];
}

/** What the files make of one setting. */
export function effectiveSetting(sources: KubeletSources, info: SettingInfo): Setting {
  const layers: Declared[] = [defaultOf(sources, info)];
  for (const [file, kind] of [
    ...(sources.config === undefined ? [] : [[sources.config, 'file'] as const]),
    ...sources.dropIns.map((one) => [one, 'drop-in'] as const),
  ]) {
    const value = at(file.data, info.path);
    if (value === undefined) continue;
    const source: Source = { kind, path: file.path, line: file.lines.get(info.path) };
    layers.push({ value: isDefaulted(info, value) ? (layers[0]?.value ?? null) : value, source });
  }
  const flags = info.flag === undefined ? [] : sources.flags.filter((flag) => flag.name === info.flag);
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

/** Lists and maps gather over repeated flags; seccompDefault is on when either the flag or the field says so. */
function merged(info: SettingInfo, layers: readonly Declared[], flags: readonly Flag[]): Value | undefined {
  if (info.path === 'seccompDefault') return layers.some((layer) => layer.value === true) ? true : undefined;
  if (flags.length === 0 || (info.kind !== 'list' && info.kind !== 'map')) return undefined;
  const values = flags.map((flag) => flagValue(info, flag.value));
  if (info.kind === 'list') return values.flat();
  const beneath = layers.at(-1 - flags.length)?.value ?? {};
  return Object.assign({}, beneath, ...values) as Value;
}

const isDefaulted = (info: SettingInfo, value: Value): boolean =>
  value === null ||
  (info.zeroIsDefault === true &&
    (value === 0 || value === '' || (typeof value === 'string' && /^0+(ns|us|ms|s|m|h)?$/.test(value))));

function defaultOf(sources: KubeletSources, info: SettingInfo): Declared {
  return sources.hasConfig
    ? { value: info.fileDefault, source: { kind: 'default', detail: 'default with --config' } }
    : { value: info.flagDefault, source: { kind: 'default', detail: 'default without --config' } };
}

function flagSource({ name, origin }: Flag): Source {
  const holder = origin.variable === undefined ? 'ExecStart' : origin.variable;
  return { kind: 'flag', path: origin.path, line: origin.line, detail: `--${name} in ${holder}` };
}

/** The value of a flag that has no field, such as hostname-override; undefined where it is not given. */
export function flagOnly(sources: KubeletSources, name: string): Declared | undefined {
  const flag = sources.flags.findLast((one) => one.name === name);
  return flag === undefined ? undefined : { value: flag.value ?? 'true', source: flagSource(flag) };
}

/** What configz shows for a setting; a field it leaves out holds its type's zero value (Go's omitempty). */
export function configzValue(configz: unknown, info: SettingInfo): Value {
  const value = at(configz, info.path);
  if (value !== undefined && value !== null) return value;
  const zero: Record<SettingInfo['kind'], Value> = {
    boolean: false,
    integer: 0,
    string: '',
    duration: '0s',
    list: [],
    map: {},
  };
  return zero[info.kind];
}
