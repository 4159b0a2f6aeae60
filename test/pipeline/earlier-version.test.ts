/** Runs that an earlier version began, as it recorded them on real hosts (test/run/recorded): they are read, resumed and rolled back. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TxnAbout } from '../../src/change/transaction.js';
import type { RolloutFlags, Run } from '../../src/pipeline/context.js';
import { findUnfinished, resume } from '../../src/pipeline/resume.js';
import { rollback } from '../../src/pipeline/rollback.js';
import { readStoredPlan } from '../../src/plan/saved-plan.js';
import { readRuns } from '../../src/run/journal.js';
import { type RunRecord, isUnfinished } from '../../src/run/record.js';
import { replayJournal } from '../../src/run/replay.js';
import { answer, b64 } from '../change/fake-node.js';
import { KeptNode, type KeptState } from '../change/kept-node.js';
import { runOn } from './kept-run.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

const recorded = (name: string): string => readFileSync(new URL(`../run/recorded/${name}`, import.meta.url), 'utf8');
const applied = '20261129T105455Z-386791';
const takenBack = '20261129T105506Z-3cd83b';
const flags = { settle: 1000, deadline: 10_000, cordon: false, drain: false, maxFailures: { count: 0 } };
const rollout: RolloutFlags = { ...flags, waves: [{ count: 1 }] };

let runs: string;
beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'kubelatch-earlier-'))));
afterEach(() => rmSync(runs, { recursive: true, force: true }));

async function recordOf(id: string, journal: string): Promise<RunRecord> {
  mkdirSync(join(runs, id));
  writeFileSync(join(runs, id, 'journal.ndjson'), journal);
  const past = (await readRuns(runs)).find(({ run }) => run === id);
  if (past === undefined) throw new Error('no such run');
  return replayJournal(past);
}

/** The node that keeps the recorded change, as its host n1 in a cluster of the recorded name. */
function fleet(state: KeptState): { node: KeptNode; run: Run } {
  const node = new KeptNode({ id: applied, state });
  node.answers['list'] = () =>
    `transaction ${b64(applied)} ${node.state} ${b64(recorded('about.json'))} v${b64(node.verdict)} s -\n${answer('listed')}`;
  const run = runOn(runs, [new KeptNode({ state: 'none' }), node]);
  const hosts = run.hosts.filter(({ name }) => name === 'n1');
  return { node, run: { ...run, hosts, inventory: { ...run.inventory, cluster: { name: 'lab' } } } };
}

it('reads their journals', async () => {
  const apply = await recordOf(applied, recorded('apply.ndjson'));
  expect(apply).toMatchObject({
    kind: 'apply',
    cluster: 'lab',
    operator: 'deploy@desk',
    lock: `deploy@desk ${applied}/6aea940f`,
  });
  expect(apply.hosts).toMatchObject([{ host: 'n1', outcome: 'confirmed', paths: ['/var/lib/kubelet/config.yaml'] }]);
  expect(isUnfinished(apply)).toBe(false);
  const back = await recordOf(takenBack, recorded('rollback.ndjson'));
  expect(back).toMatchObject({ kind: 'rollback', of: applied, hosts: [{ host: 'n1', outcome: 'confirmed' }] });
});

it('reads what their nodes keep, under today’s names', () => {
  const { plan } = JSON.parse(recorded('about.json')) as TxnAbout;
  expect(readStoredPlan(plan)).toMatchObject({
    host: 'n1',
    overwrittenBy: [expect.stringContaining('kubeadm upgrade')],
    skippedRules: [],
    edits: [],
  });
});

it.each([
  ['applied', 'reverted', ['list', 'revert restart', 'list']],
  ['confirmed', 'confirmed', ['list']],
] as const)('resumes one whose controller died at the gate: %s is %s', async (state, outcome, verbs) => {
  const lines = recorded('apply.ndjson').split('\n');
  const gate = lines.findIndex((line) => line.includes('"step":"gate"'));
  const record = await recordOf(applied, `${lines.slice(0, gate + 1).join('\n')}\n`);
  expect(isUnfinished(record)).toBe(true);
  const { node, run } = fleet(state);
  expect(await findUnfinished(run)).toEqual({ run: state === 'applied' ? applied : undefined, unanswered: [] });
  node.verbs.length = 0;
  const result = await resume(run, { run: applied, record }, rollout, () => Promise.resolve(true));
  expect(result?.hosts).toMatchObject([{ host: 'n1', outcome }]);
  expect(node.verbs.slice(1)).toEqual(verbs);
  node.verify();
});

it('rolls one back', async () => {
  const { node, run } = fleet('confirmed');
  const result = await rollback(run, applied, rollout, () => Promise.resolve(true));
  expect(result?.hosts).toMatchObject([{ host: 'n1', outcome: 'confirmed' }]);
  expect(node.state).toBe('reverted');
  node.verify();
});
