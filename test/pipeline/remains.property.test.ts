import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readRuns } from '../../src/run/journal.js';
import { type RunRecord, isBegun, isUnfinished } from '../../src/run/record.js';
import { replayJournal } from '../../src/run/replay.js';
import { resume } from '../../src/pipeline/resume.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import type { RunResult } from '../../src/report/model.js';
import type { RolloutFlags } from '../../src/pipeline/context.js';
import { KeptNode, type KeptOptions } from '../change/kept-node.js';
import { runOn } from './kept-run.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kubelatch-resume-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const flags = { settle: 1000, deadline: 10_000, cordon: false, drain: false } as RolloutFlags;
let folders = 0;

interface Life {
  readonly steps: number;
  readonly outcome: string | undefined;
  readonly node: KeptOptions;
}

const order = ['connect', 'prepare', 'prove', 'arm', 'write', 'restart', 'gate', 'confirm'];
const life: fc.Arbitrary<Life> = fc.record({
  steps: fc.nat(order.length),
  outcome: fc.constantFrom(undefined, undefined, undefined, 'confirmed', 'reverted', 'unknown', 'failed'),
  node: fc.record({
    state: fc.constantFrom('none', 'prepared', 'armed', 'writing', 'applied', 'reverting', 'confirmed', 'reverted'),
    puttingBack: fc.constantFrom(
      'works',
      'works',
      'works',
      'conflict',
      'broken',
      'restart-failed',
      'lost',
      'error once',
    ),
    reachable: fc.constantFrom(true, true, true, false),
    healthy: fc.constantFrom(true, true, false),
    readable: fc.constantFrom(true, true, true, false),
  } as const),
});

/** The lines that a run of these hosts writes, hosts in turn, as a journal of 1.0 would have them. */
function linesOf(lives: readonly Life[]): string[] {
  const hosts = lives.map((_, index) => `n${index}`);
  const start = { entry: 'run', kind: 'apply', cluster: 'c', inventory: 'i', hosts, operator: 'me' };
  const lines: object[] = [start];
  for (let at = 0; at < order.length; at += 1) {
    for (const [index, one] of lives.entries()) {
      if (at < one.steps) lines.push({ entry: 'step', host: `n${index}`, step: order[at] });
      if (at + 1 === Math.max(one.steps, 1) && one.outcome !== undefined)
        lines.push({ entry: 'host', host: `n${index}`, outcome: one.outcome });
    }
  }
  return lines.map((one) => JSON.stringify({ time: '2026-11-23T05:00:00.000Z', ...one }));
}

const storyIn = async (runs: string): Promise<RunRecord | undefined> => {
  const [past] = await readRuns(runs);
  return past === undefined ? undefined : replayJournal(past);
};

async function resumed(runs: string, nodes: readonly KeptNode[], story: RunRecord): Promise<RunResult> {
  const result = await resume(runOn(runs, nodes), { run: 'r1', record: story }, flags, () => Promise.resolve(true));
  for (const node of nodes) node.verify();
  if (result === undefined) throw new Error('nobody said no');
  return result;
}

it('ends every begun host truly, wherever the journal was cut and whatever the nodes say', async () => {
  let [reverts, confirms, unknowns] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(life, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.option(fc.nat(80), { nil: undefined }),
      async (lives, cut, torn) => {
        const runs = join(folder, String(++folders));
        mkdirSync(join(runs, 'r1'), { recursive: true });
        const path = join(runs, 'r1', 'journal.ndjson');
        const lines = linesOf(lives);
        const kept = 1 + (cut % lines.length);
        const rest = torn === undefined ? '' : (lines[kept] ?? '').slice(0, torn);
        writeFileSync(path, `${lines.slice(0, kept).join('\n')}\n${rest}`);
        const nodes = lives.map(({ node }) => new KeptNode(node));
        const story = await storyIn(runs);
        if (story === undefined) throw new Error('no story');
        const result = await resumed(runs, nodes, story);

        expect(result.hosts.map(({ host }) => host).sort()).toEqual(story.hosts.map(({ host }) => host).sort());
        let wasReverted = false;
        for (const [index, node] of nodes.entries()) {
          const told = story.hosts.find(({ host }) => host === `n${index}`);
          const after = result.hosts.find(({ host }) => host === `n${index}`);
          if (told === undefined || after === undefined) throw new Error('a host is missing');
          const before = lives[index]?.node;
          if (!isBegun(told) && told.outcome === undefined) {
            expect(after.outcome).toBe('skipped');
            expect(node.verbs).toEqual([]);
            continue;
          }
          if (told.outcome !== undefined && told.outcome !== 'unknown') {
            expect(after.outcome).toBe(told.outcome);
            expect(node.verbs).toEqual([]);
            continue;
          }
          expect(['confirmed', 'reverted', 'unknown', 'failed']).toContain(after.outcome);
          if (before?.reachable === false) expect(after.outcome).toBe('unknown');
          else {
            if (node.state === 'reverted') wasReverted = true;
            if (after.outcome === 'confirmed') expect([before?.state, node.state]).toEqual(['confirmed', 'confirmed']);
            if (after.outcome === 'reverted') expect([node.state, before?.healthy]).toEqual(['reverted', true]);
            if (after.outcome === 'failed') expect(['none', 'prepared', 'armed']).toContain(before?.state);
            // Nothing is left armed or half done, but where the node itself could not help it.
            if (after.outcome !== 'unknown') expect(['none', 'confirmed', 'reverted']).toContain(node.state);
          }
          if (after.outcome === 'reverted') reverts += 1;
          if (after.outcome === 'confirmed') confirms += 1;
          if (after.outcome === 'unknown') unknowns += 1;
        }
        const code = exitCodeOf(result);
        if (wasReverted || result.hosts.some(({ outcome }) => outcome === 'reverted')) expect(code).not.toBe(0);
        if (result.hosts.some(({ outcome }) => outcome === 'unknown')) expect(code).toBe(5);
        if (code === 0) expect(result.hosts.every(({ outcome }) => outcome === 'confirmed')).toBe(true);

        // The journal tells the same, its old lines untouched; what is unknown can be asked again, and nothing else is.
        expect(readFileSync(path, 'utf8').startsWith(lines.slice(0, kept).join('\n'))).toBe(true);
        const then = await storyIn(runs);
        if (then === undefined) throw new Error('no story');
        expect(then.hosts.map(({ host, outcome }) => [host, outcome]).sort()).toEqual(
          result.hosts.map(({ host, outcome }) => [host, outcome]).sort(),
        );
        expect(isUnfinished(then)).toBe(result.hosts.some(({ outcome }) => outcome === 'unknown'));
        const verbs = nodes.map((node) => node.verbs.length);
        const again = await resumed(runs, nodes, then);
        for (const [index, node] of nodes.entries()) {
          if (result.hosts.find(({ host }) => host === `n${index}`)?.outcome !== 'unknown')
            expect(node.verbs.length).toBe(verbs[index]);
        }
        for (const { host, outcome } of again.hosts) {
          const first = result.hosts.find((one) => one.host === host)?.outcome;
          if (first !== 'unknown') expect(outcome).toBe(first);
        }
      },
    ),
    { numRuns: 250 },
  );
  // A rule that never met its cases would prove nothing.
  expect(Math.min(reverts, confirms, unknowns)).toBeGreaterThan(0);
});
