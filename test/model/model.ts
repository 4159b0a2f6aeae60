/** All that can happen next in a world: steps of processes and controllers, time, systemd, and faults. */
import type { Bug } from './bugs.js';
import { actsOf, answered } from './controller.js';
import { type FaultKind, type Move, choicesOf, faultsOf } from './faults.js';
import { now } from './item.js';
import { isPending, isThere, readByKubelet, startService, stateOf, thisBoot } from './parts.js';
import { type Program, type Turn, type Word, changeAt, withChange, withNode } from './step.js';
import { boot, expire, revert } from './undo.js';
import { arm, confirm, prepare, restart, write } from './verbs.js';
import { Backup, By, Decision, Kubelet, type Process, St, Timer, type Verb, type World } from './world.js';

export interface Model {
  readonly bug: Bug | undefined;
  readonly programs: Readonly<Record<Verb, Program>>;
  readonly labels: Readonly<Record<Verb, ReadonlyMap<string, number>>>;
  /** The lock of the cluster keeps other runs away while one is alive. */
  readonly isAlone: boolean;
  readonly kinds: ReadonlySet<FaultKind>;
}

/** `bug`: one that is put in on purpose. */
export function modelWith(bug: Bug | undefined, isAlone: boolean, kinds: readonly FaultKind[]): Model {
  const programs: Readonly<Record<Verb, Program>> = {
    ...{ prepare: prepare(bug), arm: arm(bug), write: write(bug), restart: restart() },
    ...{ confirm: confirm(bug, false), foreign: confirm(bug, true) },
    ...{ revert: revert(bug), expire: expire(bug), boot: boot(bug) },
  };
  const labelsOf = (program: Program): ReadonlyMap<string, number> =>
    new Map(program.flatMap(({ label }, index) => (label === undefined ? [] : [[label, index]])));
  const labels = Object.fromEntries(Object.entries(programs).map(([verb, program]) => [verb, labelsOf(program)]));
  return { bug, programs, labels: labels as Record<Verb, ReadonlyMap<string, number>>, isAlone, kinds: new Set(kinds) };
}

/** Everything that may come next, always in the same order. */
export function movesOf(world: World, model: Model): readonly Move[] {
  const moves: Move[] = [];
  for (const process of world.processes) moves.push(...stepsOf(world, process, model));
  for (const index of world.controllers.keys())
    for (const { says, world: after } of actsOf(world, index, model.bug))
      moves.push({ says: () => `controller ${index + 1} ${says}`, kind: 'progress', world: after });
  moves.push(...passing(world));
  moves.push(...choicesOf(world, model.isAlone));
  moves.push(...faultsOf(world, model.kinds, model.bug));
  return moves;
}

/** Of one process: the next step, as it may turn out. */
export function stepsOf(world: World, process: Process, model: Model): readonly Move[] {
  const step = model.programs[process.verb][process.at];
  if (step === undefined) throw new RangeError(`${process.verb} has no step ${process.at}`);
  return step.run(world, process).map((turn): Move => {
    const { answer } = whereTo(process, turn, model);
    const ending = answer === undefined ? '' : `, and answers ${answer}`;
    const isFault = turn.world.left.faults < world.left.faults;
    const says = (): string =>
      `${nameOf(process)} ${isFault ? 'fails at: ' : ''}${step.says}${ending} [${step.mirrors}]`;
    const kind = isFault ? 'fault' : 'progress';
    return { says, kind, world: after(process, turn, model) };
  });
}

const nameOf = ({ by, verb, change }: Process): string =>
  `${verb} of change ${change + 1}${by === By.systemd ? ' (systemd)' : by === By.nobody ? ' (nobody waits)' : ''}`;

/** Answers of the switch's own attempts after which it tries no more (settle in txn-switch.sh). */
const endsSwitch = new Set(['reverted', 'already', 'nothing', 'state', 'none', 'conflict']);

