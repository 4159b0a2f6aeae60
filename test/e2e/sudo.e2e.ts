/** sudo with a password: asked at a terminal, never taken from anywhere else; a wrong one costs only its own host. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { expectClosed } from './planted.js';
import { type Audit, type RunResult, expectClear, hostOf } from './results.js';
import { kubeletFiles, openScene, plantAll, swift } from './scene.js';
import { enter, openTerminal } from './terminal.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory([['n1', { ssh: { user: 'ops' } }], 'n2']);

beforeAll(() => plantAll(lab, ['n1', 'n2']));

it('says without a terminal that sudo wants a password, and judges the others', async () => {
  const audit = await scene.result<Audit>(3, ['audit', '-i', inventory]);
  const { status, error } = hostOf(audit, 'n1');
  expect(status).not.toBe('judged');
  expectClear({ reason: error?.message, hint: error?.hint });
  expect(error?.message).toMatch(/sudo wants the password of ops/);
  expect(error?.hint).toMatch(/terminal|NOPASSWD/);
  expect(hostOf(audit, 'n2').status).toBe('judged');
});

it('takes a wrong password at the terminal for one host, and hardens the other', async () => {
  const before = await kubeletFiles(lab, 'n1');
  const output = `${scene.folder}/wrong.json`;
  const terminal = openTerminal(scene, ['apply', '-i', inventory, ...swift, '-o', 'json', '--output-file', output]);
  await terminal.until(/sudo password of ops .*:/);
  terminal.type(`not-the-password${enter}`);
  const { code, stdout } = await terminal.ended();
  expect(code, stdout).toBe(3);
  expect(stdout).not.toContain('not-the-password');
  expect(stdout).toMatch(/n1.*sudo refused the password of ops/);
  const result = JSON.parse(readFileSync(output, 'utf8')) as RunResult;
  expectClear(hostOf(result, 'n1'));
  expect(hostOf(result, 'n1')).toMatchObject({ outcome: 'unreachable' });
  expect(hostOf(result, 'n2')).toMatchObject({ outcome: 'confirmed' });
  expect(await kubeletFiles(lab, 'n1')).toEqual(before);
  await expectClosed(lab, 'n2');
});

it('asks once for a whole run, and hardens with the right password', async () => {
  const terminal = openTerminal(scene, ['apply', '-i', inventory, ...swift]);
  await terminal.until(/sudo password of ops .*:/);
  terminal.type(`labsecret${enter}`);
  const { code, stdout } = await terminal.ended();
  expect(code, stdout).toBe(0);
  expect(stdout).not.toContain('labsecret');
  expect(stdout.match(/sudo password of ops[^\n]*: \*+$/gm)).toHaveLength(1);
  await expectClosed(lab, 'n1');
});
