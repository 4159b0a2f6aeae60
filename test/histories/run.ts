/** Plays many histories, and adds up what they were. */
import { type History, play } from './history.js';
import type { Violation } from './oracle.js';
import { type Focus, drawSetting } from './setting.js';
import { shorten } from './shorten.js';

/** A history that shows a fault, after it was shortened. */
export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  /** The shortened history, in plain words. */
  readonly told: readonly string[];
}

/** The sums of some histories. */
export interface Tally {
  histories: number;
  /** Faults that came to pass, by where and what. */
  faults: Record<string, number>;
  scenarios: Record<string, number>;
  ends: Record<string, number>;
  commands: number;
  /** Virtual milliseconds. */
  took: number;
  failures: Failure[];
}

export const noTally = (): Tally => ({
  ...{ histories: 0, faults: {}, scenarios: {}, ends: {}, commands: 0, took: 0, failures: [] },
});

const bump = (counts: Record<string, number>, name: string, by = 1): void => {
  counts[name] = (counts[name] ?? 0) + by;
};

function count(tally: Tally, history: History): void {
  tally.histories += 1;
  tally.commands += history.commands;
  tally.took += history.took;
  bump(tally.scenarios, history.setting.scenario);
  for (const { on, what } of history.came) bump(tally.faults, `${on} ${what}`);
  for (const end of history.ends) bump(tally.ends, end);
}

export function join(sum: Tally, part: Tally): void {
  sum.histories += part.histories;
  sum.commands += part.commands;
  sum.took += part.took;
  for (const name of ['faults', 'scenarios', 'ends'] as const)
    for (const [key, value] of Object.entries(part[name])) bump(sum[name], key, value);
  sum.failures.push(...part.failures);
}

/** Plays the histories of `seeds`; of those that violate something, the first `most` are shortened. */
export async function playSeeds(seeds: readonly number[], most: number, focus?: Focus): Promise<Tally> {
  const tally = noTally();
  for (const seed of seeds) {
    const history = await play(drawSetting(seed, focus));
    count(tally, history);
    if (history.violation === undefined) continue;
    const shown = tally.failures.length < most ? await shorten(history) : history;
    tally.failures.push({ seed, violation: shown.violation ?? history.violation, told: shown.told });
  }
  return tally;
}

export const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);
