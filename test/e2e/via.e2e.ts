/** Ways in: the API server through kubectl on the control plane, and nodes behind a bastion. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectClosed } from './planted.js';
import { type Audit, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { openScene, plantAll, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const bastion = `deploy@${lab.nodes['cp1']?.address ?? ''}`;
const socket = join(scene.folder, 'agent');
let agent: ChildProcess;

beforeAll(async () => {
  // A bastion is logged in to as OpenSSH does it: with an agent's keys, not with the host's own.
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket)) await sleep(50);
  execFileSync('ssh-add', ['-q', lab.key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  await plantAll(lab, ['n1', 'n3']);
});
afterAll(() => {
  agent.kill();
});

it('hardens nodes through a bastion, with the cluster seen from the control plane', async () => {
  const inventory = scene.inventory([['n1', { ssh: { jump: [bastion] } }], 'n3', 'cp1'], { via: 'cp1' });
  // Neither a kubeconfig nor a kubectl on this machine.
  const env = { SSH_AUTH_SOCK: socket, KUBELATCH_KUBECTL: '/nonexistent/kubectl' };
  const args = ['-i', inventory, '--limit', 'worker', ...swift];
  const result = await scene.result<RunResult>(0, ['apply', ...args], { env });
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n3: 'confirmed' });
  for (const node of ['n1', 'n3']) {
    const { gate } = hostOf(result, node);
    expect(gate.filter(({ passed, unchecked }) => !passed || unchecked === true)).toEqual([]);
    await expectClosed(lab, node);
  }
});

it('leaves no kubectl and no socket on the control plane', async () => {
  const left = 'pgrep -af "[k]ubectl.* proxy"; ls -d /run/kubelatch-* 2>/dev/null; true';
  await expect.poll(async () => (await lab.on('cp1', left)).stdout, { timeout: 60_000 }).toBe('');
});

it('says in one line when the bastion is the trouble', async () => {
  const inventory = scene.inventory([['n1', { ssh: { jump: ['deploy@10.77.0.99'] } }], 'n3']);
  const audit = await scene.result<Audit>(3, ['audit', '-i', inventory], { env: { SSH_AUTH_SOCK: socket } });
  const { error } = hostOf(audit, 'n1');
  expectClear({ reason: error?.message, hint: error?.hint });
  expect(error?.message).toContain('10.77.0.99');
  expect(hostOf(audit, 'n3').status).toBe('judged');
});

it('refuses to change anything unproved when the API server cannot be asked', async () => {
  await plantAll(lab, ['n1']);
  const inventory = scene.inventory(['n1', ['cp1', { ssh: { user: 'nobody-there' } }]], { via: 'cp1' });
  const ran = await scene.kubelatch(['apply', '-i', inventory, '--limit', 'n1', ...swift]);
  expect(ran.code, ran.stderr).toBe(1);
  expect(ran.stderr).toMatch(/--no-cluster/);
  expect(await lab.probe('n1')).toEqual({ anonymous10250: 200, port10255: 'open' });
});
