/** The moment of a cell: the call at its point is held, the fault strikes, the call is let go or lost, and the node is watched. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/lab.js';
import { type Hold, setConnectHold, setHold, whenReached } from './hold.js';
import { type Scene, faultActions } from './inject.js';
import { type Cell, allFaults, losesController } from './matrix.js';
import { firstProcess } from './node-root.js';
import { type Reference, awaitSettled, leftoversAfter, leftoversOf, uptime } from './node-state.js';
import type { RunningTool } from './tool.js';

export interface Struck {
  /** False where the tool never came to the step. */
  readonly reached: boolean;
  /** Seconds from the fault until the old configuration ran again; only where a change was armed then. */
  readonly revertTook: number | undefined;
  /** Why the node is not taken for one that ended an armed change by itself, or the fault for one that struck. */
  readonly doubts: readonly string[];
}

export interface Target {
  readonly cell: Cell;
  readonly scene: Scene;
  readonly reference: Reference;
  /** Seconds that the node may take to end a change by itself. */
  readonly patience: number;
}

/**
 * What to wait for; set before the tool is started. The journalled `connect` is the next connection after the survey's probe, `prove` the
 * next one after `prepare`. A condition strikes while the call before that is held: nobody else could connect either.
 */
export type Point = readonly [Hold, (() => Promise<Hold>)?];

/** Undefined where the fault is there from the start. */
export async function pointFor(cell: Cell, lab: Lab, node: string, local: string): Promise<Point | undefined> {
  const place = { lab, node, local };
  if (isEarly(cell)) return undefined;
  if (cell.step === 'connect' || cell.step === 'prove') {
    const [step, name] = cell.step === 'connect' ? (['probe', 'probed'] as const) : (['prepare', 'prepared'] as const);
    const first = await setHold(place, step, 'after', name);
    return allFaults[cell.fault].kind === 'condition' ? [first] : [first, () => setConnectHold(lab, node)];
  }
  return [await setHold(place, cell.step, cell.moment, cell.moment === 'answer' ? cell.fault : 'cell')];
}

/** The fault strikes before the tool is started. */
export const isEarly = ({ fault, step }: Cell): boolean => allFaults[fault].kind === 'condition' && step === 'connect';

/** Milliseconds until the tool has come to any step. */
const reachPatience = 120_000;

export async function strike(point: Point | undefined, tool: RunningTool, target: Target): Promise<Struck> {
  if (point === undefined) return { reached: true, revertTook: undefined, doubts: [] };
  const [first, then] = point;
  const missed = { reached: false, revertTook: undefined, doubts: [] };
  if (!(await whenReached(first, tool.hasEnded, reachPatience))) return missed;
  if (then === undefined) return strikeAt(first, target);
  const second = await then();
  await first.release('go');
  return (await whenReached(second, tool.hasEnded, reachPatience)) ? strikeAt(second, target) : missed;
}

async function strikeAt(hold: Hold, { cell, scene, reference, patience }: Target): Promise<Struck> {
  const action = faultActions[cell.fault];
  const { lab, node, tool } = scene;
  const { kind } = allFaults[cell.fault];
  if (kind !== 'event' && !losesController(cell)) {
    if (kind === 'condition') await action.inject(scene);
    // The call that is held has its root already.
    await hold.release(cell.fault === 'sudo-revoked' && cell.step !== 'prove' ? 'drop' : 'go');
    return { reached: true, revertTook: undefined, doubts: [] };
  }
  const { pending } = await leftoversOf(lab, node);
  const wasArmed = pending.some((one) => / (armed|writing|applied|reverting)$/.test(one));
  const first = firstProcess(node);
  // A fault that waits for a restart is made first: as long as that takes, the controller lives.
  if (kind === 'condition') await action.inject(scene);
  const lostAt = uptime();
  if (kind === 'event') await action.inject(scene);
  if (losesController(cell)) tool?.kill();
  const isLate = cell.moment === 'late';
  const isConnection = cell.step === 'connect' || cell.step === 'prove';
  // kubectl is not on the node: only with the controller its word is lost.
  const survives = isConnection || (cell.step === 'cordon' && !losesController(cell));
  if (!isLate) await hold.release(survives ? 'go' : 'drop');
  const isDown = cell.fault === 'reboot' || cell.fault === 'power-cut';
  if (isDown) await action.heal({ ...scene, first });
  const settled = await awaitSettled(lab, node, reference, wasArmed ? patience : 1);
  const doubts: string[] = [];
  if (isDown && firstProcess(node) === first) doubts.push('the node did not go down');
  if (wasArmed && settled.how === 'unsettled') doubts.push('the node did not end its change by itself');
  if (wasArmed && settled.how === 'settled' && settled.oldAt === undefined)
    doubts.push('the node ended its change, and nobody saw its old configuration run');
  // A way that is cut for a moment only would not be noticed.
  if (cell.fault === 'ssh-cut' && !wasArmed) await ended(tool, cutPatience);
  if (isLate) {
    await hold.release('go');
    if (!(await carriedOut(hold))) doubts.push('the call that came late was not carried out');
    await leftoversAfter(lab, node, 2000);
  } else if (!isDown) await action.heal(scene);
  const revertTook = wasArmed && settled.oldAt !== undefined ? settled.oldAt - lostAt : undefined;
  return { reached: true, revertTook, doubts };
}

/** Milliseconds for which a way stays cut that no change hangs on; longer than a connection keeps up without an answer. */
const cutPatience = 60_000;

async function ended(tool: RunningTool | undefined, patience: number): Promise<void> {
  const end = performance.now() + patience;
  while (tool?.hasEnded() === false && performance.now() < end) await sleep(200);
}

/** A call that is let go takes a moment. */
async function carriedOut(hold: Hold): Promise<boolean> {
  const end = performance.now() + 10_000;
  while (performance.now() < end) {
    if (await hold.isDone()) return true;
    await sleep(100);
  }
  return false;
}
