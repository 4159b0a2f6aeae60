/** `--shard i/n`: the parts of a selection are all of it, whatever the order, and a new host moves no other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { loadInventory } from '../../src/inventory/load.js';
import { describeShard, hostsOfShard, parseShard } from '../../src/inventory/shard.js';

const named = (name: string): Host => ({ name }) as Host;
const namesOf = (hosts: readonly Host[]): string[] => hosts.map(({ name }) => name);
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 60 });
const counts = fc.integer({ min: 1, max: 12 });
const parts = (hosts: readonly Host[], count: number): string[][] =>
  Array.from({ length: count }, (_, at) => namesOf(hostsOfShard(hosts, { index: at + 1, count })));

describe('the parts', () => {
  it('are disjoint and complete, each in the order given', () => {
    fc.assert(
      fc.property(names, counts, (all, count) => {
        const split = parts(all.map(named), count);
        expect(split.flat().sort()).toEqual([...all].sort());
        for (const part of split) expect(part).toEqual(all.filter((name) => part.includes(name)));
      }),
    );
  });

  it('hold the same hosts whatever the order of the file, and a new host moves no other', () => {
    fc.assert(
      fc.property(names, counts, fc.nat(), (all, count, turn) => {
        const [added, ...rest] = [...all.slice(turn % (all.length + 1)), ...all.slice(0, turn % (all.length + 1))];
        const before = parts(all.filter((name) => name !== added).map(named), count);
        const after = parts(rest.concat(added ?? []).map(named), count);
        expect(after.map((part) => part.filter((name) => name !== added).sort())).toEqual(
          before.map((part) => part.sort()),
        );
      }),
    );
  });

  it('are of about one size, and stay what they were in earlier versions', () => {
    const all = Array.from({ length: 3000 }, (_, at) => named(`node${at}`));
    for (const part of parts(all, 3)) expect(Math.abs(part.length - 1000)).toBeLessThan(100);
    expect(parts(['cp1', 'cp2', 'n1', 'n2', 'n3', 'n4'].map(named), 3)).toMatchInlineSnapshot(`
      [
        [
          "cp1",
          "cp2",
          "n1",
        ],
        [
          "n3",
          "n4",
        ],
        [
          "n2",
        ],
      ]
    `);
  });
});

it.each(['0/3', '4/3', 'x', '1', '/3', '1/', '1/0', '01/3', '1/3/5', ' 1/3', '-1/3', '1.5/3', '1/99999', ''])(
  '%j is no part',
  (text) => {
    expect(parseShard(text)).toBeUndefined();
  },
);

it('a part tells of the selection that it is of, and of hosts beyond it that may be any Node', () => {
  const inventory = loadInventory(
    'i.yaml',
    'cluster: {name: lab}\ngroups:\n  a: {role: worker, hosts: {n1: {}, n2: {}}}\n  b: {role: worker, hosts: {n3: {}, n4: {nodeName: n4}}}\n',
  );
  expect(parseShard('2/2')).toEqual({ index: 2, count: 2 });
  expect(describeShard(inventory, inventory.hosts.slice(0, 2), { index: 2, count: 2 })).toEqual({
    ...{ index: 2, count: 2 },
    ...{ hosts: ['n1', 'n2'], unnamedOthers: 1 },
  });
});
