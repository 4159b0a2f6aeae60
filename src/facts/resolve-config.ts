/** The combined configuration of --config and --config-dir, before any flag: kubernetes cmd/kubelet/app/server.go. */
import { posix } from 'node:path';
import type { ConfigFile } from './config-file.js';
import { type FieldValue, type TypeFault, decodeFields, knownFields } from './config-fields.js';
import { mergePatch } from './config-merge.js';
import { fields } from './kubelet-fields.js';
import { type Value, isRecord } from './value.js';
import { type Branch, type Place, type Tree, branchOf, isNull, noPlace, treeOf } from './config-tree.js';

export interface ResolvedFiles {
  /** By field. Only fields that a file sets or removes. */
  readonly values: ReadonlyMap<string, FieldValue>;
  /** Values that the kubelet rejects because of their type. */
  readonly typeFaults: readonly TypeFault[];
}

/** @param minor the kubelet's minor version; undefined: accept the fields of every version */
export function resolveFiles(
  config: ConfigFile | undefined,
  dropIns: readonly ConfigFile[],
  hasConfig: boolean,
  minor: number | undefined,
): ResolvedFiles {
  const declared = config === undefined ? undefined : decodeFields(config.root, { anyCase: false, minor });
  const defaults = hasConfig ? fileDefaults : flagDefaults;
  const base = config === undefined ? defaults : mergedOver(defaults, knownFields(config.root));
  const { values, typeFaults } = decodeFields(merged(base, dropIns, minor), { anyCase: dropIns.length > 0, minor });
  const set = [...values]
    .filter(([, { place }]) => place !== noPlace)
    .map(([path, found]): [string, FieldValue] => [path, finalValue(path, found, config?.path)]);
  const ofConfig = declared?.typeFaults ?? [];
  return { values: new Map(set), typeFaults: ofConfig.length > 0 ? ofConfig : typeFaults };
}

/** Before 1.32 the kubelet merged the files of --config-dir into its decoded configuration. */
export const mergesAsGo = (minor: number | undefined): boolean => minor !== undefined && minor < 32;

function merged(base: Branch, dropIns: readonly ConfigFile[], minor: number | undefined): Branch {
  if (dropIns.length === 0) return base;
  const lay = (tree: Branch, dropIn: ConfigFile): Branch => mergePatch(tree, dropIn.root);
  if (!mergesAsGo(minor)) return dropIns.reduce(lay, withoutEmptyLists(base));
  // There a null removed the value of an earlier drop-in, but not the one from --config.
  return mergePatch(base, withoutRemoved(dropIns.reduce(lay, branchOf({}, noPlace))));
}

/** The kubelet serialises the configuration before it merges. An empty list is omitted then and becomes the default again. */
const withoutEmptyLists = (tree: Branch): Branch => ({
  ...tree,
  entries: new Map(
    [...tree.entries].filter(([, one]) => !(one.kind === 'leaf' && Array.isArray(one.value) && one.value.length === 0)),
  ),
});

const withoutRemoved = (tree: Branch): Branch => ({
  ...tree,
  entries: new Map(
    [...tree.entries].flatMap(([key, one]): [string, Tree][] => {
      if (one.kind === 'gone' || isNull(one)) return [];
      return [[key, one.kind === 'branch' ? withoutRemoved(one) : one]];
    }),
  ),
});

/** Fields whose relative paths start at the --config file's folder (pkg/kubelet/apis/config/helpers.go). */
const pathFields = new Set([
  ...['staticPodPath', 'authentication.x509.clientCAFile', 'tlsCertFile', 'tlsPrivateKeyFile', 'resolvConf'],
  ...['volumePluginDir', 'podLogsDir'],
]);

/** The value as the kubelet finally uses it. */
function finalValue(path: string, found: FieldValue, config: string | undefined): FieldValue {
  const { value, place } = found;
  // The kubelet applies default thresholds when it reads --config, and not again after merging.
  if (path === 'evictionHard' && value === null) return { ...found, value: {} };
  if (config === undefined || place.path !== config || !pathFields.has(path)) return found;
  const isRelative = typeof value === 'string' && value !== '' && !value.startsWith('/');
  return isRelative ? { ...found, value: posix.join(posix.dirname(config), value) } : found;
}

/** A mapping in the file replaces the default mapping as a whole. */
function mergedOver(defaults: Branch, own: Branch): Branch {
  const kept = [...defaults.entries].filter(([key]) => !(defaultMaps.has(key) && own.entries.has(key)));
  return mergePatch({ ...defaults, entries: new Map(kept) }, own);
}

const defaultMaps = new Set(fields.filter(({ fallback }) => isRecord(fallback)).map(({ path }) => path));

/** The defaults that the kubelet serialises before it merges drop-ins. Zeros are omitted there (Go's omitempty). */
function defaultsTree(hasConfig: boolean): Branch {
  let root = branchOf({}, noPlace);
  for (const { path, fallback, legacy } of fields) {
    const value = hasConfig || legacy === undefined ? fallback : legacy;
    if (value !== null && !path.includes('[]')) root = mergePatch(root, nested(path.split('.'), value, noPlace));
  }
  return root;
}

const [fileDefaults, flagDefaults] = [defaultsTree(true), defaultsTree(false)];

function nested([name = '', ...rest]: readonly string[], value: Value, place: Place): Branch {
  const inner = rest.length === 0 ? treeOf(value, place) : nested(rest, value, place);
  return { kind: 'branch', entries: new Map([[name, inner]]), place };
}
