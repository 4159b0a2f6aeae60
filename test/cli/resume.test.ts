/** What `resume` and `runs` make of journals, as far as no node has to be asked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ownMark } from '../../src/lib/process-mark.js';
import { openPlace } from './program.js';

const place = openPlace();
const inventory = place.file(
  'inventory.yaml',
  'cluster: {name: c}\nssh: {user: nobody}\ngroups: {workers: {role: worker, hosts: {n1: {address: 127.0.0.1}, n2: {address: 127.0.0.2}}}}\n',
);
// Each of these starts the program several times.
vi.setConfig({ testTimeout: 90_000 });
let states = 0;

/** A state folder with one run in it. */
function withRun(
  entries: readonly object[],
  run = '20261123T050100Z-3fa4c1',
  tail = '',
): Readonly<Record<string, string>> {
  const state = join(place.folder, `state-${++states}`);
  const folder = join(state, 'kubelatch', 'runs', run);
  mkdirSync(folder, { recursive: true });
  const lines = entries.map((one, at) => JSON.stringify({ time: `2026-11-23T05:01:0${at}.000Z`, ...one }));
  writeFileSync(join(folder, 'journal.ndjson'), `${lines.join('\n')}\n${tail}`);
  return { XDG_STATE_HOME: state };
}
const start = { entry: 'run', kind: 'apply', cluster: 'c', inventory: 'i', hosts: ['n1', 'n2'], operator: 'me@x' };
const done = (host: string, outcome: string) => ({ entry: 'host', host, outcome });
const resume = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  place.kubelatch(['resume', '-i', inventory, '--yes', ...args], { env });

it.each([
  ['confirmed', 'confirmed', 0],
  ['confirmed', 'reverted', 4],
  ['failed', 'confirmed', 1],
] as const)('says that a run ended already, %s and %s: %i', async (first, second, code) => {
  const env = withRun([start, done('n1', first), done('n2', second), { entry: 'end' }]);
  const ran = await resume(env, '20261123T050100Z-3fa4c1', '-o', 'json');
  expect(ran.stderr).toContain(
    'Run 20261123T050100Z-3fa4c1 ended already, 2026-11-23T05:01:03.000Z: nothing is left to do.',
  );
  expect(ran.code).toBe(code);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    ...{ kind: 'resume', run: '20261123T050100Z-3fa4c1', finishedAt: '2026-11-23T05:01:03.000Z' },
    hosts: [
      { name: 'n1', outcome: first },
      { name: 'n2', outcome: second },
    ],
  });
});

it('has the exit code of its result also when nobody reads that', async () => {
  const env = withRun([start, done('n1', 'reverted'), done('n2', 'confirmed'), { entry: 'end' }]);
  const options = { env, deaf: true };
  const named = await place.kubelatch(['resume', '-i', inventory, '--yes', '20261123T050100Z-3fa4c1'], options);
  expect([named.code, named.stdout]).toEqual([4, '']);
  const begun = withRun([start, { entry: 'step', host: 'n1', step: 'write' }]);
  const lost = await place.kubelatch(['resume', '-i', inventory, '--yes', '--no-cluster', '-o', 'ndjson'], {
    env: begun,
    deaf: true,
  });
  expect([lost.code, lost.stdout]).toEqual([5, '']);
});

it('has nothing to do where every run ended, and says so in the form that was asked for', async () => {
  const env = withRun([start, done('n1', 'reverted'), { entry: 'end' }]);
  const ran = await resume(env);
  expect(ran).toEqual({ code: 0, stdout: '', stderr: 'Every run of this machine ended: nothing is left to do.\n' });
  const json = await resume(env, '-o', 'json');
  expect([json.code, JSON.parse(json.stdout)]).toMatchObject([0, { kind: 'resume', run: null, hosts: [] }]);
});

it('ends a run that had begun nothing without asking a node, once', async () => {
  const env = withRun([start, { entry: 'step', host: 'n1', step: 'connect' }], undefined, '{"time":"2026-11-23T05:0');
  const ran = await resume(env, '-o', 'json');
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stdout)).toMatchObject({ summary: { skipped: 2, unknown: 0 } });
  expect((await resume(env)).code).toBe(0);
  const listed = await place.kubelatch(['runs', 'list', '-o', 'json'], { env });
  expect(JSON.parse(listed.stdout)).toMatchObject({ runs: [{ state: 'ended', outcomes: { skipped: 2 } }] });
});

it('does not end a run of which --limit leaves something, and is no success then', async () => {
  const env = withRun([start, { entry: 'step', host: 'n1', step: 'write' }]);
  const ran = await resume(env, '--limit', 'n2', '-o', 'json');
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    hosts: [
      { name: 'n1', outcome: 'skipped', reason: expect.stringContaining('left for later') as string },
      { name: 'n2', outcome: 'skipped' },
    ],
  });
  expect((await place.kubelatch(['runs'], { env })).stdout).toContain('did not end: kubelatch resume');
});

it('does not touch a run whose process lives', async () => {
  const env = withRun([
    { ...start, controller: ownMark() },
    { entry: 'step', host: 'n1', step: 'write' },
  ]);
  const ran = await resume(env);
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(`run 20261123T050100Z-3fa4c1 is still going on here: process ${process.pid}`);
  const listed = await place.kubelatch(['runs'], { env });
  expect(listed.stdout).toContain(`is going on: process ${process.pid}`);
});

