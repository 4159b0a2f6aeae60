/** A run whose controller is killed is ended by `resume`: each node is confirmed or put back, and none is guessed at. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FileState } from '../lab/lab.js';
import { killAt } from './killed.js';
import { expectClosed, expectOpen } from './planted.js';
import { type Audit, type Plan, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const planted: Record<string, Readonly<Record<string, FileState>>> = {};

const resuming = (...args: readonly string[]): string[] => [
  ...['resume', ...args, '-i', inventory, '--yes', '--settle', '1s'],
];
const resume = (code: number, ...args: readonly string[]): Promise<RunResult> =>
  scene.result<RunResult>(code, resuming(...args));

/** The planted files to the byte, the kubelet as open as it was, and nothing of the switch left. */
async function expectOld(node: string): Promise<void> {
  expect(await kubeletFiles(lab, node)).toEqual(planted[node]);
  await expectOpen(lab, node);
  await expectUnarmed(node);
}

/** The node must not put itself back before it is told to, however slow the machine is. */
const long = '15m';

async function expectUnarmed(node: string): Promise<void> {
  const left = await lab.on(
    node,
    `find /etc/systemd/system -name 'kubelatch*'; find /etc /var/lib/kubelet -xdev -name '.kubelatch-*'
     systemctl list-units --all --no-legend 'kubelatch*'`,
  );
  expect({ node, left: left.stdout }).toEqual({ node, left: '' });
}

const cordoned = async (node: string): Promise<boolean> => {
  const { spec } = JSON.parse((await lab.get(`/api/v1/nodes/${node}`)).body) as { spec?: { unschedulable?: boolean } };
  return spec?.unschedulable === true;
};

const notesOf = async (node: string): Promise<string> =>
  hostOf(await scene.result<Audit>(0, ['audit', '-i', inventory, '--limit', node]), node).notes.join('\n');

beforeAll(async () => {
  await plantAll(lab, nodes);
  for (const node of nodes) planted[node] = await kubeletFiles(lab, node);
});

