/** The shell programs that run on a node, read once from the files beside this one. */
import { readFileSync } from 'node:fs';

export type ScriptName = 'probe' | 'txn' | 'watch' | 'http' | 'kubectl';

const loaded = new Map<ScriptName, string>();

/** The text of one script, ended by the line that runs it: a cut transmission runs nothing. */
export function script(name: ScriptName): string {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`./${name}.sh`, import.meta.url), 'utf8');
  loaded.set(name, text);
  return text;
}
