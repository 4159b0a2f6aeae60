import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arm, listTransactions, restart, revert, write } from '../../src/change/transaction.js';
import { script } from '../../src/node/scripts.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';
import { createAt, editTo, isRoot, modeTo, runText, sha256, shells } from './node-shell.js';
import { about, said, useNode } from './txn-node.js';

const by = 'the test';
const armed = [
  'daemon-reload',
  'stop kubelatch-switch.service',
  'restart kubelatch-switch.timer',
  'start kubelatch-switch.service',
];
const readBack = 'show -p ActiveState,ActiveEnterTimestampMonotonic,NextElapseUSecMonotonic kubelatch-switch.timer';
const stopped = ['stop kubelatch-switch.timer', 'stop kubelatch-switch.service', 'daemon-reload'];
/** Which start it is, to tell the next one from it. */
const asksWhich = 'show -p InvocationID --value -- kubelet.service';
const restarted = ['reset-failed -- kubelet.service', 'restart -- kubelet.service'];

describe.each(shells)('txn.sh under $name', (shell) => {
  const node = useNode(shell);

  it('writes, restarts, confirms, and puts every byte and all metadata back later', async () => {
    const config = node.file('config.yaml', Buffer.from([0, 255, 10, 13, 39, 34, 92, 10, 10]), 0o640);
    const env = node.file('kubelet.env', 'A=1\n', 0o600);
    const key = node.file('kubelet.conf', 'k', 0o666);
    const unit = join(node.etc, 'systemd', 'kubelet.service.d', 'zz.conf');
    const before = node.tree();
    const edits = [
      editTo(config, 'a: ü\r\nb: "$x `y` \\z"', { mode: '0600' }),
      editTo(env, ''),
      createAt(unit, '[Service]\n', '0644'),
      modeTo(key, '0600'),
    ];
    expect(await node.prepared(edits)).toEqual({ word: 'prepared', detail: '' });
    expect(readFileSync(config)[0]).toBe(0);
    expect(said(await arm(node.session, 'r1', { deadline: 60, cap: 90 }))).toEqual({ word: 'armed', detail: '60' });
    expect(readFileSync(config)[0]).toBe(0);
    expect(said(await write(node.session, 'r1')).word).toBe('applied');
    expect(readFileSync(config, 'utf8')).toBe('a: ü\r\nb: "$x `y` \\z"');
    expect(readFileSync(env, 'utf8')).toBe('');
    expect(readFileSync(unit, 'utf8')).toBe('[Service]\n');
    const modes = [config, env, unit, key].map((path) => (statSync(path).mode & 0o7777).toString(8));
    expect(modes).toEqual(['600', '600', '644', '600']);
    expect((statSync(join(node.etc, 'systemd')).mode & 0o7777).toString(8)).toBe('755');
    expect(node.place.systemctlCalls()).toEqual([...armed, readBack, asksWhich]);
    expect(said(await restart(node.session, 'r1')).word).toBe('restarted');
    expect(node.place.systemctlCalls().slice(6)).toEqual(restarted);
    expect(await node.confirm()).toEqual({ word: 'confirmed', detail: '' });
    node.disarmed();
    expect(node.place.systemctlCalls().slice(8)).toEqual(stopped);
    expect(await node.confirm()).toEqual({ word: 'confirmed', detail: 'already' });
    expect(said(await write(node.session, 'r1'))).toEqual({ word: 'state', detail: 'confirmed' });
    expect(said(await restart(node.session, 'r1'))).toEqual({ word: 'state', detail: 'confirmed' });

    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
    expect(node.place.systemctlCalls().slice(11)).toEqual([...armed, asksWhich, ...restarted, ...stopped]);
    node.disarmed();
    expect(said(await revert(node.session, 'r1', 'restart', by))).toEqual({ word: 'reverted', detail: 'already' });
    expect(node.place.systemctlCalls()).toHaveLength(21);
    expect(await node.confirm()).toEqual({ word: 'state', detail: 'reverted' });
  });

  it.skipIf(shell.onlyBusybox === true || !isRoot)(
    'keeps access lists and attributes with the new file, and brings them back with the old one',
    async () => {
      const path = node.file('config.yaml', 'old\n', 0o640);
      const belongings = (): string =>
        execFileSync('sh', ['-ec', 'getfacl -cnp "$1"; getfattr -d -m trusted "$1"', 'sh', path], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
      execFileSync('setfacl', ['-m', 'u:33:r', path]);
      execFileSync('setfattr', ['-n', 'trusted.site', '-v', 'x', path]);
      const before = belongings();
      expect(before).toMatch(/^user:33:r--$/m);
      expect(before).toMatch(/^trusted\.site="x"$/m);
      await node.applied([editTo(path, 'new\n')]);
      expect([readFileSync(path, 'utf8'), belongings()]).toEqual(['new\n', before]);
      // The file's second name goes with this: from here on the copy has to do.
      await node.confirm();
      expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
      expect([readFileSync(path, 'utf8'), belongings()]).toEqual(['old\n', before]);
    },
  );

  it('keeps all of it from other users', async () => {
    await node.prepared([editTo(node.file('a'), 'new')]);
    expect((statSync(node.place.root).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(node.place.root, 'txn', 'r1')).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(node.place.root, 'txn', 'r1', 'new', '1')).mode & 0o777).toString(8)).toBe('600');
  });

  it('reads unit files again where they change', async () => {
    await node.applied([createAt(join(node.etc, 'x.conf'), 'x')], 'r1', { reload: true });
    const before = node.place.systemctlCalls().length;
    await restart(node.session, 'r1');
    await revert(node.session, 'r1', 'files-only', by);
    const calls = node.place.systemctlCalls().slice(before);
    expect(calls).toEqual(['daemon-reload', ...restarted, 'daemon-reload', ...stopped]);
  });

  it('does not count a restart if systemd did not read the unit files', async () => {
    await node.applied([createAt(join(node.etc, 'x.conf'), 'x')], 'r1', { reload: true });
    node.fails('daemon-reload');
    const before = node.place.systemctlCalls().length;
    expect(said(await restart(node.session, 'r1'))).toEqual({ word: 'restart-failed', detail: 'Job failed.' });
    for (const how of ['restart', 'files-only'] as const) {
      expect(said(await revert(node.session, 'r1', how, by)).word).toBe('restart-failed');
      expect(node.stateOf()).toBe('reverting');
    }
    expect(node.place.systemctlCalls().slice(before)).toEqual(Array(3).fill('daemon-reload'));
    expect(node.unitFiles()).not.toEqual([]);
    node.fails();
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
    node.disarmed();
  });

  it('restarts without any file', async () => {
    await node.applied([]);
    expect(said(await restart(node.session, 'r1')).word).toBe('restarted');
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
  });

  it('restarts nothing where only modes change', async () => {
    await node.applied([modeTo(node.file('a', 'x', 0o644), '0600')], 'r1', { restart: false });
    const before = node.place.systemctlCalls();
    await restart(node.session, 'r1');
    expect(node.place.systemctlCalls()).toEqual(before);
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
    expect(node.place.systemctlCalls().slice(before.length)).toEqual(stopped);
  });

  it('reports a failed restart, and can try the revert again', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    node.fails('restart --');
    expect(said(await restart(node.session, 'r1'))).toEqual({ word: 'restart-failed', detail: 'Job failed.' });
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('restart-failed');
    expect([readFileSync(path, 'utf8'), node.stateOf()]).toEqual(['old\n', 'reverting']);
    expect(node.unitFiles()).not.toEqual([]);
    node.fails();
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
    node.disarmed();
  });

  it('takes any bytes and any name', async () => {
    const names = [` it's "q"`, '-rf', '$(touch x)`x`', 'a\\nb', 'ünïcödé *', '%s ~;'];
    const paths = names.map((name) => node.file(join(`dir ${name}`, name), `old ${name}`));
    const new_ = join(node.etc, "-made 'here'", '-x y');
    const before = node.tree();
    const content = (index: number): string => `${'\u0000\u0001'.repeat(index)}'"\\ ${names[index] ?? ''} \u{1f600}`;
    const edits = paths.map((path, index) => editTo(path, content(index)));
    await node.applied([...edits, createAt(new_, 'n')]);
    paths.forEach((path, index) => expect(readFileSync(path, 'utf8')).toBe(content(index)));
    expect(readFileSync(new_, 'utf8')).toBe('n');
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
  });

  it('takes bytes that are no text', async () => {
    const path = node.file('bytes');
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
    const words = ['edit', path, sha256('old\n'), '0644', `${statSync(path).uid}:${statSync(path).gid}`];
    const after = [bytes.toString('base64'), '0644', words[4] ?? ''];
    const head = ['', 'no', 'no', '5', '-', '60', 'n', '', '', ''];
    await node.session.run(script('txn'), ['prepare', 'r1', ...head, ...words, ...after], { deadline: 1 });
    await arm(node.session, 'r1', { deadline: 60, cap: 60 });
    await write(node.session, 'r1');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('ends an interrupted write with the old files', async () => {
    const paths = ['a', 'b', 'c'].map((name) => node.file(name, `old ${name}`));
    const before = node.tree();
    await node.armed([...paths.map((path) => editTo(path, `new ${path}`)), createAt(join(node.etc, 'd', 'made'), 'x')]);
    writeFileSync(node.of('state'), 'writing\n');
    renameSync(join(node.etc, '.kubelatch-r1-1.tmp'), paths[0] ?? '');
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
  });

  it('cleans up after a prepare that was cut short', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.prepared([editTo(path, 'new'), createAt(join(node.etc, 'd', 'made'), 'x')]);
    rmSync(node.of('state'));
    expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('nothing');
    node.nothingLeft(before);
  });

  it('lists what the node keeps', async () => {
    expect(await listTransactions(node.session)).toEqual({ ok: true, value: [] });
    await node.applied([], 'r1');
    await node.confirm('r1');
    await node.applied([], 'r2', { deadline: 50 });
    const listed = await listTransactions(node.session);
    const verdict = expect.stringMatching(
      /^confirmed by ä \$\(touch x\) \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ on the node's clock\)$/,
    ) as string;
    const left = expect.toSatisfy((seconds: number) => seconds > 30 && seconds <= 50) as number;
    // It keeps a copy of its own program.
    const bytes = expect.toSatisfy((size: number) => size > 20_000 && size < 1_000_000) as number;
    expect(listed).toEqual({
      ok: true,
      value: [
        { id: 'r1', state: 'confirmed', about, verdict, stuck: '', left: undefined, order: 1, bytes },
        { id: 'r2', state: 'applied', about, verdict: '', stuck: '', left, order: 2, bytes },
      ],
    });
    expect(said(await write(node.session, 'r3')).word).toBe('none');
  });

  it('waits for a lock that somebody holds, and says so in the end', async () => {
    await node.prepared([]);
    const waited = node.fast();
    const held = spawn('flock', [join(node.place.root, 'txn', 'lock'), 'sh', '-c', 'echo held; read x'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(held.stdout, 'data');
    const answer = said(await arm(node.session, 'r1', { deadline: 60, cap: 60 }));
    expect(answer).toEqual({
      word: 'error',
      detail: expect.stringContaining('another kubelatch is still running') as string,
    });
    expect(waited()).toHaveLength(20);
    held.stdin.end();
    await once(held, 'close');
    expect(said(await arm(node.session, 'r1', { deadline: 60, cap: 60 })).word).toBe('armed');
  });

  it.each(['', '../x', 'a b', 'a/b', '.', 'ä'])('takes no id such as %j', async (id) => {
    const ran = await node.session.run(script('txn'), ['revert', id, 'restart', by], { deadline: 1 });
    expect(ran.ok && ran.value.code).toBe(97);
  });

  it('runs no other function as a verb', async () => {
    await node.prepared([]);
    const ran = await node.session.run(script('txn'), ['discard', 'r1'], { deadline: 1 });
    expect(ran.ok && ran.value.code).toBe(97);
    expect(node.stateOf()).toBe('prepared');
  });

  it('does nothing where its end was lost on the way', () => {
    const path = node.file('a');
    const head = ['prepare', 'r1', 'u', 'no', 'no', '5', '-', '60', 'n', '', '', ''];
    const words = [...head, 'mode', path, '?', '0644', '0:0', '-', '0600', '0:0'];
    const text = stdinOf(script('txn'), words);
    const env = { ...node.place.env(shell), PATH: process.env['PATH'] ?? '' };
    // Up to the last line: with all before it, the script is complete.
    const most = text.lastIndexOf('}');
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index + 1).filter((end) => end <= most);
    const chosen = ends.filter((_, index) => index % 20 === 0 || index > ends.length - 6);
    for (const cut of [...chosen, 5, 40, most - 3]) {
      const ran = runText(shell, text.slice(0, cut), env);
      expect([cut, ran.stdout.toString(), existsSync(node.place.root)]).toEqual([cut, '', false]);
    }
  });
});
