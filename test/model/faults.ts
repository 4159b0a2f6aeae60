/** What goes wrong: the power, processes, connections, controllers, and people who intervene. Each costs one of what is left. */
import type { Bug } from './bugs.js';
import { answered, isAlive, isOpen, usesOpenConnection, withController } from './controller.js';
import { type Item, item, now, remains, renamed } from './item.js';
import { isThere, readByKubelet, stateOf, stopService } from './parts.js';
import { withFault, withNode } from './step.js';
import {
  By,
  type Change,
  Decision,
  Kubelet,
  Mark,
  type Node,
  type Process,
  St,
  Timer,
  type World,
  noChange,
} from './world.js';

export interface Move {
  readonly says: () => string;
  /** `progress` happens in the end; a fault or a choice may never. */
  readonly kind: 'progress' | 'fault' | 'choice';
  readonly world: World;
}

export type FaultKind = 'cut' | 'loss' | 'death' | 'kill' | 'trouble' | 'start' | 'other';

export function faultsOf(world: World, kinds: ReadonlySet<FaultKind>, bug: Bug | undefined): readonly Move[] {
  if (world.left.faults === 0) return [];
  const after = withFault(world);
  return [
    ...(kinds.has('cut') ? powerCuts(world, after, bug) : []),
    ...(kinds.has('loss') ? lostCalls(after, bug) : []),
    ...(kinds.has('death') ? deaths(after) : []),
    ...(kinds.has('kill') ? kills(after, bug) : []),
    ...(kinds.has('start') ? kubeletStarts(after) : []),
    ...(kinds.has('other') ? others(after) : []),
  ];
}

const fault = (says: string, world: World): Move => ({ says: () => says, kind: 'fault', world });

/** Each thing that is not flushed is as before or as after, by itself. */
function powerCuts(world: World, spent: World, bug: Bug | undefined): readonly Move[] {
  const { node } = world;
  if (node.up === 0) return [];
  let stopped: World = { ...spent, processes: [] };
  for (const [index, controller] of world.controllers.entries())
    if (controller.waits === 1) stopped = answered(stopped, index, 'lost', bug);
    else if (isAlive(controller) && usesOpenConnection(controller))
      stopped = withController(stopped, index, { broken: 1 });
  let nodes: readonly Partial<Node>[] = [{}];
  for (const name of ['a', 'b', 'bootUnit', 'bootLink', 'units'] as const)
    nodes = product(
      nodes,
      remains(node[name]).map((left): Partial<Node> => ({ [name]: left })),
    );
  let changes: readonly (readonly Change[])[] = [[]];
  for (const one of world.changes)
    changes = changes.flatMap((before) => remainsOfChange(one).map((after) => [...before, after]));
  const off = { up: 0, kubelet: Kubelet.down, loaded: 0, timer: Timer.off };
  return nodes.flatMap((kept) =>
    changes.map((all): Move => {
      const after = withNode({ ...stopped, changes: all }, { ...kept, ...off });
      return { says: () => `the power is cut, and ${lossOf(world, after)}`, kind: 'fault', world: after };
    }),
  );
}

const product = <T>(some: readonly T[], others: readonly T[]): T[] =>
  some.flatMap((one) => others.map((other) => ({ ...one, ...other })));

function remainsOfChange(change: Change): readonly Change[] {
  let found: readonly Change[] = [{ ...change, gated: 0, late: 0, free: 0 }];
  for (const name of ['folder', 'state', 'decision', 'boot', 'backup'] as const)
    found = found.flatMap((one) => remains(change[name]).map((left): Change => ({ ...one, [name]: left })));
  const started = found.map((one): Change => {
    if (now(one.folder) === 0) return { ...noChange, decided: one.decided };
    return {
      ...one,
      decided: decidedBy(one),
      boot: renamed(one.boot, (mark) => (mark === Mark.current ? Mark.earlier : mark)),
    };
  });
  // The names of staged files are not flushed. They matter only while the change may still be armed.
  const staged = started.flatMap((one): Change[] => {
    if (stateOf(one) !== St.prepared) return [{ ...one, staged: 0 }];
    return one.staged === 2 ? [one, { ...one, staged: 0 }] : [one];
  });
  return staged;
}

/** A decision that is lost with the power was none. */
function decidedBy({ decision, decided }: Change): number {
  if (now(decision) === Decision.confirm) return decided & 13;
  return decided & (now(decision) === Decision.revert ? 10 : 8);
}

function lossOf(before: World, after: World): string {
  const names = {
    a: 'first file',
    b: 'second file',
    bootUnit: 'boot unit',
    bootLink: 'link',
    units: 'switch',
  } as const;
  const lost = Object.entries(names).flatMap(([key, name]) => {
    const [was, is] = [before.node[key as keyof typeof names], after.node[key as keyof typeof names]];
    return now(was) === now(is) ? [] : [`the ${name} is not as it was seen`];
  });
  const fields = ['state', 'decision', 'backup', 'folder'] as const;
  const inside = after.changes.flatMap((change, index) =>
    fields.flatMap((field) => {
      const was: Item = before.changes[index]?.[field] ?? item(0);
      return now(was) === now(change[field]) ? [] : [`the ${field} of change ${index + 1} is not as it was seen`];
    }),
  );
  const all = [...lost, ...inside];
  return all.length === 0 ? 'everything is on the disk' : all.join(', ');
}

