/** How a verb of the node's program is written down: steps that happen wholly or not at all, each with the shell it stands for. */
import type { Change, Node, Process, World } from './world.js';

export const words = [
  ...(['prepared', 'exists', 'pending', 'changed', 'armed', 'applied', 'put-back', 'restarted', 'confirmed'] as const),
  ...(['already-confirmed', 'reverted', 'already', 'nothing', 'none', 'state', 'error', 'conflict'] as const),
  ...(['restart-failed', 'broken', 'rebooted', 'lost'] as const),
] as const;
/** Words of txn.sh; `already`: reverted already; `rebooted`: state, since the machine was rebooted; `lost`: no answer at all. */
export type Word = (typeof words)[number];

/** What one step may come to. */
export interface Turn {
  readonly world: World;
  /** The answer, with which the process ends. */
  readonly answer?: Word;
  /** A label to go on from; otherwise the next step. */
  readonly to?: string;
  /** Steps to pass over. */
  readonly skip?: number;
  readonly lock?: number;
  readonly revertLock?: number;
}

export interface Step {
  /** In words, for a trace. */
  readonly says: string;
  /** File and function in src/node. */
  readonly mirrors: string;
  /** The commands that do it, as the conformance test sees them; none: it changes nothing on the node. */
  readonly effects?: readonly string[] | undefined;
  /** Where a process goes on or ends at once, whatever the world: no state of its own. */
  readonly direct?: { readonly answer?: Word; readonly to?: string } | undefined;
  readonly label?: string | undefined;
  /** No turn: it waits. */
  readonly run: (world: World, process: Process) => readonly Turn[];
}

export type Program = readonly Step[];

export const withNode = (world: World, node: Partial<Node>): World => ({ ...world, node: { ...world.node, ...node } });

export const changeAt = (world: World, index: number): Change => {
  const found = world.changes[index];
  if (found === undefined) throw new RangeError(`no change ${index}`);
  return found;
};

export const withChange = (world: World, index: number, change: Partial<Change>): World => ({
  ...world,
  changes: world.changes.map((one, at) => (at === index ? { ...one, ...change } : one)),
});

/** One fault fewer may still come. */
export const withFault = (world: World): World => ({
  ...world,
  left: { ...world.left, faults: world.left.faults - 1 },
});

/** One command fails once, where the bounds still allow for it. */
export const orTrouble = (world: World, done: readonly Turn[], fails: (world: World) => Turn): readonly Turn[] =>
  world.left.faults * world.left.troubles === 0 ? done : [...done, fails(withFault(world))];

/** A step that always comes to one end. Commands are separated by commas. */
export const effect = (
  says: string,
  mirrors: string,
  commands: string,
  change: (world: World, process: Process) => World,
): Step => ({
  ...{ says, mirrors, effects: commands.split(', ') },
  run: (world, process) => [{ world: change(world, process) }],
});

export const labelled = (label: string, [first, ...rest]: Program): Program =>
  first === undefined ? [] : [{ ...first, label }, ...rest];

const direct = (says: string, mirrors: string, ending: NonNullable<Step['direct']>): Step => ({
  ...{ says, mirrors, direct: ending },
  run: (world) => [{ world, ...ending }],
});
export const answers = (word: Word, mirrors: string): Step => direct(`answers ${word}`, mirrors, { answer: word });
export const goes = (to: string): Step => direct(`goes on at ${to}`, '', { to });
