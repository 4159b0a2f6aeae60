/** Makes a history that violates something as short as it gets: fewer faults, an easier world, earlier places. */
import type { Fault } from './faults.js';
import { type History, play } from './history.js';
import type { Setting } from './setting.js';

/** The plainer world, one thing at a time. */
const easier: readonly Partial<Setting>[] = [
  ...[{ createsDropIn: false }, { changesMode: false }, { keep: undefined }, { isLate: false }, { isAbandoned: false }],
  ...[{ leaseEvery: 2000 }, { fileSystem: 'journal' as const }, { quality: 'good' as const }, { hasCluster: true }],
];

/** Some places before one. */
const earlier = (at: number): number[] =>
  [...new Set([1, 2, 3, Math.floor(at / 4), Math.floor(at / 2), Math.floor((at * 3) / 4)])].filter(
    (one) => one > 0 && one < at,
  );

/** The shortest history found in which the same thing must hold and does not. */
export async function shorten(history: History): Promise<History> {
  const invariant = history.violation?.invariant;
  let best = history;
  const attempt = async (change: Partial<Setting>): Promise<boolean> => {
    const played = await play({ ...best.setting, ...change });
    if (played.violation?.invariant !== invariant) return false;
    best = played;
    return true;
  };
  for (const fault of history.setting.faults)
    await attempt({ faults: best.setting.faults.filter((one) => one !== fault) });
  for (const change of easier) await attempt(change);
  for (const fault of best.setting.faults)
    for (const at of earlier(fault.at))
      if (await attempt({ faults: best.setting.faults.map((one): Fault => (one === fault ? { ...one, at } : one)) }))
        break;
  return best;
}
