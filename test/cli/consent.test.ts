import { expect, it } from 'vitest';
import { askToChange } from '../../src/cli/consent.js';
import type { World } from '../../src/cli/world.js';

const inventory = { path: 'i', cluster: { name: 'c' }, hosts: [] } as never;
const ask = (cluster: boolean, lockOnly: boolean, withoutCluster: string | undefined): Promise<boolean> => {
  const world = { flags: { cluster }, progress: { stop: () => Promise.resolve() } } as unknown as World;
  const question = { text: undefined, question: 'Now?', hosts: ['n1'], withoutCluster, lockOnly, agreed: true };
  return askToChange(world, { inventory }, question);
};

it.each([
  [false, /no change could be proved healthy: gone$/],
  [true, /other runs could not be kept out: gone$/],
])('refuses by itself to go without the API server, for the lock alone too: %j', async (lockOnly, message) => {
  await expect(ask(true, lockOnly, 'gone')).rejects.toMatchObject({
    code: 'cluster',
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(/^nothing was changed; .*--no-cluster/) as string,
  });
  expect(await ask(false, lockOnly, 'gone')).toBe(true);
  expect(await ask(true, lockOnly, undefined)).toBe(true);
});
