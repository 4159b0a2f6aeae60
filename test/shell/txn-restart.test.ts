import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { restart, revert } from '../../src/change/transaction.js';
import { editTo, shells } from './node-shell.js';
import { said, useNode } from './txn-node.js';

/** k3s and RKE2 may take minutes to start, and systemd waits for them. */
describe.each(shells)('a service that starts slowly, under $name', (shell) => {
  const node = useNode(shell);
  const kubelet = (text: string): void => writeFileSync(join(node.place.dir, 'kubelet.says'), `${text}\n`);
  const restarts = (): number => node.place.systemctlCalls().filter((call) => call.startsWith('restart -- ')).length;
  const starting = 'ActiveState=activating\nSubState=start\nMainPID=4711';
  const slow = async (): Promise<void> => {
    await node.applied([editTo(node.file('a'), 'new')]);
    writeFileSync(node.of('patience'), '1\n');
    writeFileSync(join(node.place.dir, 'slow'), '');
    kubelet(starting);
  };

  it('is not proved by the change itself, which still calls that a failure', async () => {
    await slow();
    expect(said(await restart(node.session, 'r1')).word).toBe('restart-failed');
  });

  it('is reverted once; the gate checks whether it starts', async () => {
    await slow();
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(restarts()).toBe(1);
    node.disarmed();
  });

  it('is waited for by the switch, and not started again', async () => {
    await slow();
    writeFileSync(node.of('deadline'), '1\n');
    node.fast(0.1);
    const ended = node.unit('switch');
    await sleep(2500);
    expect(node.stateOf()).toBe('reverting');
    kubelet('ActiveState=active\nMainPID=4711');
    expect((await ended).journal).toMatch(/^change r1: reverted/);
    expect([restarts(), node.stateOf()]).toEqual([1, 'reverted']);
    node.disarmed();
  });

  it('is asked again where systemd did not hear of it, whatever the start with the new files is doing', async () => {
    await slow();
    writeFileSync(join(node.place.dir, 'unheard'), '');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('restart-failed');
    rmSync(join(node.place.dir, 'unheard'));
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(restarts()).toBe(2);
  });

  it('is not reverted if the reload failed', async () => {
    await slow();
    writeFileSync(node.of('reload'), 'yes\n');
    node.fails('daemon-reload');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('restart-failed');
    expect(restarts()).toBe(0);
    node.fails();
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(restarts()).toBe(1);
  });

  it('is not started again by another request while it starts, but is when it failed', async () => {
    await slow();
    kubelet('ActiveState=activating\nSubState=auto-restart\nMainPID=0');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('restart-failed');
    expect(restarts()).toBe(1);
    rmSync(join(node.place.dir, 'slow'));
    kubelet(starting);
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(restarts()).toBe(1);
  });
});
