/** The moment of a cell: the call at its point is held, the fault strikes, the call is let go or lost, and the node is watched. */
import type { Lab } from '../lab/lab.js';
import { type Hold, setConnectHold, setHold, whenReached } from './hold.js';
import { type Scene, faultActions } from './inject.js';
import { type Cell, faults } from './matrix.js';
import { type Reference, awaitSettled, leftoversAfter, leftoversOf, uptime } from './node-state.js';
import type { RunningTool } from './tool.js';

export interface Struck {
  /** False where the tool never came to the step. */
  readonly reached: boolean;
  /** Seconds from the fault until the old configuration ran again; only where a change was armed then. */
  readonly revertTook: number | undefined;
}

export interface Target {
  readonly cell: Cell;
  readonly scene: Scene;
  readonly reference: Reference;
  /** Seconds that the node may take to end a change by itself. */
  readonly patience: number;
}

/** What to wait for; set before the tool is started. `prove` is the next connection after `prepare`. */
export type Point = readonly [Hold, (() => Promise<Hold>)?];

/** Undefined where the fault is there from the start. */
export async function pointFor(cell: Cell, lab: Lab, node: string, local: string): Promise<Point | undefined> {
  const place = { lab, node, local };
  if (isEarly(cell)) return undefined;
  if (cell.step === 'connect') return [await setConnectHold(lab, node)];
  if (cell.step === 'prove')
    return [await setHold(place, 'prepare', 'after', 'prepared'), () => setConnectHold(lab, node)];
  return [await setHold(place, cell.step, cell.moment, cell.moment === 'answer' ? cell.fault : 'cell')];
}

/** The fault strikes before the tool is started. */
export const isEarly = ({ fault, step }: Cell): boolean => faults[fault].kind === 'condition' && step === 'connect';

/** Milliseconds until the tool has come to any step. */
const reachPatience = 120_000;

export async function strike(point: Point | undefined, tool: RunningTool, target: Target): Promise<Struck> {
  if (point === undefined) return { reached: true, revertTook: undefined };
  const [first, then] = point;
  const missed = { reached: false, revertTook: undefined };
  if (!(await whenReached(first, tool.hasEnded, reachPatience))) return missed;
  if (then === undefined) return strikeAt(first, target);
  const second = await then();
  await first.release('go');
  return (await whenReached(second, tool.hasEnded, reachPatience)) ? strikeAt(second, target) : missed;
}

async function strikeAt(hold: Hold, { cell, scene, reference, patience }: Target): Promise<Struck> {
  const { kind } = faults[cell.fault];
  const action = faultActions[cell.fault];
  const { lab, node } = scene;
  const { pending } = await leftoversOf(lab, node);
  const wasArmed = pending.some((one) => / (armed|writing|applied|reverting)$/.test(one));
  const lostAt = uptime();
  if (kind !== 'answer') await action.inject(scene);
  if (kind !== 'event') {
    await hold.release('go');
    return { reached: true, revertTook: undefined };
  }
  const isLate = cell.moment === 'late';
  const isConnection = cell.step === 'connect' || cell.step === 'prove';
  // kubectl is not on the node: only with the controller its word is lost.
  const survives = isConnection || (cell.step === 'cordon' && cell.fault !== 'controller-killed');
  if (!isLate) await hold.release(survives ? 'go' : 'drop');
  if (cell.fault === 'reboot' || cell.fault === 'power-cut') await action.heal(scene);
  const settled = await awaitSettled(lab, node, reference, wasArmed ? patience : 1);
  if (isLate) {
    await hold.release('go');
    await leftoversAfter(lab, node, 2000);
  } else await action.heal(scene);
  return {
    reached: true,
    revertTook: wasArmed && settled.oldAt !== undefined ? settled.oldAt - lostAt : undefined,
  };
}
