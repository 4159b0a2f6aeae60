import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { confirm, revert, write } from '../../src/apply/node-transaction.js';
import { createAt, editTo, modeTo, shells } from './node-shell.js';
import { old, said, useNode } from './txn-node.js';

describe.each(shells)('what txn.sh refuses under $name', (shell) => {
  const node = useNode(shell);

  it.each<[string, (path: string) => void]>([
    [
      'content',
      (path) => {
        appendFileSync(path, 'x');
        utimesSync(path, old, old);
      },
    ],
    ['mode', (path) => chmodSync(path, 0o600)],
    ['absence', (path) => rmSync(path)],
    [
      'a link in its place',
      (path) => {
        renameSync(path, `${path}.real`);
        symlinkSync(`${path}.real`, path);
      },
    ],
    [
      'a folder in its place',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('refuses a file whose %s is not that of the plan, at prepare and at write', async (_, change) => {
    const [first, second] = [node.file('first'), node.file('second')];
    const edits = [
      createAt(join(node.etc, 'made', 'for', 'this'), 'n'),
      editTo(first, 'new 1'),
      editTo(second, 'new 2'),
      modeTo(node.file('third'), '0600'),
    ];
    const copy = join(node.place.dir, 'copy');
    spawnSync('cp', ['-a', node.etc, copy]);
    change(second);
    const before = node.tree();
    expect(await node.prepared(edits)).toEqual({ word: 'changed', detail: second });
    node.nothingLeft(before);

    rmSync(node.etc, { recursive: true });
    spawnSync('cp', ['-a', copy, node.etc]);
    expect((await node.prepared(edits)).word).toBe('prepared');
    change(second);
    expect(said(await write(node.session, 'r1'))).toEqual({ word: 'changed', detail: second });
    node.nothingLeft(before);
  });

  it('refuses to create what is there, be it a dangling link', async () => {
    const path = join(node.etc, 'x');
    const edit = createAt(path, 'x');
    symlinkSync('/nowhere', path);
    expect((await node.prepared([edit])).word).toBe('changed');
    rmSync(path);
    expect((await node.prepared([edit])).word).toBe('prepared');
    writeFileSync(path, 'somebody');
    expect(said(await write(node.session, 'r1')).word).toBe('changed');
    expect([readFileSync(path, 'utf8'), readdirSync(node.etc)]).toEqual(['somebody', ['x']]);
  });

  it('puts back all or nothing, and never over an edit of somebody else', async () => {
    const [first, second] = [node.file('first'), node.file('second')];
    const made = join(node.etc, 'd', 'made');
    const changes: readonly (readonly [string, () => void])[] = [
      [second, () => writeFileSync(second, 'somebody')],
      [second, () => rmSync(second)],
      [second, () => chmodSync(second, 0o611)],
      [
        second,
        () => {
          rmSync(second);
          symlinkSync(first, second);
        },
      ],
      [made, () => writeFileSync(made, 'somebody')],
      [
        made,
        () => {
          rmSync(made);
          symlinkSync('/nowhere', made);
        },
      ],
    ];
    const edits = [editTo(first, 'new'), editTo(second, 'new'), createAt(made, 'new')];
    await node.prepared(edits);
    await write(node.session, 'r1');
    await confirm(node.session, 'r1');
    const copy = join(node.place.dir, 'copy');
    spawnSync('cp', ['-a', node.etc, copy]);
    for (const [path, change] of changes) {
      change();
      const before = node.tree();
      expect(said(await revert(node.session, 'r1', 'restart'))).toEqual({ word: 'conflict', detail: path });
      expect(node.tree()).toEqual(before);
      expect(node.stateOf()).toBe('confirmed');
      rmSync(node.etc, { recursive: true });
      spawnSync('cp', ['-a', copy, node.etc]);
    }
    expect(node.place.systemctlCalls()).toEqual([]);
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
  });

  it('puts a mode back though the content changed since, and leaves that content', async () => {
    const path = node.file('kubelet.conf', 'one', 0o644);
    await node.prepared([modeTo(path, '0600')]);
    await write(node.session, 'r1');
    writeFileSync(path, 'two');
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['two', 0o644]);
  });

  it('leaves a folder that it made where somebody else put something in', async () => {
    await node.prepared([createAt(join(node.etc, 'a', 'b', 'made'), 'x')]);
    await write(node.session, 'r1');
    writeFileSync(join(node.etc, 'a', 'theirs'), '');
    expect(said(await revert(node.session, 'r1', 'restart')).word).toBe('reverted');
    expect(readdirSync(node.etc, { recursive: true }).sort()).toEqual(['a', 'a/theirs']);
  });

  it('has one change under way at a time', async () => {
    const [first, second] = [node.file('first'), node.file('second')];
    await node.prepared([editTo(first, 'new')], 'one');
    const before = node.tree();
    await node.prepared([editTo(second, 'new')], 'two');
    await write(node.session, 'one');
    expect(said(await write(node.session, 'two'))).toEqual({ word: 'pending', detail: 'one' });
    expect(existsSync(join(node.place.root, 'txn', 'two'))).toBe(false);
    expect(await node.prepared([editTo(second, 'new')], 'three')).toEqual({ word: 'pending', detail: 'one' });
    expect(existsSync(join(node.place.root, 'txn', 'three'))).toBe(false);
    expect(await node.prepared([], 'one')).toEqual({ word: 'exists', detail: '' });
    await confirm(node.session, 'one');
    expect(await node.prepared([], 'one')).toEqual({ word: 'exists', detail: '' });
    expect((await node.prepared([editTo(second, 'new')], 'four')).word).toBe('prepared');
    expect(said(await revert(node.session, 'four', 'restart'))).toEqual({ word: 'nothing', detail: '' });
    expect(said(await revert(node.session, 'one', 'restart')).word).toBe('reverted');
    expect(Object.keys(node.tree())).toEqual(Object.keys(before).filter((name) => !name.startsWith('.kubelatch')));
    expect(node.place.systemctlCalls()).toHaveLength(2);
  });
});
