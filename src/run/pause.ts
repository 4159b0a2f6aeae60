/** Pauses between waves: a person decides whether the run goes on, or it stops there and `resume` goes on later. */
import { monotonic } from '../lib/clock.js';
import { atMostText } from '../lib/wall-time.js';
import type { Journal } from './journal.js';
import { type Outcome, type Report, outcomeKinds } from './outcome.js';

export interface Pauses {
  /** Numbers of waves, from 1; `each`: after each but the last. */
  readonly after: readonly (number | 'each')[];
  /** Undefined where nobody can be asked: the run stops there. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
}

export interface WaveEnd {
  readonly wave: number;
  readonly waves: number;
  /** Of this run so far. */
  readonly outcomes: readonly Outcome[];
  /** Hosts of the next wave, and of all that are left. */
  readonly next: number;
  readonly left: number;
}

/** Asks after the waves that were named; returns why the run is to stop there. */
export function pauseBetween(
  { after, ask }: Pauses,
  { journal, report }: { readonly journal: Journal; readonly report: Report },
): (end: WaveEnd) => Promise<string | undefined> {
  return async ({ wave, waves, outcomes, next, left }) => {
    if (!after.includes('each') && !after.includes(wave)) return undefined;
    const done = `wave ${wave} of ${waves} is done`;
    if (ask === undefined) return `${done}, and --pause-after stops here`;
    report({ event: 'waiting', reason: `${done}; waiting for your answer` });
    const began = monotonic();
    const state = `${done}: ${countsOf(outcomes)}. ${hostsText(left)} left.`;
    // Who cancels the question wants no more changes.
    const goesOn = await ask(`W${state.slice(1)} Go on with wave ${wave + 1} (${hostsText(next)})?`).catch(() => false);
    const waitedMs = Math.round(monotonic() - began);
    await journal.write({ entry: 'pause', wave, waitedMs, goesOn }).catch(() => undefined);
    report({ event: 'pause-ended', wave, waitedMs, goesOn });
    return goesOn ? undefined : `${done}, and you stopped here after ${atMostText(waitedMs)}`;
  };
}

const hostsText = (count: number): string => `${count} ${count === 1 ? 'host' : 'hosts'}`;

const countsOf = (outcomes: readonly Outcome[]): string =>
  outcomeKinds
    .map((kind) => [outcomes.filter(({ outcome }) => outcome === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map((pair) => pair.join(' '))
    .join(', ');
