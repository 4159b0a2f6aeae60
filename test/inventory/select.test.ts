import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadInventory } from '../../src/inventory/load.js';
import { selectHosts } from '../../src/inventory/select.js';
import type { Selection } from '../../src/inventory/select.js';

const inventory = loadInventory(
  'inventory.yaml',
  `cluster: {name: lab}
groups:
  masters: {role: control-plane, hosts: {"cp[1:2]": {}}}
  workers: {role: worker, hosts: {"node[01:12]": {}}}
  edge.eu: {role: worker, hosts: {edge-a: {}, edge-b: {}}}
`,
);
const names = (selection: Selection): string =>
  selectHosts(inventory, selection)
    .map((host) => host.name)
    .join(' ');
const fault = (selection: Selection): unknown => {
  try {
    return names(selection);
  } catch (error) {
    return error;
  }
};

describe('--limit and --exclude', () => {
  it.each<[Selection, string]>([
    [{}, 'cp1 cp2 node01 node02 node03 node04 node05 node06 node07 node08 node09 node10 node11 node12 edge-a edge-b'],
    [{ limit: 'all', exclude: 'workers' }, 'cp1 cp2 edge-a edge-b'],
    [{ limit: 'node03' }, 'node03'],
    [{ limit: 'edge-b, cp1' }, 'cp1 edge-b'],
    [{ limit: 'node0?,!node0[2:8]' }, 'node01 node09'],
    [{ limit: 'node[10:12]' }, 'node10 node11 node12'],
    [{ limit: '*1' }, 'cp1 node01 node11'],
    [{ limit: 'edge.eu' }, 'edge-a edge-b'],
    [{ limit: 'role:control-plane' }, 'cp1 cp2'],
    [{ limit: '!role:worker' }, 'cp1 cp2'],
    [{ limit: '!workers,cp*' }, 'cp1 cp2'],
    [{ exclude: 'node*,cp2' }, 'cp1 edge-a edge-b'],
  ])('%j', (selection, chosen) => {
    expect(names(selection)).toBe(chosen);
  });

  it('take "." and other signs for themselves', () => {
    expect(fault({ limit: 'edge.e?' })).toMatchObject({ code: 'usage' });
    expect(fault({ limit: 'node.1' })).toMatchObject({ code: 'usage' });
    expect(fault({ limit: 'n(' })).toMatchObject({ code: 'usage' });
  });

  it.each<[Selection, string, string]>([
    [{ limit: 'worker' }, 'no host, group or role matches "worker"', 'Did you mean "workers"?'],
    [{ limit: 'node1' }, 'no host, group or role matches "node1"', 'Did you mean "node01"?'],
    [
      { limit: 'role:master' },
      'no host, group or role matches "role:master"',
      'The roles are role:control-plane and role:worker. Perhaps no host has this role.',
    ],
    [
      { limit: 'cp1,!zzzzzzzz' },
      'no host, group or role matches "zzzzzzzz"',
      'to list the hosts and groups: kubelatch inventory',
    ],
    [{ exclude: 'edge-c' }, 'no host, group or role matches "edge-c"', 'Did you mean "edge-a"?'],
    [
      { limit: 'cp*', exclude: 'masters' },
      '--limit and --exclude leave no hosts',
      'to list the hosts: kubelatch inventory',
    ],
  ])('%j is refused', (selection, message, hint) => {
    expect(fault(selection)).toMatchObject({ code: 'usage', message, hint });
  });

  it.each<[Selection, string]>([
    [{ limit: 'node[1:12]' }, '"node[1:12]": no host or group matches node1 and 8 more'],
    [{ limit: 'node[11:14]' }, '"node[11:14]": no host or group matches node13 and 1 more'],
    [{ exclude: 'edge-[a:c]' }, '"edge-[a:c]": no host or group matches edge-c'],
    [{ limit: 'node[12:10]' }, '"node[12:10]": [12:10] ends before it starts'],
    [{ limit: 'node[1-3]' }, '"node[1-3]": [1-3] is not a range: write [1:3], [01:40] or [a:c]'],
    [{ limit: 'node[1:99999999]' }, '"node[1:99999999]" has 99999999 names; at most 5000'],
  ])('%j: a range that matches nothing, or not all of its names, is refused', (selection, message) => {
    expect(fault(selection)).toMatchObject({ code: 'usage', message });
  });

  it.each<[Selection, string]>([
    [{ limit: '' }, '--limit "" has an empty pattern'],
    [{ limit: 'cp1,,cp2' }, '--limit "cp1,,cp2" has an empty pattern'],
    [{ limit: '!' }, '--limit "!" has an empty pattern'],
    [{ exclude: '!cp1' }, '--exclude "!cp1" must not start with "!": write cp1'],
  ])('%j is refused as malformed', (selection, message) => {
    expect(fault(selection)).toMatchObject({ code: 'usage', message });
  });

  const pattern = fc.constantFrom(
    'all',
    'masters',
    'workers',
    'edge.eu',
    'cp1',
    'node0?',
    '*a',
    'node[03:07]',
    'role:worker',
  );

  it('keep the order of the inventory, never twice, whatever the order of patterns', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 5 }), (patterns) => {
        const chosen = selectHosts(inventory, { limit: patterns.join(',') });
        expect(chosen).toEqual(inventory.hosts.filter((host) => chosen.includes(host)));
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(selectHosts(inventory, { limit: patterns.toReversed().join(',') })).toEqual(chosen);
      }),
    );
  });

  it('split the hosts in two with a pattern and its negation', () => {
    fc.assert(
      fc.property(
        pattern.filter((one) => one !== 'all'),
        (one) => {
          const inside = selectHosts(inventory, { limit: one });
          const outside = selectHosts(inventory, { limit: `!${one}` });
          expect(outside).toEqual(selectHosts(inventory, { exclude: one }));
          expect(inside.length + outside.length).toBe(inventory.hosts.length);
          expect(inside.some((host) => outside.includes(host))).toBe(false);
        },
      ),
    );
  });
});
