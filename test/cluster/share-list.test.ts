/** A list that many ask for: never older than they want, and never two at a time. */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { shareList } from '../../src/cluster/share-list.js';
import { monotonic, sleep } from '../change/virtual-time.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

/** Reads take `took` ms and answer with the time at which they began. */
function reader(took: number) {
  const reads = { begun: 0, underway: 0, most: 0 };
  const list = shareList(async () => {
    const at = monotonic();
    reads.begun += 1;
    reads.underway += 1;
    reads.most = Math.max(reads.most, reads.underway);
    await sleep(took);
    reads.underway -= 1;
    return at;
  });
  return { list, reads };
}

it('is read once for all that ask at once, and again for those that come later', async () => {
  const { list, reads } = reader(100);
  await Promise.all([list(500), list(500), list(0)]);
  expect(reads.begun).toBe(1);
  await sleep(401);
  await list(500);
  expect(reads.begun).toBe(2);
});

it('is not taken from before the question: who must have a new one shares the next', async () => {
  const { list, reads } = reader(100);
  const first = list(0);
  await sleep(10);
  const asked = monotonic();
  const answers = await Promise.all([list(0), list(0), list(5)]);
  expect(answers.every((began) => began >= asked)).toBe(true);
  expect([(await first) < asked, reads.begun, reads.most]).toEqual([true, 2, 1]);
});

it('is never older than asked for, and never read twice at the same time, whoever asks when', async () => {
  const question = fc.record({ pause: fc.integer({ min: 0, max: 300 }), maxAge: fc.integer({ min: 0, max: 700 }) });
  const asks = fc.array(question, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(asks, fc.integer({ min: 0, max: 900 }), async (all, took) => {
      const { list, reads } = reader(took);
      const answers: Promise<void>[] = [];
      for (const { pause, maxAge } of all) {
        await sleep(pause);
        const asked = monotonic();
        answers.push(list(maxAge).then((began) => expect(began).toBeGreaterThanOrEqual(asked - maxAge)));
      }
      await Promise.all(answers);
      expect(reads.most).toBe(1);
    }),
    { numRuns: 60 },
  );
});

it('is read again after a read that failed', async () => {
  let reads = 0;
  const list = shareList(async () => {
    await sleep(100);
    reads += 1;
    if (reads === 1) throw new Error('gone');
    return reads;
  });
  const first = list(0).catch(() => 'failed');
  await sleep(10);
  expect(await Promise.all([first, list(0)])).toEqual(['failed', 2]);
});
