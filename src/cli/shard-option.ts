/** `--shard`: the option of verbs that only read hosts, and why others refuse it. */
import { InvalidArgumentError, Option } from 'commander';
import { type ShardNumber, parseShard } from '../inventory/shard.js';
import { ToolError } from '../lib/errors.js';
import type { OptionGroup } from './option-groups.js';

function shardValue(text: string): ShardNumber {
  const shard = parseShard(text);
  if (shard === undefined) throw new InvalidArgumentError('must be a part and a number of parts, such as 2/5');
  return shard;
}

/** A flag alone: a file or a variable that is left over would hide hosts. */
export const shard: OptionGroup = {
  title: 'Hosts',
  options: [new Option('--shard <i/n>', 'Take part i of n of the selected hosts').argParser(shardValue)],
};

const rollout = 'waves and the limit of unavailable nodes must see the whole cluster; use one run a cluster';
const reasons: Readonly<Record<string, string>> = {
  plan: rollout,
  apply: rollout,
  rollback: rollout,
  resume: rollout,
  uninstall: rollout,
  guided: rollout,
  verify: 'each host is also tested from another host of the same run; use --limit',
};

/** Not in any help: it says why the verb cannot be split. Undefined for a verb that nobody would split. */
export function refusedShard(verb: string): Option | undefined {
  const reason = reasons[verb];
  if (reason === undefined) return undefined;
  const name = verb === 'guided' ? 'kubelatch' : verb;
  return new Option('--shard <i/n>').hideHelp().argParser(() => {
    throw new ToolError('usage', `${name} does not take --shard: ${reason}`);
  });
}
