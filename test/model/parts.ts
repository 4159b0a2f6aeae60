/** Parts that several verbs of the node's program share: state, locks, the switch, a revert's beginning. */
import type { Bug } from './bugs.js';
import { flushed, item, now, orLeft, put } from './item.js';
import {
  type Program,
  type Step,
  type Turn,
  changeAt,
  effect,
  labelled,
  orTrouble,
  withChange,
  withNode,
} from './step.js';
import {
  Backup,
  By,
  type Change,
  Content,
  Decision,
  Kubelet,
  Mark,
  type Process,
  St,
  Timer,
  type World,
  noChange,
} from './world.js';

/** What state_of (base.sh) makes of the files. */
export function stateOf({ state, decision }: Change): number {
  const word = now(state);
  if (word !== St.writing && word !== St.applied) return word;
  if (now(decision) === Decision.confirm) return St.confirmed;
  return now(decision) === Decision.revert ? St.reverting : word;
}

/** is_pending (txn-state.sh): such a change holds the node. */
export const isPending = (state: number): boolean =>
  [St.armed, St.writing, St.applied, St.reverting, St.torn].includes(state);

export const isThere = ({ folder }: Change): boolean => now(folder) === 1;
export const thisBoot = ({ boot }: Change): boolean => now(boot) === Mark.current;

/** Whether both files are the old ones. */
export const isOld = ({ node: { a, b } }: World): boolean => now(a) === Content.old && now(b) === Content.old;
/** Whether both files are as the change wrote them. */
export const isNew = ({ node: { a, b } }: World, change: number): boolean =>
  now(a) === change + 1 && now(b) === change + 1;

/** What a kubelet reads that starts now. */
export function readByKubelet({ node: { a, b } }: World): number {
  if (now(a) !== now(b) || now(a) === Content.torn) return Kubelet.mixed;
  return [Kubelet.old, Kubelet.first, Kubelet.second][now(a)] ?? Kubelet.mixed;
}

/** lock, take_lock (txn-state.sh): of the node. */
export function takeLock(bug: Bug | undefined, then: (world: World, process: Process) => readonly Turn[]): Step {
  return {
    says: 'takes the lock of the node, and looks at the change',
    mirrors: 'txn-state.sh take_lock',
    run(world, process) {
      if (bug !== 'lock-not-taken' && world.processes.some((one) => one !== process && one.lock === 1)) return [];
      return then(world, process).map((turn) => ({ lock: 1, ...turn }));
    },
  };
}

/** lock_revert (txn-state.sh): of the change. */
export const takeRevertLock = (bug: Bug | undefined): Step => ({
  says: 'takes the lock of the revert',
  mirrors: 'txn-state.sh lock_revert',
  run(world, process) {
    if (!isThere(changeAt(world, process.change))) return [{ world, answer: 'none' }];
    const isHeld = world.processes.some(
      (one) => one !== process && one.revertLock === 1 && one.change === process.change,
    );
    return isHeld && bug !== 'lock-not-taken' ? [] : [{ world, revertLock: 1 }];
  },
});

/** set_state, replace_line: the content is flushed, renamed into place, and the folder is flushed. */
export function setState(state: number, bug: Bug | undefined): Program {
  const name = Object.entries(St).find(([, value]) => value === state)?.[0] ?? '';
  return [
    effect(
      `renames the state ${name} into place`,
      'txn-state.sh set_state',
      `mv state ${name}`,
      (world, { change }) => {
        const renamed = put(changeAt(world, change).state, state);
        return withChange(world, change, { state: bug === 'state-before-flush' ? orLeft(renamed, St.torn) : renamed });
      },
    ),
    effect('flushes it', 'txn-files.sh replace_line', 'sync change', (world, { change }) => flushChange(world, change)),
  ];
}

/** Entries of the change's folder are on the disk. */
export function flushChange(world: World, change: number): World {
  const { state, decision } = changeAt(world, change);
  return withChange(world, change, { state: flushed(state), decision: flushed(decision) });
}

/** holder (txn-state.sh): another change that holds the node; one that was prepared and abandoned is removed. */
export function holder(world: World, own: number): { readonly isHeld: boolean; readonly world: World } {
  let result = world;
  for (const [index, other] of world.changes.entries()) {
    if (index === own || !isThere(other)) continue;
    const state = stateOf(other);
    if (state === St.prepared || state === St.none) {
      if (thisBoot(other) && other.free === 0) return { isHeld: true, world: result };
      result = withdrawn(result, index);
    } else if (isPending(state)) return { isHeld: true, world: result };
  }
  return { isHeld: false, world: result };
}

/** withdraw of another change, in one step: it was prepared or being armed, and its process is gone. */
function withdrawn(world: World, index: number): World {
  const { bootUnit } = world.node;
  const other = world.changes[now(bootUnit) - 1];
  const isOthers = now(bootUnit) !== index + 1 && other !== undefined && isPending(stateOf(other));
  const removed = discarded(world, index);
  const flushed = withChange(removed, index, { state: item(St.none) });
  if (isOthers) return flushed;
  const gone = { bootUnit: item(0), bootLink: item(0), units: item(0), loaded: 0, timer: Timer.off };
  return withNode(stopService(flushed), gone);
}

/** discard (txn-files.sh), with what withdraw removes first. What it unlinks is not flushed. */
function discarded(world: World, index: number): World {
  const { folder, state, decision, boot, backup, decided } = changeAt(world, index);
  return withChange(world, index, {
    ...noChange,
    ...{ folder: put(folder, 0), state: put(state, St.none), decision: put(decision, Decision.none), decided },
    ...{ boot: put(boot, Mark.none), backup: orLeft(put(backup, Backup.none), Backup.torn) },
  });
}

