/** A run that is resumed by what the nodes say alone, since its journal is on another machine. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openJournal, readRuns } from '../../src/run/journal.js';
import { type RunRecord, isUnfinished } from '../../src/run/record.js';
import { replayJournal } from '../../src/run/replay.js';
import { ownMark } from '../../src/lib/process-mark.js';
import { resume } from '../../src/pipeline/resume.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { continueRun } from '../../src/run/open.js';
import type { RolloutFlags } from '../../src/pipeline/context.js';
import { fakeCluster, lost } from '../change/fake-node.js';
import { KeptNode } from '../change/kept-node.js';
import { runOn } from './kept-run.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

let runs: string;
beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'kubelatch-elsewhere-'))));
afterEach(() => rmSync(runs, { recursive: true, force: true }));

const flags = { settle: 1000, deadline: 10_000, cordon: false, drain: false } as RolloutFlags;

/** Resumes as the verb does; `limit`: so many of the hosts are selected. */
async function again(nodes: readonly KeptNode[], limit = nodes.length) {
  const [past] = await readRuns(runs);
  const run = runOn(runs, nodes);
  const wanted = { run: 'r1', record: past && replayJournal(past) };
  const result = await resume({ ...run, hosts: run.hosts.slice(0, limit) }, wanted, flags, () => Promise.resolve(true));
  if (result === undefined) throw new Error('nobody said no');
  const [then] = await readRuns(runs);
  const story: RunRecord = replayJournal(then ?? { run: 'r1', entries: [] });
  const code = exitCodeOf(result);
  const outcomes = Object.fromEntries(result.hosts.map(({ host, outcome }) => [host, outcome]));
  expect(result.hosts).toHaveLength(Object.keys(outcomes).length);
  return { code, outcomes, isEnded: story.endedAt !== undefined, isLeft: isUnfinished(story), story };
}

it('has not ended while a node did not answer, and asks that one later', async () => {
  const [first, away] = [new KeptNode({ state: 'applied' }), new KeptNode({ state: 'applied' })];
  away.connect = () => ({ ok: false, error: lost });
  expect(await again([first, away])).toMatchObject({
    ...{ code: 4, isEnded: false, isLeft: true, story: { fromNodes: true } },
    outcomes: { n0: 'reverted', n1: 'unreachable' },
  });
  const asked = first.verbs.length;
  away.connect = () => ({ ok: true, value: undefined });
  expect(await again([first, away])).toMatchObject({
    ...{ code: 4, isEnded: true, isLeft: false },
    outcomes: { n0: 'reverted', n1: 'reverted' },
  });
  // What has an outcome is asked what it keeps, and left alone.
  expect(first.verbs.slice(asked)).toEqual(['list']);
  expect([first.state, away.state]).toEqual(['reverted', 'reverted']);
});

it('has not ended while hosts are left out, and finds a change there however often it was resumed', async () => {
  const nodes = [new KeptNode({ state: 'reverted' }), new KeptNode({ state: 'writing' })];
  expect(await again(nodes, 1)).toMatchObject({
    ...{ code: 4, isEnded: false, isLeft: true },
    outcomes: { n0: 'reverted', n1: 'skipped' },
  });
  expect(await again(nodes)).toMatchObject({ outcomes: { n0: 'reverted', n1: 'reverted' }, isEnded: true });
  // Even a record that was closed does not say that there is nothing more.
  const [n0, n1] = nodes;
  if (n0 === undefined || n1 === undefined) throw new Error('no nodes');
  const late = new KeptNode({ state: 'applied' });
  expect(await again([n0, n1, late])).toMatchObject({ outcomes: { n2: 'reverted' }, isEnded: true });
});

it('takes a host for begun of which its record holds no more than the name', async () => {
  const node = new KeptNode({ state: 'applied' });
  await again([node]);
  const path = join(runs, 'r1', 'journal.ndjson');
  writeFileSync(path, `${readFileSync(path, 'utf8').split('\n')[0] ?? ''}\n`);
  node.state = 'none';
  const then = await again([node]);
  expect(then).toMatchObject({ code: 5, outcomes: { n0: 'unknown' }, isLeft: true });
});

it('is unknown to everybody where no node and no journal tells of it', async () => {
  await expect(again([new KeptNode({ state: 'none' })])).rejects.toMatchObject({ code: 'usage' });
});

it('gives back what a dead run held, and takes no lock, where no node has to be asked', async () => {
  const notes: string[] = [];
  const cluster = fakeCluster(() => [], {
    lock: () => Promise.reject(new Error('not to be asked for')),
    unlock: (holder) => Promise.resolve(void notes.push(holder)),
  });
  const controller = { ...ownMark(), started: 'before this one' };
  const told = [
    {
      entry: 'run',
      kind: 'apply',
      cluster: 'lab',
      inventory: 'i',
      hosts: ['n0'],
      operator: 'o',
      controller,
      lock: 'o r1/ab',
    },
  ] as const;
  const journal = await openJournal(runs, 'r1');
  for (const entry of told) await journal.write(entry);
  await journal.close();
  const story = replayJournal((await readRuns(runs))[0] ?? { run: 'r1', entries: [] });
  const done = await continueRun(
    runOn(runs, []),
    cluster,
    { record: story, isHere: true, asksNodes: false },
    (_, lease) => Promise.resolve(lease),
  );
  expect([done, notes]).toEqual([undefined, ['o r1/ab']]);
});
