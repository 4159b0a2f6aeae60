import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { confirm, listTransactions, prepare, restart, revert, write } from '../../src/apply/node-transaction.js';
import { script } from '../../src/node/scripts.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';
import { createAt, editTo, modeTo, runText, sha256, shells } from './node-shell.js';
import { about, options, said, useNode } from './txn-node.js';

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
    expect(said(await write(node.session, 'r1')).word).toBe('applied');
    expect(readFileSync(config, 'utf8')).toBe('a: ü\r\nb: "$x `y` \\z"');
    expect(readFileSync(env, 'utf8')).toBe('');
    expect(readFileSync(unit, 'utf8')).toBe('[Service]\n');
    const modes = [config, env, unit, key].map((path) => (statSync(path).mode & 0o7777).toString(8));
    expect(modes).toEqual(['600', '600', '644', '600']);
    expect((statSync(join(node.etc, 'systemd')).mode & 0o7777).toString(8)).toBe('755');
    expect(node.place.systemctlCalls()).toEqual([]);
    expect(said(await restart(node.session, 'r1')).word).toBe('restarted');
    expect(node.place.systemctlCalls()).toEqual(['reset-failed -- kubelet.service', 'restart -- kubelet.service']);
    expect(said(await confirm(node.session, 'r1'))).toEqual({ word: 'confirmed', detail: '' });
    expect(said(await confirm(node.session, 'r1'))).toEqual({ word: 'confirmed', detail: 'already' });
    expect(said(await write(node.session, 'r1'))).toEqual({ word: 'state', detail: 'confirmed' });
    expect(said(await restart(node.session, 'r1'))).toEqual({ word: 'state', detail: 'confirmed' });

    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
    expect(node.place.systemctlCalls().slice(2)).toEqual([
      'reset-failed -- kubelet.service',
      'restart -- kubelet.service',
    ]);
    expect(said(await revert(node.session, 'r1', 'restart'))).toEqual({ word: 'reverted', detail: 'already' });
    expect(node.place.systemctlCalls()).toHaveLength(4);
    expect(said(await confirm(node.session, 'r1'))).toEqual({ word: 'state', detail: 'reverted' });
  });

  it('keeps all of it from other users', async () => {
    await node.prepared([editTo(node.file('a'), 'new')]);
    expect((statSync(node.place.root).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(node.place.root, 'txn', 'r1')).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(node.place.root, 'txn', 'r1', 'new', '1')).mode & 0o777).toString(8)).toBe('600');
  });

  it('reads unit files again where they change', async () => {
    const edits = [createAt(join(node.etc, 'x.conf'), 'x')];
    await prepare(node.session, 'r1', options(edits, { reload: true }));
    await write(node.session, 'r1');
    await restart(node.session, 'r1');
    await revert(node.session, 'r1', 'files-only');
    const restarted = ['reset-failed -- kubelet.service', 'restart -- kubelet.service'];
    expect(node.place.systemctlCalls()).toEqual(['daemon-reload', ...restarted, 'daemon-reload']);
  });

  it('restarts without any file', async () => {
    expect((await node.prepared([])).word).toBe('prepared');
    expect(said(await write(node.session, 'r1')).word).toBe('applied');
    expect(said(await restart(node.session, 'r1')).word).toBe('restarted');
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
  });

  it('restarts nothing where only modes change', async () => {
    const path = node.file('a', 'x', 0o644);
    await prepare(node.session, 'r1', options([modeTo(path, '0600')], { restart: false }));
    await write(node.session, 'r1');
    await restart(node.session, 'r1');
    expect(node.place.systemctlCalls()).toEqual([]);
  });

  it('says when a restart fails, and can try again to put back', async () => {
    const path = node.file('a');
    await node.prepared([editTo(path, 'new')]);
    await write(node.session, 'r1');
    writeFileSync(join(node.place.dir, 'systemctl.fails'), '');
    expect(said(await restart(node.session, 'r1'))).toEqual({ word: 'restart-failed', detail: 'Job failed.' });
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('restart-failed');
    expect([readFileSync(path, 'utf8'), node.stateOf()]).toEqual(['old\n', 'reverting']);
    rmSync(join(node.place.dir, 'systemctl.fails'));
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
  });

  it('takes any bytes and any name', async () => {
    const names = [` it's "q"`, '-rf', '$(touch x)`x`', 'a\\nb', 'ünïcödé *', '%s ~;'];
    const paths = names.map((name) => node.file(join(`dir ${name}`, name), `old ${name}`));
    const new_ = join(node.etc, "-made 'here'", '-x y');
    const before = node.tree();
    const content = (index: number): string => `${'\u0000\u0001'.repeat(index)}'"\\ ${names[index] ?? ''} \u{1f600}`;
    const edits = paths.map((path, index) => editTo(path, content(index)));
    expect((await node.prepared([...edits, createAt(new_, 'n')])).word).toBe('prepared');
    expect(said(await write(node.session, 'r1')).word).toBe('applied');
    paths.forEach((path, index) => expect(readFileSync(path, 'utf8')).toBe(content(index)));
    expect(readFileSync(new_, 'utf8')).toBe('n');
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
  });

  it('takes bytes that are no text', async () => {
    const path = node.file('bytes');
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
    const words = ['edit', path, sha256('old\n'), '0644', `${statSync(path).uid}:${statSync(path).gid}`];
    const after = [bytes.toString('base64'), '0644', words[4] ?? ''];
    await node.session.run(script('txn'), ['prepare', 'r1', '', 'no', '5', '', ...words, ...after], { deadline: 1 });
    await write(node.session, 'r1');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('ends an interrupted write with the old files', async () => {
    const paths = ['a', 'b', 'c'].map((name) => node.file(name, `old ${name}`));
    const before = node.tree();
    await node.prepared([
      ...paths.map((path) => editTo(path, `new ${path}`)),
      createAt(join(node.etc, 'd', 'made'), 'x'),
    ]);
    writeFileSync(join(node.place.root, 'txn', 'r1', 'state'), 'writing\n');
    renameSync(join(node.etc, '.kubelatch-r1-1.tmp'), paths[0] ?? '');
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
  });

  it('cleans up after a prepare that was cut short', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.prepared([editTo(path, 'new'), createAt(join(node.etc, 'd', 'made'), 'x')]);
    rmSync(join(node.place.root, 'txn', 'r1', 'state'));
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('nothing');
    node.nothingLeft(before);
  });

  it('lists what the node keeps', async () => {
    expect(await listTransactions(node.session)).toEqual({ ok: true, value: [] });
    await node.prepared([editTo(node.file('a'), 'new')]);
    await node.prepared([], 'r2');
    await write(node.session, 'r2');
    const listed = await listTransactions(node.session);
    expect(listed).toEqual({
      ok: true,
      value: [
        { id: 'r1', state: 'prepared', about },
        { id: 'r2', state: 'applied', about },
      ],
    });
    expect(said(await write(node.session, 'r3')).word).toBe('none');
  });

  it.each(['', '../x', 'a b', 'a/b', '.', 'ä'])('takes no id such as %j', async (id) => {
    const ran = await node.session.run(script('txn'), ['revert', id, 'restart'], { deadline: 1 });
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
    const words = ['prepare', 'r1', 'u', 'no', '5', '', 'mode', path, '?', '0644', '0:0', '-', '0600', '0:0'];
    const text = stdinOf(script('txn'), words);
    const env = { PATH: process.env['PATH'] ?? '', KUBELATCH_ROOT: node.place.root, PLACE: node.place.dir };
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
