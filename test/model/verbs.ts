/** The verbs by which a controller changes a node: prepare, arm, write, restart, confirm (src/node/txn.sh, txn-stage.sh). */
import type { Bug } from './bugs.js';
import { flushed, now, orLeft, put } from './item.js';
import {
  branch,
  finishConfirm,
  flushChange,
  holder,
  isNew,
  isOld,
  isThere,
  readByKubelet,
  setState,
  startSwitch,
  stateOf,
  stopSwitch,
  takeLock,
  thisBoot,
  withdraw,
} from './parts.js';
import {
  type Program,
  type Step,
  type Turn,
  answers,
  changeAt,
  effect,
  orTrouble,
  withChange,
  withNode,
} from './step.js';
import { Backup, Decision, Kubelet, Mark, St, type World } from './world.js';

const txn = 'txn.sh';

export function prepare(bug: Bug | undefined): Program {
  return [
    takeLock(bug, (world, { change }) => {
      const found = holder(world, change);
      if (found.isHeld && bug !== 'second-run-not-refused') return [{ world: found.world, answer: 'pending' }];
      if (isThere(changeAt(world, change))) return [{ world: found.world, answer: 'exists' }];
      return [{ world: found.world }];
    }),
    {
      says: 'makes the folder, copies the old files, and stages the new ones beside them',
      mirrors: `${txn} prepare, txn-stage.sh stage`,
      effects: ['mkdir change', 'stage first', 'stage second'],
      run(world, { change }) {
        if (!isOld(world)) return [{ world, answer: 'changed' }];
        const { folder, boot, backup, ...own } = changeAt(world, change);
        const made = {
          ...{ folder: put(folder, 1), boot: orLeft(put(boot, Mark.current), Mark.torn), state: own.state },
          ...{ backup: orLeft(put(backup, Backup.whole), Backup.torn), staged: bug === 'rename-before-flush' ? 1 : 2 },
        };
        return [{ world: withChange(world, change, { ...made, free: 0, late: 0, gated: 0 }) }];
      },
    },
    effect('flushes the copies', `${txn} prepare`, 'sync copies', (world, { change }) => {
      const { folder, boot, backup } = changeAt(world, change);
      if (bug === 'copies-not-flushed') return world;
      return withChange(flushChange(world, change), change, {
        ...{ folder: flushed(folder), boot: flushed(boot), backup: flushed(backup) },
      });
    }),
    ...setState(St.prepared, bug),
    answers('prepared', `${txn} prepare`),
  ];
}

export function arm(bug: Bug | undefined): Program {
  return [
    takeLock(bug, (world, { change }) => {
      const own = changeAt(world, change);
      if (!isThere(own)) return [{ world, answer: 'none' }];
      if (stateOf(own) !== St.prepared) return [{ world, answer: 'state' }];
      const found = holder(world, change);
      if (found.isHeld && bug !== 'second-run-not-refused') return [{ world: found.world, to: 'held' }];
      return isOld(world) ? [{ world: found.world }] : [{ world: found.world, to: 'changed' }];
    }),
    effect('writes undecided', `${txn} arm`, 'write undecided', (world, { change }) =>
      withChange(world, change, { decision: put(changeAt(world, change).decision, Decision.undecided) }),
    ),
    ...startSwitch(bug, 'not-armed'),
    ...setState(St.armed, bug),
    answers('armed', `${txn} arm`),
    ...branch('not-armed', withdraw(false, bug), answers('error', `${txn} not_armed`)),
    ...branch('held', withdraw(false, bug).slice(-1), answers('pending', `${txn} arm`)),
    ...branch('changed', withdraw(false, bug).slice(-1), answers('changed', `${txn} arm`)),
  ];
}

/** A file is renamed into place and its folder is flushed. One of the commands may fail. */
function putNew(file: 'a' | 'b'): Program {
  const command = file === 'a' ? 'first' : 'second';
  return [
    {
      says: `renames the ${command} new file into place`,
      mirrors: 'txn-stage.sh put_new',
      effects: [`mv ${command}`],
      run: (world, { change }) => {
        const renamed = put(world.node[file], change + 1);
        const { staged } = changeAt(world, change);
        // A power cut may have taken the name of the staged file.
        if (staged === 0) return [{ world, to: 'writing-failed' }];
        const isFlushed = staged === 2;
        const done: Turn = { world: withNode(world, { [file]: isFlushed ? renamed : orLeft(renamed, 3) }) };
        return orTrouble(world, [done], (tried) => ({ world: tried, to: 'writing-failed' }));
      },
    },
    effect('flushes it', 'txn-stage.sh put_new', `sync ${command}`, (world) =>
      withNode(world, { [file]: flushed(world.node[file]) }),
    ),
  ];
}

