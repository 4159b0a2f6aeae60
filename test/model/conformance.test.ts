/** Random traces of verbs by the model and by the real program: the same answers, states and order of commands after each. */
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arm, confirm, prepare, restart, revert, write } from '../../src/change/transaction.js';
import type { FileEdit } from '../../src/plan/file-edit.js';
import { createAt, editTo, shells } from '../shell/node-shell.js';
import { nonce, options, said, useNode } from '../shell/txn-node.js';
import { commandsOf, wrapTools } from './commands.js';
import { now, renamed } from './item.js';
import { modelWith, stepsOf } from './model.js';
import { withNode } from './step.js';
import { scopes } from './scopes.js';
import { By, Decision, Mark, type Process, St, Timer, type Verb, type World, states } from './world.js';

const traces = Number(process.env['KUBELATCH_TRACES'] ?? 40);
const verbs = ['prepare', 'arm', 'write', 'restart', 'confirm', 'revert', 'expire', 'boot'] as const;
type Played = (typeof verbs)[number];
/** Verbs that go on with a change come more often than those that end it. */
const weights: Readonly<Record<Played, number>> = {
  ...{ prepare: 3, arm: 4, write: 4, restart: 2, confirm: 2, revert: 2, expire: 1, boot: 1 },
};
const model = modelWith(undefined, true, []);

/** Always the same numbers from 0 to 1 for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Ran {
  readonly world: World;
  readonly answer: string;
  readonly commands: readonly string[];
}

/** Runs one process to its end, alone. */
function play(start: World, verb: Verb): Ran {
  const found = start.processes.find((one) => one.verb === verb);
  const by = verb === 'boot' ? By.systemd : By.nobody;
  let process: Process = found ?? { by, verb, change: 0, at: 0, lock: 0, revertLock: 0 };
  let world: World = found === undefined ? { ...start, processes: [...start.processes, process] } : start;
  const commands: string[] = [];
  for (;;) {
    const step = model.programs[verb][process.at];
    const [move] = stepsOf(world, process, model);
    if (step === undefined || move === undefined) throw new Error(`${verb} waits at ${process.at}`);
    const { a, b } = world.node;
    const isNoRestore = a === move.world.node.a && b === move.world.node.b;
    for (const command of step.effects ?? [])
      if (!(command.startsWith('restore ') && isNoRestore)) commands.push(command.replace(/^mv state .*/, 'mv state'));
    ({ world } = move);
    const next = world.processes.find((one) => one.verb === verb);
    if (next === undefined) return { world, answer: /answers ([a-z-]+)/.exec(move.says())?.[1] ?? '', commands };
    process = next;
  }
}

/** The machine goes down with all on its disk, and starts. */
function reboot(world: World): World {
  const changes = world.changes.map((one) => ({
    ...{ ...one, gated: 0, late: 0 },
    boot: renamed(one.boot, (mark) => (mark === Mark.current ? Mark.earlier : mark)),
  }));
  return withNode({ ...world, changes, processes: [] }, { timer: Timer.off, loaded: now(world.node.units) % 3 });
}

/** Commands that the log can tell: what a shell writes by itself is not among them. */
const isLogged = (command: string): boolean => !/^(write|stage|mkdir) /.test(command);

