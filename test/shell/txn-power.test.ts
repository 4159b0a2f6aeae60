/** The power is cut before each effect in turn, and the machine starts again: the files are the old ones or the new ones. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TxnResult, arm, confirm, prepare, revert, uninstall, write } from '../../src/change/transaction.js';
import type { Session } from '../../src/ssh/session.js';
import {
  type Place,
  type Tree,
  createAt,
  editTo,
  makePlace,
  modeTo,
  program,
  put,
  shells,
  treeOf,
} from './node-shell.js';
import { nonce, options, runUnit, startMachine } from './txn-node.js';

/** Every program that changes anything. */
const effects = ['sync', 'mv', 'cp', 'rm', 'mkdir', 'rmdir', 'chown', 'chmod', 'cat', 'ln', 'touch', 'systemctl'];

const wrapper = (name: string, real: string): string => `#!/bin/sh
# Nothing is different after a mere look.
case "${name} $*" in 'systemctl show '* | 'systemctl is-active '* | 'cat /proc/'*) exec ${real} "$@" ;; esac
if [ -n "\${CUT_AT:-}" ]; then
  read -r n <"$PLACE/count"
  n=$((n + 1))
  echo "$n" >"$PLACE/count"
  if [ "$n" -eq "$CUT_AT" ]; then
    # The whole session: timeout has a process group of its own.
    read -r _ _ _ _ _ session _ </proc/self/stat
    kill -9 "-$session"
    kill -9 0
  fi
fi
case ${name} in sync) exit 0 ;; esac
exec ${real} "$@"
`;

type Step = (session: Session, env: Readonly<Record<string, string>>) => Promise<TxnResult | { readonly ok: boolean }>;

