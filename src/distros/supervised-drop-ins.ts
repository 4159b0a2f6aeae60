/** Files of kubelet.conf.d: their order, what the supervisor copies there, and what it leaves behind. */
import { posix } from 'node:path';
import type { ConfigFile } from '../facts/config-file.js';
import type { NodeFacts } from '../facts/node-facts.js';
import type { Supervisor, SupervisorState } from './supervised-kubelet.js';
import type { KubeletArg } from './supervisor-config.js';

/** Names under which the supervisor copies what `config=` and `config-dir=` name; it never deletes them. */
export const copies = { config: '10-cli-config.conf', 'config-dir': '20-cli-config-dir' };

export interface NamedFiles {
  readonly config: string | undefined;
  readonly folder: string | undefined;
}

/** Paths behind `config=` and `config-dir=`; of several the last. */
export function namedFiles(args: readonly KubeletArg[]): NamedFiles {
  const value = (name: string): string | undefined => args.findLast((one) => one.name === name)?.value;
  return { config: value('config'), folder: value('config-dir')?.replace(/(.)\/+$/, '$1') };
}

/** In the order the kubelet walks a folder: entry by entry, sub-folders in their place. */
export function dropInPaths(facts: NodeFacts, folder: string | undefined): string[] {
  if (folder === undefined) return [];
  const paths = [...facts.files].flatMap(([path, { kind }]) =>
    path.startsWith(`${folder}/`) && path.endsWith('.conf') && kind !== 'absent' ? [path] : [],
  );
  return paths.sort(byWalk);
}

export function byWalk(left: string, right: string): number {
  const [first, second] = [left, right].map((path) => path.replaceAll('/', '\0'));
  return (first ?? '') < (second ?? '') ? -1 : 1;
}

/** The files as they will be merged at the next start: what `config=` and `config-dir=` name stands in the place of its copy. */
export function dropInsOf(
  facts: NodeFacts,
  folder: string,
  named: NamedFiles,
  load: (path: string) => ConfigFile | undefined,
): ConfigFile[] {
  const places = new Map(dropInPaths(facts, folder).map((path) => [path, path]));
  if (named.config !== undefined && !named.config.startsWith(folder)) {
    places.set(posix.join(folder, copies.config), named.config);
  }
  for (const path of dropInPaths(facts, named.folder)) {
    if (named.folder === undefined || named.folder.startsWith(folder)) break;
    places.set(posix.join(folder, copies['config-dir'], path.slice(named.folder.length + 1)), path);
  }
  return [...places].sort(([left], [right]) => byWalk(left, right)).flatMap(([, path]) => load(path) ?? []);
}

/** Copies that nothing is copied to any more: still in effect, and never deleted by the supervisor. */
export function leftoversOf(
  facts: NodeFacts,
  { folder }: SupervisorState,
  named: NamedFiles,
  { title }: Supervisor,
): { readonly path: string; readonly message: string }[] {
  const copyFolder = `${folder}/${copies['config-dir']}/`;
  const sources = dropInPaths(facts, named.folder).map((path) => path.slice((named.folder?.length ?? 0) + 1));
  return dropInPaths(facts, folder).flatMap((path) => {
    const isFile = path === `${folder}/${copies.config}` && named.config === undefined;
    const isInFolder = path.startsWith(copyFolder) && !sources.includes(path.slice(copyFolder.length));
    if (!isFile && !isInFolder) return [];
    const what = isFile ? 'config=' : 'config-dir=';
    const message = `${title} once copied this from what a kubelet-arg ${what} named; none names it now, and the copy is still in effect: remove it`;
    return [{ path, message }];
  });
}

/** The supervisor writes protect-kernel-defaults into its own file at the next start, whatever that file says now. */
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
    data: { protectKernelDefaults: protects.value },
    lines: new Map([['protectKernelDefaults', line]]),
    ignored: [],
  };
  const own = dropIns.filter((one) => one.path === posix.join(folder, defaultsFile));
  const rest = dropIns.filter((one) => !own.includes(one));
  return [...own, layer, ...rest];
}
