/** What must hold in every world, and where nothing goes on any more. */
import { isAlive } from './controller.js';
import { now } from './item.js';
import { isNew, isOld, isPending, isThere, readByKubelet, stateOf } from './parts.js';
import { Content, type Controller, St, Timer, type World } from './world.js';

export const invariants = {
  'one-run': 'two runs never change the node at once',
  gate: 'confirmed only after the gate passed, in the same start of the node',
  decision: 'one decision at most: no change is confirmed and reverted',
  journal: 'what the journal and the node say together is true',
  start: 'at boot the kubelet starts with old or confirmed files',
  rest: 'with power and time the node comes to rest: all old or all new and confirmed, nothing armed, no process, no change open',
  ends: 'every order of steps comes to an end',
} as const;
export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant;
  readonly why: string;
}

const violation = (invariant: Invariant, why: string): Violation => ({ invariant, why });

/** Of any world. */
export function violationIn(world: World): Violation | undefined {
  const { node, changes, controllers } = world;
  const open = changes.filter((one) => isThere(one) && isPending(stateOf(one)));
  if (open.length > 1) return violation('one-run', 'two changes are open');
  const written = new Set(
    [now(node.a), now(node.b)].filter((value) => value === Content.first || value === Content.second),
  );
  if (written.size > 1) return violation('one-run', 'the files are those of two runs');
  for (const [index, { decided }] of changes.entries()) {
    if ((decided & 4) !== 0) return violation('gate', `change ${index + 1} was confirmed and its gate had not passed`);
    if ((decided & 3) === 3) return violation('decision', `change ${index + 1} was confirmed and reverted`);
  }
  if (node.startedWrong === 1)
    return violation('start', 'the kubelet started with files that are neither old nor confirmed');
  for (const controller of controllers) {
    const lie = lieOf(world, controller);
    if (lie !== undefined) return violation('journal', lie);
  }
  return undefined;
}

function lieOf(world: World, { journal, change, rollsBack }: Controller): string | undefined {
  const own = world.changes[change];
  if (own === undefined) return undefined;
  const hasNew = [world.node.a, world.node.b].some((one) => now(one) === change + 1);
  const says = `the journal says ${journal}`;
  if (journal === 'confirmed' && rollsBack === 0) {
    // Another run took it back since.
    if ((own.decided & 8) !== 0) return undefined;
    if (!isNew(world, change)) return `${says}, and the files are not the new ones`;
    return stateOf(own) === St.confirmed ? undefined : `${says}, and the node does not`;
  }
  if (journal === 'none' || journal === 'unknown') return undefined;
  return hasNew ? `${says}, and a file is the new one` : undefined;
}

/** Of a world in which nothing goes on by itself. */
export function unrestIn(world: World): Violation | undefined {
  const rest = (why: string): Violation => violation('rest', why);
  const { node, changes, processes, controllers } = world;
  const owner = changes.findIndex((_, index) => isNew(world, index));
  if (!isOld(world)) {
    const own = changes[owner];
    if (own === undefined) return rest('the files are mixed');
    if (stateOf(own) !== St.confirmed) return rest('the files are new, and the change is not confirmed');
  }
  if (node.kubelet !== readByKubelet(world)) return rest('the kubelet does not run with the files that are there');
  if (processes.length > 0) return rest('a process waits for ever');
  if (controllers.some(isAlive)) return rest('a controller waits for ever');
  const open = changes.findIndex((one) => isThere(one) && isPending(stateOf(one)));
  if (open >= 0) return rest(`change ${open + 1} holds the node`);
  // A boot unit may be left of a change that has ended, or never began: at the next boot it removes itself.
  return node.timer === Timer.active ? rest('the switch is armed') : undefined;
}
