/** Who goes when: a canary first, then growing waves, control-plane nodes last and one by one. Pure arithmetic. */

/** A count, or a share of a whole. */
export type Amount = { readonly count: number } | { readonly percent: number };

/** `3` or `25%`; undefined for anything else. */
export function parseAmount(text: string): Amount | undefined {
  const match = /^(\d{1,6})(%?)$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (match[2] === '') return { count: value };
  return value <= 100 ? { percent: value } : undefined;
}

/** An amount in whole things: a share is rounded down, but one that is not zero gives at least one. */
export function resolveAmount(amount: Amount, total: number): number {
  if ('count' in amount) return amount.count;
  return amount.percent === 0 ? 0 : Math.max(1, Math.floor((total * amount.percent) / 100));
}

/**
 * Splits `workers` into waves: each step says how many are done after it, as a count or a share of all; what is left over makes a
 * last wave. Then each of `controlPlane` is a wave of its own. No host is lost or doubled, no wave is empty.
 */
export function planWaves<T>(workers: readonly T[], controlPlane: readonly T[], steps: readonly Amount[]): T[][] {
  const waves: T[][] = [];
  let done = 0;
  for (const step of [...steps, { percent: 100 }]) {
    const until = Math.min(workers.length, resolveAmount(step, workers.length));
    if (until > done) waves.push(workers.slice(done, until));
    done = Math.max(done, until);
  }
  return [...waves, ...controlPlane.map((host) => [host])];
}

/**
 * How many nodes may be out of service at once, those that are down already included. Without a limit of the user's it is a tenth of
 * the cluster, and never less than one beyond those already down: a dead host costs itself, not the fleet.
 */
export function unavailableLimit(limit: Amount | undefined, clusterSize: number, down: number): number {
  if (limit !== undefined) return resolveAmount(limit, clusterSize);
  return Math.max(resolveAmount({ percent: 10 }, clusterSize), down + 1);
}

/** May one more control-plane node be touched? Only while a majority stays without it; the only one of a cluster always may. */
export function mayTouchControlPlane(total: number, down: number): boolean {
  if (down === 0) return true;
  return total - down - 1 >= Math.floor(total / 2) + 1;
}
