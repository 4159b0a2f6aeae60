/** Hosts at once: in all, and behind the same bastions. */
import { expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { forksFor, hostLimit } from '../../src/pipeline/host-limit.js';

const host = (name: string, jump: readonly string[], jumpForks?: number): Host =>
  ({ name, ssh: { jump, jumpForks, become: 'sudo' } }) as unknown as Host;

/** Which hosts begin while none of those before them ends, and in which order all of them did in the end. */
async function started(hosts: readonly Host[], forks: number) {
  const limit = hostLimit(forks);
  const begun: string[] = [];
  const open: (() => void)[] = [];
  const all = hosts.map((one) =>
    limit(one, async () => {
      begun.push(one.name);
      await new Promise<void>((resolve) => open.push(resolve));
    }),
  );
  await new Promise(setImmediate);
  const first = [...begun];
  while (begun.length < hosts.length || open.length > 0) {
    open.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  return { first, begun };
}

it('without jumpForks, only the forks count', async () => {
  const { first, begun } = await started(
    ['a', 'b', 'c'].map((name) => host(name, ['j'])),
    2,
  );
  expect([first, begun]).toEqual([
    ['a', 'b'],
    ['a', 'b', 'c'],
  ]);
});

it('hosts that wait for their bastion keep no other host waiting', async () => {
  const behind = ['a', 'b', 'c', 'd'].map((name) => host(name, ['j'], 1));
  const { first, begun } = await started([...behind, host('e', []), host('f', ['k'], 1)], 3);
  expect(first).toEqual(['a', 'e', 'f']);
  expect(begun).toEqual(['a', 'e', 'f', 'b', 'c', 'd']);
});

it('hosts behind a bastion keep their place among the others', async () => {
  const hosts = [host('a', ['j'], 2), host('b', []), host('c', ['j'], 2), host('d', ['j'], 2), host('e', [])];
  expect((await started(hosts, 2)).begun).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it('another way through the same bastion is another limit', async () => {
  expect((await started([host('a', ['j'], 1), host('b', ['j', 'k'], 1)], 8)).first).toEqual(['a', 'b']);
});

it('a host that fails gives its place to the next one', async () => {
  const limit = hostLimit(4);
  const behind = host('a', ['j'], 1);
  await expect(limit(behind, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await limit(behind, () => Promise.resolve(7))).toBe(7);
});

it.each([
  ['no bastion', [host('a', [])], 32],
  ['a host without one', [host('a', ['j'], 2), host('b', [])], 32],
  ['two bastions', [host('a', ['j'], 2), host('b', ['j'], 2), host('c', ['k'], 3)], 5],
  ['more than the forks', [host('a', ['j'], 100)], 32],
  ['no host', [], 1],
])('at most so many hosts change at once: %s', (_, hosts, wanted) => {
  expect(forksFor(hosts, 32)).toBe(wanted);
});
