/** The playbooks that come with kubelatch. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

// The relative path is the same from src/playbook and dist/playbook.
const folder = new URL('../../playbooks/', import.meta.url);

/** Names of the built-in playbooks, sorted. */
export async function builtinNames(): Promise<readonly string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** The path of a built-in playbook. `name` must be one of `builtinNames`. */
export function builtinPath(name: string): string {
  return fileURLToPath(new URL(`${name}.yaml`, folder));
}
