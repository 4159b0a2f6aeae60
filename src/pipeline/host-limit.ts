/** How many hosts are read at once: in all, and behind the same bastions. */
import pLimit, { type LimitFunction } from 'p-limit';
import type { Host, JumpShare } from '../inventory/host.js';

/** Undefined where only --forks limits the host. */
export const jumpShareOf = ({ ssh: { jump, jumpForks } }: Pick<Host, 'ssh'>): JumpShare | undefined =>
  jumpForks === undefined ? undefined : { jump: jump.join(','), forks: jumpForks };

/** Runs `work` for a host once it may begin. A host that waits for its bastions keeps no other one waiting. */
export type HostLimit = <T>(host: Host, work: () => Promise<T>) => Promise<T>;

export function hostLimit(forks: number): HostLimit {
  const all = pLimit(forks);
  const jumps = new Map<string, LimitFunction>();
  return (host, work) => {
    const share = jumpShareOf(host);
    if (share === undefined) return all(work);
    const behind = jumps.get(share.jump) ?? pLimit(share.forks);
    jumps.set(share.jump, behind);
    // Two groups may give the same bastions different numbers.
    behind.concurrency = Math.min(behind.concurrency, share.forks);
    return behind(() => all(work));
  };
}
