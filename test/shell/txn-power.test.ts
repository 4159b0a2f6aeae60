/** The power is cut before each effect in turn: what is on the disk then must still end as the old files or the new ones. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TxnAbout, type TxnResult, confirm, prepare, revert, write } from '../../src/apply/node-transaction.js';
import { type Place, createAt, editTo, makePlace, modeTo, program, put, shells, treeOf } from './node-shell.js';

/** Every program of txn.sh that changes anything. */
const effects = ['sync', 'mv', 'cp', 'rm', 'mkdir', 'rmdir', 'chmod', 'cat', 'ln'];

const wrapper = (name: string, real: string): string => `#!/bin/sh
read -r n <"$PLACE/count"
n=$((n + 1))
echo "$n" >"$PLACE/count"
[ "$n" -ne "$CUT_AT" ] || kill -9 0
case ${name} in sync) exit 0 ;; esac
exec ${real} "$@"
`;

const word = (result: TxnResult): string => (result.ok ? result.value.word : result.error.kind);

// One shell is enough here: what each of them makes of the script is the matter of txn.test.ts.
describe.each(shells.slice(0, 1))('a cut under $name', (shell) => {
  let place: Place;
  let etc: string;
  const state = (): string => {
    const path = join(place.root, 'txn', 'r1', 'state');
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'none';
  };
  const copy = (from: string, to: string): void => {
    rmSync(to, { recursive: true, force: true });
    spawnSync('cp', ['-a', from, to]);
  };
  const save = (name: string): void => {
    for (const dir of ['etc', 'var']) copy(join(place.dir, dir), join(place.dir, `${name}-${dir}`));
  };
  const load = (name: string): void => {
    for (const dir of ['etc', 'var']) copy(join(place.dir, `${name}-${dir}`), join(place.dir, dir));
  };

  beforeAll(() => {
    place = makePlace();
    etc = join(place.dir, 'etc');
    mkdirSync(join(place.dir, 'var'));
    put(join(etc, 'config.yaml'), 'old config\n', 0o640);
    put(join(etc, 'kubelet.conf'), 'kubeconfig\n', 0o644);
    for (const name of effects) {
      const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      program(join(place.bin, name), wrapper(name, found));
    }
  });
  afterAll(() => place.remove());

  const cutAt = (at: number) => {
    writeFileSync(join(place.dir, 'count'), '0\n');
    return place.session(shell, { CUT_AT: String(at) });
  };

  it('ends as old or new, wherever it comes', async () => {
    const config = join(etc, 'config.yaml');
    const edits = [
      editTo(config, 'new config\n', { mode: '0600' }),
      createAt(join(etc, 'made', 'x.conf'), 'made\n'),
      modeTo(join(etc, 'kubelet.conf'), '0600'),
    ];
    const about = { run: 'r1' } as unknown as TxnAbout;
    const options = { unit: '', restart: false, reload: false, about, edits };
    const before = treeOf(etc);
    /** Runs `step` with the power cut at 1, 2, ... until it gets through, and looks each time. */
    const everywhere = async (
      from: string,
      step: (session: ReturnType<typeof cutAt>) => Promise<TxnResult>,
      look: (at: number) => Promise<void>,
    ): Promise<number> => {
      for (let at = 1; at < 400; at += 1) {
        load(from);
        const result = await step(cutAt(at));
        if (result.ok) return at - 1;
        await look(at);
      }
      throw new Error('it never got through');
    };
    const putBack = async (at: number): Promise<string> => {
      const answer = word(await revert(cutAt(-1), 'r1', 'files-only'));
      expect([at, answer, treeOf(etc)]).toEqual([at, answer, before]);
      return answer;
    };

    save('old');
    const inPrepare = await everywhere(
      'old',
      (session) => prepare(session, 'r1', options),
      async (at) => {
        expect(['none', 'prepared']).toContain(state());
        expect(['none', 'nothing']).toContain(await putBack(at));
      },
    );
    save('prepared');
    const seen = new Set<string>();
    const inWrite = await everywhere(
      'prepared',
      (session) => write(session, 'r1'),
      async (at) => {
        const reached = state();
        seen.add(reached);
        // What the state says is true: the new files are all there once it is `applied`.
        if (reached === 'applied') expect(readFileSync(join(etc, 'made', 'x.conf'), 'utf8')).toBe('made\n');
        expect(await putBack(at)).toBe(reached === 'prepared' ? 'nothing' : 'reverted');
      },
    );
    expect([...seen].sort()).toEqual(['applied', 'prepared', 'writing']);
    expect(readFileSync(config, 'utf8')).toBe('new config\n');
    const after = treeOf(etc);
    // The old file under a second name, until the change is confirmed; nothing that is only staged.
    const left = (): string[] => Object.keys(treeOf(etc)).filter((name) => name.includes('.kubelatch'));
    expect(left()).toEqual(['.kubelatch-r1-1.old']);
    save('applied');
    const inRevert = await everywhere(
      'applied',
      (session) => revert(session, 'r1', 'files-only'),
      async (at) => {
        if (state() === 'applied') expect(treeOf(etc)).toEqual(after);
        expect(await putBack(at)).toBe('reverted');
      },
    );
    expect(treeOf(etc)).toEqual(before);
    load('applied');
    expect(word(await confirm(cutAt(-1), 'r1'))).toBe('confirmed');
    expect(left()).toEqual([]);
    // Each of them has many effects: fewer would mean that the cuts did not come.
    expect([inPrepare > 20, inWrite > 5, inRevert > 5]).toEqual([true, true, true]);
  }, 60_000);
});
