/** What a controller does next: apply (steps.ts, undo.ts), resume (recovery.ts) and rollback (rollback.ts) of src/change. */
import type { Bug } from './bugs.js';
import { flushChange, isNew, isOld, isThere, stateOf } from './parts.js';
import { type Word, changeAt, withChange } from './step.js';
import {
  type Controller,
  Kubelet,
  type Outcome,
  type Phase,
  type Process,
  St,
  type Verb,
  type World,
} from './world.js';

/** One step of a controller. */
export interface Act {
  readonly says: string;
  readonly world: World;
}

export const isAlive = ({ role }: Controller): boolean =>
  role === 'apply' || role === 'resume' || role === 'rollback' || role === 'resume-rollback';

const controllerAt = (world: World, index: number): Controller => {
  const found = world.controllers[index];
  if (found === undefined) throw new RangeError(`no controller ${index}`);
  return found;
};

export const withController = (world: World, index: number, controller: Partial<Controller>): World => ({
  ...world,
  controllers: world.controllers.map((one, at) => (at === index ? { ...one, ...controller } : one)),
});

/** These use the connection that is open; the others open one. */
export const usesOpenConnection = ({ phase }: Controller): boolean =>
  ['prepare', 'arm', 'note-write', 'write', 'restart'].includes(phase);

/** The verb that a phase asks the node for. */
const asked: Readonly<Partial<Record<Phase, Verb>>> = {
  ...{ prepare: 'prepare', arm: 'arm', write: 'write', restart: 'restart', confirm: 'confirm' },
  ...{ withdraw: 'revert', revert: 'revert' },
};

export function actsOf(world: World, index: number, bug: Bug | undefined): readonly Act[] {
  const controller = controllerAt(world, index);
  if (!isAlive(controller) || controller.waits === 1) return [];
  const { phase, change } = controller;
  const to = (says: string, next: Partial<Controller>, from = world): Act => ({
    says,
    world: withController(from, index, next),
  });
  const verb = asked[phase];
  if (verb !== undefined) {
    if (world.node.up === 0 || controller.broken === 1)
      return [{ says: `cannot reach the node for ${verb}`, world: answered(world, index, 'lost', bug) }];
    const call: Process = { by: index, verb, change, at: 0, lock: 0, revertLock: 0 };
    return [to(`asks the node to ${verb}`, { waits: 1 }, { ...world, processes: [...world.processes, call] })];
  }
  switch (phase) {
    case 'start':
      if (world.node.kubelet === Kubelet.down) return [];
      if (controller.role === 'rollback') return [to('notes the revert in its journal', { begun: 2, phase: 'revert' })];
      return [to('notes prepare in its journal', { begun: 1, phase: 'prepare' })];
    case 'note-write':
      return [to('notes write in its journal', { begun: 2, phase: 'write' })];
    case 'gate':
      return gate(world, index, bug, to);
    case 'list':
      return [
        list(bug === 'list-before-flush' || !world.node.up ? world : flushChange(world, change), controller, bug, to),
      ];
    case 'prove': {
      const fails = to('the gate fails with the old files', { result: 'unknown', phase: 'note' });
      const isHealthy = world.node.up === 1 && world.node.kubelet === Kubelet.old && isOld(world);
      return isHealthy ? [to('the gate passes with the old files', { phase: 'note' }), fails] : [fails];
    }
    case 'note':
      return [
        to(`notes the outcome ${controller.result}`, {
          journal: controller.result,
          role: 'done',
          phase: 'start',
          tries: 0,
        }),
      ];
    default:
      throw new RangeError(`no act in ${phase}`);
  }
}

type To = (says: string, next: Partial<Controller>, from?: World) => Act;

function gate(world: World, index: number, bug: Bug | undefined, to: To): readonly Act[] {
  const { change } = controllerAt(world, index);
  if (bug === 'gate-skipped') return [to('skips the gate', { phase: 'confirm' })];
  const fails = to('the gate fails', { phase: 'revert', result: 'reverted', tries: 0 });
  const isHealthy = world.node.up === 1 && world.node.kubelet === change + 2 && isNew(world, change);
  if (!isHealthy) return [fails];
  return [to('the gate passes', { phase: 'confirm', tries: 0 }, withChange(world, change, { gated: 1 })), fails];
}

