import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arm, listTransactions, parseHolder, prune, revert, uninstall, write } from '../../src/change/transaction.js';
import { createAt, editTo, shells, program } from './node-shell.js';
import { about, said, useNode } from './txn-node.js';

describe.each(shells)('what a node keeps and gives back under $name', (shell) => {
  const node = useNode(shell);
  const by = 'the test';
  const ids = (): string[] =>
    readdirSync(join(node.place.root, 'txn'))
      .filter((name) => name !== 'lock')
      .sort();
  const finished = async (id: string, edits: Parameters<typeof node.applied>[0] = []): Promise<void> => {
    await node.applied(edits, id);
    expect((await node.confirm(id)).word).toBe('confirmed');
  };

  it('tells who holds it, in whichever state, and whatever the owner is called', async () => {
    const operator = 'eve\u001b]0;x\u0007 $(id) `id` \\n \'q\' "q" r2 applied 1 2';
    await node.prepared([], 'one', { about: { ...about, operator } });
    const owner = expect.stringMatching(/^eve.*\$\(id\) `id` \\n 'q' "q" r2 applied 1 2$/) as string;
    const asked = async (): Promise<unknown> => {
      const answer = await node.prepared([], 'two');
      expect([answer.word, existsSync(node.of('', 'two'))]).toEqual(['pending', false]);
      expect(answer.detail).not.toMatch(/[\u0000-\u001f]/);
      return parseHolder(answer.detail);
    };
    const age = expect.any(Number) as number;
    expect(await asked()).toEqual({ run: 'one', state: 'prepared', age, left: undefined, owner });
    await arm(node.session, 'one', { deadline: 60, cap: 90 });
    const left = expect.toSatisfy((seconds: number) => seconds > 30 && seconds <= 60) as number;
    expect(await asked()).toEqual({ run: 'one', state: 'armed', age, left, owner });
    await write(node.session, 'one');
    expect(await asked()).toEqual({ run: 'one', state: 'applied', age, left, owner });
    node.goDown('one');
    expect(await asked()).toEqual({ run: 'one', state: 'applied', age: undefined, left: undefined, owner });
    expect(await node.prepared([], 'one')).toEqual({ word: 'exists', detail: '' });
  });

  it('takes away what was prepared and left, after its time or after a start of the machine', async () => {
    const path = node.file('a');
    const before = node.tree();
    const edits = [editTo(path, 'new'), createAt(join(node.etc, 'd', 'x'), 'x')];
    for (const [id, leave] of [
      [
        'one',
        () => {
          writeFileSync(node.of('hold', 'one'), '0\n');
        },
      ],
      [
        'two',
        () => {
          node.goDown('two');
        },
      ],
      [
        'three',
        () => {
          rmSync(node.of('began', 'three'));
        },
      ],
      [
        'four',
        () => {
          rmSync(node.of('state', 'four'));
          writeFileSync(node.of('hold', 'four'), '0\n');
        },
      ],
    ] as const) {
      expect((await node.prepared(edits, id)).word).toBe('prepared');
      expect((await node.prepared([], 'other')).word).toBe('pending');
      leave();
      expect((await node.prepared([], 'other')).word).toBe('prepared');
      node.nothingLeft(before, id);
      expect(said(await revert(node.session, 'other', 'restart', by)).word).toBe('nothing');
    }
  });

  it('has one change under way at a time', async () => {
    const [first, second] = [node.file('first'), node.file('second')];
    const before = node.tree();
    await node.applied([editTo(first, 'new')], 'one');
    const pending = { word: 'pending', detail: expect.stringMatching(/^one applied \d+ \d+ ä/) as string };
    expect(await node.prepared([editTo(second, 'new')], 'two')).toEqual(pending);
    await node.confirm('one');
    await node.applied([editTo(second, 'new')], 'two');
    const two = { word: 'pending', detail: expect.stringMatching(/^two applied /) as string };
    expect(said(await revert(node.session, 'one', 'restart', by))).toEqual(two);
    expect(readFileSync(first, 'utf8')).toBe('new');
    expect(said(await revert(node.session, 'two', 'restart', by)).word).toBe('reverted');
    expect(said(await revert(node.session, 'one', 'restart', by)).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
    node.disarmed();
  });

  it.each(['none', 'prepared', 'armed', 'writing', 'applied', 'confirmed', 'reverting', 'reverted'])(
    'puts back from the state %s, once and again',
    async (state) => {
      const path = node.file('a');
      const before = node.tree();
      const edits = [editTo(path, 'new'), createAt(join(node.etc, 'd', 'x'), 'x')];
      if (['none', 'prepared'].includes(state)) await node.prepared(edits);
      else if (state === 'armed') await node.armed(edits);
      else await node.applied(edits);
      if (state === 'none') rmSync(node.of('state'));
      if (state === 'writing') writeFileSync(node.of('state'), 'writing\n');
      if (state === 'confirmed') await node.confirm();
      if (state === 'reverting') {
        node.fails('restart -- kubelet');
        expect(said(await revert(node.session, 'r1', 'restart', by)).word).toBe('restart-failed');
        node.fails();
      }
      if (state === 'reverted') await revert(node.session, 'r1', 'restart', by);
      const words: string[] = [];
      for (let count = 0; count < 3; count += 1) words.push(said(await revert(node.session, 'r1', 'restart', by)).word);
      const gone = ['none', 'prepared'].includes(state);
      const again = gone ? 'none' : 'reverted';
      expect(words).toEqual([gone || state === 'armed' ? 'nothing' : 'reverted', again, again]);
      expect(node.tree()).toEqual(before);
      node.disarmed();
    },
  );

  it('keeps the newest finished changes, and each one that is not finished', async () => {
    const path = node.file('a');
    for (const id of ['20260101-a', '20260103-c', '20260102-b']) await finished(id);
    await node.applied([], '20260104-d');
    await revert(node.session, '20260104-d', 'restart', by);
    await node.applied([editTo(path, 'new')], '20250101-z');
    // As the node counted them, whatever clock named them; what was put back takes no place from what can be rolled back.
    expect(said(await prune(node.session, 'x', 2))).toEqual({ word: 'pruned', detail: '1' });
    expect(ids()).toEqual(['20250101-z', '20260102-b', '20260103-c', '20260104-d']);
    expect(said(await prune(node.session, '20260103-c', 1)).detail).toBe('0');
    expect(said(await prune(node.session, '20260103-c', 0)).detail).toBe('2');
    expect(ids()).toEqual(['20250101-z', '20260103-c']);
    expect(said(await prune(node.session, 'x', 0)).detail).toBe('1');
    expect(node.unitFiles()).toHaveLength(4);
    expect(said(await revert(node.session, '20250101-z', 'restart', by)).word).toBe('reverted');
    expect(readFileSync(path, 'utf8')).toBe('old\n');
  });

  it('does not offer what a cut has half taken away', async () => {
    const path = node.file('a');
    await finished('one', [editTo(path, 'new')]);
    await finished('two');
    const after = node.tree();
    program(
      join(node.place.bin, 'rm'),
      '#!/bin/sh\ncase "$*" in -rf*) kill -9 "$PPID"; exit 1 ;; esac\nexec /bin/rm "$@"\n',
    );
    expect((await prune(node.session, 'two', 0)).ok).toBe(false);
    rmSync(join(node.place.bin, 'rm'));
    expect(ids()).toEqual(['one', 'two']);
    expect(await node.kept('one')).toBeUndefined();
    expect(said(await revert(node.session, 'one', 'restart', by)).word).toBe('nothing');
    expect([ids(), node.tree()]).toEqual([['two'], after]);
  });

  it('takes all of a change back or nothing of it', async () => {
    const paths = [node.file('a'), node.file('b')];
    await node.applied([...paths.map((path) => editTo(path, 'new')), createAt(join(node.etc, 'made'), 'x')]);
    await node.confirm();
    const after = node.tree();
    const fails = (text: string): void =>
      program(
        join(node.place.bin, 'cp'),
        `#!/bin/sh\ncase "$*" in *${text}*) echo full >&2; exit 1 ;; esac\nexec /bin/cp "$@"\n`,
      );
    fails('r1-2.old');
    expect(said(await revert(node.session, 'r1', 'restart', by))).toEqual({
      word: 'error',
      detail: 'the old files cannot be staged: full',
    });
    expect([node.tree(), node.stateOf()]).toEqual([after, 'confirmed']);
    node.disarmed();
    rmSync(join(node.place.bin, 'cp'));
    rmSync(node.of('old/2'));
    expect(said(await revert(node.session, 'r1', 'restart', by)).detail).toContain(
      `the copy of ${paths[1] ?? ''} differs`,
    );
    expect([node.tree(), node.stateOf()]).toEqual([after, 'confirmed']);
    node.disarmed();
  });

  it('has nothing to keep where nothing was done', async () => {
    expect(await listTransactions(node.session)).toEqual({ ok: true, value: [] });
    expect(said(await prune(node.session, 'x', 1))).toEqual({ word: 'pruned', detail: '0' });
    expect(said(await uninstall(node.session))).toEqual({ word: 'uninstalled', detail: 'nothing' });
    expect(existsSync(node.place.root)).toBe(false);
  });

  it('gives back all there is, but nothing under a change that is not finished', async () => {
    const path = node.file('a');
    await finished('one', [editTo(path, 'new')]);
    const after = node.tree();
    await node.applied([createAt(join(node.etc, 'd', 'x'), 'x')], 'two');
    const held = { word: 'pending', detail: expect.stringMatching(/^two applied /) as string };
    expect(said(await uninstall(node.session))).toEqual(held);
    expect([ids(), node.unitFiles().length, existsSync(join(node.place.dir, 'timer'))]).toEqual([
      ['one', 'two'],
      4,
      true,
    ]);
    await revert(node.session, 'two', 'restart', by);
    // What a cut may have left.
    const left = join(node.place.units, 'multi-user.target.wants', 'kubelatch-boot.service');
    for (const file of [left, join(node.place.units, 'kubelatch-boot.service'), join(node.etc, '.kubelatch-one-1.old')])
      writeFileSync(file, '');
    expect(said(await uninstall(node.session))).toEqual({ word: 'uninstalled', detail: '' });
    expect([node.tree(), existsSync(node.place.root)]).toEqual([after, false]);
    node.disarmed();
    mkdirSync(node.place.root);
    expect(said(await uninstall(node.session)).word).toBe('uninstalled');
  });

  it('tells of a change that it gave up, and since when none acts on it', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    writeFileSync(path, 'somebody');
    writeFileSync(node.of('deadline'), '1\n');
    await node.unit('switch');
    expect(await node.kept()).toMatchObject({
      state: 'reverting',
      stuck: `conflict ${path}`,
      left: undefined,
      verdict: '',
    });
    const answer = await node.prepared([], 'r2');
    expect(parseHolder(answer.detail)).toMatchObject({ run: 'r1', state: 'reverting', left: undefined });
    expect(said(await uninstall(node.session)).word).toBe('pending');
  });
});
