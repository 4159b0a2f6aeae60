/** The order of hosts: a canary first, then growing waves, control-plane nodes last and one by one. Pure arithmetic. */

/** A count, or a share of a whole. */
export type Amount = { readonly count: number } | { readonly percent: number };

/** Parses `3` or `25%`. Undefined for anything else. */
export function parseAmount(text: string): Amount | undefined {
  const match = /^(\d{1,6})(%?)$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (match[2] === '') return { count: value };
  return value <= 100 ? { percent: value } : undefined;
}

/** An amount as a whole number. A share is rounded down, but a nonzero share is at least one. */
export function resolveAmount(amount: Amount, total: number): number {
  if ('count' in amount) return amount.count;
  return amount.percent === 0 ? 0 : Math.max(1, Math.floor((total * amount.percent) / 100));
}

/**
 * Splits `workers` into waves. Each step gives the number of hosts done after it, as a count or a share of all; the rest
 * becomes a last wave. Then each of `controlPlane` is a wave of its own. Every host is in exactly one wave, and no wave is
 * empty.
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
 * How many nodes may be out of service at once, including those that are already down. Without a limit from the user: a tenth
 * of the cluster, but at least one more than already down, so that dead hosts do not block the rollout.
 */
export function unavailableLimit(limit: Amount | undefined, clusterSize: number, down: number): number {
  if (limit !== undefined) return resolveAmount(limit, clusterSize);
  return Math.max(resolveAmount({ percent: 10 }, clusterSize), down + 1);
}

/** Whether one more control-plane node may be changed: a majority must stay in service. The only one of a cluster always may. */
export function mayTouchControlPlane(total: number, down: number): boolean {
  if (down === 0) return true;
  return total - down - 1 >= Math.floor(total / 2) + 1;
}
