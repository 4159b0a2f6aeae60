/** What a power cut must not take back is on the disk before anybody relies on it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { revert } from '../../src/change/transaction.js';
import { editTo, program, shells } from './node-shell.js';
import { said, useNode } from './txn-node.js';

describe.each(shells)('flushing under $name', (shell) => {
  const node = useNode(shell);

  /** From here on: what is flushed, and how many unit files of the switch are there then. */
  const syncs = (): (() => string[]) => {
    const log = join(node.place.dir, 'sync.log');
    program(
      join(node.place.bin, 'sync'),
      `#!/bin/sh\nset -- "$*" "${node.place.units}"/kubelatch-*\nprintf '%s: %s\\n' "$1" "$(($# - 1))" >>"${log}"\n`,
    );
    return () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
  };
  const folder = (): string => node.of('').replace(/\/$/, '');

  it.each([
    // The process that wrote it may have been killed before it flushed it.
    ['reverted', 'reverted'],
    ['prepared', 'nothing'],
  ])('the end of a change that is %s comes before its switch goes', async (state, word) => {
    await node.applied([editTo(node.file('a'), 'new')]);
    writeFileSync(node.of('state'), `${state}\n`);
    const flushed = syncs();
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe(word);
    expect(flushed()[0]).toBe(`-- ${folder()}: 3`);
    node.disarmed();
  });

  it('the state of a revert comes before it restores files', async () => {
    const path = node.file('a');
    await node.applied([editTo(path, 'new')]);
    await node.confirm();
    node.fails('restart -- kubelet');
    await revert(node.session, 'r1', 'restart', 'the test');
    writeFileSync(path, 'new');
    node.fails();
    const flushed = syncs();
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(flushed()[0]).toBe(`-- ${folder()}: 3`);
    expect(flushed()[1]).toContain(node.etc);
  });

  it('the names of the folders that lead to a change come before it is prepared', async () => {
    const flushed = syncs();
    await node.prepared([editTo(node.file('a'), 'new')]);
    const { root } = node.place;
    const all = flushed().find((line) => line.includes(` ${folder()}/files `));
    expect(all).toContain(` ${root}/txn ${root} ${root.slice(0, root.lastIndexOf('/'))}: `);
  });

  it('a state comes before it is told', async () => {
    await node.applied([editTo(node.file('a'), 'new')]);
    const flushed = syncs();
    expect((await node.kept())?.state).toBe('applied');
    expect(flushed()).toEqual([`-- ${folder()}: 3`]);
  });
});
