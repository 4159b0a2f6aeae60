/** Random traces of verbs by the simulated shell and by a real one with real tools: the same answers, files and commands after each. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type TxnResult,
  arm,
  beat,
  confirm,
  listTransactions,
  prepare,
  revert,
  write,
} from '../../src/change/transaction.js';
import { ok } from '../../src/lib/result.js';
import type { FileEdit } from '../../src/plan/file-edit.js';
import type { Session } from '../../src/ssh/session.js';
import { wrapTools } from '../model/commands.js';
import { type Tree, createAt, editTo, modeTo, shells, treeOf } from '../shell/node-shell.js';
import { nonce, options, said, useNode } from '../shell/txn-node.js';
import { Machine } from './node/machine.js';
import type { Ended } from './node/process.js';
import { randomFrom } from './random.js';
import { Time } from './time.js';

const traces = Number(process.env['KUBELATCH_TRACES'] ?? 10);
const logged = ['sync', 'mv', 'rm', 'ln', 'systemctl'];
type Verb = 'prepare' | 'arm' | 'write' | 'confirm' | 'revert' | 'beat' | 'list' | 'expire' | 'boot';
/** Verbs that go on with a change come more often. */
const weighted: readonly Verb[] = [
  ...(['prepare', 'prepare', 'arm', 'arm', 'arm', 'write', 'write', 'write', 'confirm', 'confirm'] as const),
  ...(['revert', 'revert', 'beat', 'list', 'expire', 'boot'] as const),
];

/** A simulated node, with what a session of it runs and a log of its commands. */
class Simulated {
  readonly time = new Time();
  readonly log: string[] = [];
  readonly machine: Machine;
  readonly session: Session;

  constructor() {
    const settings = { name: 'n', fileSystem: 'strict', leaseEvery: 2000, isAlone: true } as const;
    this.machine = new Machine(settings, this.time, randomFrom(1), {
      command: (_machine, _process, argv) => {
        const words = argv[0] === 'timeout' ? argv.slice(2) : argv;
        if (logged.includes(words[0] ?? '')) this.log.push(words.join(' '));
        return 'run';
      },
      kubeletStarted: () => undefined,
      proved: () => undefined,
      told: () => undefined,
    });
    this.session = {
      name: 'n',
      run: (_text, args) => this.run(args),
      open: () => Promise.reject(new Error('no streams here')),
      close: () => Promise.resolve(),
    };
  }

  private async run(args: readonly string[]): ReturnType<Session['run']> {
    let end: Ended | undefined;
    this.machine.startVerb({ verb: args[0] ?? '', by: 'test' }, args, (ended) => (end = ended));
    await this.time.pass(() => end !== undefined, this.time.now + 600_000);
    const { status = null, stdout = '', stderr = '' } = end ?? {};
    return ok({ code: status, signal: undefined, stdout: Buffer.from(stdout, 'latin1'), stderr, took: 1 });
  }

  async rest(): Promise<void> {
    await this.time.pass(() => this.machine.processes.size === 0 && this.machine.isUp, this.time.now + 600_000);
  }
}

