/** Parts of a selection: which hosts `--shard i/n` takes. A host's part depends on its name and n alone. Pure. */
import { sha256Of } from '../lib/digest.js';
import type { Host, Inventory } from './host.js';

/** Part `index` of `count`, from 1. */
export interface ShardNumber {
  readonly index: number;
  readonly count: number;
}

/** What a result tells of the part that it is of, so that all parts can be put together again. */
export interface Shard extends ShardNumber {
  /** Names of the selected hosts of all parts, in inventory order. */
  readonly hosts: readonly string[];
  /** Hosts of the inventory that were not selected and have no nodeName there: each may be any Node. */
  readonly unnamedOthers: number;
}

/** More parts than this are a slip of the hand. */
const mostShards = 9999;

/** Reads `2/5`; undefined for what is no such part. */
export function parseShard(text: string): ShardNumber | undefined {
  const [, first = '', second = ''] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  const [index, count] = [Number(first), Number(second)];
  return index === 0 || index > count || count > mostShards ? undefined : { index, count };
}

/** The hosts of one part, in the order given; there may be none. */
export const hostsOfShard = (hosts: readonly Host[], { index, count }: ShardNumber): readonly Host[] =>
  hosts.filter(({ name }) => shardOf(name, count) === index);

/** From 1 to `count`. 48 bits of the hash are spread evenly over any number of parts. */
const shardOf = (name: string, count: number): number => (Number.parseInt(sha256Of(name).slice(0, 12), 16) % count) + 1;

/** `selected`: the hosts of all parts. */
export function describeShard(inventory: Inventory, selected: readonly Host[], number: ShardNumber): Shard {
  const names = new Set(selected.map(({ name }) => name));
  const unnamed = inventory.hosts.filter(({ name, nodeName }) => !names.has(name) && nodeName === undefined);
  return { ...number, hosts: [...names], unnamedOthers: unnamed.length };
}
