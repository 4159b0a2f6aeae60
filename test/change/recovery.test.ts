import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/run/outcome.js';
import { type BegunHost, type RecoveryGoal, recoverHost } from '../../src/change/recovery.js';
import { fail, ok } from '../../src/lib/result.js';
import { context, fakeCluster, lost, nodeStatus } from './fake-node.js';
import { KeptNode, type KeptOptions } from './kept-node.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('./virtual-time.js')),
}));

const goal: RecoveryGoal = { run: 'r1', kind: 'apply', id: 'r1' };
const ofRollback: RecoveryGoal = { run: 'r2', kind: 'rollback', id: 'r1' };

async function resume(
  options: KeptOptions | KeptNode,
  over: Partial<BegunHost> = {},
  what = goal,
  run = context(),
): Promise<Outcome & { node: KeptNode; steps: string[] }> {
  const node = options instanceof KeptNode ? options : new KeptNode(options);
  const connect = () => Promise.resolve(node.session());
  const outcome = await recoverHost(
    what,
    { host: 'n1', mayHaveWritten: true, cordon: undefined, connect, isOwn: () => Promise.resolve(true), ...over },
    run,
  );
  node.verify();
  return { ...outcome, node, steps: run.journal.entries.flatMap((one) => (one.entry === 'step' ? [one.step] : [])) };
}

it.each(['writing', 'applied', 'reverting'] as const)('%s: is reverted now, and passes the gate', async (state) => {
  const outcome = await resume({ state });
  expect(outcome).toMatchObject({ outcome: 'reverted', steps: ['revert', 'gate'] });
  expect(outcome.reason).toBe('the run was interrupted before the change was confirmed; reverted by resume r1');
  expect(outcome.gate.map(({ check }) => check)).toEqual(['kubelet-process', 'healthz', 'lease', 'ready', 'configz']);
  expect(outcome.node.verbs).toEqual(['list', 'revert restart', 'list']);
});

it('says for which health check the node waits', async () => {
  const awaited: string[] = [];
  await resume({ state: 'applied' }, { onWait: ({ check }) => awaited.push(check) });
  expect(awaited).toEqual(['kubelet-process', 'lease']);
});

it('confirmed: the node has the word, and nothing is done', async () => {
  const outcome = await resume({ state: 'confirmed', verdict: 'confirmed by me' });
  expect(outcome).toMatchObject({ outcome: 'confirmed', steps: [] });
  expect(outcome.node.verbs).toEqual(['list']);
});

it('reverted by its own switch: proved healthy, and says whose work it was', async () => {
  const verdict = 'reverted by the node itself, because nobody confirmed the change in time';
  const outcome = await resume({ state: 'reverted', verdict });
  expect(outcome).toMatchObject({ outcome: 'reverted', steps: ['gate'] });
  expect(outcome.reason).toContain(verdict);
  expect(outcome.node.verbs).toEqual(['list']);
});

it.each(['prepared', 'armed'] as const)('%s: nothing was changed, and nothing is left', async (state) => {
  const outcome = await resume({ state });
  expect(outcome).toMatchObject({ outcome: 'failed', steps: ['revert'], gate: [] });
  expect(outcome.reason).toContain('nothing was changed');
  expect(['none', 'reverted']).toContain(outcome.node.state);
});

it('nothing kept: failed where no file can have been written, unknown where one may have been', async () => {
  expect((await resume({ state: 'none' }, { mayHaveWritten: false })).outcome).toBe('failed');
  const outcome = await resume({ state: 'none' });
  expect(outcome.outcome).toBe('unknown');
  expect(outcome.reason).toContain('its files may be the old or the new ones');
});

it.each<[KeptOptions, RegExp]>([
  [
    { state: 'applied', reachable: false },
    /cannot be reached: the connection broke; it reverts an unconfirmed change on its own/,
  ],
  [{ state: 'applied', puttingBack: 'conflict' }, /not reverted: \/etc\/kubelet.yaml was edited after the change/],
  [
    { state: 'writing', puttingBack: 'broken', stuck: 'broken disk' },
    /broken no luck; the node could not revert on its own: broken disk/,
  ],
  [{ state: 'applied', puttingBack: 'restart-failed' }, /restart-failed no luck/],
  [{ state: 'applied', puttingBack: 'lost' }, /the connection broke/],
  [{ state: 'applied', healthy: false }, /reverted by resume r1, but the node is not healthy: healthz/],
  [{ state: 'reverted', healthy: false }, /not healthy: healthz/],
  [{ state: 'reverted', readable: false }, /cannot be read, so the health of the node was not checked/],
  [{ state: 'applied', readable: false }, /cannot be read, so the health of the node was not checked/],
])('%j is unknown', async (options, reason) => {
  const outcome = await resume(options);
  expect(outcome).toMatchObject({ outcome: 'unknown', reason: expect.stringMatching(reason) as string });
  expect(outcome.hint).toMatch(/^\S/);
});

it('asks again where somebody else was putting it back, and where the answer was lost', async () => {
  expect((await resume({ state: 'applied', puttingBack: 'error once' })).outcome).toBe('reverted');
  const node = new KeptNode({ state: 'applied' });
  const revert = node.answers['revert'];
  let calls = 0;
  // The node did it, and only the answer did not come.
  node.answers['revert'] = () => {
    const said = typeof revert === 'function' ? revert() : '';
    return calls++ === 0 ? { error: lost } : said;
  };
  expect((await resume(node)).outcome).toBe('reverted');
});