/** recoverHost, decide (recovery.ts). */
function list(world: World, controller: Controller, bug: Bug | undefined, to: To): Act {
  if (world.node.up === 0) return to('cannot reach the node', { result: 'unknown', phase: 'note' }, world);
  const change = changeAt(world, controller.change);
  const state = isThere(change) ? stateOf(change) : St.none;
  const isRollback = controller.rollsBack === 1;
  if (state === St.none) return to('finds no transaction', { result: withoutRecord(controller), phase: 'note' }, world);
  if (state === St.confirmed && !isRollback)
    return to('finds it confirmed', { result: 'confirmed', phase: 'note' }, world);
  const restored: Outcome = isRollback ? 'confirmed' : 'reverted';
  if (state === St.reverted) return to('finds it reverted', { result: restored, phase: 'prove' }, world);
  if (bug === 'resume-guesses') return to('trusts the node to revert', { result: restored, phase: 'note' }, world);
  return to('finds it undecided', { phase: 'revert', tries: 0 }, world);
}

const withoutRecord = ({ begun, rollsBack }: Controller): Outcome =>
  begun === 2 || rollsBack === 1 ? 'unknown' : 'failed';

/** The controller has its answer, or learns that none comes. */
export function answered(world: World, index: number, word: Word, bug: Bug | undefined): World {
  const controller = controllerAt(world, index);
  return withController(world, index, { waits: 0, broken: 0, ...next(controller, word, bug) });
}

const fails = (phase: 'withdraw' | 'note'): Partial<Controller> => ({ phase, result: 'failed', tries: 0 });
const mustRevert: Partial<Controller> = { phase: 'revert', result: 'reverted', tries: 0 };
const unknown: Partial<Controller> = { phase: 'note', result: 'unknown' };

function next(controller: Controller, word: Word, bug: Bug | undefined): Partial<Controller> {
  const { phase, tries } = controller;
  switch (phase) {
    case 'prepare':
      if (word === 'prepared') return { phase: bug === 'write-before-arm' ? 'note-write' : 'arm' };
      return fails(word === 'lost' ? 'withdraw' : 'note');
    case 'arm':
      return word === 'armed' ? { phase: 'note-write' } : fails('withdraw');
    case 'write':
      if (word === 'applied') return { phase: 'restart' };
      return word === 'lost' || word === 'broken' ? mustRevert : fails('withdraw');
    case 'restart':
      return word === 'state' || word === 'rebooted' ? mustRevert : { phase: 'gate' };
    case 'confirm':
      if (word === 'confirmed' || word === 'already-confirmed') return { phase: 'note', result: 'confirmed' };
      if (word === 'lost' && bug === 'journal-guesses') return { phase: 'note', result: 'confirmed' };
      return word === 'lost' && tries < 2 ? { tries: tries + 1 } : mustRevert;
    case 'withdraw':
      if (['reverted', 'already', 'nothing', 'none'].includes(word)) return { phase: 'note' };
      return word === 'lost' && tries < 1 ? { tries: tries + 1 } : unknown;
    case 'revert':
      return afterRevert(controller, word);
    default:
      throw new RangeError(`no answer is awaited in ${phase}`);
  }
}

/** untilDecided (revert.ts), then afterFailure, afterRecovery or afterRollback. */
function afterRevert(controller: Controller, word: Word): Partial<Controller> {
  const { role, rollsBack, tries } = controller;
  const isRollback = rollsBack === 1;
  switch (word) {
    case 'lost':
    case 'error':
      return tries < 1 ? { tries: tries + 1 } : unknown;
    case 'reverted':
      return { phase: 'prove', result: isRollback ? 'confirmed' : 'reverted' };
    case 'already':
      return { phase: 'prove', result: role === 'rollback' ? 'unchanged' : isRollback ? 'confirmed' : 'reverted' };
    case 'nothing':
      return { phase: 'note', result: isRollback ? 'unchanged' : 'failed' };
    case 'none':
      if (role === 'apply') return { phase: 'prove', result: 'reverted' };
      return { phase: 'note', result: role === 'rollback' ? 'unknown' : withoutRecord(controller) };
    case 'conflict':
    case 'pending':
      return role === 'rollback' ? { phase: 'note', result: 'failed' } : unknown;
    default:
      return unknown;
  }
}

/** Whether the journal leaves the host open, so that it can be resumed. */
export const isOpen = ({ begun, journal, role }: Controller): boolean =>
  begun > 0 && (role === 'dead' || role === 'done') && (journal === 'none' || journal === 'unknown');
