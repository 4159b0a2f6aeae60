/** An uninstall as a run: with the cluster's lock, a journal, and a yes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readRuns } from '../../src/run/journal.js';
import { replayJournal } from '../../src/run/replay.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { fail, ok } from '../../src/lib/result.js';
import { uninstall } from '../../src/pipeline/uninstall.js';
import { reachCluster } from '../../src/pipeline/open-cluster.js';
import { answer, fakeCluster } from '../change/fake-node.js';
import { KeptNode } from '../change/kept-node.js';
import { runOn } from './kept-run.js';

vi.mock(import('../../src/pipeline/open-cluster.js'), () => ({ reachCluster: vi.fn() }));

let runs: string;
beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'kubelatch-uninstall-'))));
afterEach(() => rmSync(runs, { recursive: true, force: true }));

function nodes(): KeptNode[] {
  return (['confirmed', 'applied'] as const).map((state) => {
    const node = new KeptNode({ state });
    node.answers['uninstall'] = answer('uninstalled');
    return node;
  });
}

it('holds the run lock, and leaves a journal of its kind', async () => {
  const notes: string[] = [];
  const lock: Cluster['lock'] = (claim) => {
    notes.push(`lock ${claim.run}`);
    const release = (): Promise<void> => Promise.resolve(void notes.push('released'));
    return Promise.resolve(ok({ identity: 'me', problem: () => undefined, release }));
  };
  vi.mocked(reachCluster).mockResolvedValue(ok(fakeCluster(() => [], { lock })));
  const [free, busy] = nodes();
  if (free === undefined || busy === undefined) throw new Error('no nodes');
  const asked: unknown[] = [];
  const done = await uninstall(runOn(runs, [free, busy]), (ready, missing) => {
    asked.push(
      ready.map(({ host }) => host.name),
      missing,
    );
    return Promise.resolve(true);
  });
  expect(asked).toEqual([['n0'], undefined]);
  expect(Object.fromEntries(done?.hosts.map(({ host, outcome }) => [host, outcome]) ?? [])).toEqual({
    n0: 'removed',
    n1: 'refused',
  });
  const [past] = await readRuns(runs);
  const story = replayJournal(past ?? { run: '', entries: [] });
  expect(story).toMatchObject({
    kind: 'uninstall',
    cluster: 'c',
    lock: 'me',
    hosts: [{ host: 'n0', outcome: 'confirmed' }],
  });
  expect(story.endedAt).toBeDefined();
  expect(done?.run).toEqual({ id: story.run, kind: 'uninstall' });
  expect(notes).toEqual([`lock ${story.run}`, 'released']);
  expect([free.verbs, busy.verbs]).toEqual([['list', 'uninstall'], ['list']]);
});

it('has no run where no host could be asked', async () => {
  vi.mocked(reachCluster).mockResolvedValue(fail('connection refused'));
  const [, busy] = nodes();
  if (busy === undefined) throw new Error('no node');
  const done = await uninstall(runOn(runs, [busy]), () => Promise.reject(new Error('nobody is asked')));
  expect(done).toMatchObject({ kind: 'uninstall', run: undefined, hosts: [{ outcome: 'refused' }] });
  expect(await readRuns(runs)).toEqual([]);
});

it('is no run, and removes nothing, where nobody said yes or another run holds the lock', async () => {
  vi.mocked(reachCluster).mockResolvedValue(fail('connection refused'));
  const [free] = nodes();
  if (free === undefined) throw new Error('no node');
  const told: (string | undefined)[] = [];
  const no = await uninstall(runOn(runs, [free]), (_, missing) => {
    told.push(missing);
    return Promise.resolve(false);
  });
  expect([no, told]).toEqual([undefined, ['connection refused']]);
  const lock: Cluster['lock'] = () => Promise.resolve(fail({ kind: 'interrupted' }));
  vi.mocked(reachCluster).mockResolvedValue(ok(fakeCluster(() => [], { lock })));
  await expect(uninstall(runOn(runs, [free]), () => Promise.resolve(true))).rejects.toMatchObject({
    code: 'interrupted',
  });
  expect(await readRuns(runs)).toEqual([]);
  expect(free.verbs).toEqual(['list', 'list']);
});