/** undo_new (txn-stage.sh): the old file again, where the new one was renamed into place. */
function undoNew(file: 'a' | 'b'): Program {
  const command = file === 'a' ? 'first' : 'second';
  return [
    effect(`restores the ${command} old file`, 'txn-stage.sh undo_new', `restore ${command}`, (world) =>
      now(world.node[file]) === 0 ? world : withNode(world, { [file]: put(world.node[file], 0) }),
    ),
    effect('flushes it', 'txn-files.sh put_old', `sync ${command}`, (world) =>
      withNode(world, { [file]: flushed(world.node[file]) }),
    ),
  ];
}

/** is_same_kubelet (txn-undo.sh). A start that read the old files is told there too, and costs a restart. */
const looksWhatRuns = (bug: Bug | undefined): Step => ({
  says: 'looks whether the kubelet started meanwhile',
  mirrors: `${txn} write`,
  run: (world) =>
    world.node.kubelet === Kubelet.old || bug === 'written-and-running' ? [{ world }] : [{ world, answer: 'broken' }],
});

export function write(bug: Bug | undefined): Program {
  return [
    takeLock(bug, (world, { change }) => {
      const own = changeAt(world, change);
      if (!isThere(own)) return [{ world, answer: 'none' }];
      const isArmed = stateOf(own) === St.armed && now(own.decision) === Decision.undecided;
      if (!isArmed && !(bug === 'write-before-arm' && stateOf(own) === St.prepared))
        return [{ world, answer: 'state' }];
      if (!thisBoot(own)) return [{ world, answer: 'rebooted' }];
      return orTrouble(world, [{ world }], (tried) => ({ world: tried, to: 'changed' }));
    }),
    ...setState(St.writing, bug),
    ...putNew('a'),
    ...putNew('b'),
    ...setState(St.applied, bug),
    answers('applied', `${txn} write`),
    ...branch(
      'writing-failed',
      undoNew('a'),
      undoNew('b'),
      looksWhatRuns(bug),
      setState(St.reverted, bug),
      stopSwitch(false, bug),
      answers('put-back', `${txn} write`),
    ),
    ...branch('changed', withdraw(false, bug), answers('changed', `${txn} write`)),
  ];
}

/** Takes no lock: the state is read, and the kubelet restarted. */
export const restart = (): Program => [
  {
    says: 'looks at the state',
    mirrors: `${txn} restart`,
    run: (world, { change }) => [{ world, ...restartRefusal(world, change) }],
  },
  effect('restarts the kubelet', 'txn-undo.sh restart_units', 'restart kubelet', (world) =>
    withNode(world, { kubelet: readByKubelet(world) }),
  ),
  answers('restarted', `${txn} restart`),
];

function restartRefusal(world: World, change: number): Pick<Turn, 'answer'> {
  const own = changeAt(world, change);
  if (!isThere(own)) return { answer: 'none' };
  if (stateOf(own) !== St.applied) return { answer: 'state' };
  return thisBoot(own) ? {} : { answer: 'rebooted' };
}

/** `foreign`: with the nonce of another run of the same name. */
export function confirm(bug: Bug | undefined, foreign: boolean): Program {
  return [
    takeLock(bug, (world, { change }) => {
      const own = changeAt(world, change);
      if (!isThere(own)) return [{ world, answer: 'none' }];
      const state = stateOf(own);
      if (state === St.confirmed) return [{ world, to: 'already' }];
      const isLate = bug === 'confirm-after-expiry' && (state === St.reverting || state === St.reverted);
      if (state !== St.applied && !isLate) return [{ world, answer: 'state' }];
      if (foreign && bug !== 'stale-nonce') return [{ world, answer: 'state' }];
      if (!thisBoot(own) && bug !== 'confirm-after-reboot') return [{ world, answer: 'rebooted' }];
      if (!isNew(world, change) && !isLate) return [{ world, answer: 'error' }];
      return [{ world }];
    }),
    effect('renames undecided to decided-confirm', `${txn} confirm`, 'mv decided-confirm', (world, { change }) => {
      const own = changeAt(world, change);
      const decided = own.decided | 1 | (own.gated === 1 ? 0 : 4);
      return withChange(world, change, { decision: put(own.decision, Decision.confirm), decided });
    }),
    effect('flushes it', `${txn} confirm`, 'sync change', (world, { change }) => flushChange(world, change)),
    ...finishConfirm(false, bug),
    answers('confirmed', `${txn} confirm`),
    ...branch('already', finishConfirm(false, bug), answers('already-confirmed', `${txn} confirm`)),
  ];
}
