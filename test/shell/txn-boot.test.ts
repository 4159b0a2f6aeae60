import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { restart, revert, write } from '../../src/change/transaction.js';
import { createAt, editTo, shells } from './node-shell.js';
import { said, useNode } from './txn-node.js';

describe.each(shells)('the start of the machine under $name', (shell) => {
  const node = useNode(shell);
  const restarts = (): string[] => node.place.systemctlCalls().filter((call) => call.startsWith('restart -- '));

  it.each(['armed', 'writing', 'applied', 'reverting'])(
    'puts back what was %s, before the kubelet starts',
    async (state) => {
      const path = node.file('a');
      const before = node.tree();
      const edits = [editTo(path, 'new'), createAt(join(node.etc, 'd', 'x'), 'x')];
      if (state === 'armed') await node.armed(edits, 'r1', { reload: true });
      else await node.applied(edits, 'r1', { reload: true });
      if (state === 'writing') writeFileSync(node.of('state'), 'writing\n');
      if (state === 'reverting') {
        node.fails('restart -- kubelet');
        expect(said(await revert(node.session, 'r1', 'restart', 'x')).word).toBe('restart-failed');
      }
      const calls = node.place.systemctlCalls().length;
      const already = restarts();
      node.goDown();
      const { code, journal } = (await node.start()) ?? {};
      expect([code, journal]).toEqual([0, expect.stringMatching(/^change r1: (reverted|nothing)/)]);
      expect([node.tree(), node.stateOf()]).toEqual([before, 'reverted']);
      node.disarmed();
      // A restart would wait for the end of what asks for it.
      expect(restarts()).toEqual(already);
      const asked = node.place.systemctlCalls().slice(calls);
      expect(asked[0]).toBe(state === 'armed' ? 'stop kubelatch-switch.timer' : 'daemon-reload');
      if (state !== 'armed') {
        expect(asked[1]).toBe('--no-block try-restart -- kubelet.service');
        expect((await node.kept())?.verdict).toMatch(
          /^reverted by the node itself at boot, because the machine went down before/,
        );
      }
      expect(await node.start()).toBeUndefined();
    },
  );

  it('waits for a disk that is not mounted yet, and calls nothing old that is not there', async () => {
    const path = node.file('disk/a');
    const made = join(node.etc, 'disk', 'x');
    const before = node.tree();
    await node.applied([editTo(path, 'new'), createAt(made, 'x')]);
    node.fast();
    renameSync(join(node.etc, 'disk'), join(node.etc, 'unmounted'));
    node.goDown();
    const { journal } = (await node.start()) ?? {};
    expect(journal).toContain(`error the folder of ${path} is not there`);
    expect(node.stateOf()).toBe('reverting');
    renameSync(join(node.etc, 'unmounted'), join(node.etc, 'disk'));
    node.goDown();
    expect((await node.start())?.journal).toMatch(/^change r1: reverted/);
    expect(node.tree()).toEqual(before);
    node.disarmed();
  });

  it('is ordered after the place that a link leads to', async () => {
    const path = node.file('disk/a');
    symlinkSync(join(node.etc, 'disk'), join(node.etc, 'link'));
    await node.armed([editTo(path, 'new')]);
    await revert(node.session, 'r1', 'files-only', 'x');
    await node.armed([editTo(join(node.etc, 'link', 'a'), 'new')], 'r2');
    const unit = readFileSync(join(node.place.units, 'kubelatch-boot.service'), 'utf8');
    const places = /^RequiresMountsFor=(.*)$/m.exec(unit)?.[1]?.split(' ');
    expect(places).toEqual([node.of('', 'r2').replace(/\/$/, ''), join(node.etc, 'link'), join(node.etc, 'disk')]);
  });

  it('leaves a confirmed change, and takes away what is left of its switch', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    rmSync(node.of('undecided'));
    writeFileSync(node.of('decided-confirm'), '');
    node.goDown();
    expect((await node.start())?.code).toBe(0);
    expect([readFileSync(path, 'utf8'), node.stateOf(), Object.keys(node.tree())]).toEqual(['new', 'confirmed', ['a']]);
    node.disarmed();
  });

  it('takes away what was only prepared', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.armed([editTo(path, 'new')]);
    writeFileSync(node.of('state'), 'prepared\n');
    node.goDown();
    expect((await node.start())?.code).toBe(0);
    node.nothingLeft(before);
  });

  it('does nothing while the switch of this start runs', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    const units = node.unitFiles();
    expect(await node.unit('boot')).toEqual({ code: 0, journal: '' });
    expect([readFileSync(path, 'utf8'), node.stateOf(), node.unitFiles()]).toEqual(['new', 'applied', units]);
  });

  it('puts back where the kernel is the same, but no switch runs any more', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    rmSync(join(node.place.dir, 'timer'));
    expect((await node.start())?.code).toBe(0);
    expect([readFileSync(path, 'utf8'), node.stateOf()]).toEqual(['old\n', 'reverted']);
    node.disarmed();
  });

  it('lets a controller that comes back too early go on with nothing', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    node.goDown();
    const started = { word: 'state', detail: 'the machine was rebooted since' };
    expect([await node.confirm(), await node.beat(), said(await restart(node.session, 'r1'))]).toEqual([
      started,
      started,
      started,
    ]);
    expect((await node.start())?.journal).toContain('change r1: reverted');
    expect(await node.confirm()).toEqual({ word: 'state', detail: 'reverted' });
    await node.armed([editTo(path, 'newer')], 'r2');
    node.goDown('r2');
    expect(said(await write(node.session, 'r2'))).toEqual(started);
    expect(readFileSync(path, 'utf8')).toBe('old\n');
  });

  it('tries three times, leaves a mark, and the next start tries again', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')], 'r1', { reload: true });
    node.goDown();
    node.fails('daemon-reload');
    const waited = node.fast();
    expect((await node.start())?.code).toBe(0);
    expect(waited()).toEqual(['2', '4']);
    expect(await node.kept()).toMatchObject({ state: 'reverting', stuck: 'restart-failed Job failed.' });
    node.fails();
    node.goDown();
    expect((await node.start())?.journal).toContain('change r1: reverted');
    expect(await node.kept()).toMatchObject({ state: 'reverted', stuck: '' });
    node.disarmed();
  });

  it('finishes a rollback that was cut off', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    await node.confirm();
    node.fails('restart -- kubelet');
    expect(said(await revert(node.session, 'r1', 'restart', 'x')).word).toBe('restart-failed');
    expect(node.unitFiles()).toHaveLength(4);
    node.goDown();
    expect((await node.start())?.journal).toContain('change r1: reverted');
    expect([readFileSync(path, 'utf8'), node.stateOf()]).toEqual(['old\n', 'reverted']);
    node.disarmed();
  });
});
