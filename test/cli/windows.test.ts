/** Maintenance windows and hooks on the command line, as far as no node has to be asked. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openPlace } from './program.js';

const place = openPlace();
const inventory = place.file(
  'inventory.yaml',
  'cluster: {name: c}\nssh: {user: nobody}\ngroups: {workers: {role: worker, hosts: {n1: {address: 127.0.0.1}, n2: {address: 127.0.0.2}}}}\n',
);
const apply = (...args: readonly string[]) =>
  place.kubelatch(['apply', '-i', inventory, '--yes', '--no-cluster', ...args]);

it.each([
  ['5pm', 'it must be a time of day such as 05:00, or a date and time such as 2026-12-01T05:00Z'],
  ['2020-12-01T05:00Z', 'it must be in the future'],
])('--until %s is refused', async (time, why) => {
  const ran = await apply('--until', time);
  expect([ran.code, ran.stdout]).toEqual([64, '']);
  expect(ran.stderr).toContain(why);
});

it('no file and no variable sets a window', async () => {
  const home = join(place.folder, 'home', '.config', 'kubelatch');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'config.yaml'), 'until: "05:00"\n', { mode: 0o600 });
  const ran = await apply();
  writeFileSync(join(home, 'config.yaml'), '', { mode: 0o600 });
  expect(ran.code).toBe(64);
  expect(ran.stderr).toContain('until: can only be set as a flag of each call');
  const { code } = await place.kubelatch(['apply', '-i', inventory, '--yes', '--no-cluster'], {
    env: { KUBELATCH_UNTIL: 'no time at all' },
  });
  expect(code).toBe(3);
});

const run = '20261123T050100Z-3fa4c1';
/** The state of a run that was paused with n2 left. */
function pausedRun(
  name: string,
  over: object = {},
  ...since: readonly object[]
): { readonly env: Record<string, string>; readonly path: string } {
  const state = join(place.folder, name);
  const folder = join(state, 'kubelatch', 'runs', run);
  mkdirSync(folder, { recursive: true });
  const start = { entry: 'run', kind: 'apply', cluster: 'c', inventory: 'i', hosts: ['n1', 'n2'], operator: 'me@x' };
  const entries = [
    { ...start, playbooks: ['baseline'], ...over },
    { entry: 'host', host: 'n1', outcome: 'confirmed' },
    { entry: 'stopped', reason: 'the maintenance window ended' },
    { entry: 'paused', hosts: ['n2'] },
    ...since,
  ];
  const text = entries.map((one) => `${JSON.stringify({ time: '2026-11-23T05:01:00.000Z', ...one })}\n`).join('');
  writeFileSync(join(folder, 'journal.ndjson'), text);
  return { env: { XDG_STATE_HOME: state }, path: join(folder, 'journal.ndjson') };
}
const resume = (env: Record<string, string>, ...args: readonly string[]) =>
  place.kubelatch(['resume', '-i', inventory, '--yes', '--no-cluster', '-o', 'json', ...args], { env });

it('resume goes on with the hosts that a paused run left, and keeps the others as they ended', async () => {
  const { env, path } = pausedRun('goes-on');
  const ran = await resume(env, '--until', '2099-01-01T00:00:00Z');
  expect(ran.code).toBe(3);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    ...{ kind: 'resume', run: { id: run, kind: 'apply' }, playbooks: ['baseline'] },
    hosts: [
      { host: 'n1', outcome: 'confirmed' },
      { host: 'n2', outcome: 'unreachable' },
    ],
  });
  expect(readFileSync(path, 'utf8')).toMatch(/"entry":"resumed".*\n.*"entry":"end"/);
});

it('resume goes on with them too where the process that went on with them died', async () => {
  const resumed = { entry: 'resumed', operator: 'me@x' };
  const { env, path } = pausedRun('died', {}, resumed, { entry: 'step', host: 'n2', step: 'connect', paths: [] });
  expect(JSON.parse((await resume(env)).stdout)).toMatchObject({
    hosts: [
      { host: 'n1', outcome: 'confirmed' },
      { host: 'n2', outcome: 'unreachable' },
    ],
  });
  expect(readFileSync(path, 'utf8')).toMatch(/"entry":"resumed".*\n.*"entry":"end"/);
});

