/** The verbs that undo a change: revert for a controller, expire for the service, boot for the boot unit (txn-undo.sh, txn-switch.sh). */
import type { Bug } from './bugs.js';
import { flushed, now, put } from './item.js';
import {
  branch,
  finishConfirm,
  flushChange,
  holder,
  isPending,
  isThere,
  readByKubelet,
  setState,
  startSwitch,
  stateOf,
  stopSwitch,
  takeLock,
  takeRevertLock,
  thisBoot,
  withdraw,
} from './parts.js';
import { type Program, type Step, answers, changeAt, effect, goes, orTrouble, withChange, withNode } from './step.js';
import { Backup, Content, Decision, Kubelet, St, Timer, type World } from './world.js';

const at = 'txn-undo.sh undo';

/** `self`: the node's own units; `boot`: before the kubelet starts. */
function undo(self: boolean, boot: boolean, bug: Bug | undefined): Program {
  return [
    ...branch('undo', takeRevertLock(bug)),
    flushing(
      takeLock(bug, (before, { change }) => {
        const world = bug === 'revert-before-flush' ? before : flushChange(before, change);
        const own = changeAt(world, change);
        const state = stateOf(own);
        if (state === St.none || state === St.prepared) return [{ world, to: 'withdraw' }];
        if (state === St.armed) return [{ world, to: 'end-armed' }];
        if (state === St.writing || state === St.applied) return [{ world }];
        if (state === St.confirmed) return [{ world, to: self ? 'stays-confirmed' : 'take-back' }];
        if (state === St.reverting) return [{ world, to: 'restore' }];
        return state === St.reverted ? [{ world, to: 'already' }] : [{ world, answer: 'error' }];
      }),
    ),
    effect('renames undecided to decided-revert', at, 'mv decided-revert', (world, { change }) => {
      const own = changeAt(world, change);
      if (now(own.decision) !== Decision.undecided) return world;
      return withChange(world, change, { decision: put(own.decision, Decision.revert), decided: own.decided | 2 });
    }),
    effect('flushes it', at, 'sync change', (world, { change }) => flushChange(world, change)),
    ...setState(St.reverting, bug),
    ...(bug === 'boot-unit-removed-too-early' ? stopSwitch(self, bug) : []),
    ...branch('restore', ...restore(self, boot, bug)),
    ...branch('withdraw', withdraw(self, bug), answers('nothing', at)),
    ...branch('end-armed', setState(St.reverted, bug), stopSwitch(self, bug), answers('nothing', at)),
    ...branch('already', stopSwitch(self, bug), answers('already', at)),
    ...(self
      ? branch('stays-confirmed', finishConfirm(true, bug), answers('state', at))
      : branch('take-back', ...takeBack(bug))),
  ];
}

const flushing = (step: Step): Step => ({ ...step, effects: ['sync change'] });

function restore(self: boolean, boot: boolean, bug: Bug | undefined): readonly (Step | Program)[] {
  return [
    compares,
    putOld('a'),
    effect('flushes it', 'txn-files.sh put_old', 'sync first', (world) =>
      withNode(world, { a: flushed(world.node.a) }),
    ),
    putOld('b'),
    effect('flushes it', 'txn-files.sh put_old', 'sync second', (world) =>
      withNode(world, { b: flushed(world.node.b) }),
    ),
    { says: 'frees the lock of the node', mirrors: at, run: (world) => [{ world, lock: 0 }] },
    {
      says: boot ? 'restarts the kubelet if it runs already' : 'restarts the kubelet, and sees it stay up',
      mirrors: 'txn-undo.sh renew, runs_again',
      effects: [boot ? 'try-restart kubelet' : 'restart kubelet'],
      run(world) {
        const isDown = boot && world.node.kubelet === Kubelet.down;
        const done = isDown ? world : withNode(world, { kubelet: readByKubelet(world) });
        return orTrouble(world, [{ world: done }], (tried) => ({ world: tried, answer: 'restart-failed' }));
      },
    },
    takeLock(bug, (world) => [{ world }]),
    setState(St.reverted, bug),
    stopSwitch(self, bug),
    answers('reverted', at),
  ];
}

/** reachable, all_ours (txn-undo.sh). What is neither old nor ours is somebody's edit. */
const compares: Step = {
  says: 'compares the files with the old and the new ones',
  mirrors: 'txn-undo.sh all_ours',
  run(world, { change }) {
    if (now(changeAt(world, change).backup) !== Backup.whole) return [{ world, answer: 'error' }];
    const { a, b } = world.node;
    const isOurs = [a, b].every((one) => now(one) === Content.old || now(one) === change + 1);
    return isOurs ? [{ world }] : [{ world, answer: 'conflict' }];
  },
};

function putOld(file: 'a' | 'b'): Step {
  const name = file === 'a' ? 'first' : 'second';
  return {
    says: `restores the ${name} old file`,
    mirrors: 'txn-files.sh put_old',
    effects: [`restore ${name}`],
    run(world) {
      const old = now(world.node[file]) === Content.old;
      const done = old ? world : withNode(world, { [file]: put(world.node[file], Content.old) });
      return orTrouble(world, [{ world: done }], (tried) => ({ world: tried, answer: 'error' }));
    },
  };
}

/** take_back (txn-undo.sh): of a confirmed change. */
const takeBack = (bug: Bug | undefined): readonly (Step | Program)[] => [
  {
    says: 'looks whether another change holds the node, and compares the files',
    mirrors: 'txn-undo.sh take_back',
    run(world, process) {
      const found = holder(world, process.change);
      if (found.isHeld) return [{ world: found.world, answer: 'pending' }];
      return compares.run(found.world, process);
    },
  },
  startSwitch(bug, 'not-taken-back'),
  setState(St.reverting, bug).map((step, index) => (index === 0 ? marksTakenBack(step) : step)),
  goes('restore'),
  branch('not-taken-back', stopSwitch(false, bug), answers('error', 'txn-undo.sh not_taken_back')),
];

const marksTakenBack = (step: Step): Step => ({
  ...step,
  run: (world, process) =>
    step.run(world, process).map((turn) => {
      const { decided } = changeAt(turn.world, process.change);
      return { ...turn, world: withChange(turn.world, process.change, { decided: decided | 8 }) };
    }),
});

export const revert = (bug: Bug | undefined): Program => undo(false, false, bug);

/** waits (txn-switch.sh): the service goes on sleeping. */
function waits(world: World, change: number): boolean {
  const own = changeAt(world, change);
  if (now(own.decision) !== Decision.undecided || own.late === 1) return false;
  return stateOf(own) === St.prepared || isPending(stateOf(own));
}

export const expire = (bug: Bug | undefined): Program => [
  {
    says: 'sees that its time is over, or that all is decided',
    mirrors: 'txn-switch.sh expire',
    run: (world, { change }) => (waits(world, change) ? [] : [{ world }]),
  },
  ...undo(true, false, bug),
];

export const boot = (bug: Bug | undefined): Program => [
  {
    says: 'looks whether the switch of this start of the machine runs',
    mirrors: 'txn-switch.sh boot',
    run(world, { change }) {
      const own = changeAt(world, change);
      if (!isThere(own) || now(own.backup) !== Backup.whole) return [{ world, answer: 'none' }];
      const lives = world.node.timer !== Timer.off || world.processes.some(({ verb }) => verb === 'expire');
      return thisBoot(own) && lives ? [{ world, answer: 'nothing' }] : [{ world }];
    },
  },
  ...undo(true, true, bug),
];