describe.each(shells.slice(0, 1))('the model and the real program under $name', { timeout: 1_200_000 }, (shell) => {
  const node = useNode(shell);

  // As planned at first, whatever is there later.
  let first: FileEdit | undefined;
  const edits = (): readonly FileEdit[] => [
    (first ??= editTo(join(node.etc, 'a'), 'new\n')),
    createAt(join(node.etc, 'b'), 'new\n'),
  ];
  const has = (name: string): boolean => existsSync(node.of(name));
  const isUnit = (name: string): boolean =>
    lstatSync(join(node.place.units, name), { throwIfNoEntry: false }) !== undefined;
  const content = (name: string): string => {
    const path = join(node.etc, name);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'none';
  };

  async function ask(verb: Played): Promise<string> {
    const session = node.session;
    switch (verb) {
      case 'prepare':
        return word(await prepare(session, 'r1', options(edits())));
      case 'arm':
        return word(await arm(session, 'r1', { deadline: 600, cap: 900 }));
      case 'write':
        return word(await write(session, 'r1'));
      case 'restart':
        return word(await restart(session, 'r1'));
      case 'confirm':
        return word(await confirm(session, 'r1', nonce));
      case 'revert':
        return word(await revert(session, 'r1', 'restart', 'the test'));
      case 'expire':
        if (has('deadline')) writeFileSync(node.of('deadline'), '1\n');
        return journalWord((await node.unit('switch')).journal);
      case 'boot':
        return journalWord((await node.start())?.journal ?? '');
    }
  }
  const word = (result: Parameters<typeof said>[0]): string => {
    const { word: answer, detail } = said(result);
    if (answer === 'confirmed' && detail === 'already') return 'already-confirmed';
    if (answer === 'reverted' && detail === 'already') return 'already';
    return answer === 'state' && detail.includes('rebooted') ? 'rebooted' : answer;
  };
  const journalWord = (journal: string): string => {
    const [, answer = '', detail = ''] = /^change r1: (\S+) ?(.*)$/m.exec(journal) ?? [];
    return answer === 'reverted' && detail === 'already' ? 'already' : answer;
  };

  const seen = (): Readonly<Record<string, unknown>> => ({
    state: has('state') ? node.stateOf() : 'none',
    decision: ['undecided', 'decided-confirm', 'decided-revert'].filter(has),
    files: [content('a'), content('b')],
    units: [isUnit('kubelatch-boot.service'), isUnit('multi-user.target.wants/kubelatch-boot.service')],
    switch: [isUnit('kubelatch-switch.service'), isUnit('kubelatch-switch.timer')],
    timer: existsSync(join(node.place.dir, 'timer')),
  });
  const expected = ({ node: at, changes: [change] }: World): Readonly<Record<string, unknown>> => {
    const decision = change === undefined ? Decision.none : now(change.decision);
    return {
      state: states[change === undefined ? St.none : now(change.state)],
      decision: [[], ['undecided'], ['decided-confirm'], ['decided-revert']][decision],
      files: [now(at.a) === 0 ? 'old' : 'new', now(at.b) === 0 ? 'none' : 'new'],
      units: [now(at.bootUnit) !== 0, now(at.bootLink) !== 0],
      switch: [now(at.units) !== 0, now(at.units) !== 0],
      timer: at.timer === Timer.active,
    };
  };

  it.each(Array.from({ length: traces }, (_, index) => index + 1))('do the same in trace %i', async (seed) => {
    first = undefined;
    node.file('a', 'old\n');
    const random = randomFrom(seed);
    const log = wrapTools(node.place);
    node.fast();
    const start = scopes[0]?.first;
    if (start === undefined) throw new Error('no world');
    let world: World = { ...start, left: { ...start.left, faults: 0 } };
    const done: string[] = [];
    for (let length = 0; length < 7; length += 1) {
      const verb = choose(random, world);
      if (verb === 'boot') {
        node.goDown();
        world = reboot(world);
      }
      if (verb === 'expire') world = { ...world, changes: world.changes.map((one) => ({ ...one, late: 1 })) };
      const runs = verb !== 'boot' || (now(world.node.bootLink) === 1 && now(world.node.bootUnit) !== 0);
      const from = log().length;
      const answer = await ask(verb);
      const ran: Ran = runs ? play(world, verb) : { world, answer: '', commands: [] };
      ({ world } = ran);
      done.push(verb);
      const commands = commandsOf(log().slice(from), node.place, node.etc);
      expect([done, answer, seen(), commands]).toEqual([
        ...[done, ran.answer, expected(world), ran.commands.filter(isLogged)],
      ]);
    }
  });
});

/** A verb by its weight; the service acts only where it runs. */
function choose(random: () => number, world: World): Played {
  const isService = world.processes.some(({ verb }) => verb === 'expire');
  const possible = verbs.filter((verb) => verb !== 'expire' || isService);
  const total = possible.reduce((sum, verb) => sum + weights[verb], 0);
  let left = random() * total;
  for (const verb of possible) {
    left -= weights[verb];
    if (left < 0) return verb;
  }
  return 'revert';
}
