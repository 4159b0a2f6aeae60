import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
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
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type PrepareOptions,
  type TxnAbout,
  type TxnAnswer,
  type TxnResult,
  confirm,
  listTransactions,
  prepare,
  restart,
  revert,
  write,
} from '../../src/apply/node-transaction.js';
import { script } from '../../src/node/scripts.js';
import type { FileEdit } from '../../src/plan/file-edit.js';
import type { Session } from '../../src/ssh/session.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';
import {
  type Place,
  type Tree,
  coarse,
  createAt,
  editTo,
  isRoot,
  makePlace,
  modeTo,
  put,
  runText,
  sha256,
  shells,
  treeOf,
} from './node-shell.js';

const about = { run: 'r1', cluster: 'lab "1"', host: 'n1', operator: 'ä\n$(touch x)' } as unknown as TxnAbout;

function said(result: TxnResult): TxnAnswer {
  if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.message}`);
  return result.value;
}

const options = (edits: readonly FileEdit[], over: Partial<PrepareOptions> = {}): PrepareOptions => ({
  unit: 'kubelet.service',
  restart: true,
  reload: false,
  about,
  edits,
  ...over,
});

const old = new Date(1_600_000_000_123);

describe.each(shells)('txn.sh under $name', (shell) => {
  let place: Place;
  let session: Session;
  let etc: string;
  const exact = (tree: Tree): Tree => (shell.onlyBusybox === true ? coarse(tree) : tree);
  const tree = (): Tree => exact(treeOf(etc));
  const prepared = async (edits: readonly FileEdit[], id = 'r1'): Promise<TxnAnswer> =>
    said(await prepare(session, id, options(edits)));
  const stateOf = (id = 'r1'): string => readFileSync(join(place.root, 'txn', id, 'state'), 'utf8').trim();
  const file = (name: string, content: string | Buffer = 'old\n', mode = 0o644): string => {
    const path = join(etc, name);
    put(path, content, mode);
    utimesSync(path, old, old);
    return path;
  };

  beforeEach(() => {
    place = makePlace();
    etc = join(place.dir, 'etc');
    mkdirSync(etc);
    session = place.session(shell);
  });
  afterEach(() => place.remove());

  it('writes, restarts, confirms, and puts every byte and all metadata back later', async () => {
    const config = file('config.yaml', Buffer.from([0, 255, 10, 13, 39, 34, 92, 10, 10]), 0o640);
    const env = file('kubelet.env', 'A=1\n', 0o600);
    const key = file('kubelet.conf', 'k', 0o666);
    const unit = join(etc, 'systemd', 'kubelet.service.d', 'zz.conf');
    const before = tree();
    const edits = [
      editTo(config, 'a: ü\r\nb: "$x `y` \\z"', { mode: '0600' }),
      editTo(env, ''),
      createAt(unit, '[Service]\n', '0644'),
      modeTo(key, '0600'),
    ];
    expect(await prepared(edits)).toEqual({ word: 'prepared', detail: '' });
    expect(readFileSync(config)[0]).toBe(0);
    expect(said(await write(session, 'r1')).word).toBe('applied');
    expect(readFileSync(config, 'utf8')).toBe('a: ü\r\nb: "$x `y` \\z"');
    expect(readFileSync(env, 'utf8')).toBe('');
    expect(readFileSync(unit, 'utf8')).toBe('[Service]\n');
    const modes = [config, env, unit, key].map((path) => (statSync(path).mode & 0o7777).toString(8));
    expect(modes).toEqual(['600', '600', '644', '600']);
    expect((statSync(join(etc, 'systemd')).mode & 0o7777).toString(8)).toBe('755');
    expect(place.systemctlCalls()).toEqual([]);
    expect(said(await restart(session, 'r1')).word).toBe('restarted');
    expect(place.systemctlCalls()).toEqual(['reset-failed -- kubelet.service', 'restart -- kubelet.service']);
    expect(said(await confirm(session, 'r1'))).toEqual({ word: 'confirmed', detail: '' });
    expect(said(await confirm(session, 'r1'))).toEqual({ word: 'confirmed', detail: 'already' });
    expect(said(await write(session, 'r1'))).toEqual({ word: 'state', detail: 'confirmed' });
    expect(said(await restart(session, 'r1'))).toEqual({ word: 'state', detail: 'confirmed' });

    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
    expect(tree()).toEqual(before);
    expect(place.systemctlCalls().slice(2)).toEqual(['reset-failed -- kubelet.service', 'restart -- kubelet.service']);
    expect(said(await revert(session, 'r1', 'restart'))).toEqual({ word: 'reverted', detail: 'already' });
    expect(place.systemctlCalls()).toHaveLength(4);
    expect(said(await confirm(session, 'r1'))).toEqual({ word: 'state', detail: 'reverted' });
  });

  it('keeps all of it from other users', async () => {
    await prepared([editTo(file('a'), 'new')]);
    expect((statSync(place.root).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(place.root, 'txn', 'r1')).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(place.root, 'txn', 'r1', 'new', '1')).mode & 0o777).toString(8)).toBe('600');
  });

  it('reads unit files again where they change', async () => {
    const edits = [createAt(join(etc, 'x.conf'), 'x')];
    await prepare(session, 'r1', options(edits, { reload: true }));
    await write(session, 'r1');
    await restart(session, 'r1');
    await revert(session, 'r1', 'files-only');
    const restarted = ['reset-failed -- kubelet.service', 'restart -- kubelet.service'];
    expect(place.systemctlCalls()).toEqual(['daemon-reload', ...restarted, 'daemon-reload']);
  });

  it('restarts without any file', async () => {
    expect((await prepared([])).word).toBe('prepared');
    expect(said(await write(session, 'r1')).word).toBe('applied');
    expect(said(await restart(session, 'r1')).word).toBe('restarted');
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
  });

  it('restarts nothing where only modes change', async () => {
    const path = file('a', 'x', 0o644);
    await prepare(session, 'r1', options([modeTo(path, '0600')], { restart: false }));
    await write(session, 'r1');
    await restart(session, 'r1');
    expect(place.systemctlCalls()).toEqual([]);
  });

  it('says when a restart fails, and can try again to put back', async () => {
    const path = file('a');
    await prepared([editTo(path, 'new')]);
    await write(session, 'r1');
    writeFileSync(join(place.dir, 'systemctl.fails'), '');
    expect(said(await restart(session, 'r1'))).toEqual({ word: 'restart-failed', detail: 'Job failed.' });
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('restart-failed');
    expect([readFileSync(path, 'utf8'), stateOf()]).toEqual(['old\n', 'reverting']);
    rmSync(join(place.dir, 'systemctl.fails'));
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
  });

  it('takes any bytes and any name', async () => {
    const names = [` it's "q"`, '-rf', '$(touch x)`x`', 'a\\nb', 'ünïcödé *', '%s ~;'];
    const paths = names.map((name) => file(join(`dir ${name}`, name), `old ${name}`));
    const new_ = join(etc, "-made 'here'", '-x y');
    const before = tree();
    const content = (index: number): string => `${'\u0000\u0001'.repeat(index)}'"\\ ${names[index] ?? ''} \u{1f600}`;
    const edits = paths.map((path, index) => editTo(path, content(index)));
    expect((await prepared([...edits, createAt(new_, 'n')])).word).toBe('prepared');
    expect(said(await write(session, 'r1')).word).toBe('applied');
    paths.forEach((path, index) => expect(readFileSync(path, 'utf8')).toBe(content(index)));
    expect(readFileSync(new_, 'utf8')).toBe('n');
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
    expect(tree()).toEqual(before);
  });

  it('takes bytes that are no text', async () => {
    const path = file('bytes');
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
    const words = ['edit', path, sha256('old\n'), '0644', `${statSync(path).uid}:${statSync(path).gid}`];
    const after = [bytes.toString('base64'), '0644', words[4] ?? ''];
    await session.run(script('txn'), ['prepare', 'r1', '', 'no', '5', '', ...words, ...after], { deadline: 1 });
    await write(session, 'r1');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  const nothingLeft = (before: Tree, id = 'r1'): void => {
    expect(tree()).toEqual(before);
    expect(existsSync(join(place.root, 'txn', id))).toBe(false);
  };

  it.each<[string, (path: string) => void]>([
    ['content', (path) => [appendFileSync(path, 'x'), utimesSync(path, old, old)]],
    ['mode', (path) => chmodSync(path, 0o600)],
    ['absence', (path) => rmSync(path)],
    ['a link in its place', (path) => [renameSync(path, `${path}.real`), symlinkSync(`${path}.real`, path)]],
    ['a folder in its place', (path) => [rmSync(path), mkdirSync(path)]],
  ])('refuses a file whose %s is not that of the plan, at prepare and at write', async (_, change) => {
    const [first, second] = [file('first'), file('second')];
    const edits = [
      createAt(join(etc, 'made', 'for', 'this'), 'n'),
      editTo(first, 'new 1'),
      editTo(second, 'new 2'),
      modeTo(file('third'), '0600'),
    ];
    const copy = join(place.dir, 'copy');
    spawnSync('cp', ['-a', etc, copy]);
    change(second);
    const before = tree();
    expect(await prepared(edits)).toEqual({ word: 'changed', detail: second });
    nothingLeft(before);

    rmSync(etc, { recursive: true });
    spawnSync('cp', ['-a', copy, etc]);
    expect((await prepared(edits)).word).toBe('prepared');
    change(second);
    expect(said(await write(session, 'r1'))).toEqual({ word: 'changed', detail: second });
    nothingLeft(before);
  });

  it('refuses to create what is there, be it a dangling link', async () => {
    const path = join(etc, 'x');
    const edit = createAt(path, 'x');
    symlinkSync('/nowhere', path);
    expect((await prepared([edit])).word).toBe('changed');
    rmSync(path);
    expect((await prepared([edit])).word).toBe('prepared');
    writeFileSync(path, 'somebody');
    expect(said(await write(session, 'r1')).word).toBe('changed');
    expect([readFileSync(path, 'utf8'), readdirSync(etc)]).toEqual(['somebody', ['x']]);
  });

  it('puts back all or nothing, and never over an edit of somebody else', async () => {
    const [first, second] = [file('first'), file('second')];
    const made = join(etc, 'd', 'made');
    const changes: readonly (readonly [string, () => void])[] = [
      [second, () => writeFileSync(second, 'somebody')],
      [second, () => rmSync(second)],
      [second, () => chmodSync(second, 0o611)],
      [second, () => [rmSync(second), symlinkSync(first, second)]],
      [made, () => writeFileSync(made, 'somebody')],
      [made, () => [rmSync(made), symlinkSync('/nowhere', made)]],
    ];
    const edits = [editTo(first, 'new'), editTo(second, 'new'), createAt(made, 'new')];
    await prepared(edits);
    await write(session, 'r1');
    await confirm(session, 'r1');
    const copy = join(place.dir, 'copy');
    spawnSync('cp', ['-a', etc, copy]);
    for (const [path, change] of changes) {
      change();
      const before = tree();
      expect(said(await revert(session, 'r1', 'restart'))).toEqual({ word: 'conflict', detail: path });
      expect(tree()).toEqual(before);
      expect(stateOf()).toBe('confirmed');
      rmSync(etc, { recursive: true });
      spawnSync('cp', ['-a', copy, etc]);
    }
    expect(place.systemctlCalls()).toEqual([]);
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
  });

  it('puts a mode back though the content changed since, and leaves that content', async () => {
    const path = file('kubelet.conf', 'one', 0o644);
    await prepared([modeTo(path, '0600')]);
    await write(session, 'r1');
    writeFileSync(path, 'two');
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['two', 0o644]);
  });

  it('leaves a folder that it made where somebody else put something in', async () => {
    await prepared([createAt(join(etc, 'a', 'b', 'made'), 'x')]);
    await write(session, 'r1');
    writeFileSync(join(etc, 'a', 'theirs'), '');
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
    expect(readdirSync(etc, { recursive: true }).sort()).toEqual(['a', 'a/theirs']);
  });

  it('has one change under way at a time', async () => {
    const [first, second] = [file('first'), file('second')];
    await prepared([editTo(first, 'new')], 'one');
    const before = tree();
    await prepared([editTo(second, 'new')], 'two');
    await write(session, 'one');
    expect(said(await write(session, 'two'))).toEqual({ word: 'pending', detail: 'one' });
    expect(existsSync(join(place.root, 'txn', 'two'))).toBe(false);
    expect(await prepared([editTo(second, 'new')], 'three')).toEqual({ word: 'pending', detail: 'one' });
    expect(existsSync(join(place.root, 'txn', 'three'))).toBe(false);
    expect(await prepared([], 'one')).toEqual({ word: 'exists', detail: '' });
    await confirm(session, 'one');
    expect(await prepared([], 'one')).toEqual({ word: 'exists', detail: '' });
    expect((await prepared([editTo(second, 'new')], 'four')).word).toBe('prepared');
    expect(said(await revert(session, 'four', 'restart'))).toEqual({ word: 'nothing', detail: '' });
    expect(said(await revert(session, 'one', 'restart')).word).toBe('reverted');
    expect(Object.keys(tree())).toEqual(Object.keys(before).filter((name) => !name.startsWith('.kubelatch')));
    expect(place.systemctlCalls()).toHaveLength(2);
  });

  it('ends an interrupted write with the old files', async () => {
    const paths = ['a', 'b', 'c'].map((name) => file(name, `old ${name}`));
    const before = tree();
    await prepared([...paths.map((path) => editTo(path, `new ${path}`)), createAt(join(etc, 'd', 'made'), 'x')]);
    writeFileSync(join(place.root, 'txn', 'r1', 'state'), 'writing\n');
    renameSync(join(etc, '.kubelatch-r1-1.tmp'), paths[0] ?? '');
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
    expect(tree()).toEqual(before);
  });

  it('cleans up after a prepare that was cut short', async () => {
    const path = file('a');
    const before = tree();
    await prepared([editTo(path, 'new'), createAt(join(etc, 'd', 'made'), 'x')]);
    rmSync(join(place.root, 'txn', 'r1', 'state'));
    expect(said(await revert(session, 'r1', 'restart')).word).toBe('nothing');
    nothingLeft(before);
  });

  it('lists what the node keeps', async () => {
    expect(await listTransactions(session)).toEqual({ ok: true, value: [] });
    await prepared([editTo(file('a'), 'new')]);
    await prepared([], 'r2');
    await write(session, 'r2');
    const listed = await listTransactions(session);
    expect(listed).toEqual({
      ok: true,
      value: [
        { id: 'r1', state: 'prepared', about },
        { id: 'r2', state: 'applied', about },
      ],
    });
    expect(said(await write(session, 'r3')).word).toBe('none');
  });

  it.each(['', '../x', 'a b', 'a/b', '.', 'ä'])('takes no id such as %j', async (id) => {
    const ran = await session.run(script('txn'), ['revert', id, 'restart'], { deadline: 1 });
    expect(ran.ok && ran.value.code).toBe(97);
  });

  it('runs no other function as a verb', async () => {
    await prepared([]);
    const ran = await session.run(script('txn'), ['discard', 'r1'], { deadline: 1 });
    expect(ran.ok && ran.value.code).toBe(97);
    expect(stateOf()).toBe('prepared');
  });

  it('does nothing where its end was lost on the way', () => {
    const path = file('a');
    const words = ['prepare', 'r1', 'u', 'no', '5', '', 'mode', path, '?', '0644', '0:0', '-', '0600', '0:0'];
    const text = stdinOf(script('txn'), words);
    const env = { PATH: process.env['PATH'] ?? '', KUBELATCH_ROOT: place.root, PLACE: place.dir };
    // Up to the last line: with all before it, the script is complete.
    const most = text.lastIndexOf('}');
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index + 1).filter((end) => end <= most);
    const chosen = ends.filter((_, index) => index % 20 === 0 || index > ends.length - 6);
    for (const cut of [...chosen, 5, 40, most - 3]) {
      const ran = runText(shell, text.slice(0, cut), env);
      expect([cut, ran.stdout.toString(), existsSync(place.root)]).toEqual([cut, '', false]);
    }
  });

  describe.runIf(isRoot)('as root', () => {
    it('keeps owners that are not root, and restores them', async () => {
      const path = file('a', 'old', 0o4755);
      chownSync(path, 1234, 4321);
      chmodSync(path, 0o4755);
      utimesSync(path, old, old);
      const other = file('b', 'x', 0o640);
      chownSync(other, 77, 78);
      const before = tree();
      await prepared([editTo(path, 'new'), modeTo(other, '0600', { uid: 0, gid: 0 })]);
      await write(session, 'r1');
      const now = [statSync(path), statSync(other)].map((one) => [one.uid, one.gid, one.mode & 0o7777]);
      expect(now).toEqual([
        [1234, 4321, 0o4755],
        [0, 0, 0o600],
      ]);
      await revert(session, 'r1', 'restart');
      expect(tree()).toEqual(before);
    });

    it('writes directly below /', async () => {
      const path = `/kubelatch-${place.dir.slice(-6)}`;
      try {
        expect((await prepared([createAt(path, 'x')])).word).toBe('prepared');
        expect(said(await write(session, 'r1')).word).toBe('applied');
        expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
        expect(existsSync(path)).toBe(false);
      } finally {
        rmSync(path, { force: true });
      }
    });

    it('puts the first file back where the second cannot be written', async () => {
      const [first, second] = [file('first'), file('second')];
      const before = tree();
      await prepared([editTo(first, 'new'), createAt(join(etc, 'd', 'x'), 'x'), editTo(second, 'new')]);
      // Stands for a file that may not be replaced: immutable, or the place where something is mounted.
      spawnSync('mount', ['--bind', second, second]);
      try {
        const answer = said(await write(session, 'r1'));
        expect(answer.word).toBe('put-back');
        expect(answer.detail).toMatch(/busy/i);
        expect(stateOf()).toBe('reverted');
      } finally {
        spawnSync('umount', [second]);
      }
      expect(tree()).toEqual(before);
      expect(said(await revert(session, 'r1', 'restart'))).toEqual({ word: 'reverted', detail: 'already' });
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
      mounted(etc, '64k', async () => {
        const path = file('a');
        const before = tree();
        const answer = await prepared([editTo(path, 'x'.repeat(100_000))]);
        expect(answer.word).toBe('error');
        expect(answer.detail).toContain('No space left on device');
        nothingLeft(before);
      }));

    it.each([1, 3, 5, 7])('has %i pages left for the transaction: all or nothing', async (pages) => {
      const [path, other] = [file('a'), file('b')];
      const before = tree();
      await mounted(place.root, '64k', async () => {
        mkdirSync(join(place.root, 'txn'), { mode: 0o700 });
        writeFileSync(join(place.root, 'filler'), Buffer.alloc((16 - pages) * 4096));
        const answers = [await prepared([editTo(path, 'new'), editTo(other, 'new')])];
        if (answers[0]?.word === 'prepared') answers.push(said(await write(session, 'r1')));
        const last = answers.at(-1);
        if (last?.word === 'applied') {
          expect(readFileSync(path, 'utf8') + readFileSync(other, 'utf8')).toBe('newnew');
          rmSync(join(place.root, 'filler'));
          expect(said(await revert(session, 'r1', 'restart')).word).toBe('reverted');
        } else {
          expect(last?.word).toMatch(/^(error|put-back)$/);
          expect(last?.detail).toContain('No space left on device');
        }
        expect(tree()).toEqual(before);
      });
    });

    it('meets a read-only file system: nothing is changed', async () => {
      const path = file('a');
      await mounted(place.root, '1m', async () => {
        mkdirSync(join(place.root, 'txn'));
        spawnSync('mount', ['-o', 'remount,ro', place.root]);
        const answer = await prepared([editTo(path, 'new')]);
        expect(answer).toEqual({ word: 'error', detail: expect.stringContaining('Read-only file system') as string });
      });
      await mounted(join(etc, 'ro'), '1m', async () => {
        const edits = [
          [editTo(file('ro/a'), 'new')],
          [modeTo(file('ro/b'), '0600')],
          [createAt(join(etc, 'ro', 'd', 'x'), 'x')],
        ];
        spawnSync('mount', ['-o', 'remount,ro', join(etc, 'ro')]);
        const before = tree();
        for (const one of edits) {
          const answer = await prepared([editTo(path, 'new'), ...one]);
          expect(answer).toEqual({ word: 'error', detail: expect.stringContaining('Read-only file system') as string });
          nothingLeft(before);
        }
      });
    });
  });
});
