import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { arm, beat, restart, revert, write } from '../../src/change/transaction.js';
import { createAt, editTo, shells } from './node-shell.js';
import { nonce, runUnit, said, useNode } from './txn-node.js';

describe.each(shells)('the switch under $name', (shell) => {
  const node = useNode(shell);
  const timer = 'kubelatch-switch.timer';
  const systemdSays = (text: string): void => {
    writeFileSync(join(node.place.dir, 'timer.says'), text);
  };
  const reverted =
    /^reverted by the node itself, because nobody confirmed the change in time \(.* on the node's clock\)$/;

  it('consists of real units, for this start of the machine and the next', async () => {
    await node.armed([editTo(node.file('a b'), 'new'), createAt(join(node.etc, 'd.d', 'x'), 'x')], 'r1', {
      deadline: 45,
    });
    const unit = (name: string): string => readFileSync(join(node.place.units, name), 'utf8');
    const run = `/bin/sh ${node.of('txn.sh')}`;
    expect(unit('kubelatch-switch.timer')).toBe(`[Unit]
Description=kubelatch: acts on change r1 should its service have ended
IgnoreOnIsolate=yes

[Timer]
OnActiveSec=45s
AccuracySec=100ms
`);
    expect(unit('kubelatch-switch.service')).toBe(`[Unit]
Description=kubelatch: puts back change r1 unless it is confirmed in time
StartLimitIntervalSec=0
IgnoreOnIsolate=yes

[Service]
ExecStart=${run} expire r1
Restart=on-failure
RestartForceExitStatus=SIGHUP SIGINT SIGPIPE SIGTERM
RestartSec=2
OOMScoreAdjust=-900
`);
    expect(unit('kubelatch-boot.service')).toBe(
      `[Unit]
Description=kubelatch: puts back change r1, which was not confirmed before the machine stopped
RequiresMountsFor=${node.of('')} ${node.etc} ${join(node.etc, 'd.d')}
Before=kubelet.service

[Service]
Type=oneshot
ExecStart=${run} boot r1
TimeoutStartSec=180
`.replace(`${node.of('')} `, `${node.of('').replace(/\/$/, '')} `),
    );
    const link = join(node.place.units, 'multi-user.target.wants', 'kubelatch-boot.service');
    expect([lstatSync(link).isSymbolicLink(), readlinkSync(link)]).toEqual([true, '../kubelatch-boot.service']);
    for (const name of ['kubelatch-switch.timer', 'kubelatch-switch.service', 'kubelatch-boot.service'])
      expect(statSync(join(node.place.units, name)).mode & 0o777).toBe(0o644);
    expect((await node.kept())?.left).toSatisfy((left: number) => left > 20 && left <= 45);
  });

  it.each([
    [
      'another time',
      'ActiveState=active\nActiveEnterTimestampMonotonic=1000000\nNextElapseUSecMonotonic=2min 1s\n',
      '120 s',
    ],
    ['less time', 'ActiveState=active\nActiveEnterTimestampMonotonic=1000000\nNextElapseUSecMonotonic=31s\n', '30 s'],
    [
      'no time',
      'ActiveState=active\nActiveEnterTimestampMonotonic=1000000\nNextElapseUSecMonotonic=\n',
      'does not report',
    ],
    [
      'never',
      'ActiveState=active\nActiveEnterTimestampMonotonic=1\nNextElapseUSecMonotonic=infinity\n',
      'does not report',
    ],
    [
      'inactive',
      'ActiveState=inactive\nActiveEnterTimestampMonotonic=0\nNextElapseUSecMonotonic=1min\n',
      'does not report',
    ],
    ['nothing', '', 'does not report'],
    [
      'nonsense',
      'ActiveState=active\nActiveEnterTimestampMonotonic=x;id\nNextElapseUSecMonotonic=$(id)\n',
      'does not report',
    ],
  ])('is refused where systemd says %s', async (_, text, why) => {
    const before = node.tree();
    await node.prepared([editTo(node.file('a'), 'new')]);
    systemdSays(text);
    const answer = said(await arm(node.session, 'r1', { deadline: 60, cap: 90 }));
    expect(answer).toEqual({ word: 'error', detail: expect.stringContaining(why) as string });
    node.nothingLeft({ ...node.tree(), ...before });
    expect(said(await write(node.session, 'r1')).word).toBe('none');
  });

  it.each([
    ['1min', 60],
    ['59.983416s', 59],
    ['1min 500ms', 60],
    ['1min 12us', 60],
    ['1min 1.5ms', 60],
    ['1h 1min', 3660],
    ['2d 3h', 2 * 86400 + 3 * 3600],
    ['1w 1s', 604801],
    ['1month 1w', 2629800 + 604800],
    ['1y 2month 3w 4d 5h 6min 7.25s', 31557600 + 2 * 2629800 + 3 * 604800 + 4 * 86400 + 5 * 3600 + 6 * 60 + 7],
  ])('reads %j as systemd means it', async (words, seconds) => {
    await node.prepared([]);
    systemdSays(`ActiveState=active\nActiveEnterTimestampMonotonic=0\nNextElapseUSecMonotonic=${words}\n`);
    const answer = said(await arm(node.session, 'r1', { deadline: 1000, cap: 1000 }));
    expect(answer.detail).toBe(
      `the revert timer was armed for 1000 s, but systemd reports that it fires after ${seconds} s`,
    );
  });

  it.each(['daemon-reload', 'restart kubelatch', 'show'])('is refused where systemctl %s fails', async (begin) => {
    const path = node.file('a');
    const before = node.tree();
    await node.prepared([editTo(path, 'new')]);
    node.fails(begin);
    const answer = said(await arm(node.session, 'r1', { deadline: 60, cap: 90 }));
    expect(answer.word).toBe('error');
    node.nothingLeft(before);
  });

  it('is refused where units cannot be written', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.prepared([editTo(path, 'new')]);
    rmSync(node.place.units, { recursive: true });
    writeFileSync(node.place.units, '');
    const answer = said(await arm(node.session, 'r1', { deadline: 60, cap: 90 }));
    expect(answer.word).toBe('error');
    expect(answer.detail).toMatch(/^the revert timer cannot be armed: .*(not a directory|nonexistent)/i);
    expect([node.tree(), existsSync(node.of(''))]).toEqual([before, false]);
  });

  it('waits longer with each word from the controller, up to its cap, and for nobody else', async () => {
    await node.prepared([]);
    expect(said(await arm(node.session, 'r1', { deadline: 60, cap: 90 })).word).toBe('armed');
    const deadline = (): number => Number(readFileSync(node.of('deadline'), 'utf8'));
    const first = deadline();
    expect(said(await beat(node.session, 'r1', 'another nonce')).word).toBe('state');
    expect(said(await beat(node.session, 'r1', '')).word).toBe('state');
    expect(deadline()).toBe(first);
    await write(node.session, 'r1');
    expect(await node.beat()).toEqual({ word: 'beating', detail: expect.stringMatching(/^(5\d|60)$/) as string });
    expect(deadline()).toBeGreaterThanOrEqual(first);
    // As if it went on for long: the cap is where it ends.
    writeFileSync(node.of('span'), '600\n');
    writeFileSync(node.of('cap'), `${first + 2}\n`);
    await node.beat();
    expect(deadline()).toBe(first + 2);
    expect(said(await beat(node.session, 'r2', nonce)).word).toBe('none');
    await node.confirm();
    expect(await node.beat()).toEqual({ word: 'state', detail: 'confirmed' });
    expect(deadline()).toBe(first + 2);
  });

  it('puts back after its deadline, not before the last word ran out', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.applied([editTo(path, 'new')], 'r1', { deadline: 2 });
    writeFileSync(node.of('cap'), '999999999\n');
    writeFileSync(node.of('span'), '3\n');
    expect((await node.beat()).word).toBe('beating');
    const end = Number(readFileSync(node.of('deadline'), 'utf8'));
    const asked = node.place.systemctlCalls().length;
    const { code, journal } = await node.unit('switch');
    expect([code, journal]).toEqual([0, expect.stringContaining('change r1: reverted')]);
    expect(Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]))).toBeGreaterThanOrEqual(end);
    expect([node.tree(), node.stateOf()]).toEqual([before, 'reverted']);
    expect(await node.kept()).toMatchObject({
      verdict: expect.stringMatching(reverted) as string,
      stuck: '',
      left: undefined,
    });
    node.disarmed();
    // Itself it must not stop: systemd would end it in the middle.
    expect(node.place.systemctlCalls().slice(asked)).not.toContain('stop kubelatch-switch.service');
    expect(node.place.systemctlCalls()).toContain('restart -- kubelet.service');
    expect(await node.confirm()).toEqual({ word: 'state', detail: 'reverted' });
    expect(said(await restart(node.session, 'r1'))).toEqual({ word: 'state', detail: 'reverted' });
  });

  const late = (): void => {
    writeFileSync(node.of('deadline'), '1\n');
  };

  it('takes away what was armed and never written', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.armed([editTo(path, 'new'), createAt(join(node.etc, 'd', 'x'), 'x')]);
    late();
    expect((await node.unit('switch')).journal).toContain('change r1: nothing');
    expect([node.tree(), node.stateOf()]).toEqual([before, 'reverted']);
    node.disarmed();
    expect(said(await write(node.session, 'r1'))).toEqual({ word: 'state', detail: 'reverted' });
    expect(said(await revert(node.session, 'r1', 'restart', 'x')).word).toBe('reverted');
  });

  it('tries five times to restart, then leaves a mark, and a unit for the next start', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    late();
    node.fails('restart -- kubelet');
    const waited = node.fast();
    const { code, journal } = await node.unit('switch');
    expect([code, waited()]).toEqual([0, ['2', '4', '6', '8']]);
    expect(journal.match(/change r1: restart-failed Job failed\./g)).toHaveLength(5);
    expect(node.place.systemctlCalls().filter((call) => call === 'restart -- kubelet.service')).toHaveLength(5);
    expect([readFileSync(path, 'utf8'), node.stateOf()]).toEqual(['old\n', 'reverting']);
    expect(await node.kept()).toMatchObject({
      state: 'reverting',
      stuck: 'restart-failed Job failed.',
      left: undefined,
    });
    expect((await node.prepared([], 'r2')).word).toBe('pending');
    expect(node.unitFiles().sort()).toEqual([
      'kubelatch-boot.service',
      'multi-user.target.wants/kubelatch-boot.service',
    ]);
    node.fails();
    node.goDown();
    expect(await node.start()).toMatchObject({ code: 0 });
    expect(await node.kept()).toMatchObject({ state: 'reverted', stuck: '' });
    node.disarmed();
  });

  it('does not call a change reverted while the kubelet does not stay up', async () => {
    await node.applied([editTo(node.file('a'), 'new')]);
    late();
    node.fast();
    writeFileSync(join(node.place.dir, 'kubelet.says'), 'ActiveState=activating\nMainPID=0\n');
    expect((await node.unit('switch')).code).toBe(0);
    expect((await node.kept())?.stuck).toBe('restart-failed kubelet.service does not stay up with its old files');
    rmSync(join(node.place.dir, 'kubelet.says'));
    expect(said(await revert(node.session, 'r1', 'restart', 'x')).word).toBe('reverted');
    expect((await node.kept())?.stuck).toBe('');
    node.disarmed();
  });

  it('never writes over an edit of somebody else, and does not try again', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    late();
    writeFileSync(path, 'somebody');
    const waited = node.fast();
    const { code } = await node.unit('switch');
    expect([code, waited(), readFileSync(path, 'utf8')]).toEqual([0, [], 'somebody']);
    expect(await node.kept()).toMatchObject({ state: 'reverting', stuck: `conflict ${path}`, left: undefined });
    node.disarmed();
    expect(await node.confirm()).toEqual({ word: 'state', detail: 'reverting' });
  });

  it('leaves what was confirmed, and what is decided', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    // Decided; its power went before it could say so.
    rmSync(node.of('undecided'));
    writeFileSync(node.of('decided-confirm'), '');
    expect((await node.unit('switch')).code).toBe(0);
    expect([readFileSync(path, 'utf8'), node.stateOf()]).toEqual(['new', 'confirmed']);
    expect(Object.keys(node.tree())).toEqual(['a']);
    node.disarmed();
  });

  it('of a pending change is left alone by the ends of others', async () => {
    await node.applied([editTo(node.file('a'), 'new a')], 'one');
    await node.confirm('one');
    await node.applied([editTo(node.file('b'), 'new b')], 'two');
    const units = node.unitFiles();
    expect(units).toHaveLength(4);
    const stops = (): number => node.place.systemctlCalls().filter((call) => call.startsWith('stop')).length;
    const before = stops();
    expect(await node.confirm('one')).toEqual({ word: 'confirmed', detail: 'already' });
    expect(said(await revert(node.session, 'one', 'restart', 'x')).word).toBe('pending');
    expect([node.unitFiles(), stops(), existsSync(join(node.place.dir, 'timer'))]).toEqual([units, before, true]);
  });

  it('of a pending change is left alone by that of one before', async () => {
    await node.applied([editTo(node.file('a'), 'new a')], 'one');
    const unit = readFileSync(join(node.place.units, 'kubelatch-switch.service'));
    expect(said(await revert(node.session, 'one', 'restart', 'x')).word).toBe('reverted');
    await node.applied([editTo(node.file('b'), 'new b')], 'two');
    const units = node.unitFiles();
    // As if systemd had not ended it, in the middle of its work.
    writeFileSync(join(node.place.units, 'old.service'), unit);
    node.fast();
    for (const [state, begin] of [
      ['reverting', 'restart -- kubelet'],
      ['prepared', 'nothing'],
    ] as const) {
      writeFileSync(node.of('state', 'one'), `${state}\n`);
      node.fails(begin);
      expect((await runUnit(node.place, shell, 'old.service')).code).toBe(0);
      expect([node.unitFiles(), existsSync(join(node.place.dir, 'timer'))]).toEqual([units, true]);
    }
    expect(existsSync(node.of('', 'one'))).toBe(false);
  });

  it('waits from the arming on, by its own service, and takes nothing away before its time', async () => {
    const path = node.file('a');
    await node.prepared([editTo(path, 'new')]);
    writeFileSync(node.of('undecided'), '');
    // As when the service was started, and the state is not written yet.
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split('.')[0]);
    writeFileSync(node.of('deadline'), `${uptime + 4}\n`);
    writeFileSync(join(node.place.units, 'early.service'), `ExecStart=/bin/sh ${node.of('txn.sh')} expire r1\n`);
    const ended = runUnit(node.place, shell, 'early.service');
    await sleep(1500);
    expect(node.stateOf()).toBe('prepared');
    expect((await ended).journal).toMatch(/^change r1: nothing/);
    expect(existsSync(node.of(''))).toBe(false);
  });

  it('starts a new timer although an old timer or its service still runs', async () => {
    await node.armed([]);
    expect(node.place.systemctlCalls().slice(0, 4)).toEqual([
      'daemon-reload',
      'stop kubelatch-switch.service',
      `restart ${timer}`,
      'start kubelatch-switch.service',
    ]);
  });
});