it('what is undecided on one host comes first, and the others still wait', async () => {
  const begun = [
    { entry: 'resumed', operator: 'me@x' },
    { entry: 'step', host: 'n1', step: 'write', paths: ['/x'] },
  ];
  const { env, path } = pausedRun('undecided', { hosts: ['n1', 'n2'] }, ...begun, {
    ...{ entry: 'host', host: 'n1', outcome: 'unknown' },
  });
  const { hosts, next } = JSON.parse((await resume(env)).stdout) as { hosts: object[]; next: string };
  expect(hosts).toMatchObject([
    { host: 'n1', outcome: 'unknown' },
    { host: 'n2', outcome: 'skipped', reason: 'not started: the run was paused' },
  ]);
  expect(next).toContain(`kubelatch resume ${run}`);
  expect(readFileSync(path, 'utf8')).not.toContain('"entry":"end"');
});

it('a host that --limit leaves out is still left afterwards', async () => {
  const { env, path } = pausedRun('limited');
  const ran = await resume(env, '--limit', 'n1');
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    next: `XDG_STATE_HOME=${env['XDG_STATE_HOME'] ?? ''} kubelatch resume ${run} -i ${inventory} --no-cluster`,
    hosts: [{ outcome: 'confirmed' }, { host: 'n2', outcome: 'skipped' }],
  });
  expect(readFileSync(path, 'utf8').trimEnd()).toMatch(/"entry":"paused","hosts":\["n2"\]\}$/);
});

it('the playbooks are those of the run', async () => {
  const other = await resume(pausedRun('other').env, '-p', 'tls');
  expect([other.code, other.stderr]).toEqual([64, expect.stringContaining('used baseline, and not tls')]);
  const file = await resume(pausedRun('file', { playbooks: ['mine'] }).env);
  expect([file.code, file.stderr]).toEqual([64, expect.stringContaining('used mine, which is not built in')]);
});

it('the rules are those of the run, or fewer', async () => {
  const chosen = (name: string) => pausedRun(name, { onlyRules: ['read-only-port', 'anonymous-auth'] }).env;
  const notes = async (env: Record<string, string>, ...args: readonly string[]) =>
    (JSON.parse((await resume(env, ...args)).stdout) as { notes: string[] }).notes;
  const only = (rules: string) =>
    expect.arrayContaining([`only these rules of the playbooks were judged: ${rules}`]) as unknown;
  expect(await notes(chosen('same-rules'))).toEqual(only('read-only-port, anonymous-auth'));
  expect(await notes(chosen('fewer-rules'), '--rule', 'read-only-port')).toEqual(only('read-only-port'));
  const more = await resume(chosen('more-rules'), '--rule', 'webhook-authorization');
  expect([more.code, more.stderr]).toEqual([64, expect.stringContaining('and not webhook-authorization')]);
});

it.each([
  ['it is not a file', () => place.folder],
  ['no such file', () => join(place.folder, 'none')],
  ['it is not a program', () => hookFile('text', 0o700, 'kubectl get nodes\n')],
  ['it is not executable', () => hookFile('plain', 0o600)],
  ['it is not trusted: other users can write it', () => hookFile('open', 0o777)],
] as const)('a hook is refused before anything is read: %s', async (why, path) => {
  const ran = await apply('--hook-before-host', path());
  expect([ran.code, ran.stdout]).toEqual([64, '']);
  expect(ran.stderr.toLowerCase()).toContain(`--hook-before-host ${path()}: ${why}`.toLowerCase());
});

function hookFile(name: string, mode: number, text = '#!/bin/sh\n'): string {
  const path = place.file(name, text);
  chmodSync(path, mode);
  return path;
}

it('a link to a hook is as good as its file, and suggested commands have the hooks too', async () => {
  const link = join(place.folder, 'link');
  symlinkSync(hookFile('fine', 0o700), link);
  const ran = await apply('--hook-after-host', link, '--pause-after', '1,each', '--hook-timeout', '5s');
  expect(ran.code).toBe(3);
  expect(ran.stdout).toContain(`--hook-after-host ${link}`);
  const file = place.file('kubelatch.yaml', 'hook-after-host: ./link\n');
  const kept = await apply();
  writeFileSync(file, '');
  expect([kept.code, kept.stderr]).toEqual([64, expect.stringContaining('hook-after-host')]);
});

it.each(['0', 'last', '1,'])('--pause-after %s', async (wave) => {
  const ran = await apply('--pause-after', wave);
  expect(ran.code).toBe(wave === '1,' ? 3 : 64);
});
