import { expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/run/outcome.js';
import { rollbackHost } from '../../src/change/rollback.js';
import { fail } from '../../src/lib/result.js';
import type { RunAnswer } from '../fake/fake-session.js';
import { FakeNode, answer, context, lost } from './fake-node.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('./virtual-time.js')),
}));

async function rollBack(node: FakeNode, restarts = true, run = context()): Promise<Outcome> {
  const outcome = await rollbackHost(
    { id: 'r1', paths: ['/x', '/new'], created: ['/new'], restarts },
    node.task(),
    run,
  );
  node.verify();
  return outcome;
}

it('puts back, restarts, and proves the old configuration', async () => {
  const node = new FakeNode();
  // The old configuration may be as open as it was.
  node.doors['10250'] = 'status 200';
  const outcome = await rollBack(node);
  expect(outcome).toMatchObject({
    outcome: 'confirmed',
    reason: 'restored to its state before run r1',
    edits: [
      { path: '/x', action: 'restore' },
      { path: '/new', action: 'remove' },
    ],
  });
  expect(outcome.gate.map(({ check }) => check)).toEqual(['kubelet-process', 'healthz', 'lease', 'ready', 'configz']);
  expect(node.verbs).toEqual(['revert restart']);
});

it('restarts and proves nothing where the run had not', async () => {
  const node = new FakeNode();
  expect(await rollBack(node, false)).toMatchObject({ outcome: 'confirmed', gate: [] });
  expect(node.verbs).toEqual(['revert files-only']);
});

it.each<[RunAnswer, string, RegExp]>([
  [answer('none'), 'unknown', /has no backup of run r1: its files may be the old/],
  [answer('nothing'), 'unchanged', /did not change this host/],
  [answer('reverted', 'already'), 'unchanged', /was already reverted/],
  [answer('conflict', '/etc/x'), 'refused', /\/etc\/x was edited after run r1, so nothing was restored/],
  [answer('pending', 'r2 armed 5 9 eve@there'), 'refused', /run r2 of eve@there has an unfinished change/],
  [answer('error', 'Read-only file system'), 'unknown', /error Read-only file system/],
  [answer('broken', 'I/O error'), 'unknown', /broken I\/O error/],
  [answer('restart-failed', 'no'), 'unknown', /restart-failed no/],
  [{ error: lost }, 'unknown', /the connection broke/],
  [{ code: 1 }, 'unknown', /status 1/],
])('%j is %s', async (given, outcome, reason) => {
  const node = new FakeNode();
  node.answers['revert'] = given;
  expect(await rollBack(node)).toMatchObject({ outcome, reason: expect.stringMatching(reason) as string });
});

it('is unknown where the node is not healthy afterwards', async () => {
  const node = new FakeNode();
  node.doors['10248'] = 'refused';
  const reason = expect.stringMatching(/the old files were restored, but the node is not healthy: healthz/) as string;
  expect(await rollBack(node)).toMatchObject({ outcome: 'unknown', reason });
});

it('touches nothing where the node cannot be reached or looked at', async () => {
  const node = new FakeNode();
  node.watch = () => '';
  expect((await rollBack(node)).outcome).toBe('failed');
  node.connect = () => fail(lost);
  expect((await rollBack(node)).outcome).toBe('unreachable');
  expect(node.verbs).toEqual([]);
});

it('changes nothing that the journal does not tell', async () => {
  const run = context();
  run.journal.fails = (entry) => entry.entry === 'step' && entry.step === 'revert';
  const node = new FakeNode();
  expect(await rollBack(node, true, run)).toMatchObject({
    outcome: 'failed',
    reason: 'the run journal cannot be written: ENOSPC: no space left on device',
    hint: expect.stringMatching(/^nothing was changed/) as string,
  });
  expect(node.verbs).toEqual([]);
});

it('ends what it has begun, although the journal can be written no more', async () => {
  const run = context();
  run.journal.fails = (entry) => entry.entry === 'step' && entry.step === 'gate';
  expect((await rollBack(new FakeNode(), true, run)).outcome).toBe('confirmed');
});

it('proves the node where the answer of its first call was lost, and the next one says that it was done before', async () => {
  for (const [door, outcome] of [
    ['status 200', 'unchanged'],
    ['refused', 'unknown'],
  ] as const) {
    const node = new FakeNode();
    node.doors['10248'] = door;
    const answers: RunAnswer[] = [{ error: lost }, answer('reverted', 'already')];
    node.answers['revert'] = () => answers.shift() ?? '';
    expect(await rollBack(node)).toMatchObject({ outcome });
    expect(node.verbs).toEqual(['revert restart', 'revert restart']);
  }
});
