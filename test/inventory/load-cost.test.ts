/** An inventory is answered in seconds, whatever its size. */
import { expect, it } from 'vitest';
import { loadInventory } from '../../src/inventory/load.js';

const start = 'cluster: {name: lab}\ngroups:\n  workers:\n    role: worker\n    hosts:\n';
const lines = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('');

it.each([
  ['aliases', `      a: &a {}\n${lines(60_000, (at) => `      b${at}: *a\n`)}`, /:107: more than 100 aliases/],
  ['a wide range', '      "n[000001:200000]": {}\n', /more than 5000 hosts/],
  ['hosts', lines(40_000, (at) => `      n${at}:\n`), /more than 5000 hosts/],
])('%s', (_, hosts, fault) => {
  const began = process.cpuUsage();
  expect(() => loadInventory('inventory.yaml', `${start}${hosts}`)).toThrow(
    expect.objectContaining({ code: 'inventory', message: expect.stringMatching(fault) as string }) as Error,
  );
  // Its own time: the machine may be busy.
  expect(process.cpuUsage(began).user / 1000).toBeLessThan(20_000);
});
