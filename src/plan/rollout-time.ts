/** How long a rollout takes, as far as it can be told before: wave by wave, so many hosts at once. Pure arithmetic. */
import { type Amount, unavailableLimit } from './waves.js';

export interface RolloutPace {
  /** Hosts that change at the same time. */
  readonly atOnce: number;
  /** Milliseconds for one host. */
  readonly perHost: number;
  /** Where the default of --max-unavailable decides `atOnce`: the nodes of which it is a share, and the forks. */
  readonly byDefault?: { readonly nodes: number; readonly forks: number } | undefined;
}

/** A node's lease is renewed every ten seconds, and the gate wants to see two renewals. */
const leaseRenewals = 20_000;
/** Connecting twice, copying, writing and the restart itself. */
const aroundTheGate = 10_000;

/** `hosts`: of the cluster, of which a tenth may be unavailable at once if nothing else is said. */
export const paceOf = ({
  settle,
  forks,
  maxUnavailable,
  hosts,
  hasCluster,
}: {
  readonly settle: number;
  readonly forks: number;
  readonly maxUnavailable?: Amount | undefined;
  readonly hosts: number;
  readonly hasCluster: boolean;
}): RolloutPace => {
  const limit = Math.max(1, unavailableLimit(maxUnavailable, hosts, 0));
  const isDefault = hasCluster && maxUnavailable === undefined && limit < forks;
  return {
    atOnce: hasCluster ? Math.min(forks, limit) : 1,
    perHost: Math.max(settle, hasCluster ? leaseRenewals : 0) + aroundTheGate,
    byDefault: isDefault ? { nodes: hosts, forks } : undefined,
  };
};

/** Milliseconds after which systemd on a node gives up a restart. */
const restart = 90_000;
/** A drain waits for pods that end slowly. */
const drain = 600_000;
/** A revert is given this long to be healthy, however short the deadline. */
const leastProof = 60_000;

/** What a host can need at most, part by part, in milliseconds. */
export type LongestTime = readonly { readonly part: string; readonly ms: number }[];

export const totalOf = (parts: LongestTime): number => parts.reduce((sum, { ms }) => sum + ms, 0);

/** To restore a node's files and to see it healthy. */
export const longestRevert = (deadline: number): LongestTime => [
  { part: 'connect', ms: aroundTheGate },
  { part: 'restart', ms: restart },
  { part: 'health checks', ms: Math.max(deadline, leastProof) },
];

/** A change whose health checks fail at the deadline, and the revert after it. */
export const longestChange = (
  deadline: number,
  { restarts, drains }: { readonly restarts: boolean; readonly drains: boolean },
): LongestTime => [
  ...(restarts && drains ? [{ part: 'drain', ms: drain }] : []),
  ...(restarts ? [{ part: 'restart', ms: restart }] : []),
  { part: 'health checks', ms: deadline },
  { part: 'revert', ms: totalOf(longestRevert(deadline)) },
];

/** To remove kubelatch from a node, which restarts nothing. */
export const longestUninstall: LongestTime = [{ part: 'remove the files', ms: 90_000 }];

/** Milliseconds for waves of so many hosts. */
export const rolloutTime = (waves: readonly number[], { atOnce, perHost }: RolloutPace): number =>
  waves.reduce((sum, hosts) => sum + Math.ceil(hosts / atOnce) * perHost, 0);

/** What a `limit` given with --max-unavailable would bring for waves that its default splits into turns. */
export interface FasterPace {
  /** Of the cluster. */
  readonly nodes: number;
  /** Hosts of the largest wave. */
  readonly largest: number;
  /** Hosts at once: all of that wave, or as many as there are forks. */
  readonly limit: number;
  /** Milliseconds for all waves then. */
  readonly ms: number;
}

/** Undefined where every wave changes at once, or where something else than that default limits it. */
export function fasterPace(waves: readonly number[], pace: RolloutPace): FasterPace | undefined {
  const { byDefault, atOnce } = pace;
  const largest = Math.max(0, ...waves);
  if (byDefault === undefined || largest <= atOnce) return undefined;
  const limit = Math.min(largest, byDefault.forks);
  return { nodes: byDefault.nodes, largest, limit, ms: rolloutTime(waves, { ...pace, atOnce: limit }) };
}

/** `about 40 s`, `about 4 min`, `about 2 h 10 min`: no more exact than it is known. */
export function aboutTime(ms: number): string {
  const seconds = Math.max(5, Math.ceil(ms / 5000) * 5);
  if (seconds < 100) return `about ${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 90) return `about ${minutes} min`;
  const rest = Math.ceil((minutes % 60) / 10) * 10;
  const hours = Math.floor(minutes / 60) + (rest === 60 ? 1 : 0);
  return `about ${hours} h${rest === 0 || rest === 60 ? '' : ` ${rest} min`}`;
}
