/** The contexts in a kubeconfig. */
import { type Result, fail, ok } from '../lib/result.js';
import { formatProblems, readYaml } from '../lib/yaml-source.js';
import { field, listOf, textOf } from './api-object.js';

export interface Contexts {
  readonly names: readonly string[];
  /** undefined if none is set, or if it is not there. */
  readonly current: string | undefined;
}

/** Fails with one line that names the file and the line in it. */
export function contextsOf(path: string, text: string): Result<Contexts, string> {
  const source = readYaml(path, text, '1.1');
  const [problem] = formatProblems(source, source.problems);
  if (problem !== undefined) return fail(problem);
  const names = listOf(field(source.value, 'contexts'))
    .map((one) => textOf(field(one, 'name')))
    .filter((name) => name !== '');
  if (names.length === 0) return fail(`${path}:1: it has no contexts, so it is no kubeconfig`);
  const current = textOf(field(source.value, 'current-context'));
  return ok({ names, current: names.includes(current) ? current : undefined });
}
