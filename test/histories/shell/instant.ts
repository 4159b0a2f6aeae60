/** Commands of the shell itself for which no other command has to run: done at once, which is most of what a program does. */
import { builtins } from './builtins.js';
import type { Environment } from './environment.js';
import { fieldsNow, isPlain, textNow } from './expand.js';
import type { Interpreter } from './interpreter.js';
import type { Pipeline, SimpleCommand } from './syntax.js';

const instants = new WeakMap<Pipeline, SimpleCommand | null>();

/** The one command of a pipeline, where it is the shell's own and no other has to run for it. No program here has a function of its name. */
function instantCommand(pipeline: Pipeline): SimpleCommand | undefined {
  const known = instants.get(pipeline);
  if (known !== undefined) return known ?? undefined;
  const [command] = pipeline.commands;
  const found = pipeline.commands.length === 1 && command?.kind === 'simple' && isInstant(command) ? command : null;
  instants.set(pipeline, found);
  return found ?? undefined;
}

function isInstant({ assignments, words, redirects }: SimpleCommand): boolean {
  if (redirects.length > 0) return false;
  if (words.length === 0) return assignments.every(({ value }) => isPlain(value));
  const [name] = words[0] ?? [];
  const isOwn = words[0]?.length === 1 && name?.kind === 'text' && builtins.has(name.text);
  return isOwn && assignments.length === 0 && words.every(isPlain);
}

/** The status of such a command, or of assignments alone. Undefined: it is none, and nothing is done. */
export function instantStatus(pipeline: Pipeline, env: Environment, shell: Interpreter): number | undefined {
  const command = instantCommand(pipeline);
  if (command === undefined) return undefined;
  const { assignments, words } = command;
  for (const { name, value } of assignments) env.variables.set(name, textNow(value, env));
  if (words.length === 0) return pipeline.negated ? 1 : 0;
  const argv = fieldsNow(words, env, shell);
  const status = builtins.get(argv[0] ?? '')?.(argv, env, shell.kernel) ?? 127;
  return pipeline.negated ? (status === 0 ? 1 : 0) : status;
}
