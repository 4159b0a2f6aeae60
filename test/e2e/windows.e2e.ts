/** Maintenance windows, pauses and hooks: a run that stops between hosts, goes on under its own name, and is undone as one. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { hookFacts } from '../../src/report/hook-schema.js';
import { type RunResult, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, processOf, swift } from './scene.js';
import { enter, openTerminal } from './terminal.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const planted: Record<string, unknown> = {};
let first: RunResult & { readonly next?: string };

const hook = (name: string, text: string): string => {
  const path = scene.file(name, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o700);
  return path;
};
const filesOfAll = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries(await Promise.all(nodes.map(async (node) => [node, await kubeletFiles(lab, node)] as const)));

beforeAll(async () => {
  await plantAll(lab, nodes);
  Object.assign(planted, await filesOfAll());
});

it('starts no host that may not be done by the end of the window, and writes nothing', async () => {
  const until = new Date(Date.now() + 45_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const result = await scene.result<RunResult>(4, ['apply', '-i', inventory, ...swift, '--until', until]);
  expect(outcomes(result)).toEqual({ n1: 'skipped', n2: 'skipped', n3: 'skipped' });
  expect(result.stopped).toMatch(/^the maintenance window ends at .* this node may need \d+ min$/);
  expect(await filesOfAll()).toEqual(planted);
});

it('without a terminal the run is paused after the wave, and is told as one that is left', async () => {
  const pace = ['--waves', '1,100%', '--pause-after', '1'];
  first = await scene.result<typeof first>(4, ['apply', '-i', inventory, ...swift, ...pace]);
  expect(outcomes(first)).toEqual({ n1: 'confirmed', n2: 'skipped', n3: 'skipped' });
  expect(first.stopped).toBe('wave 1 of 2 is done, and --pause-after stops here');
  expect(first.next).toContain(`kubelatch resume ${first.run.id} -i ${inventory}`);
  expect(scene.journal(first.run.id).map(({ entry }) => entry)).not.toContain('end');
  const listed = await scene.result<{ runs: { id: string; state: string }[] }>(0, ['runs']);
  expect(listed.runs.find(({ id }) => id === first.run.id)?.state).toBe('left');
  expect((await filesOfAll())['n2']).toEqual(planted['n2']);
});

it('resume goes on with the hosts that are left, with hooks around each', async () => {
  const facts = join(scene.folder, 'facts');
  const save = hook('save', `cat >>${facts}`);
  const hooks = ['--hook-before-wave', save, '--hook-before-host', save, '--hook-after-host', save];
  const result = await scene.result<RunResult>(0, ['resume', first.run.id, '-i', inventory, ...swift, ...hooks]);
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'confirmed' });
  expect(result.run.id).toBe(first.run.id);
  const told = readFileSync(facts, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => hookFacts.parse(JSON.parse(line)));
  expect(
    told.map(({ hook: kind, host }) => [kind, host?.name, host?.outcome].filter(Boolean).join(' ')).sort(),
  ).toEqual([
    ...['after-host n2 confirmed', 'after-host n3 confirmed', 'before-host n2', 'before-host n3', 'before-wave'],
  ]);
  expect(told.every(({ verb, run }) => verb === 'resume' && run === first.run.id)).toBe(true);
  expect(scene.journal(first.run.id).at(-1)?.entry).toBe('end');
});

it('one rollback undoes the run, both halves of it', async () => {
  const result = await scene.result<RunResult>(0, ['rollback', first.run.id, '-i', inventory, ...swift]);
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'confirmed' });
  expect(await filesOfAll()).toEqual(planted);
});

it('a before hook that fails leaves its host alone; an after hook that fails reverts nothing', async () => {
  const before = await processOf(lab, 'n2');
  const failing = [
    '--hook-before-host',
    hook('no-n2', 'grep -q \'"name":"n2"\' && exit 3; exit 0'),
    '--max-failures',
    '1',
  ];
  const kept = await scene.result<RunResult>(1, ['apply', '-i', inventory, ...swift, ...failing]);
  expect(outcomes(kept)).toEqual({ n1: 'confirmed', n2: 'failed', n3: 'confirmed' });
  expect(hostOf(kept, 'n2').reason).toBe('not started: the before-host hook exited with 3');
  expect([await kubeletFiles(lab, 'n2'), await processOf(lab, 'n2')]).toEqual([planted['n2'], before]);
  const mark = join(scene.folder, 'after');
  const last = ['--hook-after-host', hook('after', `touch ${mark}; exit 1`), '-l', 'n2'];
  const warned = await scene.result<RunResult & { notes: string[] }>(1, ['apply', '-i', inventory, ...swift, ...last]);
  expect([outcomes(warned), existsSync(mark)]).toEqual([{ n2: 'confirmed' }, true]);
  expect(warned.notes).toContain(
    'the after-host hook exited with 1 (n2); what it was to do may have to be done by hand',
  );
});

it('on a terminal a pause asks; Ctrl-C in a before hook leaves its host alone and runs its after hook', async () => {
  await plantAll(lab, nodes);
  const before = await kubeletFiles(lab, 'n3');
  const after = join(scene.folder, 'after-all');
  const waits = hook('waits', 'grep -q \'"name":"n3"\' || exit 0; echo waits; sleep 100');
  const terminal = openTerminal(scene, [
    ...['apply', '-i', inventory, ...swift, '--waves', '1,2,3', '--pause-after', '1', '-v'],
    ...['--hook-before-host', waits, '--hook-after-host', hook('note', `cat >>${after}`)],
  ]);
  await terminal.until(/Wave 1 of 3 is done: 1 confirmed\. 2 hosts left\. Go on with wave 2 \(1 host\)\?/);
  terminal.type(`y${enter}`);
  await terminal.until(/n3: before-host hook \| waits/);
  terminal.type('\u0003');
  const { code } = await terminal.ended();
  expect(code).toBe(130);
  expect(terminal.shown()).toMatch(/not started: the before-host hook was interrupted/);
  expect(readFileSync(after, 'utf8')).toMatch(/"name":"n3".*"outcome":"skipped"/);
  expect(await kubeletFiles(lab, 'n3')).toEqual(before);
});
