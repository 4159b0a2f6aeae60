/** kubelatch.yaml: what neither flags nor environment said. Unknown keys are errors. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { ToolError, messageOf } from '../lib/errors.js';
import { didYouMean } from '../lib/suggest.js';
import { type Problem, type YamlSource, formatProblems, readYaml } from '../lib/yaml-source.js';
import { isSwitch } from './options.js';

/** Throws ToolError `usage` with file and line; a file that is not there says nothing. */
export function applyConfigFile(command: Command, path = './kubelatch.yaml'): void {
  const source = readConfig(path);
  if (source === undefined) return;
  if (source.problems.length > 0) throw invalid(source, source.problems);
  const { value: data } = source;
  if (data === null || data === undefined) return;
  if (typeof data !== 'object' || Array.isArray(data))
    throw invalid(source, [{ path: [], message: 'a mapping of flags is wanted' }]);
  const here = optionsByKey([command]);
  // One file serves all verbs: a key that only another verb knows is no mistake.
  const anywhere = optionsByKey(withSubcommands(rootOf(command)));
  for (const [key, value] of Object.entries(data as Record<string, unknown>)) {
    const found = here.get(key);
    if (found === undefined) {
      if (anywhere.has(key)) continue;
      throw invalid(source, [{ path: [key], message: `unknown key${didYouMean(key, anywhere.keys())}` }]);
    }
    const name = found.attributeName();
    if (!['default', undefined].includes(command.getOptionValueSource(name))) continue;
    const read = valueFor(found, value);
    if ('problem' in read) throw invalid(source, [{ path: [key], message: read.problem }]);
    command.setOptionValueWithSource(name, read.value, 'config');
  }
}

function readConfig(path: string): YamlSource | undefined {
  try {
    return readYaml(path, readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ToolError('usage', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function invalid(source: YamlSource, problems: readonly Problem[]): ToolError {
  return new ToolError('usage', formatProblems(source, problems).join('\n'), {
    hint: 'its keys are the long flags without --, and those of --no-x without no-',
  });
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

const withSubcommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withSubcommands)];

/** `cluster` for `--no-cluster`. */
function optionsByKey(commands: readonly Command[]): ReadonlyMap<string, Option> {
  const options = commands.flatMap((command) => command.options).filter((one) => one.long !== '--version');
  return new Map(options.map((one) => [one.long?.replace(/^--(no-)?/, '') ?? '', one]));
}

function valueFor(option: Option, value: unknown): { readonly value: unknown } | { readonly problem: string } {
  if (isSwitch(option)) return typeof value === 'boolean' ? { value } : { problem: 'true or false is wanted' };
  const words = (Array.isArray(value) ? value : [value]) as unknown[];
  if (!words.every((one) => typeof one === 'string' || typeof one === 'number')) return { problem: 'a text is wanted' };
  const text = words.join(',');
  if (option.argChoices !== undefined && !option.argChoices.includes(text))
    return { problem: `one of ${option.argChoices.join(', ')} is wanted${didYouMean(text, option.argChoices)}` };
  try {
    return { value: option.parseArg === undefined ? text : option.parseArg(text, undefined as never) };
  } catch (error) {
    if (error instanceof InvalidArgumentError) return { problem: error.message };
    throw error;
  }
}