it('restarts nothing where the run had restarted nothing', async () => {
  const outcome = await resume({ state: 'applied', restarts: false });
  expect(outcome).toMatchObject({ outcome: 'reverted', gate: [] });
  expect(outcome.node.verbs).toContain('revert files-only');
});

it('is not held up by a full disk here', async () => {
  const run = context();
  run.journal.fails = () => true;
  expect((await resume({ state: 'applied' }, {}, goal, run)).outcome).toBe('reverted');
});

it.each<[KeptOptions, string]>([
  [{ state: 'confirmed' }, 'confirmed'],
  [{ state: 'reverting' }, 'confirmed'],
  [{ state: 'reverted' }, 'confirmed'],
  [{ state: 'reverted', healthy: false }, 'unknown'],
  [{ state: 'none' }, 'unknown'],
  [{ state: 'prepared' }, 'unchanged'],
  [{ state: 'confirmed', puttingBack: 'conflict' }, 'unknown'],
  [{ state: 'confirmed', reachable: false }, 'unknown'],
])('a rollback goes on putting back: %j is %s', async (options, outcome) => {
  expect((await resume(options, {}, ofRollback)).outcome).toBe(outcome);
});

function cordoned(over: Parameters<typeof nodeStatus>[1] = {}) {
  const lifted: string[] = [];
  let unschedulable = true;
  const cluster = fakeCluster(() => [nodeStatus('n1', { unschedulable, ...over })], {
    cordon(node, on) {
      lifted.push(`${node} ${String(on)}`);
      unschedulable = on;
      return Promise.resolve(ok(undefined));
    },
  });
  return { lifted, run: context({ cluster }) };
}

it.each(['applied', 'confirmed', 'reverted', 'armed'] as const)(
  'lifts the cordon of the run from a node that was %s, once it is proved healthy',
  async (state) => {
    const { lifted, run } = cordoned();
    const outcome = await resume({ state }, { cordon: 'n1' }, goal, run);
    expect(outcome.outcome).not.toBe('unknown');
    expect(lifted).toEqual(['n1 false']);
    expect(outcome.steps.slice(-2)).toEqual(['gate', 'uncordon']);
  },
);

it('leaves a cordon alone that is not there any more', async () => {
  const { lifted, run } = cordoned({ unschedulable: false });
  expect((await resume({ state: 'confirmed' }, { cordon: 'n1' }, goal, run)).outcome).toBe('confirmed');
  expect(lifted).toEqual([]);
});

it('never lifts a cordon from a node that is not healthy, or that nobody knows of', async () => {
  for (const options of [
    { state: 'confirmed', healthy: false },
    { state: 'applied', healthy: false },
    { state: 'applied', puttingBack: 'conflict' },
    { state: 'applied', reachable: false },
  ] as const) {
    const { lifted, run } = cordoned();
    const outcome = await resume(options, { cordon: 'n1' }, goal, run);
    expect([outcome.outcome, lifted]).toEqual(['unknown', []]);
    expect(`${outcome.reason ?? ''} | ${outcome.hint ?? ''}`).toMatch(/stays cordoned.*kubectl uncordon n1/);
  }
});

it('says how to lift a cordon that could not be lifted, and calls the host unknown so that it can be resumed', async () => {
  const without = await resume({ state: 'confirmed' }, { cordon: 'n1' }, goal, context({ cluster: undefined }));
  expect(without).toMatchObject({ outcome: 'unknown', hint: 'kubectl uncordon n1' });
  expect(without.reason).toMatch(/^confirmed; .*the node stays cordoned: no access to the API server$/);
  const { run } = cordoned();
  const cluster = {
    ...fakeCluster(() => [nodeStatus('n1', { unschedulable: true })]),
    cordon: () => Promise.resolve(fail({ kind: 'refused', message: 'no' } as const)),
  };
  const refused = await resume({ state: 'confirmed' }, { cordon: 'n1' }, goal, { ...run, cluster });
  expect(refused.reason).toMatch(/the node stays cordoned: no$/);
});

describe('a cordon of which only the node tells that it was asked for', () => {
  const kept = { state: 'confirmed', seclusion: 'drain' } as const;

  it('is named and left alone: it may be of somebody else', async () => {
    const { lifted, run } = cordoned();
    expect(await resume(kept, { fromNodes: true }, goal, run)).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringMatching(
        /^confirmed; .*the node stays cordoned: the journal of the run is on another machine/,
      ) as string,
      hint: 'kubectl uncordon n1',
    });
    expect(lifted).toEqual([]);
    const unasked = await resume(kept, { fromNodes: true }, goal, context({ cluster: undefined }));
    expect(unasked).toMatchObject({ outcome: 'unknown', hint: 'kubectl uncordon n1' });
  });

  it('is no trouble where the Node takes pods, where none was asked for, and where the journal says that there was none', async () => {
    const free = cordoned({ unschedulable: false });
    expect((await resume(kept, { fromNodes: true }, goal, free.run)).outcome).toBe('confirmed');
    const { run } = cordoned();
    expect((await resume({ state: 'confirmed' }, { fromNodes: true }, goal, run)).outcome).toBe('confirmed');
    expect((await resume(kept, {}, goal, run)).outcome).toBe('confirmed');
  });
});
