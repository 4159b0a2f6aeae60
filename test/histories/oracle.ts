/** What must hold in every history: at each start of a kubelet, at each decision, and once everything is at rest. */
import type { Outcome } from '../../src/run/outcome.js';
import { type ChangeShape, newFiles, oldFiles, sameFiles } from './node/files.js';
import { type Files, filesOn } from './node/kubelet.js';
import type { Machine } from './node/machine.js';

export const invariants = {
  'one-run': 'two runs never change the node at once',
  gate: 'confirmed only after a kubelet with the new files proved healthy, in the same boot',
  journal: 'what a run reports, what its journal says and its exit code are true of the node',
  start: 'at boot the kubelet starts with old or confirmed files',
  rest: 'with power and time the node comes to rest: all old or all new and confirmed, nothing armed, no process, no change open, and what was confirmed can be rolled back',
  ends: 'every run ends, and every node comes to rest',
  plain: 'without a fault, a good change is confirmed, a bad one reverted, a rollback restores, and no unit is left',
} as const;
export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant;
  readonly why: string;
}

const root = '/var/lib/kubelatch/txn';
const pending = ['armed', 'writing', 'applied', 'reverting', 'unreadable'];

/** The state of a change, as read_state of base.sh reads it. */
export function stateOf({ disk }: Machine, run: string): string {
  const has = (name: string): boolean => disk.find(`${root}/${run}/${name}`) !== undefined;
  if (!has('state')) return 'none';
  const text = (disk.find(`${root}/${run}/state`)?.data ?? '').split('\n')[0] ?? '';
  if (text === 'writing' || text === 'applied') {
    if (has('decided-confirm')) return 'confirmed';
    return has('decided-revert') ? 'reverting' : text;
  }
  return ['prepared', 'armed', 'confirmed', 'reverting', 'reverted'].includes(text) ? text : 'unreadable';
}

export const changesOn = ({ disk }: Machine): string[] =>
  [...(disk.find(root)?.entries ?? [])].filter(([, inode]) => inode.kind === 'folder').map(([name]) => name);

export const openChanges = (machine: Machine): string[] =>
  changesOn(machine).filter((run) => pending.includes(stateOf(machine, run)));

/** Whose files these are: `old`, the number of a run, or `mixed`. */
export function ownerOf(files: Files, shapes: readonly ChangeShape[]): 'old' | 'mixed' | number {
  if (sameFiles(files, oldFiles)) return 'old';
  const shape = shapes.find((one) => sameFiles(files, newFiles(one)));
  return shape?.number ?? 'mixed';
}

/** What the files of a node say of a run that reports an outcome for it. */
export interface Report {
  readonly kind: 'apply' | 'rollback';
  readonly shape: ChangeShape;
  /** The transaction. */
  readonly run: string;
  readonly outcome: Outcome['outcome'];
}

/** Why a reported outcome is not true of the node as it is now; undefined where it is. */
export function lieOf(machine: Machine, { kind, shape, run, outcome }: Report): string | undefined {
  if (outcome === 'unknown') return undefined;
  const owner = ownerOf(filesOn(machine.disk), [shape]);
  const says = `the ${kind} ends as ${outcome} on ${machine.name}`;
  if (kind === 'apply' && outcome === 'confirmed') {
    if (owner !== shape.number) return `${says}, and the files are not the new ones`;
    const state = stateOf(machine, run);
    return state === 'confirmed' ? undefined : `${says}, and the node says ${state}`;
  }
  if (kind === 'apply') return holdsNew(machine, shape) ? `${says}, and a file is the new one` : undefined;
  if (outcome !== 'confirmed') return undefined;
  return holdsNew(machine, shape) ? `${says}, and a file is still the one of the run` : undefined;
}

/** Whether any file is the one that the run writes. A mode does not tell who wrote it. */
function holdsNew({ disk }: Machine, shape: ChangeShape): boolean {
  const [now, wanted] = [filesOn(disk), newFiles(shape)];
  if (now.config === wanted.config) return true;
  return shape.createsDropIn && now.dropIn === wanted.dropIn;
}

/** Every change edits this file first. */
const hasBackup = ({ disk }: Machine, run: string): boolean =>
  disk.find(`${root}/${run}/old/1`)?.data === oldFiles.config && (disk.find(`${root}/${run}/files`)?.data ?? '') !== '';

/** Why a node on which nothing goes on any more is not as it should be. */
export function unrestIn(machine: Machine, shapes: ReadonlyMap<string, ChangeShape>): string | undefined {
  const { name, disk, kubelet, systemd, processes } = machine;
  const files = filesOn(disk);
  const owner = ownerOf(files, [...shapes.values()]);
  if (owner === 'mixed') return `the files of ${name} are mixed`;
  if (owner !== 'old') {
    const run = [...shapes].find(([, shape]) => shape.number === owner)?.[0] ?? '';
    const state = stateOf(machine, run);
    if (state !== 'confirmed') return `the files of ${name} are new, and the change is ${state}`;
  }
  if (kubelet.running === undefined || !sameFiles(kubelet.running.files, files))
    return `the kubelet of ${name} does not run with the files that are there`;
  if (processes.size > 0) return `a process on ${name} waits for ever`;
  const torn = changesOn(machine).find((run) => stateOf(machine, run) === 'confirmed' && !hasBackup(machine, run));
  if (torn !== undefined) return `the old files of ${torn} on ${name} are not whole, so that nobody can roll it back`;
  const [open] = openChanges(machine);
  if (open !== undefined) return `change ${open} holds ${name} (${stateOf(machine, open)})`;
  if (systemd.isArmed || systemd.serviceRuns) return `the switch of ${name} is armed`;
  return undefined;
}
