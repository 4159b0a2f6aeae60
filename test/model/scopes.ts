/** The worlds that are explored, each with its bounds: what takes part, and how many faults may come. */
import type { FaultKind } from './faults.js';
import { item } from './item.js';
import {
  Backup,
  Content,
  Decision,
  Kubelet,
  type Left,
  Mark,
  St,
  type World,
  idle,
  newNode,
  noChange,
} from './world.js';

export interface Scope {
  readonly name: string;
  readonly about: string;
  readonly isAlone: boolean;
  readonly kinds: readonly FaultKind[];
  readonly first: World;
}

const none: Left = { faults: 0, troubles: 1, resumes: 0, rollbacks: 0 };
const all: readonly FaultKind[] = ['cut', 'loss', 'death', 'kill', 'trouble', 'start', 'other'];

const world = (controllers: World['controllers'], changes: number, left: Partial<Left>): World => ({
  ...{ node: newNode, changes: Array.from({ length: changes }, () => noChange), processes: [], controllers },
  left: { ...none, ...left },
});
const apply = idle(0, 'apply');

/** Run 1 has confirmed its change, and its journal says so. */
function confirmed([first, ...others]: World['controllers'], left: Partial<Left>): World {
  const done = { ...(first ?? idle(0)), role: 'done', begun: 2, journal: 'confirmed' } as const;
  const start = world([done, ...others], 1, left);
  const change = {
    ...noChange,
    ...{ folder: item(1), state: item(St.confirmed), decision: item(Decision.confirm), boot: item(Mark.current) },
    ...{ backup: item(Backup.whole), decided: 1 },
  };
  const node = { ...newNode, a: item(Content.first), b: item(Content.first), kubelet: Kubelet.first };
  return { ...start, node, changes: [change] };
}

export const scopes: readonly Scope[] = [
  {
    name: 'one-run',
    about: 'one run; any two faults; its run is resumed',
    isAlone: true,
    kinds: all,
    first: world([apply], 1, { faults: 2, resumes: 1 }),
  },
  {
    name: 'rollback',
    about: 'a confirmed change is rolled back; any two faults; the rollback is resumed',
    isAlone: true,
    kinds: all,
    first: confirmed([idle(0), idle(0)], { faults: 2, resumes: 1, rollbacks: 1 }),
  },
  {
    name: 'second-operator',
    about: 'one run, and a rollback of it from another machine at any time; any fault',
    isAlone: false,
    kinds: all,
    first: world([apply, idle(0)], 1, { faults: 1, resumes: 1, rollbacks: 1 }),
  },
  {
    name: 'two-runs',
    about: 'two runs at once, without the lock of the cluster',
    isAlone: false,
    kinds: [],
    first: world([apply, idle(1, 'apply')], 2, {}),
  },
];