describe('killed at the gate of the second host', () => {
  let run: string;

  beforeAll(async () => {
    await lab.faultNotReadyWhenHardened('n2');
    const args = ['apply', '-i', inventory, '--yes', '--waves', '1,2,100%', '--settle', '1s', '--deadline', long];
    ({ run } = await killAt(scene, args, 'gate', ['n2'], async (going) => {
      const ran = await scene.kubelatch(['resume', going, '-i', inventory, '--yes']);
      expect({ code: ran.code, said: ran.stderr }).toMatchObject({ code: 1 });
      expect(ran.stderr).toContain(`run ${going} is still in progress on this machine`);
    }));
  });

  it('is told by the list of runs, by the audit and by the next plan', async () => {
    const listed = await scene.kubelatch(['runs', 'list']);
    expect(listed.stdout).toMatch(
      new RegExp(`Not finished\\. To continue:\\s+XDG_STATE_HOME=\\S+ kubelatch resume ${run} `),
    );
    expect(listed.stdout).toContain('1 confirmed, 1 in progress, 1 not started');
    // A command is never broken, so that it can be copied.
    const lines = listed.stdout.split('\n').filter((line) => !line.includes('kubelatch resume'));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await notesOf('n2')).toMatch(
      new RegExp(`run ${run} of \\S+@\\S+, started .* ago, has an unfinished change .*resume ${run}`),
    );
    const planned = hostOf(await scene.result<Plan>(1, ['plan', '-i', inventory, '--limit', 'n2']), 'n2');
    expect(planned.refused?.reason).toContain(`run ${run} of `);
  });

  it('is not ended without being asked for', async () => {
    const ran = await scene.kubelatch(['resume', '-i', inventory]);
    expect(ran.code).toBe(64);
    expect(ran.stderr).toContain('--yes');
  });

  it('resume: confirmed changes stay, unconfirmed ones are reverted, other hosts are not changed', async () => {
    const ended = await resume(4);
    expect(ended).toMatchObject({ kind: 'resume', run: { id: run, kind: 'apply' }, stopped: null });
    expect(outcomes(ended)).toEqual({ n1: 'confirmed', n2: 'reverted', n3: 'skipped' });
    const { reason, hint, timingsMs, gate } = hostOf(ended, 'n2');
    expectClear({ reason, hint });
    expect(reason).toContain(`reverted by resume ${run}`);
    expect(gate.filter(({ passed }) => !passed)).toEqual([]);
    expect(Object.keys(timingsMs)).toEqual(['revert', 'gate']);
    await expectClosed(lab, 'n1');
    await expectUnarmed('n1');
    await expectOld('n2');
    await expectOld('n3');
  });

  it('has ended then, and still is no success', async () => {
    expect(scene.journal(run).slice(-1)).toMatchObject([{ entry: 'end' }]);
    const again = await scene.kubelatch(['resume', run, '-i', inventory, '--yes', '-o', 'json']);
    expect(again.code).toBe(4);
    expect(again.stderr).toContain(`Run ${run} already ended`);
    expect(outcomes(JSON.parse(again.stdout) as RunResult)).toEqual({ n1: 'confirmed', n2: 'reverted', n3: 'skipped' });
    const none = await scene.kubelatch(['resume', '-i', inventory, '--yes']);
    expect({ code: none.code, stdout: none.stdout }).toEqual({ code: 0, stdout: '' });
    expect(none.stderr).toContain('There is nothing to do');
    expect(await notesOf('n2')).toBe('');
  });

  it('runs show tells it step by step', async () => {
    const shown = await scene.kubelatch(['runs', 'show', run]);
    expect(shown.stdout).toMatch(/^n2: reverted in /m);
    for (const step of ['prepare', 'arm', 'write', 'restart', 'gate', 'revert'])
      expect(shown.stdout).toMatch(new RegExp(`^  \\d\\d:\\d\\d:\\d\\d +${step} +\\d`, 'm'));
    expect(shown.stdout).toContain('resumed ');
    expect(Math.max(...shown.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('killed while files are written', () => {
  beforeEach(() => plantAll(lab, nodes));

  it('all hosts are reverted, their cordons are lifted, and a line that was cut off is understood', async () => {
    const args = ['apply', '-i', inventory, ...swift, '--cordon', '--deadline', long];
    const { run } = await killAt(scene, args, 'write', nodes);
    appendFileSync(
      join(scene.env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs', run, 'journal.ndjson'),
      '{"time":"2026-11-23T05:00:00.000Z","entry":"host","host":"n1","outc',
    );
    expect(await Promise.all(nodes.map(cordoned))).toEqual([true, true, true]);
    const ran = await scene.kubelatch([...resuming(), '-o', 'json']);
    const ended = JSON.parse(ran.stdout) as RunResult;
    expect(ended.run.id).toBe(run);
    // A node that the write had not reached yet was not changed at all; on a busy machine that may be all of them.
    const ends = Object.values(outcomes(ended));
    for (const outcome of ends) expect(outcome).toMatch(/^(reverted|failed)$/);
    expect(ran.code).toBe(ends.includes('reverted') ? 4 : 1);
    expect(await Promise.all(nodes.map(cordoned))).toEqual([false, false, false]);
    for (const node of nodes) await expectOld(node);
  });
});

describe('killed at the gate of one host', () => {
  const killed = (deadline: string, settle = '60s'): Promise<{ run: string }> =>
    killAt(
      scene,
      ['apply', '-i', inventory, '--limit', 'n3', ...swift, '--settle', settle, '--deadline', deadline],
      'gate',
      ['n3'],
    );

  beforeEach(() => lab.plant('n3'));

  it('the switch was faster: resume reads its verdict, proves the node, and does no more', async () => {
    const { run } = await killed('10s', '5s');
    const state = `cat /var/lib/kubelatch/txn/${run}/state`;
    for (let waited = 0; (await lab.on('n3', state)).stdout.trim() !== 'reverted'; waited += 1) {
      expect(waited).toBeLessThan(120);
      await sleep(500);
    }
    expect(await notesOf('n3')).toContain(`run ${run} was reverted by the node itself`);
    const ended = await resume(4, run);
    expect(outcomes(ended)).toEqual({ n3: 'reverted' });
    expect(hostOf(ended, 'n3').reason).toContain('reverted by the node itself');
    expect(Object.keys(hostOf(ended, 'n3').timingsMs)).toEqual(['gate']);
    await expectOld('n3');
  });

  it('on another machine, where there is no journal, the nodes suffice', async () => {
    const { run } = await killed(long);
    const env = { XDG_STATE_HOME: join(scene.folder, 'another-machine') };
    // Nothing here names the run: the nodes are asked which it is.
    const ended = await scene.result<RunResult>(4, ['resume', '-i', inventory, '--yes', '--settle', '1s'], {
      env,
    });
    expect(ended.run.id).toBe(run);
    expect(outcomes(ended)).toEqual({ n3: 'reverted' });
    await expectOld('n3');
    // The journal here does not know yet; the node's word is the same.
    expect(outcomes(await resume(4, run))).toEqual({ n3: 'reverted' });
  });

  it('a host that cannot be asked is unknown, and can be resumed again', async () => {
    const { run } = await killed(long);
    await lab.stopSshd('n3');
    try {
      const lost = await resume(5, run, '--timeout', '5s');
      expect(outcomes(lost)).toEqual({ n3: 'unknown' });
      expectClear(hostOf(lost, 'n3'));
      const listed = await scene.kubelatch(['runs', 'list']);
      expect(listed.stdout).toMatch(
        new RegExp(`The state of n3 is unknown\\. To find out:\\s+XDG_STATE_HOME=\\S+ kubelatch resume ${run} `),
      );
    } finally {
      await lab.startSshd('n3');
    }
    expect(outcomes(await resume(4))).toEqual({ n3: 'reverted' });
    await expectOld('n3');
  });
});

describe('a rollback that is killed', () => {
  it('is resumed as what it was: putting back is its success', async () => {
    await lab.plant('n3');
    const limited = ['-i', inventory, '--limit', 'n3'];
    const applied = (await scene.result<RunResult>(0, ['apply', ...limited, ...swift])).run.id;
    const { run } = await killAt(scene, ['rollback', applied, ...limited, ...swift], 'revert', ['n3']);
    const ended = await resume(0);
    expect(ended).toMatchObject({ kind: 'resume', run: { id: run, kind: 'rollback', of: applied } });
    expect(outcomes(ended)).toEqual({ n3: 'confirmed' });
    await expectOld('n3');
  });
});
