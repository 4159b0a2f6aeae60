/** Files that come with kubelatch: in the folder of the program, or inside it where it is a single executable. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { getAsset, isSea } from 'node:sea';

/** The name of the asset that lists the others, which Node cannot: a JSON array of paths. */
const index = 'index.json';

// Paths start at this program's own folder, src or dist, and are the names of the assets.
const placeOf = (path: string): URL => new URL(`../${path}`, import.meta.url);

/** The text of a file, by its path from the folder of main.js: `node/probe.sh`, `../package.json`. Throws if it is not there. */
export const shippedText = (path: string): string =>
  isSea() ? getAsset(path, 'utf8') : readFileSync(placeOf(path), 'utf8');

/** The names of the files in a folder, in no order. The folder's path ends with "/". */
export async function shippedNames(folder: string): Promise<readonly string[]> {
  if (!isSea()) return readdir(placeOf(folder));
  const paths = JSON.parse(getAsset(index, 'utf8')) as readonly string[];
  return paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
}

/** What a thread runs: the place of a module, or its text, to be evaluated. */
export const shippedModule = (path: string): URL | string => (isSea() ? getAsset(path, 'utf8') : placeOf(path));
