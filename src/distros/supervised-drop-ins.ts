/** Files of kubelet.conf.d: their order, what the supervisor copies there, and which old copies remain. */
import { posix } from 'node:path';
import { configDirFiles, walkOrder } from '../facts/config-dir.js';
import type { ConfigFile } from '../facts/config-file.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { branchOf } from '../facts/config-tree.js';
import type { Supervisor, SupervisorState } from './supervised-kubelet.js';
import type { KubeletArg } from './supervisor-config.js';

/** Names of the copies of what `config=` and `config-dir=` name. The supervisor never deletes them. */
export const copies = { config: '10-cli-config.conf', 'config-dir': '20-cli-config-dir' };

export interface NamedFiles {
  readonly config: string | undefined;
  readonly folder: string | undefined;
}

/** The paths that `config=` and `config-dir=` name. Of several, the last one counts. */
export function namedFiles(args: readonly KubeletArg[]): NamedFiles {
  const value = (name: string): string | undefined => {
    const found = args.findLast((one) => one.name === name);
    return found === undefined || isWithoutPath(found) ? undefined : found.value;
  };
  const folder = value('config-dir');
  return { config: value('config'), folder: folder === undefined ? undefined : posix.resolve('/', folder) };
}

/** `config` without a value, if it did not take the next entry as its value either. */
export const isWithoutPath = ({ value, bare }: KubeletArg): boolean => value === '' || (bare && value === 'true');

/** The files as they will be merged at the next start. A file named by `config=` or `config-dir=` replaces its copy. */
export function dropInsOf(
  facts: NodeFacts,
  folder: string,
  named: NamedFiles,
  load: (path: string) => ConfigFile | undefined,
): ConfigFile[] {
  const places = new Map(configDirFiles(facts, folder).map((path) => [path, path]));
  if (named.config !== undefined && !named.config.startsWith(folder)) {
    places.set(posix.join(folder, copies.config), named.config);
  }
  const { folder: from } = named;
  for (const path of from === undefined || from.startsWith(folder) ? [] : configDirFiles(facts, from)) {
    places.set(posix.join(folder, copies['config-dir'], path.slice((from?.length ?? 0) + 1)), path);
  }
  return [...places].sort(([left], [right]) => walkOrder(left, right)).flatMap(([, path]) => load(path) ?? []);
}

/** Copies whose source is no longer named. They are still in effect, and the supervisor never deletes them. */
export function leftoversOf(
  facts: NodeFacts,
  { folder }: SupervisorState,
  named: NamedFiles,
  { title }: Supervisor,
): { readonly path: string; readonly message: string }[] {
  const copyFolder = `${folder}/${copies['config-dir']}/`;
  const from = named.folder;
  const sources = from === undefined ? [] : configDirFiles(facts, from).map((path) => path.slice(from.length + 1));
  return configDirFiles(facts, folder).flatMap((path) => {
    const isFile = path === `${folder}/${copies.config}` && named.config === undefined;
    const isInFolder = path.startsWith(copyFolder) && !sources.includes(path.slice(copyFolder.length));
    if (!isFile && !isInFolder) return [];
    const what = isFile ? 'config=' : 'config-dir=';
    const message = `${title} copied this file for a kubelet-arg ${what} entry that no longer exists, but the copy is still in effect. Delete the file`;
    return [{ path, message }];
  });
}

/** At the next start the supervisor overwrites protect-kernel-defaults in its own file, whatever the file contains now. */
export function withProtection(
  dropIns: readonly ConfigFile[],
  { defaultsFile }: Supervisor,
  { folder, protects }: SupervisorState,
): readonly ConfigFile[] {
  if (protects === undefined) return dropIns;
  const { path, line } = protects.entry.origin;
  const layer: ConfigFile = {
    path,
    text: '',
    root: branchOf({ protectKernelDefaults: protects.value }, { path, line }),
    ignored: [],
  };
  const own = dropIns.filter((one) => one.path === posix.join(folder, defaultsFile));
  const rest = dropIns.filter((one) => !own.includes(one));
  return [...own, layer, ...rest];
}
