/** Says where the default of --max-unavailable makes a wave take several turns. Pure. */
import { type RolloutPace, aboutTime, fasterPace, rolloutTime } from '../plan/rollout-time.js';
import { count } from './layout.js';

/**
 * Why waves of `sizes` hosts are not changed at once, the flag that changes that, and the time either way, as a clause; undefined
 * where they are, where a person set the limit, and where it makes no difference.
 */
export function turnsText(sizes: readonly number[], pace: RolloutPace): string | undefined {
  const faster = fasterPace(sizes, pace);
  if (faster === undefined) return undefined;
  const { nodes, largest, limit, ms } = faster;
  const [now, then] = [aboutTime(rolloutTime(sizes, pace)), aboutTime(ms)];
  if (now === then) return undefined;
  const wave = sizes.filter((size) => size > pace.atOnce).length > 1 ? 'largest wave' : 'wave';
  const turns = pace.atOnce === 1 ? 'one by one' : `${pace.atOnce} at a time`;
  return [
    `the ${wave} of ${largest} changes ${turns}, because --max-unavailable is 10% of ${count(nodes, 'node')} by default`,
    `with --max-unavailable ${limit} it takes ${then} instead of ${now}, and up to ${limit} nodes may be down at once`,
  ].join('; ');
}
