/** The playbooks that come with the program. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

// The same distance from src/playbook and from dist/playbook.
const folder = new URL('../../playbooks/', import.meta.url);

/** Names of the built-in playbooks, sorted. */
export async function builtinNames(): Promise<readonly string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Path of a built-in playbook; the name must be one of `builtinNames`. */
export function builtinPath(name: string): string {
  return fileURLToPath(new URL(`${name}.yaml`, folder));
}
