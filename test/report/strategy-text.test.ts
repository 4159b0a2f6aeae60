import { expect, it } from 'vitest';
import { paceOf } from '../../src/plan/rollout-time.js';
import { type Strategy, strategyText } from '../../src/report/strategy-text.js';
import { turnsText } from '../../src/report/turns-text.js';

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

const sixNodes = { settle: 10_000, forks: 32, hosts: 6, hasCluster: true };

it('says which wave takes turns by default, as the plan does', () => {
  const pace = paceOf(sixNodes);
  const sentence = strategyText({ ...base, pace });
  const turns = turnsText([1, 5], pace) ?? '';
  expect(turns).toBe(
    'the wave of 5 changes one by one, because --max-unavailable is 10% of 6 nodes by default; with --max-unavailable 5 it takes about 60 s instead of about 3 min, and up to 5 nodes may be down at once',
  );
  expect(sentence).toContain(`then 1 at a time; about 3 min; ${turns}; a node`);
});

it.each<[string, readonly number[], Partial<Parameters<typeof paceOf>[0]>, string | undefined]>([
  ['every wave changes at once', [1, 1, 1], {}, undefined],
  ['a person set the limit', [1, 5], { maxUnavailable: { count: 1 } }, undefined],
  ['the API server is not asked', [1, 5], { hasCluster: false }, undefined],
  ['the forks are the limit', [1, 5], { forks: 1 }, undefined],
  ['no wave', [], {}, undefined],
  ['a larger cluster', [1, 1, 8, 10], { hosts: 20 }, 'the largest wave of 10 changes 2 at a time'],
  ['more hosts than forks', [1, 150], { hosts: 151 }, 'with --max-unavailable 32 it takes'],
])('says nothing of turns, or how many: %s', (_, sizes, over, text) => {
  const turns = turnsText(sizes, paceOf({ ...sixNodes, ...over }));
  if (text === undefined) expect(turns).toBeUndefined();
  else expect(turns).toContain(text);
});
