/** How a change is rolled out, in one plain sentence. */
import { type RolloutPace, aboutTime, rolloutTime } from '../plan/rollout-time.js';
import { hostList } from './host-list.js';
import { count } from './layout.js';
import { turnsText } from './turns-text.js';

export interface Strategy {
  /** Hosts of each wave; of the control plane each is a wave of its own, after the others. */
  readonly workers: readonly (readonly string[])[];
  readonly controlPlane: readonly string[];
  readonly pace: RolloutPace;
  /** Milliseconds for which a node must stay Ready. */
  readonly settle: number;
  readonly evacuation: 'none' | 'cordon' | 'drain';
  /** Without the API server nobody sees whether a node is Ready. */
  readonly hasCluster: boolean;
}

/** `2 waves: worker-1 first, then 4 at a time; about 3 min; a node that is not Ready reverts by itself`. */
export function strategyText(strategy: Strategy): string {
  const { workers, controlPlane, pace, settle, evacuation, hasCluster } = strategy;
  const sizes = [...workers.map((wave) => wave.length), ...controlPlane.map(() => 1)];
  const check = hasCluster ? `does not stay Ready for ${Math.round(settle / 1000)} s` : 'does not come back healthy';
  const turns = turnsText(sizes, pace);
  const parts = [
    `${count(sizes.length, 'wave')}: ${orderText(strategy)}`,
    ...(evacuation === 'none' ? [] : [`each node is ${evacuation}ed first`]),
    aboutTime(rolloutTime(sizes, pace)),
    ...(turns === undefined ? [] : [turns]),
    `a node that ${check} reverts by itself`,
  ];
  return parts.join('; ');
}

function orderText({ workers, controlPlane, pace }: Strategy): string {
  const [first = [], ...later] = workers;
  const servers = hostList(controlPlane, 3);
  const oneByOne = controlPlane.length > 1 ? ', one by one' : '';
  if (workers.length === 0) return `${servers}${oneByOne}`;
  const atOnce = (hosts: number): string => `${Math.min(pace.atOnce, hosts)} at a time`;
  const most = Math.max(0, ...later.map((wave) => wave.length));
  const begin = first.length === 1 ? hostList(first) : `${hostList(first, 3)} (${atOnce(first.length)})`;
  return [
    `${begin}${later.length + controlPlane.length > 0 ? ' first' : ''}`,
    ...(later.length === 0 ? [] : [`then ${atOnce(most)}`]),
    ...(controlPlane.length === 0 ? [] : [`${servers} last${oneByOne}`]),
  ].join(', ');
}