/** A call that never arrives, an answer that is lost, or one that is too late: the process goes on for nobody. */
function lostCalls(world: World, bug: Bug | undefined): readonly Move[] {
  return world.processes.flatMap((process): Move[] => {
    if (process.by >= By.nobody) return [];
    const told = answered(world, process.by, 'lost', bug);
    const rest = world.processes.filter((one) => one !== process);
    const lost = `the connection is lost: ${process.verb} of controller ${process.by + 1}`;
    const late = { ...told, processes: [...rest, { ...process, by: By.nobody }] };
    const never = { ...told, processes: rest };
    const goesOn = fault(`${lost} goes on, and nobody waits for its answer`, late);
    return process.at === 0 ? [goesOn, fault(`${lost} never arrives`, never)] : [goesOn];
  });
}

function deaths(world: World): readonly Move[] {
  return world.controllers.flatMap((controller, index): Move[] => {
    if (!isAlive(controller)) return [];
    const orphaned = world.processes.map((one) => (one.by === index ? { ...one, by: By.nobody } : one));
    const dead = { role: 'dead', waits: 0, phase: 'start', tries: 0, result: 'none' } as const;
    return [fault(`controller ${index + 1} dies`, withController({ ...world, processes: orphaned }, index, dead))];
  });
}

/** Not the boot unit's process: nothing kills it but systemd, after 180 s. */
function kills(world: World, bug: Bug | undefined): readonly Move[] {
  return world.processes.flatMap((process): Move[] => {
    if (process.verb === 'boot') return [];
    const rest = { ...world, processes: world.processes.filter((one) => one !== process) };
    const says = `the process of ${process.verb} is killed`;
    if (process.by < By.nobody) return [fault(says, answered(rest, process.by, 'lost', bug))];
    if (process.verb !== 'expire' || world.node.loaded !== process.change + 1) return [fault(says, rest)];
    const again: Process = { ...process, at: 0, lock: 0, revertLock: 0 };
    return [fault(`${says}, and systemd starts it again`, { ...rest, processes: [...rest.processes, again] })];
  });
}

/** It ended, or somebody restarted it. */
function kubeletStarts(world: World): readonly Move[] {
  const kubelet = readByKubelet(world);
  if (world.node.kubelet === Kubelet.down || world.node.kubelet === kubelet) return [];
  return [fault('the kubelet starts by itself', withNode(world, { kubelet }))];
}

/** What a person or another tool may do at the node, and a confirm with the nonce of another run of the same name. */
function others(world: World): readonly Move[] {
  const { node } = world;
  if (node.up === 0) return [];
  const moves: Move[] = [];
  if (node.timer === Timer.active) {
    // It counts from zero again; the worst case is that it never fires.
    const lost = withNode(world, { timer: Timer.elapsed });
    moves.push(fault('somebody reloads systemd, and the timer begins anew', lost));
    if (world.processes.some(({ verb }) => verb === 'expire'))
      moves.push(fault('somebody stops the service of the switch', stopService(world)));
  }
  const [first] = world.changes;
  if (first !== undefined && isThere(first)) {
    const foreign: Process = { by: By.nobody, verb: 'foreign', change: 0, at: 0, lock: 0, revertLock: 0 };
    const asked = { ...world, processes: [...world.processes, foreign] };
    moves.push(fault('another run of the same name asks to confirm', asked));
  }
  return moves;
}

/** What an operator may begin: the resume of a run, or the rollback of one. `isAlone`: the cluster's lock keeps others out. */
export function choicesOf(world: World, isAlone: boolean): readonly Move[] {
  const moves: Move[] = [];
  const { left, controllers } = world;
  for (const [index, controller] of controllers.entries()) {
    const busy = controllers.some((one, at) => at !== index && isAlive(one));
    if (isAlone && busy) continue;
    if (left.resumes > 0 && isOpen(controller)) {
      const role = controller.rollsBack === 1 ? 'resume-rollback' : 'resume';
      const fewer = { ...world, left: { ...left, resumes: left.resumes - 1 } };
      const after = withController(fewer, index, { role, phase: 'list', tries: 0, result: 'none' });
      moves.push({ says: () => `somebody resumes the run of controller ${index + 1}`, kind: 'choice', world: after });
    }
    const [first] = world.changes;
    const isKept = first !== undefined && isThere(first) && stateOf(first) !== St.none;
    if (left.rollbacks > 0 && controller.role === 'none' && isKept && world.node.up === 1) {
      const fewer = { ...world, left: { ...left, rollbacks: left.rollbacks - 1 } };
      const after = withController(fewer, index, { role: 'rollback', change: 0, rollsBack: 1 });
      moves.push({ says: () => `controller ${index + 1} begins a rollback of run 1`, kind: 'choice', world: after });
    }
  }
  return moves;
}
