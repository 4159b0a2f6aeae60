/** The playbooks that come with kubelatch. */
import { shippedNames, shippedText } from '../lib/shipped-file.js';

const folder = '../playbooks/';

/** Names of the built-in playbooks, sorted. */
export async function builtinNames(): Promise<readonly string[]> {
  const files = await shippedNames(folder);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Families of built-in playbooks with the names of their members. Reads only the `family:` lines, because parsing all takes half a second. */
export async function builtinFamilies(): Promise<ReadonlyMap<string, readonly string[]>> {
  const families = new Map<string, string[]>();
  for (const name of await builtinNames()) {
    const family = /^ {2}family: (\S+)$/m.exec(builtinText(name))?.[1];
    if (family !== undefined) families.set(family, [...(families.get(family) ?? []), name]);
  }
  return families;
}

/** The text of a built-in playbook. `name` must be one of {@link builtinNames}. */
export const builtinText = (name: string): string => shippedText(`${folder}${name}.yaml`);