describe.each(shells.slice(0, 1))('the simulated shell and $name', { timeout: 1_200_000 }, (shell) => {
  const node = useNode(shell);
  let simulated = new Simulated();

  /** A text of the real node, with the paths of the simulated one. */
  const mapped = (text: string): string =>
    text
      .replaceAll(join(node.place.dir, 'var'), '/var/lib')
      .replaceAll(node.place.units, '/etc/systemd/system')
      .replaceAll(node.etc, '/etc/node');
  const mappedEdit = (edit: FileEdit): FileEdit => ({ ...edit, path: mapped(edit.path) });

  const wordOf = (result: TxnResult): string => {
    const { word, detail } = said(result);
    return mapped(`${word} ${detail}`).trim();
  };
  async function ask(verb: Verb, session: Session, edits: readonly FileEdit[]): Promise<string> {
    switch (verb) {
      case 'prepare':
        return wordOf(await prepare(session, 'r1', options(edits, { reload: true })));
      case 'arm':
        return wordOf(await arm(session, 'r1', { deadline: 600, cap: 900 }));
      case 'write':
        return wordOf(await write(session, 'r1'));
      case 'confirm':
        return wordOf(await confirm(session, 'r1', nonce));
      case 'revert':
        return wordOf(await revert(session, 'r1', 'restart', 'the test'));
      case 'beat':
        return wordOf(await beat(session, 'r1', nonce)).replace(/\d+$/, 'N');
      case 'list': {
        const listed = await listTransactions(session);
        return listed.ok ? listed.value.map(({ id, state, order }) => `${id} ${state} ${order}`).join() : 'failed';
      }
      default:
        return '';
    }
  }

  async function expire(): Promise<void> {
    const isArmed = existsSync(join(node.place.units, 'kubelatch-switch.service'));
    if (!isArmed) return;
    if (existsSync(node.of('deadline'))) writeFileSync(node.of('deadline'), '1\n');
    await node.unit('switch');
    const deadline = simulated.machine.disk.find('/var/lib/kubelatch/txn/r1/deadline');
    if (deadline !== undefined) simulated.machine.disk.put(deadline, '1\n');
    await simulated.rest();
  }

  async function boot(): Promise<void> {
    node.goDown();
    await node.start();
    simulated.machine.cut(1000, true);
    await simulated.time.pass(() => simulated.machine.isUp, simulated.time.now + 10_000);
    await simulated.rest();
  }

  const real = (): unknown => ({
    state: existsSync(node.of('state')) ? node.stateOf() : 'none',
    names: Object.keys(treeIn(join(node.place.root, 'txn', 'r1'))),
    files: Object.entries(treeIn(node.etc)).map(([path, text]) => `${path} ${short(text)}`),
    units: node
      .unitFiles()
      .map((name) => name.replace('multi-user.target.wants/', ''))
      .sort(),
  });
  const treeIn = (folder: string): Tree => (existsSync(folder) ? treeOf(folder) : {});
  const short = (text: string): string => {
    const [mode = '', , , content = ''] = text.split(' ');
    return mode.startsWith('40') ? 'folder' : `${mode.slice(-3)} ${content}`;
  };
  const played = (): unknown => ({
    state: simulated.machine.disk.find('/var/lib/kubelatch/txn/r1/state')?.data.trim() ?? 'none',
    names: under('/var/lib/kubelatch/txn/r1').map(([path]) => path),
    files: under('/etc/node').map(([path, text]) => `${path} ${text}`),
    units: [...under('/etc/systemd/system')]
      .map(([path]) => path.replace('multi-user.target.wants/', ''))
      .filter((path) => path.includes('kubelatch'))
      .sort(),
  });
  const under = (folder: string, before = ''): [string, string][] => {
    const found = simulated.machine.disk.find(folder);
    const names = [...(found?.entries ?? [])].sort(([left], [right]) => (left < right ? -1 : 1));
    return names.flatMap(([name, inode]): [string, string][] => {
      const path = `${before}${name}`;
      if (inode.kind === 'folder') return [[path, 'folder'], ...under(`${folder}/${name}`, `${path}/`)];
      return [[path, `${inode.meta.mode.toString(8)} ${Buffer.from(inode.data, 'latin1').toString('base64')}`]];
    });
  };

  it.each(Array.from({ length: traces }, (_, index) => index + 1))('do the same in trace %i', async (seed) => {
    simulated = new Simulated();
    node.fast();
    const log = wrapTools(node.place);
    const random = randomFrom(seed);
    const edits = [
      editTo(node.file('a', 'old\n', 0o640), 'new ä\n'),
      ...(random.chance(0.7) ? [createAt(join(node.etc, 'made', 'b'), 'made\n')] : []),
      ...(random.chance(0.5) ? [modeTo(node.file('c', 'keys\n', 0o644), '0600')] : []),
    ];
    simulated.machine.disk.install('/etc/node/a', 'old\n', 0o640);
    if (existsSync(join(node.etc, 'c'))) simulated.machine.disk.install('/etc/node/c', 'keys\n', 0o644);
    const done: string[] = [];
    for (let step = 0; step < 7; step += 1) {
      const verb = step < 2 ? ((['prepare', 'arm'] as const)[step] ?? 'arm') : random.pick(weighted);
      const [from, at] = [log().length, simulated.log.length];
      if (verb === 'expire') await expire();
      if (verb === 'boot') await boot();
      const answer = await ask(verb, node.session, edits);
      const same = await ask(verb, simulated.session, edits.map(mappedEdit));
      done.push(verb);
      // What the fake systemctl itself removes is not the program's.
      const commands = log()
        .slice(from)
        .map(mapped)
        .filter((line) => line !== `rm -f ${join(node.place.dir, 'timer')}`);
      expect([done, same, played(), simulated.log.slice(at)]).toEqual([done, answer, real(), commands]);
    }
  });
});
