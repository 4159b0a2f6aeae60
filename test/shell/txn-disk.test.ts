import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { revert, write } from '../../src/apply/node-transaction.js';
import { createAt, editTo, isRoot, modeTo, shells } from './node-shell.js';
import { old, said, useNode } from './txn-node.js';

// Mounts and other owners need root.
describe.runIf(isRoot).each(shells)('txn.sh on disks of all kinds under $name', (shell) => {
  const node = useNode(shell);

  it('keeps owners that are not root, and restores them', async () => {
    const path = node.file('a', 'old', 0o4755);
    chownSync(path, 1234, 4321);
    chmodSync(path, 0o4755);
    utimesSync(path, old, old);
    const other = node.file('b', 'x', 0o640);
    chownSync(other, 77, 78);
    const before = node.tree();
    await node.applied([editTo(path, 'new'), modeTo(other, '0600', { uid: 0, gid: 0 })]);
    const now = [statSync(path), statSync(other)].map((one) => [one.uid, one.gid, one.mode & 0o7777]);
    expect(now).toEqual([
      [1234, 4321, 0o4755],
      [0, 0, 0o600],
    ]);
    await revert(node.session, 'r1', 'restart', 'the test');
    expect(node.tree()).toEqual(before);
  });

  it('writes directly below /', async () => {
    const path = `/kubelatch-${node.place.dir.slice(-6)}`;
    try {
      await node.applied([createAt(path, 'x')]);
      expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
      expect(existsSync(path)).toBe(false);
    } finally {
      rmSync(path, { force: true });
    }
  });

  it('puts the first file back where the second cannot be written', async () => {
    const [first, second] = [node.file('first'), node.file('second')];
    const before = node.tree();
    await node.armed([editTo(first, 'new'), createAt(join(node.etc, 'd', 'x'), 'x'), editTo(second, 'new')]);
    // Stands for a file that may not be replaced: immutable, or the place where something is mounted.
    spawnSync('mount', ['--bind', second, second]);
    try {
      const answer = said(await write(node.session, 'r1'));
      expect(answer.word).toBe('put-back');
      expect(answer.detail).toMatch(/busy/i);
      expect(node.stateOf()).toBe('reverted');
      expect((await node.kept())?.verdict).toMatch(/^put back at once: .*busy/i);
      node.disarmed();
    } finally {
      spawnSync('umount', [second]);
    }
    expect(node.tree()).toEqual(before);
    expect(said(await revert(node.session, 'r1', 'restart', 'the test'))).toEqual({
      word: 'reverted',
      detail: 'already',
    });
  });

  const mounted = async (dir: string, size: string, work: () => Promise<void>): Promise<void> => {
    mkdirSync(dir, { recursive: true });
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', dir]).status).toBe(0);
    try {
      await work();
    } finally {
      spawnSync('umount', [dir]);
    }
  };

  it('has no space for the new file: nothing is changed', () =>
    mounted(node.etc, '64k', async () => {
      const path = node.file('a');
      const before = node.tree();
      const answer = await node.prepared([editTo(path, 'x'.repeat(100_000))]);
      expect(answer.word).toBe('error');
      expect(answer.detail).toContain('No space left on device');
      node.nothingLeft(before);
    }));

  it.each([1, 3, 5, 7])('has %i pages left for the transaction: all or nothing', async (pages) => {
    const [path, other] = [node.file('a'), node.file('b')];
    const before = node.tree();
    await mounted(node.place.root, '64k', async () => {
      mkdirSync(join(node.place.root, 'txn'), { mode: 0o700 });
      writeFileSync(join(node.place.root, 'filler'), Buffer.alloc((16 - pages) * 4096));
      const answers = [await node.prepared([editTo(path, 'new'), editTo(other, 'new')])];
      if (answers[0]?.word === 'prepared') answers.push(said(await write(node.session, 'r1')));
      const last = answers.at(-1);
      if (last?.word === 'applied') {
        expect(readFileSync(path, 'utf8') + readFileSync(other, 'utf8')).toBe('newnew');
        rmSync(join(node.place.root, 'filler'));
        expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
      } else {
        expect(last?.word).toMatch(/^(error|put-back)$/);
        expect(last?.detail).toContain('No space left on device');
      }
      expect(node.tree()).toEqual(before);
    });
  });

  it('meets a read-only file system: nothing is changed', async () => {
    const path = node.file('a');
    await mounted(node.place.root, '1m', async () => {
      mkdirSync(join(node.place.root, 'txn'));
      spawnSync('mount', ['-o', 'remount,ro', node.place.root]);
      const answer = await node.prepared([editTo(path, 'new')]);
      expect(answer).toEqual({ word: 'error', detail: expect.stringContaining('Read-only file system') as string });
    });
    await mounted(join(node.etc, 'ro'), '1m', async () => {
      const edits = [
        [editTo(node.file('ro/a'), 'new')],
        [modeTo(node.file('ro/b'), '0600')],
        [createAt(join(node.etc, 'ro', 'd', 'x'), 'x')],
      ];
      spawnSync('mount', ['-o', 'remount,ro', join(node.etc, 'ro')]);
      const before = node.tree();
      for (const one of edits) {
        const answer = await node.prepared([editTo(path, 'new'), ...one]);
        expect(answer).toEqual({ word: 'error', detail: expect.stringContaining('Read-only file system') as string });
        node.nothingLeft(before);
      }
    });
  });
});
