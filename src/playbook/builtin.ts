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

/** The text of a built-in playbook. `name` must be one of {@link builtinNames}. */
export const builtinText = (name: string): string => shippedText(`${folder}${name}.yaml`);
