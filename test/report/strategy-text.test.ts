import { expect, it } from 'vitest';
import { type Strategy, strategyText } from '../../src/report/strategy-text.js';

const base: Strategy = {
  workers: [['worker-1'], ['worker-2', 'worker-3', 'worker-4', 'worker-5', 'worker-6']],
  controlPlane: [],
  pace: { atOnce: 4, perHost: 30_000 },
  settle: 10_000,
  evacuation: 'none',
  hasCluster: true,
};

it.each<[Partial<Strategy>, string]>([
  [
    {},
    '2 waves: worker-1 first, then 4 at a time; about 90 s; a node that does not stay Ready for 10 s reverts by itself',
  ],
  [
    { controlPlane: ['cp1', 'cp2', 'cp3'], evacuation: 'drain' },
    '5 waves: worker-1 first, then 4 at a time, cp[1:3] last, one by one; each node is drained first; about 3 min; a node that does not stay Ready for 10 s reverts by itself',
  ],
  [
    { workers: [], controlPlane: ['cp1'], hasCluster: false, evacuation: 'cordon' },
    '1 wave: cp1; each node is cordoned first; about 30 s; a node that does not come back healthy reverts by itself',
  ],
  [
    { workers: [['n1', 'n2', 'n3']], pace: { atOnce: 32, perHost: 30_000 } },
    '1 wave: n[1:3] (3 at a time); about 30 s; a node that does not stay Ready for 10 s reverts by itself',
  ],
])('says in one sentence how it goes: %j', (over, sentence) => {
  expect(strategyText({ ...base, ...over })).toBe(sentence);
});
