/** A node that is short of something for a while: what fails in passing is nobody's edit, and no reason to give up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { prepare, revert, write } from '../../src/change/transaction.js';
import { editTo, program, shells } from './node-shell.js';
import { options, said, useNode } from './txn-node.js';

describe.each(shells)('a node in trouble, under $name', (shell) => {
  const node = useNode(shell);

  /** Puts a program before the true one, which follows once `text` is through. */
  const shadow = (name: string, text: string): void =>
    program(
      join(node.place.bin, name),
      `#!/bin/sh\ntrue=$(PATH=\${PATH#*:} command -v ${name})\n${text}\nexec "$true" "$@"\n`,
    );

  it.each([
    ['sha256sum', ''],
    ['stat', '%a %u:%g'],
  ])('puts back by its switch though %s fails at first', async (name, asked) => {
    const file = node.file('a');
    const before = node.tree();
    await node.applied([editTo(file, 'new')]);
    writeFileSync(node.of('deadline'), '1\n');
    shadow(
      name,
      `case $* in *'${asked}'*) [ -e "$PLACE/failed" ] || { : >"$PLACE/failed"; echo 'Cannot allocate memory' >&2; exit 1; } ;; esac`,
    );
    node.fast();
    const { journal } = await node.unit('switch');
    expect(journal).toMatch(/^change r1: error the files of the change cannot be compared.*\nchange r1: reverted/);
    expect(node.tree()).toEqual(before);
    expect(node.stateOf()).toBe('reverted');
    node.disarmed();
  });

  it('keeps the old files and its switch where its state cannot be read', async () => {
    await node.applied([editTo(node.file('a'), 'new')]);
    writeFileSync(node.of('state'), '');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('error');
    const other = await prepare(node.session, 'r2', options([editTo(node.file('b'), 'new')]));
    expect(said(other)).toMatchObject({ word: 'pending', detail: expect.stringMatching(/^r1 unreadable /) as string });
    expect(await node.kept()).toMatchObject({ state: 'unreadable' });
    expect(readFileSync(node.of('old/1'), 'utf8')).toBe('old\n');
    expect(node.unitFiles()).not.toEqual([]);
    writeFileSync(node.of('state'), 'applied\n');
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    node.disarmed();
  });

  it('waits with its switch for who is at work, as long as that takes', async () => {
    await node.applied([editTo(node.file('a'), 'new')]);
    writeFileSync(node.of('deadline'), '1\n');
    const holder = spawn('flock', [join(node.place.root, 'txn', 'lock'), 'cat'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await sleep(200);
    node.fast(0.01);
    const ended = node.unit('switch');
    await sleep(4000);
    expect(node.stateOf()).toBe('applied');
    holder.stdin.end();
    await once(holder, 'close');
    const { journal } = await ended;
    expect(journal.split('\n').filter((line) => line.startsWith('change r1: busy')).length).toBeGreaterThan(5);
    expect(journal).toMatch(/^change r1: reverted/m);
    expect(node.stateOf()).toBe('reverted');
    node.disarmed();
  });

  it('leaves an edit that somebody makes while it writes, and takes back what it wrote', async () => {
    const [a, b] = [node.file('a'), node.file('b')];
    await node.armed([editTo(a, 'new'), editTo(b, 'new')]);
    // When the first file is flushed in its new place.
    shadow(
      'sync',
      `case $(cat '${a}') in new*) [ -e "$PLACE/edited" ] || { : >"$PLACE/edited"; echo theirs >'${b}'; } ;; esac`,
    );
    expect(said(await write(node.session, 'r1'))).toMatchObject({
      word: 'put-back',
      detail: expect.stringContaining(b) as string,
    });
    expect([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')]).toEqual(['old\n', 'theirs\n']);
    expect(Object.keys(node.tree()).filter((name) => name.includes('kubelatch'))).toEqual([]);
    node.disarmed();
  });

  it.each([
    ['a kubelet that starts while writing fails', 'echo x >>"$PLACE/invocations"'],
    ['that systemd does not tell which kubelet runs', `echo 'show -p InvocationID' >"$PLACE/systemctl.fails"`],
  ])('asks for a revert with a restart after %s', async (_, meanwhile) => {
    const [a, b] = [node.file('a'), node.file('b')];
    await node.armed([editTo(a, 'new'), editTo(b, 'new')]);
    shadow(
      'sync',
      `case $(cat '${a}') in new*) [ -e "$PLACE/once" ] || { : >"$PLACE/once"; echo theirs >'${b}'; ${meanwhile}; } ;; esac`,
    );
    const answer = said(await write(node.session, 'r1'));
    expect(answer).toMatchObject({ word: 'broken', detail: expect.stringContaining('may have started') as string });
    expect(readFileSync(a, 'utf8')).toBe('old\n');
    // The switch still waits: without a controller, the node would restart its kubelet by itself.
    expect(node.stateOf()).toBe('writing');
    expect(node.unitFiles()).not.toEqual([]);
    writeFileSync(b, 'old\n');
    rmSync(join(node.place.dir, 'systemctl.fails'), { force: true });
    expect(said(await revert(node.session, 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect(node.place.systemctlCalls().filter((call) => call === 'restart -- kubelet.service')).toHaveLength(1);
    node.disarmed();
  });
});
