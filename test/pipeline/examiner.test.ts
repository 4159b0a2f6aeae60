import { afterAll, describe, expect, it } from 'vitest';
import { createExaminer } from '../../src/pipeline/examiner.js';
import type { Result } from '../../src/lib/result.js';
import type { HostError } from '../../src/ssh/errors.js';

const limits = { computing: 1500, longest: 6000, memory: 64, young: 12, threads: 2 };
const examiner = createExaminer(new URL('odd-worker.mjs', import.meta.url), limits);
afterAll(() => examiner.close());

const ask = (text: string): Promise<Result<unknown, HostError>> => examiner.ask('read', { answer: Buffer.from(text) });

describe('an answer that costs its thread', () => {
  it.each([
    ['loops', /^the probe's answer was not processed within \d(\.\d)? s$/],
    ['sleeps', /^the probe's answer was not processed within 6(\.\d)? s$/],
    ['eats', /^the probe's answer needs more than 64 MiB of memory$/],
    ['throws', /^the probe's answer could not be processed \(a fault of the thread\)$/],
    ['leaves', /^the thread that processed the probe's answer ended unexpectedly$/],
  ])('%s: is the failure of its host, and the others are answered', async (deed, message) => {
    const good = Array.from({ length: 20 }, (_, at) => `good ${at}`);
    const [bad, ...others] = await Promise.all([ask(deed), ...good.map(ask)]);
    expect(bad).toMatchObject({
      ok: false,
      error: { kind: 'script', message: expect.stringMatching(message) as unknown },
    });
    expect(others).toEqual(good.map((value) => ({ ok: true, value })));
  });

  it('is not counted while its thread waits for a processor', async () => {
    expect(await ask('dawdles')).toEqual({ ok: true, value: 'dawdles' });
  });

  it('does not keep this thread from going on', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 20);
    await ask('loops');
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it('many at once leave the rest answered', async () => {
    const replies = await Promise.all(['loops', 'a', 'eats', 'b', 'throws', 'c', 'loops', 'd'].map(ask));
    expect(replies.map(({ ok }) => ok)).toEqual([false, true, false, true, false, true, false, true]);
  });
});

it('starts no second thread for answers that one processes in time', async () => {
  const own = createExaminer(new URL('odd-worker.mjs', import.meta.url), limits);
  const ask = (): Promise<unknown> => own.ask('read', { answer: Buffer.from('who') });
  const first = await Promise.all(Array.from({ length: 20 }, ask));
  const second = await Promise.all(Array.from({ length: 20 }, ask));
  await own.close();
  expect(new Set([...first, ...second].map((one) => JSON.stringify(one))).size).toBe(1);
});