function after(process: Process, turn: Turn, model: Model): World {
  const { world } = turn;
  const others = world.processes.filter((one) => one !== process);
  const { at, answer } = whereTo(process, turn, model);
  if (answer === undefined) {
    const { lock = process.lock, revertLock = process.revertLock } = turn;
    return { ...world, processes: [...others, { ...process, at, lock, revertLock }] };
  }
  if (process.by === By.systemd && !endsSwitch.has(answer)) {
    const again = { ...process, at: labelOf(model, process.verb, 'undo'), lock: 0, revertLock: 0 };
    return { ...world, processes: [...others, again] };
  }
  const ended = { ...world, processes: others };
  return process.by < By.nobody ? answered(ended, process.by, answer, model.bug) : ended;
}

/** The next step that does something, or the answer. */
function whereTo(
  process: Process,
  turn: Turn,
  model: Model,
): { readonly at: number; readonly answer?: Word | undefined } {
  const { verb } = process;
  let { answer } = turn;
  let at = turn.to === undefined ? process.at + 1 + (turn.skip ?? 0) : labelOf(model, verb, turn.to);
  while (answer === undefined) {
    const ending = model.programs[verb][at]?.direct;
    if (ending === undefined) break;
    ({ answer } = ending);
    if (ending.to !== undefined) at = labelOf(model, verb, ending.to);
  }
  return { at, answer };
}

function labelOf({ labels }: Model, verb: Verb, label: string): number {
  const found = labels[verb].get(label);
  if (found === undefined) throw new RangeError(`${verb} has no ${label}`);
  return found;
}

/** Time, systemd and the machine. */
function passing(world: World): readonly Move[] {
  const { node } = world;
  if (node.up === 0) return [{ says: () => 'the machine starts', kind: 'progress', world: starts(world) }];
  const moves: Move[] = [];
  const add = (says: string, after: World): void =>
    void moves.push({ says: () => says, kind: 'progress', world: after });
  for (const [index, change] of world.changes.entries()) {
    const state = stateOf(change);
    const waits = world.processes.some((one) => one.verb === 'expire' && one.change === index);
    const isOpen = now(change.decision) === Decision.undecided && (state === St.prepared || isPending(state));
    // The service looks at its time while the change is undecided; the timer fires whatever was decided.
    const isArmed = waits ? isOpen : node.timer === Timer.active && node.loaded === index + 1;
    if (change.late === 0 && isArmed && thisBoot(change))
      add(`the deadline of change ${index + 1} passes`, withChange(world, index, { late: 1 }));
    const isAbandoned = isThere(change) && (state === St.prepared || state === St.none) && thisBoot(change);
    if (change.free === 0 && isAbandoned && world.changes.length > 1)
      add(`others may remove change ${index + 1} now`, withChange(world, index, { free: 1 }));
  }
  const isService = world.processes.some(({ verb }) => verb === 'expire');
  if (node.timer === Timer.active && !isService && node.loaded > 0 && changeAt(world, node.loaded - 1).late === 1)
    add('the timer starts the service', startService(withNode(world, { timer: Timer.elapsed })));
  if (node.kubelet === Kubelet.down && !world.processes.some(({ verb }) => verb === 'boot'))
    add('the kubelet starts', kubeletStarts(world));
  return moves;
}

function starts(world: World): World {
  const { bootUnit, bootLink, units } = world.node;
  const started = withNode(world, { up: 1, loaded: now(units) % 3 });
  const named = now(bootUnit);
  const change = world.changes[named - 1];
  if (now(bootLink) === 0 || change === undefined || !isThere(change) || now(change.backup) !== Backup.whole)
    return started;
  const process: Process = { by: By.systemd, verb: 'boot', change: named - 1, at: 0, lock: 0, revertLock: 0 };
  return { ...started, processes: [...started.processes, process] };
}

/** The boot unit is ordered before it. */
function kubeletStarts(world: World): World {
  const kubelet = readByKubelet(world);
  const own = world.changes[kubelet - 2];
  // A change that a run makes at that very moment restarts it later.
  const isUnderWay = world.changes.some((one) => isPending(stateOf(one)) && thisBoot(one));
  const isRight = kubelet === Kubelet.old || (own !== undefined && stateOf(own) === St.confirmed) || isUnderWay;
  return withNode(world, { kubelet, ...(isRight ? {} : { startedWrong: 1 }) });
}
