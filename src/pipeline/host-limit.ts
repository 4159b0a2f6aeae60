/** How many hosts are worked on at once: in all, and behind the same bastions. */
import type { Host, JumpShare } from '../inventory/host.js';

/** Runs `work` for a host once it may begin. Other hosts do not wait for a host whose bastion is busy. */
export type HostLimit = <T>(host: Pick<Host, 'ssh'>, work: () => Promise<T>) => Promise<T>;

/** Undefined if only --forks limits the host. */
export const jumpShareOf = ({ ssh: { jump, jumpForks } }: Pick<Host, 'ssh'>): JumpShare | undefined =>
  jumpForks === undefined ? undefined : { jump: jump.join(','), forks: jumpForks };

/** The forks, or fewer where the bastions of all hosts bear fewer. */
export function forksFor(hosts: readonly Pick<Host, 'ssh'>[], forks: number): number {
  const shares = hosts.map(jumpShareOf);
  if (shares.includes(undefined)) return forks;
  const bastions = new Map(shares.map((share) => [share?.jump, share?.forks ?? forks]));
  const sum = [...bastions.values()].reduce((all, one) => all + one, 0);
  return Math.min(forks, Math.max(1, sum));
}

interface Waiting {
  readonly share: JumpShare | undefined;
  begin(): Promise<unknown>;
}

/** In the order of the calls, except that hosts behind a busy bastion are passed over. */
export function hostLimit(forks: number): HostLimit {
  const waiting: Waiting[] = [];
  const behind = new Map<string, number>();
  let running = 0;
  const hasRoom = ({ share }: Waiting): boolean => share === undefined || (behind.get(share.jump) ?? 0) < share.forks;
  const count = ({ share }: Waiting, change: 1 | -1): void => {
    running += change;
    if (share !== undefined) behind.set(share.jump, (behind.get(share.jump) ?? 0) + change);
  };
  const beginMore = (): void => {
    while (running < forks) {
      const at = waiting.findIndex(hasRoom);
      const [one] = at === -1 ? [] : waiting.splice(at, 1);
      if (one === undefined) return;
      count(one, 1);
      void one.begin().finally(() => {
        count(one, -1);
        beginMore();
      });
    }
  };
  return (host, work) =>
    new Promise((resolve, reject) => {
      const begin = (): Promise<unknown> => Promise.resolve().then(work).then(resolve, reject);
      waiting.push({ share: jumpShareOf(host), begin });
      beginMore();
    });
}
