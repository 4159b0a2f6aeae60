/** Reads ./kubelatch.yaml and the user's own config.yaml, for flags that neither the command line nor the environment set. Unknown keys are errors. */
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { readOwnFile } from '../lib/own-file.js';
import { didYouMean } from '../lib/suggest.js';
import { type Problem, type YamlSource, formatProblems, readYaml } from '../lib/yaml-source.js';
import { isFlagOnly, isSwitch } from './options.js';

/**
 * Keys that a folder's file may set: hosts, rules, output, pace. Somebody else may have written that folder, so no key
 * here runs a program, confirms a change, weakens a check or writes a file.
 */
const folderKeys = new Set([
  ...['inventory', 'limit', 'exclude', 'playbook', 'fail-on', 'detailed-exitcode'],
  ...['output', 'color', 'quiet', 'input', 'forks', 'timeout', 'waves', 'cordon'],
]);

export interface ConfigFiles {
  readonly folder: string;
  /** The user's own file: it may set every key. */
  readonly user: string;
  readonly say: (line: string) => void;
}

/** Sets what neither flags nor environment set, from the folder's file, then from the user's. Throws ToolError `usage` with file and line. */
export function applyConfigFiles(command: Command, { folder, user, say }: ConfigFiles): void {
  const ofHere = readConfig(folder, say);
  if (ofHere !== undefined) {
    say(`kubelatch: using ${folder}`);
    refuseForeign(command, ofHere, user);
    applyConfig(command, ofHere);
  }
  const ofUser = readConfig(user, say);
  if (ofUser !== undefined) applyConfig(command, ofUser);
}

interface Config {
  readonly source: YamlSource;
  readonly entries: readonly (readonly [key: string, value: unknown])[];
}

function readConfig(path: string, say: (line: string) => void): Config | undefined {
  const source = readSource(path, say);
  if (source === undefined) return undefined;
  if (source.problems.length > 0) throw invalid(source, source.problems);
  const { value: data } = source;
  if (data === null || data === undefined) return undefined;
  if (typeof data !== 'object' || Array.isArray(data))
    throw invalid(source, [{ path: [], message: 'must be a mapping of flags to values' }]);
  return { source, entries: Object.entries(data as Record<string, unknown>) };
}

function readSource(path: string, say: (line: string) => void): YamlSource | undefined {
  try {
    const read = readOwnFile(path);
    if (read !== undefined && 'text' in read) return readYaml(path, read.text);
    if (read !== undefined) say(`kubelatch: ignoring ${path}: ${read.fault}`);
    return undefined;
  } catch (error) {
    throw new ToolError('usage', `${path}: ${fileErrorOf(error)}`, { cause: error });
  }
}

/** Checks the keys of all verbs, so that a file that oversteps is refused by every verb. */
function refuseForeign(command: Command, { source, entries }: Config, user: string): void {
  const known = optionsByKey(withSubcommands(rootOf(command)));
  const foreign = entries.map(([key]) => key).filter((key) => known.has(key) && !folderKeys.has(key));
  if (foreign.length === 0) return;
  const message =
    'not allowed in a folder’s file: it can run a program, confirm a change, weaken a check or write a file';
  const problems = foreign.map((key) => ({ path: [key], message }));
  throw new ToolError('usage', formatProblems(source, problems).join('\n'), {
    hint: `remove the line, or set it as a flag, as KUBELATCH_..., or in ${user}`,
  });
}

function applyConfig(command: Command, { source, entries }: Config): void {
  const here = optionsByKey([command]);
  // One file serves all verbs, so a key of another verb is fine.
  const anywhere = optionsByKey(withSubcommands(rootOf(command)));
  for (const [key, value] of entries) {
    const found = here.get(key);
    if (isFlagOnly(found ?? anywhere.get(key)))
      throw invalid(source, [{ path: [key], message: 'can only be set as a flag of each call' }]);
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

function invalid(source: YamlSource, problems: readonly Problem[]): ToolError {
  return new ToolError('usage', formatProblems(source, problems).join('\n'), {
    hint: 'use the long flag name as the key: forks for --forks, cluster for --no-cluster',
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
  if (isSwitch(option)) return typeof value === 'boolean' ? { value } : { problem: 'must be true or false' };
  const words = (Array.isArray(value) ? value : [value]) as unknown[];
  if (!words.every((one) => typeof one === 'string' || typeof one === 'number'))
    return { problem: 'must be a string or a number' };
  const text = words.join(',');
  if (option.argChoices !== undefined && !option.argChoices.includes(text))
    return { problem: `must be one of ${option.argChoices.join(', ')}${didYouMean(text, option.argChoices)}` };
  try {
    return { value: option.parseArg === undefined ? text : option.parseArg(text, undefined as never) };
  } catch (error) {
    if (error instanceof InvalidArgumentError) return { problem: error.message };
    throw error;
  }
}