/** withdraw (txn-state.sh). `self`: called by a unit of the switch. */
export const withdraw = (self: boolean, bug: Bug | undefined): Program => [
  effect('removes the state', 'txn-state.sh withdraw', 'rm state', (world, { change }) =>
    withChange(world, change, { state: put(changeAt(world, change).state, St.none) }),
  ),
  ...stopSwitch(self, bug),
  effect('removes its folder and the staged files', 'txn-files.sh discard', 'rm change', (world, { change }) =>
    discarded(world, change),
  ),
];

/** stop_switch (txn-switch.sh). */
export function stopSwitch(self: boolean, bug: Bug | undefined): Program {
  const rest: Program = [
    effect('stops the timer', 'txn-switch.sh stop_timer', 'stop timer', (world) =>
      withNode(world, { timer: Timer.off }),
    ),
    ...(self ? [] : [effect('stops the service', 'txn-switch.sh stop_timer', 'stop service', stopService)]),
    effect('removes the files of the timer and the service', 'txn-switch.sh stop_timer', 'rm switch', (world) =>
      withNode(world, { units: put(world.node.units, 0) }),
    ),
    effect('removes the boot unit', 'txn-switch.sh stop_switch', 'rm boot', (world) =>
      withNode(world, { bootUnit: put(world.node.bootUnit, 0), bootLink: put(world.node.bootLink, 0) }),
    ),
    effect('flushes the folders of units', 'txn-switch.sh stop_switch', 'sync units', flushUnits),
    effect('reloads systemd', 'txn-switch.sh stop_switch', 'daemon-reload', reload),
  ];
  const flushes: Step = {
    says: 'flushes the change, and looks whose switch it is',
    mirrors: 'txn-switch.sh stop_switch, of_others',
    effects: ['sync change'],
    run(before, { change }) {
      const world = bug === 'switch-removed-before-flush' ? before : flushChange(before, change);
      const { bootUnit, bootLink, units } = world.node;
      const named = now(bootUnit);
      const other = world.changes[named - 1];
      const isOthers = named !== change + 1 && other !== undefined && isPending(stateOf(other));
      const isNone = named === 0 && now(bootLink) === 0 && now(units) === 0;
      return isOthers || isNone ? [{ world, skip: rest.length }] : [{ world }];
    },
  };
  return bug === 'switch-left-armed' ? [] : [flushes, ...rest];
}

export const stopService = (world: World): World => ({
  ...world,
  processes: world.processes.filter(({ verb }) => verb !== 'expire'),
});

/** systemd knows what lies on the disk now. */
const reload = (world: World): World => withNode(world, { loaded: now(world.node.units) % 3 });

const flushUnits = (world: World): World => {
  const { units, bootUnit, bootLink } = world.node;
  return withNode(world, { units: flushed(units), bootUnit: flushed(bootUnit), bootLink: flushed(bootLink) });
};

/** start_switch (txn-switch.sh): one of its commands may fail, after which the caller's `fails` goes on. */
export function startSwitch(bug: Bug | undefined, fails: string): Program {
  const at = 'txn-switch.sh start_switch';
  const steps: Program = [
    effect('writes the boot mark and the boot unit', at, 'write boot mark, write boot unit', (world, { change }) => {
      const boot = orLeft(put(changeAt(world, change).boot, Mark.current), Mark.torn);
      const bootUnit = orLeft(put(world.node.bootUnit, change + 1), Content.torn);
      return withNode(withChange(world, change, { boot, late: 0 }), { bootUnit });
    }),
    effect('links the boot unit', at, 'ln boot', (world) => withNode(world, { bootLink: put(world.node.bootLink, 1) })),
    effect('writes the timer and the service', at, 'write switch', (world, { change }) =>
      withNode(world, { units: orLeft(put(world.node.units, change + 1), Content.torn) }),
    ),
    effect('flushes the units and the change', at, 'sync switch', (world, { change }) => {
      if (bug === 'armed-before-flush') return world;
      const done = flushChange(flushUnits(world), change);
      return withChange(done, change, { boot: flushed(changeAt(done, change).boot) });
    }),
    effect('reloads systemd', at, 'daemon-reload', reload),
    effect('stops the service of an earlier change', at, 'stop service', stopService),
    effect('starts the timer', at, 'restart timer', (world) => withNode(world, { timer: Timer.active })),
    effect('starts the service', at, 'start service', (world) =>
      bug === 'timer-lost-at-reload' ? world : startService(world),
    ),
  ];
  return steps.map((step) => ({
    ...step,
    run: (world, process) => orTrouble(world, step.run(world, process), (tried) => ({ world: tried, to: fails })),
  }));
}

/** As systemd does: nothing where it runs already, or where the unit is not known. */
export function startService(world: World): World {
  const { loaded } = world.node;
  if (loaded === 0 || world.processes.some(({ verb }) => verb === 'expire')) return world;
  const service: Process = {
    ...{ by: By.systemd, verb: 'expire', change: loaded - 1, at: 0, lock: 0, revertLock: 0 },
  };
  return { ...world, processes: [...world.processes, service] };
}

/** finish_confirm (txn.sh). */
export const finishConfirm = (self: boolean, bug: Bug | undefined): Program => [
  ...setState(St.confirmed, bug),
  ...stopSwitch(self, bug),
];

/** Steps of a branch, of which the first has a name to go to. */
export const branch = (label: string, ...steps: readonly (Step | Program)[]): Program =>
  labelled(
    label,
    steps.flatMap((one) => ('run' in one ? [one] : one)),
  );