// One shell is enough here: what each of them makes of the script is the matter of the other tests.
describe.each(shells.slice(0, 1))('a cut under $name', (shell) => {
  let place: Place;
  let etc: string;
  let before: Tree;
  const of = (name: string): string => join(place.root, 'txn', 'r1', name);
  const state = (): string => (existsSync(of('state')) ? readFileSync(of('state'), 'utf8').trim() : 'none');
  const units = (): string[] => Object.keys(treeOf(place.units)).filter((name) => name.includes('kubelatch'));
  const disk = ['etc', 'var', 'units', 'timer'];
  const move = (from: string, to: string): void => {
    for (const name of disk) {
      rmSync(join(place.dir, `${to}${name}`), { recursive: true, force: true });
      spawnSync('cp', ['-a', join(place.dir, `${from}${name}`), join(place.dir, `${to}${name}`)]);
    }
  };
  const arrange = async (...steps: readonly Step[]): Promise<void> => {
    for (const step of steps) expect(await step(place.session(shell), {})).toMatchObject({ ok: true });
  };

  const edits = (): Parameters<typeof options>[0] => [
    editTo(join(etc, 'config.yaml'), 'new config\n', { mode: '0600' }),
    createAt(join(etc, 'made', 'x.conf'), 'made\n'),
    modeTo(join(etc, 'kubelet.conf'), '0600'),
  ];
  const word = (expected: string, result: TxnResult): TxnResult => {
    if (result.ok) expect(result.value.word).toBe(expected);
    return result;
  };
  const prepared: Step = async (session) =>
    word('prepared', await prepare(session, 'r1', options(edits(), { reload: true })));
  const armed: Step = async (session) => word('armed', await arm(session, 'r1', { deadline: 60, cap: 90 }));
  const written: Step = async (session) => word('applied', await write(session, 'r1'));
  const confirmed: Step = async (session) => word('confirmed', await confirm(session, 'r1', nonce));
  const reverted: Step = async (session) => word('reverted', await revert(session, 'r1', 'restart', 'the test'));

  beforeEach(() => {
    place = makePlace();
    etc = join(place.dir, 'etc');
    mkdirSync(join(place.dir, 'var'));
    put(join(etc, 'config.yaml'), 'old config\n', 0o640);
    put(join(etc, 'kubelet.conf'), 'kubeconfig\n', 0o644);
    before = treeOf(etc);
    renameSync(join(place.bin, 'systemctl'), join(place.bin, 'systemctl.real'));
    for (const name of effects) {
      const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      program(join(place.bin, name), wrapper(name, name === 'systemctl' ? join(place.bin, 'systemctl.real') : found));
    }
    program(join(place.bin, 'sleep'), '#!/bin/sh\n');
  });
  afterEach(() => {
    place.remove();
  });

  /** Runs `step` with the power cut at 1, 2, ... until it gets through; starts the machine each time, and looks. */
  async function everywhere(step: Step, look: (at: number, cut: string) => Promise<void> | void): Promise<number> {
    move('', 'saved-');
    for (let at = 1; at < 200; at += 1) {
      move('saved-', '');
      writeFileSync(join(place.dir, 'count'), '0\n');
      const env = { CUT_AT: String(at) };
      const { ok } = await step(place.session(shell, env), env);
      if (ok) return at - 1;
      const cut = state();
      rmSync(join(place.dir, 'timer'), { force: true });
      if (existsSync(of('boot'))) writeFileSync(of('boot'), 'another start:1\n');
      const started = await startMachine(place, shell);
      expect([at, started?.code ?? 0, started?.journal]).toEqual([at, 0, started?.journal]);
      await look(at, cut);
    }
    throw new Error('it never got through');
  }
  const isOld = (at: number): void => {
    expect([at, treeOf(etc), units()]).toEqual([at, before, []]);
    expect(['none', 'reverted']).toContain(state());
  };
  /** Nothing of it holds the node, and a removal finds all that is left of it. */
  const goes = async (at: number): Promise<void> => {
    const gone = await uninstall(place.session(shell));
    expect([at, gone]).toEqual([
      at,
      { ok: true, value: { word: 'uninstalled', detail: gone.ok ? gone.value.detail : '' } },
    ]);
    expect([at, treeOf(etc), units(), existsSync(place.root)]).toEqual([at, before, [], false]);
  };

  it('in prepare ends as old', async () => {
    const cuts = await everywhere(prepared, async (at) => {
      expect(['none', 'prepared']).toContain(state());
      expect(units()).toEqual([]);
      await goes(at);
    });
    expect(cuts).toBeGreaterThan(30);
  });

  it('in arm ends as old', async () => {
    await arrange(prepared);
    const cuts = await everywhere(armed, async (at, cut) => {
      expect(['prepared', 'armed']).toContain(cut);
      // The file alone, not linked yet, is nothing to systemd.
      if (units().length > 0) expect([at, units()]).toEqual([at, ['kubelatch-boot.service']]);
      if (cut === 'armed') isOld(at);
      await goes(at);
    });
    expect(cuts).toBeGreaterThan(12);
  });

  it('in write ends as old', async () => {
    await arrange(prepared, armed);
    const seen = new Set<string>();
    const cuts = await everywhere(written, (at, cut) => {
      seen.add(cut);
      isOld(at);
    });
    expect([...seen].sort()).toEqual(['applied', 'armed', 'writing']);
    expect(cuts).toBeGreaterThan(8);
  });

  it('in confirm ends as old or as new, and says which', async () => {
    await arrange(prepared, armed, written);
    const ends = new Set<string>();
    const after = treeOf(etc);
    const final = Object.fromEntries(Object.entries(after).filter(([name]) => !name.includes('.kubelatch')));
    expect(Object.keys(after).length - Object.keys(final).length).toBe(1);
    const cuts = await everywhere(confirmed, (at) => {
      ends.add(state());
      if (state() === 'confirmed') expect([at, treeOf(etc), units()]).toEqual([at, final, []]);
      else isOld(at);
    });
    expect([...ends].sort()).toEqual(['confirmed', 'reverted']);
    expect([treeOf(etc), units()]).toEqual([final, []]);
    expect(cuts).toBeGreaterThan(8);
  });

  it('in a revert ends as old, be it asked for by the controller or by the switch', async () => {
    await arrange(prepared, armed, written);
    const byController = await everywhere(reverted, isOld);
    move('saved-', '');
    writeFileSync(of('deadline'), '1\n');
    const bySwitch = await everywhere(async (_, env) => {
      const { code } = await runUnit(place, shell, 'kubelatch-switch.service', env);
      return { ok: code === 0 };
    }, isOld);
    isOld(0);
    expect([byController > 12, bySwitch > 12]).toEqual([true, true]);
  });

  it('in the start of the machine ends as old at the next one', async () => {
    await arrange(prepared, armed, written);
    writeFileSync(of('boot'), 'another start:1\n');
    const cuts = await everywhere(async (_, env) => {
      const started = await startMachine(place, shell, env);
      return { ok: started?.code === 0 };
    }, isOld);
    isOld(0);
    expect(cuts).toBeGreaterThan(12);
  });

  it('in the rollback of a confirmed change ends as new or as old, and says which', async () => {
    await arrange(prepared, armed, written, confirmed);
    const after = treeOf(etc);
    const ends = new Set<string>();
    const cuts = await everywhere(reverted, async (at, cut) => {
      ends.add(state());
      if (state() === 'confirmed') {
        expect([at, cut, treeOf(etc)]).toEqual([at, 'confirmed', after]);
        expect(['', 'kubelatch-boot.service']).toContain(units().join());
        expect(word('reverted', await revert(place.session(shell), 'r1', 'restart', 'the test'))).toMatchObject({
          ok: true,
        });
      }
      isOld(at);
    });
    expect([...ends].sort()).toEqual(['confirmed', 'reverted']);
    expect(cuts).toBeGreaterThan(20);
  });
});
