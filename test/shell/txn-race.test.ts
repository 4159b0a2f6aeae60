/** Two at once on one node: exactly one wins, and both know. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { script } from '../../src/node/scripts.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';
import { createAt, editTo, placed, shells } from './node-shell.js';
import { nonce, useNode } from './txn-node.js';

describe.each(shells)('at the same time under $name', (shell) => {
  const node = useNode(shell);

  /** As `session.run`, while others run: the word and the detail of its answer. */
  const verb = async (...args: readonly string[]): Promise<readonly [word: string, detail: string]> => {
    const child = spawn('setsid', [...shell.argv], {
      env: { LC_ALL: 'C', ...node.place.env(shell) },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    // It may have answered before it read all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(placed(stdinOf(script('txn'), args), node.place.env(shell)));
    await once(child, 'close');
    const [, word = '', detail = ''] = said.trimEnd().split('\n').at(-1)?.split(' ') ?? [];
    return [word, Buffer.from(detail, 'base64').toString('utf8')];
  };
  const prepareArgs = (id: string): string[] => [
    ...['prepare', id, 'kubelet.service', 'yes', 'no', '9', '-', '60', nonce],
    ...['somebody', '{}', script('txn')].map((text) => Buffer.from(text).toString('base64')),
  ];
  const disk = ['etc', 'var', 'units', 'timer'];
  const copy = (from: string, to: string): void => {
    for (const name of disk) {
      rmSync(join(node.place.dir, `${to}${name}`), { recursive: true, force: true });
      spawnSync('cp', ['-a', join(node.place.dir, `${from}${name}`), join(node.place.dir, `${to}${name}`)]);
    }
  };

  /** What was confirmed before has no switch any more: systemd would start none. */
  const goneAlready = (error: unknown): { readonly code: number } => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return { code: 0 };
  };

  it('confirms or puts back, whichever comes first, and never both', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.applied([editTo(path, 'new'), createAt(join(node.etc, 'made'), 'new')]);
    writeFileSync(node.of('deadline'), '1\n');
    node.fast(0.3);
    copy('', 'saved-');
    for (let round = 0; round < 20; round += 1) {
      copy('saved-', '');
      const after = async <T>(wait: number, start: () => Promise<T>): Promise<T> => {
        await sleep(wait);
        return start();
      };
      const [[word, detail], { code }] = await Promise.all([
        after(Math.max(0, 10 - round) * 10, () => verb('confirm', 'r1', nonce)),
        after(Math.max(0, round - 10) * 10, () => node.unit('switch').catch(goneAlready)),
      ]);
      expect([round, code]).toEqual([round, 0]);
      const state = node.stateOf();
      const verdict = readFileSync(node.of('verdict'), 'utf8');
      if (word === 'confirmed') {
        expect([round, state, readFileSync(path, 'utf8')]).toEqual([round, 'confirmed', 'new']);
        expect(verdict).toMatch(/^confirmed by .*\nrun\n$/);
        expect(Object.keys(node.tree()).sort()).toEqual(['a', 'made']);
      } else {
        expect([round, word, detail]).toEqual([round, 'state', expect.stringMatching(/^revert(ing|ed)$/)]);
        expect([round, state, node.tree()]).toEqual([round, 'reverted', before]);
        expect(verdict).toMatch(/^reverted by the node itself.*\nnode\n$/);
      }
      node.disarmed();
    }
  });

  it('puts back once, though the controller and the switch both ask for it', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.applied([editTo(path, 'new')]);
    writeFileSync(node.of('deadline'), '1\n');
    node.fast(0.3);
    copy('', 'saved-');
    for (let round = 0; round < 6; round += 1) {
      copy('saved-', '');
      // The unit is read before a revert can have removed it.
      const [{ code }, [word], [other]] = await Promise.all([
        node.unit('switch'),
        verb('revert', 'r1', 'restart', 'one'),
        verb('revert', 'r1', 'restart', 'two'),
      ]);
      expect([round, word, other, code]).toEqual([round, 'reverted', 'reverted', 0]);
      expect([round, node.tree(), node.stateOf()]).toEqual([round, before, 'reverted']);
      node.disarmed();
    }
  });

  it('gives the node to one of several, and tells the others who has it', async () => {
    for (let round = 0; round < 4; round += 1) {
      const ids = ['x1', 'x2', 'x3'];
      const said = await Promise.all(ids.map((id) => verb(...prepareArgs(id))));
      const won = ids.filter((_, index) => said[index]?.[0] === 'prepared');
      expect([round, won.length]).toEqual([round, 1]);
      for (const [word, detail] of said.filter(([word]) => word !== 'prepared')) {
        expect(word).toBe('pending');
        expect(detail).toMatch(new RegExp(`^${won[0] ?? ''} prepared \\d+ - somebody$`));
      }
      expect(ids.filter((id) => existsSync(node.of('', id)))).toEqual(won);
      expect(await verb('revert', won[0] ?? '', 'restart', 'x')).toEqual(['nothing', '']);
    }
  });

  it('keeps a deadline that is never empty or earlier, with several words at once', async () => {
    await node.applied([]);
    let last = Number(readFileSync(node.of('deadline'), 'utf8'));
    for (let round = 0; round < 4; round += 1) {
      const said = await Promise.all([1, 2, 3, 4].map(() => verb('beat', 'r1', nonce)));
      expect(said.map(([word]) => word)).toEqual(Array(4).fill('beating'));
      const now = Number(readFileSync(node.of('deadline'), 'utf8'));
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('writes or ends, when the time is over while the controller writes', async () => {
    const path = node.file('a');
    const before = node.tree();
    await node.armed([editTo(path, 'new')]);
    writeFileSync(node.of('deadline'), '1\n');
    node.fast(0.3);
    copy('', 'saved-');
    for (let round = 0; round < 6; round += 1) {
      copy('saved-', '');
      const [[word]] = await Promise.all([verb('write', 'r1'), node.unit('switch')]);
      expect(['applied', 'state']).toContain(word);
      expect([round, node.tree(), node.stateOf()]).toEqual([round, before, 'reverted']);
      node.disarmed();
    }
  });
});
