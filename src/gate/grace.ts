/** How long a node may stay unhealthy after the restart of its kubelet: a grace, which ends a hopeless gate before the deadline. */
import { monotonic } from '../lib/clock.js';
import { durationText } from '../lib/duration.js';
import type { Check } from './check.js';

/** What the API server says of a node. */
const ofNode = ['lease', 'ready'];

/**
 * `checks`: all of the gate. What it returns is called after each poll, with the checks that were polled: those come back that every
 * poll of the last `grace` milliseconds denied; none without a grace. Health counts from the end of the restart, the rest from the
 * first good health of the kubelet. A poll that could not ask begins the grace anew, as a good one does.
 */
export function graceFor(grace: number | undefined, checks: readonly Check[]): (polled: readonly Check[]) => Check[] {
  const since = new Map<Check, number>();
  let isWell = false;
  const healthz = checks.find(({ check }) => check === 'healthz');
  return (polled) => {
    if (grace === undefined) return [];
    const isUp = checks.some(({ check, isUp: now }) => check === 'kubelet-process' && now === true);
    isWell ||= isUp && healthz?.passed !== false;
    return polled.filter((one) => {
      const counts = one === healthz ? isUp : isWell && ofNode.includes(one.check);
      if (!counts || one.passed || one.denied === undefined) {
        since.delete(one);
        return false;
      }
      const began = since.get(one) ?? monotonic();
      since.set(one, began);
      const limit = Math.max(grace, one.denied.atLeast);
      if (monotonic() - began < limit) return false;
      Object.assign(one, { seen: `${one.seen}, and no better for ${durationText(limit)} (--not-ready-grace)` });
      return true;
    });
  };
}
