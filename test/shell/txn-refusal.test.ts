import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
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
import { arm, revert, write } from '../../src/change/transaction.js';
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
  ])('refuses a file whose %s is not that of the plan, at prepare, arm and write', async (_, change) => {
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
    const armed = said(await arm(node.session, 'r1', { deadline: 60, cap: 60 }));
    expect(armed).toEqual({ word: 'changed', detail: second });
    node.nothingLeft(before);

    rmSync(node.etc, { recursive: true });
    spawnSync('cp', ['-a', copy, node.etc]);
    await node.armed(edits);
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
    await node.armed([edit]);
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
    await node.applied(edits);
    await node.confirm();
    const calls = node.place.systemctlCalls();
    const copy = join(node.place.dir, 'copy');
    spawnSync('cp', ['-a', node.etc, copy]);
    for (const [path, change] of changes) {
      change();
      const before = node.tree();
      expect(said(await revert(node.session, 'r1', 'restart', 'the test'))).toEqual({ word: 'conflict', detail: path });
      expect(node.tree()).toEqual(before);
      expect(node.stateOf()).toBe('confirmed');
      rmSync(node.etc, { recursive: true });
      spawnSync('cp', ['-a', copy, node.etc]);
    }
    expect(node.place.systemctlCalls()).toEqual(calls);
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
  });

  it('puts a mode back though the content changed since, and leaves that content', async () => {
    const path = node.file('kubelet.conf', 'one', 0o644);
    await node.applied([modeTo(path, '0600')]);
    writeFileSync(path, 'two');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['two', 0o644]);
  });

  it('leaves a folder that it made where somebody else put something in', async () => {
    await node.applied([createAt(join(node.etc, 'a', 'b', 'made'), 'x')]);
    writeFileSync(join(node.etc, 'a', 'theirs'), '');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(readdirSync(node.etc, { recursive: true }).sort()).toEqual(['a', 'a/theirs']);
  });

  it('puts back nothing of a change that is judged where somebody edited, and lets nobody confirm it any more', async () => {
    const [first, second] = [node.file('first'), node.file('second')];
    await node.applied([editTo(first, 'new'), editTo(second, 'new')]);
    writeFileSync(second, 'somebody');
    const before = node.tree();
    expect(said(await revert(node.session, 'r1', 'restart', 'the test'))).toEqual({ word: 'conflict', detail: second });
    expect(node.tree()).toEqual(before);
    expect(await node.confirm()).toEqual({ word: 'state', detail: 'reverting' });
    expect(await node.beat()).toEqual({ word: 'state', detail: 'reverting' });
    writeFileSync(second, 'old\n');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(readFileSync(first, 'utf8')).toBe('old\n');
  });
});
