/** Remembers what chose hosts, rules and cluster in this call, so that every suggested command repeats it. */
import type { Command, Option } from 'commander';
import { type Invocation, rememberInvocation } from '../lib/next-command.js';
import * as group from './option-groups.js';
import { hooks } from './window-options.js';
import { isSwitch } from './options.js';
import type { Verb } from './verbs.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where to find hosts, rules and cluster, and what runs around each host. Nothing that confirms, weakens a check or only shows. */
const choosing: readonly Option[] = [
  ...[group.hosts, group.playbooks, group.edits, group.apiServer, group.verifyPlan, hooks].flatMap(
    ({ options }) => options,
  ),
];
const flagOf = ({ long, short }: Option): string => long ?? short ?? '';

/** Call it when flags, environment and config files have been read. */
export function rememberFlags(verb: Verb, command: Command, verbs: readonly Verb[], env: Environment): void {
  rememberInvocation(invocationOf(verb, command, verbs, env));
}

function invocationOf(verb: Verb, command: Command, verbs: readonly Verb[], env: Environment): Invocation {
  const stateHome = env['XDG_STATE_HOME'];
  return {
    choices: choosing.flatMap((option) => {
      const words = wordsOf(option, command);
      return words.length === 0 ? [] : [{ flag: flagOf(option), words }];
    }),
    flagsOf: Object.fromEntries(
      verbs.map(({ name, options }) => [name, options.flatMap((one) => one.options.map(flagOf))]),
    ),
    plan: verb.name === 'apply' ? command.args[0] : undefined,
    stateHome: stateHome?.startsWith('/') === true ? stateHome : undefined,
  };
}

/** The option as it was set, by whichever source; nothing where the default holds. */
function wordsOf(option: Option, command: Command): readonly string[] {
  const name = option.attributeName();
  const isOwn = command.options.some((one) => flagOf(one) === flagOf(option));
  if (!isOwn || ['default', undefined].includes(command.getOptionValueSource(name))) return [];
  const value: unknown = command.getOptionValue(name);
  const flag = option.short ?? flagOf(option);
  if (isSwitch(option)) return value === !option.negate ? [flag] : [];
  const values = (Array.isArray(value) ? value : [value]) as unknown[];
  return values.flatMap((one) => [flag, String(one)]);
}
