/** Paths on this machine (XDG base directories). */
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder with one subfolder per run. */
export function runsFolder(env: Environment): string {
  return join(baseFolder(env['XDG_STATE_HOME'], '.local/state'), 'kubelatch', 'runs');
}

/** The user's configuration file. */
export const userConfig = (env: Environment): string =>
  join(baseFolder(env['XDG_CONFIG_HOME'], '.config'), 'kubelatch', 'config.yaml');

const baseFolder = (configured: string | undefined, fallback: string): string =>
  configured !== undefined && configured.startsWith('/') ? configured : join(homedir(), fallback);

/** The parent folders of a path, nearest first, up to the root. */
export function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : folder === '/' ? ['/'] : [folder, ...foldersAbove(folder)];
}

export const folderAndName = (path: string): { readonly folder: string; readonly name: string } => ({
  folder: dirname(path),
  name: basename(path),
});
