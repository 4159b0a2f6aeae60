/** The state of the model: the node, its changes, the processes on it, the controllers with their journals, and the faults left. */
import { type Item, item } from './item.js';

/** Values of `Change.state`; `torn`: the file is there and its content is not. */
export const states = [
  ...(['none', 'prepared', 'armed', 'writing', 'applied', 'confirmed', 'reverting', 'reverted', 'torn'] as const),
] as const;
export const St = Object.fromEntries(states.map((name, value) => [name, value])) as Record<
  (typeof states)[number],
  number
>;
/** Which of the files `undecided`, `decided-confirm`, `decided-revert` is there. */
export const Decision = { none: 0, undecided: 1, confirm: 2, revert: 3 } as const;
/** What `boot` says: this start of the machine, an earlier one, or nothing readable. */
export const Mark = { none: 0, current: 1, earlier: 2, torn: 3 } as const;
/** The copies of the old files, the list of files and the program. */
export const Backup = { none: 0, torn: 1, whole: 2 } as const;
/** A file of the kubelet: as before, as run 1 or run 2 wrote it, or without its content. */
export const Content = { old: 0, first: 1, second: 2, torn: 3 } as const;
/** What the kubelet that runs has read. */
export const Kubelet = { down: 0, old: 1, first: 2, second: 3, mixed: 4 } as const;
export const Timer = { off: 0, active: 1, elapsed: 2 } as const;

/** One transaction on the node: its folder, and what the model remembers of it. */
export interface Change {
  readonly folder: Item;
  readonly state: Item;
  readonly decision: Item;
  readonly boot: Item;
  readonly backup: Item;
  /** The new files beside the old ones: 0 none, 1 not flushed, 2 flushed. */
  readonly staged: number;
  /** Its deadline has passed. */
  readonly late: number;
  /** Others may remove it while it is only prepared. */
  readonly free: number;
  /** Memory of the model: the gate of its run passed since the node started. */
  readonly gated: number;
  /** Memory of the model: 1 confirmed, 2 reverted, 4 confirmed without a gate, 8 taken back by a rollback. */
  readonly decided: number;
}

export interface Node {
  readonly up: number;
  /** A file that the change edits, and one that it creates (`old`: it does not exist). */
  readonly a: Item;
  readonly b: Item;
  readonly kubelet: number;
  /** kubelatch-boot.service and its link; which change it names. */
  readonly bootUnit: Item;
  readonly bootLink: Item;
  /** kubelatch-switch.service and .timer. */
  readonly units: Item;
  /** The change whose service systemd has loaded. */
  readonly loaded: number;
  readonly timer: number;
  /** Memory of the model: the kubelet was started at boot with files that are neither old nor confirmed. */
  readonly startedWrong: number;
}

export const verbs = ['prepare', 'arm', 'write', 'restart', 'confirm', 'revert', 'expire', 'boot', 'foreign'] as const;
export type Verb = (typeof verbs)[number];

/** Whose process it is: a controller's by its index, nobody's any more, or systemd's. */
export const By = { nobody: 8, systemd: 9 } as const;

/** A run of the node's program. */
export interface Process {
  readonly by: number;
  readonly verb: Verb;
  readonly change: number;
  readonly at: number;
  /** Holds the lock of the node. */
  readonly lock: number;
  /** Holds the lock of the change's revert. */
  readonly revertLock: number;
}

export const roles = ['none', 'apply', 'resume', 'rollback', 'resume-rollback', 'dead', 'done'] as const;
export type Role = (typeof roles)[number];
export const phases = [
  ...(['start', 'prepare', 'arm', 'note-write', 'write', 'restart', 'gate', 'confirm', 'list'] as const),
  ...(['withdraw', 'revert', 'prove', 'note'] as const),
] as const;
export type Phase = (typeof phases)[number];
export const outcomes = ['none', 'confirmed', 'reverted', 'failed', 'unknown', 'unchanged'] as const;
export type Outcome = (typeof outcomes)[number];

export interface Controller {
  readonly role: Role;
  readonly change: number;
  readonly phase: Phase;
  /** Waits for the answer of its process. */
  readonly waits: number;
  readonly tries: number;
  /** The machine went down since its connection was opened, so that the next call over that fails. */
  readonly broken: number;
  /** What it will write into the journal. */
  readonly result: Outcome;
  /** The journal: 0 nothing of this host, 1 begun, 2 files may have been written. */
  readonly begun: number;
  readonly journal: Outcome;
  /** The journal is that of a rollback. */
  readonly rollsBack: number;
}

/** How much may still come: faults of any kind, and what operators begin. */
export interface Left {
  readonly faults: number;
  /** Whether a command that fails is one of them. */
  readonly troubles: number;
  readonly resumes: number;
  readonly rollbacks: number;
}

export interface World {
  readonly node: Node;
  readonly changes: readonly Change[];
  readonly processes: readonly Process[];
  readonly controllers: readonly Controller[];
  readonly left: Left;
}

export const noChange: Change = {
  ...{ folder: item(0), state: item(St.none), decision: item(Decision.none), boot: item(Mark.none) },
  ...{ backup: item(Backup.none), staged: 0, late: 0, free: 0, gated: 0, decided: 0 },
};

export const idle = (change: number, role: Role = 'none'): Controller => ({
  ...{
    role,
    change,
    phase: 'start',
    waits: 0,
    tries: 0,
    broken: 0,
    result: 'none',
    begun: 0,
    journal: 'none',
    rollsBack: 0,
  },
});

export const newNode: Node = {
  ...{ up: 1, a: item(Content.old), b: item(Content.old), kubelet: Kubelet.old, bootUnit: item(0), bootLink: item(0) },
  ...{ units: item(0), loaded: 0, timer: Timer.off, startedWrong: 0 },
};

const verbNumber = new Map(verbs.map((name, value) => [name, value]));
const roleNumber = new Map(roles.map((name, value) => [name, value]));
const phaseNumber = new Map(phases.map((name, value) => [name, value]));
const outcomeNumber = new Map(outcomes.map((name, value) => [name, value]));

/** The same for the same world, and for no other. */
export function keyOf({ node, changes, processes, controllers, left }: World): string {
  const codes: number[] = [node.a, node.b, node.bootUnit, node.bootLink, node.units];
  codes.push(node.up | (node.startedWrong << 1) | (node.kubelet << 2) | (node.loaded << 5) | (node.timer << 7));
  for (const one of changes) {
    codes.push(one.state, one.decision, one.boot, one.backup, one.folder);
    codes.push(one.staged | (one.late << 2) | (one.free << 3) | (one.gated << 4) | (one.decided << 5));
  }
  for (const one of controllers) {
    codes.push((roleNumber.get(one.role) ?? 0) | ((phaseNumber.get(one.phase) ?? 0) << 4) | (one.change << 8));
    codes.push(
      one.waits |
        (one.tries << 1) |
        (one.broken << 3) |
        (one.begun << 4) |
        (one.rollsBack << 6) |
        ((outcomeNumber.get(one.result) ?? 0) << 8) |
        ((outcomeNumber.get(one.journal) ?? 0) << 12),
    );
  }
  codes.push(left.faults | (left.resumes << 4) | (left.rollbacks << 8));
  // The order of processes means nothing.
  const running = processes.map(
    (one) =>
      ((verbNumber.get(one.verb) ?? 0) | (one.by << 4) | (one.lock << 8) | (one.revertLock << 9) | (one.change << 10)) *
        256 +
      one.at,
  );
  running.sort((left, right) => left - right);
  for (const number of running) codes.push(number >> 8, number & 255);
  return String.fromCharCode(...codes);
}
