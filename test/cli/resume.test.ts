/** What `resume` and `runs` make of journals, as far as no node has to be asked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownMark } from '../../src/lib/process-mark.js';
import { expectConforms, expectLinesConform } from '../report/conforms.js';
import { openPlace } from './program.js';

const place = openPlace();
const inventory = place.file(
  'inventory.yaml',
  'cluster: {name: c}\nssh: {user: nobody}\ngroups: {workers: {role: worker, hosts: {n1: {address: 127.0.0.1}, n2: {address: 127.0.0.2}}}}\n',
);
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
    'Run 20261123T050100Z-3fa4c1 already ended at 2026-11-23T05:01:03.000Z. There is nothing to do.',
  );
  expect(ran.code).toBe(code);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    ...{
      kind: 'resume',
      run: { id: '20261123T050100Z-3fa4c1', kind: 'apply' },
      finishedAt: '2026-11-23T05:01:03.000Z',
    },
    hosts: [
      { host: 'n1', outcome: first },
      { host: 'n2', outcome: second },
    ],
  });
});

it('names the saved plan that the run carried out, as apply does', async () => {
  const plan = { digest: `sha256:${'a'.repeat(64)}`, signers: ['ann'] };
  const env = withRun([{ ...start, plan }, done('n1', 'confirmed'), done('n2', 'confirmed'), { entry: 'end' }]);
  const ran = await resume(env, '20261123T050100Z-3fa4c1', '-o', 'json');
  expect(JSON.parse(ran.stdout)).toMatchObject({ run: { id: '20261123T050100Z-3fa4c1', kind: 'apply', plan } });
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

it('asks the nodes where every run of this machine ended, and says which did not answer', async () => {
  const env = withRun([start, done('n1', 'reverted'), { entry: 'end' }]);
  const ran = await resume(env);
  expect(ran).toEqual({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining(
      'All runs from this machine have ended. No node that answered has an unfinished change, but these were not asked: n1,n2\n',
    ) as string,
  });
  const json = await resume(env, '-o', 'json');
  expectConforms(json.stdout);
  expect([json.code, JSON.parse(json.stdout)]).toMatchObject([3, { kind: 'resume', run: null, hosts: [] }]);
});

it('ends a run that had begun nothing without asking a node, once', async () => {
  const env = withRun([start, { entry: 'step', host: 'n1', step: 'connect' }], undefined, '{"time":"2026-11-23T05:0');
  const ran = await resume(env, '-o', 'json');
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stdout)).toMatchObject({ summary: { skipped: 2, unknown: 0 } });
  expect((await resume(env)).code).toBe(3);
  const listed = await place.kubelatch(['runs', 'list', '-o', 'json'], { env });
  expectConforms(listed.stdout);
  expect(JSON.parse(listed.stdout)).toMatchObject({ runs: [{ state: 'ended', outcomes: { skipped: 2 } }] });
});

it('does not end a run of which --limit leaves something, and is no success then', async () => {
  const env = withRun([start, { entry: 'step', host: 'n1', step: 'write' }]);
  const ran = await resume(env, '--limit', 'n2', '-o', 'json');
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    hosts: [
      {
        host: 'n1',
        outcome: 'skipped',
        reason: expect.stringContaining('not selected by --limit or --exclude') as string,
      },
      { host: 'n2', outcome: 'skipped' },
    ],
  });
  expect((await place.kubelatch(['runs'], { env })).stdout).toMatch(
    /Not finished\. To continue:\n {4}XDG_STATE_HOME=\S+ kubelatch resume /,
  );
});

it('does not touch a run while its process is alive', async () => {
  const env = withRun([
    { ...start, controller: ownMark() },
    { entry: 'step', host: 'n1', step: 'write' },
  ]);
  const ran = await resume(env);
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(
    `run 20261123T050100Z-3fa4c1 is still in progress on this machine: process ${process.pid}`,
  );
  const listed = await place.kubelatch(['runs'], { env });
  expect(listed.stdout.replace(/\s+/g, ' ')).toMatch(
    new RegExp(`Running since .* UTC on .* \\(process ${process.pid}\\): wait until it ends`),
  );
  expect(listed.stdout).not.toContain('kubelatch resume');
});

it.each<[string, readonly object[], string]>([
  ['another cluster', [{ ...start, cluster: 'other' }], 'was on cluster other, but the inventory is for c'],
  ['a lost first line', [{ entry: 'step', host: 'n1', step: 'write' }], 'does not say what the run did'],
])('refuses %s before anything is asked', async (_, entries, said) => {
  const ran = await resume(withRun(entries));
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(said);
});

it('a host in an unknown state keeps a run unfinished', async () => {
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
      { host: 'n2', outcome: 'confirmed' },
      { host: 'n1', outcome: 'unknown' },
    ],
  });
  expect((await place.kubelatch(['runs'], { env })).stdout).toMatch(
    /The state of n1 is unknown\. To find out:\n {4}XDG_STATE_HOME=\S+ kubelatch resume 20261123T050100Z-3fa4c1 -i i\n/,
  );
});

it('asks the nodes again where the record is one of what nodes had said, ended or not', async () => {
  const env = withRun([{ ...start, hosts: ['n1'], fromNodes: true }, done('n1', 'confirmed'), { entry: 'end' }]);
  const ran = await resume(env, '20261123T050100Z-3fa4c1', '-o', 'json', '--timeout', '5s');
  expect(ran.stderr).not.toContain('already ended');
  expect(ran.code).toBe(3);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    hosts: [
      { host: 'n1', outcome: 'confirmed' },
      { host: 'n2', outcome: 'unreachable' },
    ],
  });
  const listed = await place.kubelatch(['runs'], { env });
  expect(listed.stdout).toMatch(
    /Not all nodes of the run were read\. To continue:\n {4}XDG_STATE_HOME=\S+ kubelatch resume 20261123T050100Z-3fa4c1 /,
  );
});

it('what cannot be read is never taken for ended', async () => {
  const env = withRun([start, done('n1', 'confirmed'), done('n2', 'confirmed'), { entry: 'end' }]);
  const lost = '20261122T050100Z-3fa4c1';
  mkdirSync(join(env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs', lost, 'journal.ndjson'), { recursive: true });
  for (const args of [[], [lost]]) {
    const ran = await resume(env, ...args);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(
      new RegExp(`journal of run ${lost} cannot be read: it is a folder.*\\n  make it readable`),
    );
  }
  // Another run's name says which is meant.
  expect((await resume(env, '20261123T050100Z-3fa4c1')).code).toBe(0);
  const listed = await place.kubelatch(['runs'], { env });
  expect([listed.code, listed.stderr]).toEqual([1, expect.stringContaining(`journal of run ${lost} cannot be read`)]);
  expect(listed.stdout).toContain('20261123T050100Z-3fa4c1');
  expect((await place.kubelatch(['runs', 'show', lost], { env })).code).toBe(1);
});

it('an uninstall is done again and never reverted; unknown hosts stay unknown', async () => {
  const run = '20261123T050100Z-3fa4c1';
  const hosts = [{ entry: 'step', host: 'n1', step: 'uninstall' }];
  const env = withRun([{ ...start, kind: 'uninstall' }, ...hosts]);
  expect((await place.kubelatch(['runs'], { env })).stdout).toMatch(
    /uninstall +c\n +2 hosts: [^]*Not finished\. To continue:\n +XDG_STATE_HOME=\S+ kubelatch resume /,
  );
  const ran = await resume(env, '-o', 'json');
  expect(ran.code).toBe(5);
  expect(ran.stderr).toContain(
    `Run ${run} was an uninstall (n1 unknown, n2 skipped). There is nothing to revert. To finish it: kubelatch uninstall`,
  );
  const outcomes = [
    { host: 'n1', outcome: 'unknown' },
    { host: 'n2', outcome: 'skipped' },
  ];
  expect(JSON.parse(ran.stdout)).toMatchObject({
    kind: 'resume',
    run: { id: run, kind: 'uninstall' },
    hosts: outcomes,
  });
  // Its record is closed, and says the same.
  expect((await resume(env)).stderr).toContain('All runs from this machine have ended. No node that answered');
  expect((await resume(env, run)).code).toBe(5);
  const listed = await place.kubelatch(['runs', 'show', run, '-o', 'json'], { env });
  for (const text of [ran.stdout, listed.stdout]) expectConforms(text);
  for (const args of [['show', run], ['list']])
    expectLinesConform((await place.kubelatch(['runs', ...args, '-o', 'ndjson'], { env })).stdout);
  expect(JSON.parse(listed.stdout)).toMatchObject({
    run: { kind: 'uninstall', state: 'ended', outcomes: { unknown: 1, skipped: 1 }, hosts: outcomes },
  });
  const gone = withRun([{ ...start, kind: 'uninstall', hosts: ['n1'] }, done('n1', 'confirmed'), { entry: 'end' }]);
  const all = await resume(gone, run);
  expect([all.code, all.stderr]).toEqual([
    0,
    `Run ${run} was an uninstall. There is nothing to revert. Every host it started is done.\n`,
  ]);
});

it('runs show takes the beginning of an id, and last; runs tells what was rolled back', async () => {
  const env = withRun([start, done('n1', 'confirmed'), done('n2', 'confirmed'), { entry: 'end' }]);
  const add = (run: string, entries: readonly object[]): void => {
    const folder = join(env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs', run);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'journal.ndjson'),
      entries.map((one) => JSON.stringify({ time: '', ...one })).join('\n'),
    );
  };
  const back = '20261124T050100Z-bbbbbb';
  const of = '20261123T050100Z-3fa4c1';
  add(back, [{ ...start, kind: 'rollback', of }, done('n1', 'confirmed'), done('n2', 'refused'), { entry: 'end' }]);
  const show = (run: string) => place.kubelatch(['runs', 'show', run, '-o', 'json'], { env });
  const [last, prefix, both, none] = await Promise.all(['last', '20261123', '2026', 'x'].map(show));
  expectConforms(prefix?.stdout ?? '');
  expect(JSON.parse(last?.stdout ?? '')).toMatchObject({ run: { id: back } });
  expect(JSON.parse(prefix?.stdout ?? '')).toMatchObject({
    run: { id: of, rolledBack: [{ run: back, hosts: ['n1'] }] },
  });
  expect([both?.code, both?.stderr]).toEqual([64, expect.stringContaining(`2 runs begin with 2026: ${back}, ${of}\n`)]);
  expect([none?.code, none?.stderr]).toEqual([64, expect.stringContaining('no run x on this machine')]);
  const listed = await place.kubelatch(['runs'], { env });
  expect(listed.stdout).toContain(`2 confirmed\n    rolled back on n1 by ${back}\n`);
});
