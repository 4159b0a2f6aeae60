/** Threads that play histories side by side, a few seeds at a time. */
import { Worker, parentPort, workerData } from 'node:worker_threads';
import { existsSync } from 'node:fs';
import { join as joined } from 'node:path';
import { type Bug, changesOf, focusOf } from './bugs.js';
import { changeTexts } from './controller/shipped-file.js';
import { type Tally, join, noTally, playSeeds, range } from './run.js';

interface Work {
  readonly seeds: readonly number[];
}

/** What a thread begins with. */
interface Given {
  readonly bug: Bug | undefined;
  readonly most: number;
}

const seedsAtOnce = 20;

/** Puts a seeded bug into the shell text. Those of the code are in a module of their own. */
export function seedBug(bug: Bug | undefined): void {
  if (bug === undefined) return;
  const changes = changesOf(bug).filter(({ file }) => file.endsWith('.sh'));
  changeTexts((path, text) => {
    let changed = text;
    for (const { file, from, to } of changes) {
      if (file !== `src/${path}`) continue;
      if (!changed.includes(from)) throw new Error(`${file} does not have: ${from}`);
      changed = changed.replace(from, () => to);
    }
    return changed;
  });
}

/** The module that has the bug in it. */
function moduleOf(bug: Bug | undefined): string {
  const own = joined(import.meta.dirname, `${bug ?? 'main'}.mjs`);
  return existsSync(own) ? own : joined(import.meta.dirname, 'main.mjs');
}

/**
 * Plays so many histories from `seed` on, in `threads` threads. `most`: how many failures are shortened, in each thread. `untilFound`:
 * stops at the first violation. The same seeds give the same sums.
 */
export async function playAll(
  {
    seed,
    count,
    bug,
    untilFound = false,
  }: { seed: number; count: number; bug?: Bug | undefined; untilFound?: boolean },
  threads: number,
  progress: (tally: Tally) => void = () => undefined,
): Promise<Tally> {
  const sum = noTally();
  let next = seed;
  const end = seed + count;
  const work = async (): Promise<void> => {
    const given: Given = { bug, most: 1 };
    const worker = new Worker(moduleOf(bug), { workerData: given });
    try {
      while (next < end && !(untilFound && sum.failures.length > 0)) {
        const seeds = range(next, Math.min(seedsAtOnce, end - next));
        next += seeds.length;
        join(sum, await asked(worker, { seeds }));
        progress(sum);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, Math.ceil(count / seedsAtOnce)) }, work));
  sum.failures.sort((left, right) => left.seed - right.seed);
  return sum;
}

const asked = (worker: Worker, work: Work): Promise<Tally> =>
  new Promise((resolve, reject) => {
    const answered = (tally: Tally): void => {
      worker.off('error', failed);
      resolve(tally);
    };
    const failed = (error: Error): void => {
      worker.off('message', answered);
      reject(error);
    };
    worker.once('message', answered);
    worker.once('error', failed);
    worker.postMessage(work);
  });

/** What a thread does: plays the seeds that it gets. */
export function beWorker(): void {
  const { bug, most } = workerData as Given;
  seedBug(bug);
  parentPort?.on('message', ({ seeds }: Work) => {
    playSeeds(seeds, most, bug === undefined ? undefined : focusOf(bug)).then(
      (tally) => parentPort?.postMessage(tally),
      (error: unknown) => {
        throw error;
      },
    );
  });
}
