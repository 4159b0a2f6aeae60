import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arm, prepare, revert, write } from '../../src/change/transaction.js';
import { createAt, editTo, isRoot, modeTo, program, shells } from './node-shell.js';
import { old, options, said, useNode } from './txn-node.js';

// Mounts and other owners need root.
describe.runIf(isRoot).each(shells)('txn.sh on disks of all kinds under $name', (shell) => {
  const node = useNode(shell);

  it('keeps owners that are not root, and restores them', async () => {
    const path = node.file('a', 'old', 0o755);
    chownSync(path, 1234, 4321);
    utimesSync(path, old, old);
    const other = node.file('b', 'x', 0o640);
    chownSync(other, 77, 78);
    const before = node.tree();
    await node.applied([editTo(path, 'new'), modeTo(other, '0600', { uid: 0, gid: 0 })]);
    const now = [statSync(path), statSync(other)].map((one) => [one.uid, one.gid, one.mode & 0o7777]);
    expect(now).toEqual([
      [1234, 4321, 0o755],
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

  it('refuses where its own folder is lost with the power', async () => {
    const path = node.file('a');
    const before = node.tree();
    const memory = {
      word: 'error',
      detail: `${node.place.root}/txn is in memory, so the change could not be reverted after a power failure`,
    };
    const asked = (env: Readonly<Record<string, string>>) =>
      prepare(node.place.session(shell, env), 'r1', options([editTo(path, 'new')]));
    // The folder of these tests, where there is one in memory; this one nobody but root can change.
    const root = mkdtempSync('/var/lib/kubelatch-disk-');
    try {
      const kind = spawnSync('stat', ['-f', '-c', '%T', node.place.root.replace(/\/var.*/, '')], {
        encoding: 'utf8',
      }).stdout.trim();
      const own = said(await asked({ PLACE_VOLATILE: 'tmpfs ramfs' }));
      expect(own).toEqual(kind === 'tmpfs' ? memory : { word: 'prepared', detail: '' });
      await revert(node.session, 'r1', 'files-only', 'the test');
      const mounts = join(root, 'mounts');
      const onDisk = {
        PLACE_VOLATILE: 'tmpfs ramfs',
        PLACE_STATE: join(root, 'state'),
        PLACE_UNITS: join(root, 'units'),
        PLACE_MOUNTS: mounts,
      };
      mkdirSync(join(root, 'units'));
      const lines = [
        '1 0 0:1 / / rw - ext4 /dev/sda rw',
        `2 1 0:2 / ${root}/state rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/dev/shm,workdir=/w`,
      ];
      writeFileSync(mounts, `${lines.join('\n')}\n`);
      expect(said(await asked(onDisk)).detail).toMatch(/state\/txn is in memory/);
      // One below it hides it.
      writeFileSync(mounts, `${lines.join('\n')}\n3 2 0:3 / ${root}/state/txn rw - ext4 /dev/sdb rw\n`);
      expect(said(await asked(onDisk)).word).toBe('prepared');
      await revert(node.place.session(shell, onDisk), 'r1', 'files-only', 'the test');
      expect(node.tree()).toEqual(before);
    } finally {
      rmSync(root, { recursive: true });
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
      expect(answer).toMatchObject({ word: 'put-back', ailment: undefined });
      expect(answer.detail).toMatch(/busy/i);
      expect(node.stateOf()).toBe('reverted');
      expect((await node.kept())?.verdict).toMatch(/^reverted immediately, because writing failed: .*busy/i);
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
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'none', dir]).status).toBe(0);
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
      expect(answer).toMatchObject({ word: 'error', ailment: 'no-space' });
      expect(answer.detail).toContain('No space left on device');
      node.nothingLeft(before);
    }));

  it('blames the disk by what it does, not by the words of a tool in whatever language', () =>
    mounted(node.etc, '256k', async () => {
      const path = node.file('a');
      const tool = `#!/bin/sh\necho "$0: kein Speicherplatz mehr verfügbar" >&2\nexit 1\n`;
      program(join(node.place.bin, 'chown'), tool);
      expect((await node.prepared([editTo(path, 'new')])).ailment).toBeUndefined();
      writeFileSync(join(node.etc, 'filler'), Buffer.alloc(62 * 4096));
      const answer = await node.prepared([editTo(path, 'new')]);
      expect(answer).toMatchObject({ word: 'error', ailment: 'no-space' });
    }));

  it('says that of a disk without a free inode too', async () => {
    mkdirSync(node.etc, { recursive: true });
    await mounted(node.etc, '1m,nr_inodes=4', async () => {
      const path = node.file('a');
      const before = node.tree();
      for (const name of ['b', 'c']) node.file(name);
      expect(await node.prepared([editTo(path, 'new')])).toMatchObject({ word: 'error', ailment: 'no-space' });
      for (const name of ['b', 'c']) rmSync(join(node.etc, name));
      node.nothingLeft(before);
    });
  });

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
        expect(last?.ailment).toBe('no-space');
      }
      expect(node.tree()).toEqual(before);
    });
  });

  it.each(['arm', 'write', 'confirm', 'revert', 'rollback', 'switch', 'boot'])(
    'has no space left at the time of %s, on any of its disks: all or nothing, and it ends once there is space',
    async (verb) => {
      const fill = (dir: string): void => {
        spawnSync('sh', ['-c', `head -c 100000000 /dev/zero >'${join(dir, 'filler')}'`]);
      };
      const disks = (): string[] => [node.etc, node.place.root, node.place.units];
      const before: Record<string, string> = {};
      const look = (): Record<string, string> => {
        const all = Object.entries(node.tree()).filter(([name]) => name !== 'filler' && !name.includes('.kubelatch'));
        return Object.fromEntries(all.map(([name, text]) => [name, text]));
      };
      for (const full of [0, 1, 2, -1]) {
        await mounted(node.etc, '256k', () =>
          mounted(node.place.root, '512k', () =>
            mounted(node.place.units, '64k', async () => {
              mkdirSync(join(node.place.units, 'multi-user.target.wants'));
              node.fast();
              const path = node.file('a');
              const edits = [
                editTo(path, 'new'),
                createAt(join(node.etc, 'd', 'x'), 'x'),
                modeTo(node.file('b'), '0600'),
              ];
              Object.assign(before, look());
              if (verb === 'arm') await node.prepared(edits);
              else if (verb === 'write') await node.armed(edits);
              else await node.applied(edits);
              if (verb === 'rollback') await node.confirm();
              const after = look();
              if (verb === 'switch') writeFileSync(node.of('deadline'), '1\n');
              for (const [index, disk] of disks().entries()) if (full === -1 || full === index) fill(disk);
              if (verb === 'boot') node.goDown();
              const where = [verb, full];
              if (verb === 'arm') {
                const { word, ailment } = said(await arm(node.session, 'r1', { deadline: 60, cap: 90 }));
                expect([...where, word]).toEqual([...where, full === 0 ? 'armed' : 'error']);
                expect([...where, ailment]).toEqual([...where, full === 0 ? undefined : 'no-space']);
                if (word === 'error') expect([...where, look(), node.unitFiles()]).toEqual([...where, before, []]);
              } else if (verb === 'write') {
                const { word, ailment } = said(await write(node.session, 'r1'));
                expect([...where, word]).toEqual([...where, expect.stringMatching(/^(applied|error|put-back)$/)]);
                expect([...where, ailment]).toEqual([...where, word === 'applied' ? undefined : 'no-space']);
                if (word !== 'applied') expect([...where, look(), node.unitFiles()]).toEqual([...where, before, []]);
              } else if (verb === 'confirm') {
                expect([...where, (await node.confirm()).word]).toEqual([...where, 'confirmed']);
                expect([...where, (await node.confirm()).word]).toEqual([...where, 'confirmed']);
                expect([...where, look(), node.unitFiles()]).toEqual([...where, after, []]);
              } else if (verb === 'revert') {
                expect([...where, said(await revert(node.session, 'r1', 'restart', 'x')).word]).toEqual([
                  ...where,
                  'reverted',
                ]);
              } else if (verb === 'rollback') {
                const { word } = said(await revert(node.session, 'r1', 'restart', 'x'));
                expect([...where, word]).toEqual([...where, expect.stringMatching(/^(reverted|error|broken)$/)]);
                if (word === 'error') expect([...where, look(), node.unitFiles()]).toEqual([...where, after, []]);
              } else {
                expect([...where, (await node.unit(verb === 'switch' ? 'switch' : 'boot')).code]).toEqual([
                  ...where,
                  0,
                ]);
                expect([...where, look(), node.unitFiles()]).toEqual([...where, before, []]);
              }
              for (const disk of disks()) rmSync(join(disk, 'filler'), { force: true });
              const { word } = said(await revert(node.session, 'r1', 'restart', 'x'));
              expect([...where, word]).toEqual([...where, expect.stringMatching(/^(reverted|nothing|none)$/)]);
              expect([...where, look(), node.unitFiles()]).toEqual([...where, before, []]);
            }),
          ),
        );
      }
    },
    120_000,
  );

  it('meets a read-only file system: nothing is changed', async () => {
    const said = expect.stringContaining('Read-only file system') as string;
    const readOnly = { word: 'error', detail: said, ailment: 'read-only' };
    const path = node.file('a');
    await mounted(node.place.root, '1m', async () => {
      mkdirSync(join(node.place.root, 'txn'));
      spawnSync('mount', ['-o', 'remount,ro', node.place.root]);
      const answer = await node.prepared([editTo(path, 'new')]);
      expect(answer).toEqual(readOnly);
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
        expect(answer).toEqual(readOnly);
        node.nothingLeft(before);
      }
    });
  });
});