it.each<[string, readonly object[], string]>([
  ['another cluster', [{ ...start, cluster: 'other' }], 'was on cluster other, the inventory is of c'],
  ['a lost first line', [{ entry: 'step', host: 'n1', step: 'write' }], 'does not tell any more what it was'],
])('refuses %s before anything is asked', async (_, entries, said) => {
  const ran = await resume(withRun(entries));
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(said);
});

it('a host of which nobody knows keeps a run from being forgotten', async () => {
  const env = withRun([
    start,
    { entry: 'step', host: 'n1', step: 'write' },
    done('n1', 'unknown'),
    done('n2', 'confirmed'),
    { entry: 'end' },
  ]);
  const elsewhere = place.file(
    'elsewhere.yaml',
    'cluster: {name: c}\nssh: {user: nobody}\ngroups: {workers: {role: worker, hosts: {n2: {address: 127.0.0.2}}}}\n',
  );
  const ran = await place.kubelatch(['resume', '-i', elsewhere, '--yes', '-o', 'json'], { env });
  expect(ran.code).toBe(5);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    hosts: [
      { name: 'n2', outcome: 'confirmed' },
      { name: 'n1', outcome: 'unknown' },
    ],
  });
  expect((await place.kubelatch(['runs'], { env })).stdout).toContain(
    'nobody knows of n1: kubelatch resume 20261123T050100Z-3fa4c1',
  );
});

it('asks the nodes again where the record is one of what nodes had said, ended or not', async () => {
  const env = withRun([{ ...start, hosts: ['n1'], fromNodes: true }, done('n1', 'confirmed'), { entry: 'end' }]);
  const ran = await resume(env, '20261123T050100Z-3fa4c1', '-o', 'json', '--timeout', '5s');
  expect(ran.stderr).not.toContain('ended already');
  expect(ran.code).toBe(3);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    hosts: [
      { name: 'n1', outcome: 'confirmed' },
      { name: 'n2', outcome: 'unreachable' },
    ],
  });
  const listed = await place.kubelatch(['runs'], { env });
  expect(listed.stdout).toContain('not all of its nodes were asked: kubelatch resume 20261123T050100Z-3fa4c1');
});

it('what cannot be read is never taken for ended', async () => {
  const env = withRun([start, done('n1', 'confirmed'), done('n2', 'confirmed'), { entry: 'end' }]);
  const lost = '20261122T050100Z-3fa4c1';
  mkdirSync(join(env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs', lost, 'journal.ndjson'), { recursive: true });
  for (const args of [[], [lost]]) {
    const ran = await resume(env, ...args);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(new RegExp(`journal of run ${lost} cannot be read: EISDIR.*\\n  make it readable`));
  }
  // Another run's name says which is meant.
  expect((await resume(env, '20261123T050100Z-3fa4c1')).code).toBe(0);
  const listed = await place.kubelatch(['runs'], { env });
  expect([listed.code, listed.stderr]).toEqual([1, expect.stringContaining(`journal of run ${lost} cannot be read`)]);
  expect(listed.stdout).toContain('20261123T050100Z-3fa4c1');
  expect((await place.kubelatch(['runs', 'show', lost], { env })).code).toBe(1);
});

it('an uninstall is done again, and never put back: what is not known of it stays so', async () => {
  const run = '20261123T050100Z-3fa4c1';
  const hosts = [{ entry: 'step', host: 'n1', step: 'uninstall' }];
  const env = withRun([{ ...start, kind: 'uninstall' }, ...hosts]);
  expect((await place.kubelatch(['runs'], { env })).stdout).toMatch(/uninstall +c +2[^]*did not end: kubelatch resume/);
  const ran = await resume(env, '-o', 'json');
  expect(ran.code).toBe(5);
  expect(ran.stderr).toContain(
    `Run ${run} was an uninstall (n1 unknown, n2 skipped): there is nothing to put back; run kubelatch uninstall again.`,
  );
  const outcomes = [
    { name: 'n1', outcome: 'unknown' },
    { name: 'n2', outcome: 'skipped' },
  ];
  expect(JSON.parse(ran.stdout)).toMatchObject({ kind: 'resume', run, hosts: outcomes });
  // Its record is closed, and says the same.
  expect((await resume(env)).stderr).toBe('Every run of this machine ended: nothing is left to do.\n');
  expect((await resume(env, run)).code).toBe(5);
  const listed = await place.kubelatch(['runs', 'show', run, '-o', 'json'], { env });
  expect(JSON.parse(listed.stdout)).toMatchObject({
    run: { kind: 'uninstall', state: 'ended', outcomes: { unknown: 1, skipped: 1 }, hosts: outcomes },
  });
  const gone = withRun([{ ...start, kind: 'uninstall', hosts: ['n1'] }, done('n1', 'confirmed'), { entry: 'end' }]);
  const all = await resume(gone, run);
  expect([all.code, all.stderr]).toEqual([
    0,
    `Run ${run} was an uninstall: there is nothing to put back; every host it began is done.\n`,
  ]);
});
