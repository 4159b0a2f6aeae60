/** One round of polls: every probe is polled, and none waits for a slow one. */
import { sleep } from '../lib/clock.js';
import type { Check, GateProbe } from './check.js';

/** Milliseconds from one poll to the next. */
export const interval = 500;

/**
 * Resolves when each probe has answered in this round. A probe that has answered is polled again while others take their time, so
 * that all answers are new at the end. Resolves at once where `isOver` holds for the checks of a poll; the others are let go then.
 */
export function pollAll(probes: readonly GateProbe[], isOver: (polled: readonly Check[]) => boolean): Promise<void> {
  // One signal for all would have more listeners than Node.js takes without a warning.
  const followed = probes.map((probe) => ({ probe, end: new AbortController() }));
  let unanswered = probes.length;
  return new Promise((resolve, reject) => {
    const follow = async ({ probe, end }: (typeof followed)[number]): Promise<void> => {
      for (let isFirst = true; isFirst || !end.signal.aborted; isFirst = false) {
        await probe.poll();
        if (isFirst) unanswered -= 1;
        const isDecided = isOver(probe.checks);
        if (isDecided || unanswered === 0) for (const one of followed) one.end.abort();
        if (isDecided) resolve();
        await sleep(interval, end.signal);
      }
    };
    Promise.all(followed.map(follow)).then(() => resolve(), reject);
  });
}
