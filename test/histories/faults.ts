/** What goes wrong in a history, and where: at a command on a node, at a call over the link, at a line of the journal. */
import type { JournalFault } from './controller/journal-files.js';
import type { Random } from './random.js';

export const commandFaults = {
  cut: 'the power is cut',
  reset: 'the node resets, with all on its disk',
  kill: 'the process is killed',
  trouble: 'the command fails',
  stall: 'the process stalls for a while',
  start: 'somebody restarts the kubelet',
  reload: 'somebody reloads systemd',
  stop: "somebody stops the switch's service",
  foreign: 'a run of the same name and another nonce confirms',
} as const;
export const callFaults = {
  lost: 'the call is lost',
  'answer-lost': 'its answer is lost',
  late: 'the call arrives late, after it was given up',
  torn: 'its answer is cut short',
  slow: 'its answer takes longer than the deadline',
  death: 'the controller dies before it',
  'death-later': 'the controller dies while it is under way',
  partition: 'the link is down for a while',
  stall: 'the link stalls: what is sent arrives when it goes on',
} as const;
export const journalFaults: Readonly<Record<NonNullable<JournalFault>, string>> = {
  'death-before': 'the controller dies before the line is written',
  'death-after': 'the controller dies before the line is flushed',
  full: 'the disk of the journal is full',
};

export type Fault =
  | {
      readonly on: 'command';
      readonly verb: string;
      readonly at: number;
      readonly what: keyof typeof commandFaults;
      /** `at` counts the flushes alone: before one of them the most can be lost. */
      readonly isFlush: boolean;
    }
  | { readonly on: 'call'; readonly verb: string; readonly at: number; readonly what: keyof typeof callFaults }
  | { readonly on: 'journal'; readonly at: number; readonly what: NonNullable<JournalFault> };

/** External commands of each verb where nothing goes wrong: `at` of a fault is one of them, or in a second run of the verb. */
const commandsOf: Readonly<Record<string, number>> = {
  ...{ prepare: 69, arm: 33, write: 31, restart: 4, confirm: 39, revert: 90, list: 11, beat: 9, expire: 90, boot: 80 },
};
const flushesOf: Readonly<Record<string, number>> = {
  ...{ prepare: 7, arm: 2, write: 5, confirm: 6, revert: 11, list: 1, beat: 2, expire: 11, boot: 8 },
};
const callsOf: Readonly<Record<string, number>> = { connect: 3, watch: 12, http: 12, revert: 2, list: 2, beat: 2 };
const journalLines = 10;

/** Where a fault may come: in what a run does, in what a rollback does, and in what comes after a fault. */
export const phases = {
  run: {
    commands: [
      'prepare',
      'arm',
      'arm',
      'write',
      'write',
      'write',
      'restart',
      'confirm',
      'confirm',
      'confirm',
      'revert',
    ],
    calls: ['connect', 'watch', 'http', 'prepare', 'arm', 'write', 'write', 'restart', 'confirm', 'confirm', 'beat'],
  },
  rollback: {
    commands: ['revert', 'revert', 'revert', 'list'],
    calls: ['connect', 'revert', 'revert', 'list', 'watch'],
  },
  after: {
    commands: ['revert', 'revert', 'list', 'list', 'expire', 'expire', 'boot', 'boot', 'confirm', 'write', 'beat'],
    calls: ['connect', 'revert', 'revert', 'list', 'confirm', 'beat'],
  },
} as const;
export type Phase = keyof typeof phases;

const commandKinds: readonly (keyof typeof commandFaults)[] = [
  ...(['cut', 'cut', 'cut', 'cut', 'cut', 'reset', 'kill', 'kill', 'trouble', 'trouble', 'trouble'] as const),
  ...(['stall', 'stall', 'start', 'start', 'reload', 'stop', 'foreign'] as const),
];

const callKinds = [...(Object.keys(callFaults) as (keyof typeof callFaults)[]), 'stall', 'answer-lost'] as const;

export function drawFault(random: Random, phase: Phase): Fault {
  const { commands, calls } = phases[phase];
  const draw = random.below(10);
  if (draw < 5) {
    const verb = random.pick<string>(commands);
    const what = random.pick(commandKinds);
    const isFlush = what === 'cut' && verb in flushesOf && random.chance(0.7);
    const most = (isFlush ? flushesOf : commandsOf)[verb] ?? 1;
    const again = random.chance(phase === 'run' ? 0.03 : 0.2) ? most : 0;
    return { on: 'command', verb, at: 1 + again + random.below(most), what, isFlush };
  }
  if (draw < 9) {
    const verb = random.pick<string>(calls);
    return { on: 'call', verb, at: 1 + random.below(callsOf[verb] ?? 1), what: random.pick(callKinds) };
  }
  const kinds = Object.keys(journalFaults) as NonNullable<JournalFault>[];
  return { on: 'journal', at: 1 + random.below(journalLines), what: random.pick(kinds) };
}

/** A fault without its place. */
export type FaultKind = Fault extends infer One
  ? One extends { readonly at: number }
    ? Omit<One, 'at'>
    : never
  : never;

/** A fault of this kind, at one of the places where it can come. */
export function drawPlace(kind: FaultKind, random: Random): Fault {
  if (kind.on === 'journal') return { ...kind, at: 1 + random.below(journalLines) };
  if (kind.on === 'call') return { ...kind, at: 1 + random.below(callsOf[kind.verb] ?? 1) };
  const soon = kind.isFlush ? 5 : 30;
  const most = kind.verb === anyVerb ? soon : (kind.isFlush ? flushesOf : commandsOf)[kind.verb];
  return { ...kind, at: 1 + random.below(most ?? 1) };
}

/** Verb of a fault that comes at some command of any process, counted from the fault before. */
export const anyVerb = 'any';

/** Soon after the fault before, on the same node: mostly the power, since most is at stake then. */
export function drawNext(random: Random): Fault {
  const what = random.chance(0.6) ? 'cut' : random.pick(commandKinds);
  const isFlush = what === 'cut' && random.chance(0.7);
  return { on: 'command', verb: anyVerb, at: 1 + random.below(isFlush ? 5 : 30), what, isFlush };
}

export function textOf(fault: Fault): string {
  switch (fault.on) {
    case 'command':
      if (fault.verb === anyVerb)
        return `${fault.at} ${fault.isFlush ? 'flushes' : 'commands'} after the fault before: ${commandFaults[fault.what]}`;
      return `at ${fault.isFlush ? 'flush' : 'command'} ${fault.at} of ${fault.verb}: ${commandFaults[fault.what]}`;
    case 'call':
      return `at call ${fault.at} of ${fault.verb}: ${callFaults[fault.what]}`;
    case 'journal':
      return `at line ${fault.at} of the journal: ${journalFaults[fault.what]}`;
  }
}

/** The faults of one history: each comes once. */
export class Faults {
  private readonly left: Set<Fault>;
  private readonly counts = new Map<string, number>();
  /** In the order in which they came. */
  readonly came: Fault[] = [];
  private isHeld = false;

  constructor(faults: readonly Fault[]) {
    this.left = new Set(faults);
  }

  private next(on: Fault['on'], verb: string, place: string, isFlush = false): Fault | undefined {
    if (this.left.size === 0 || this.isHeld) return undefined;
    const key = `${on} ${verb} ${place} ${isFlush ? 'flush' : ''}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    for (const fault of this.left) {
      if (fault.on !== on || fault.at !== count || (fault.on !== 'journal' && fault.verb !== verb)) continue;
      if (fault.on === 'command' && fault.isFlush !== isFlush) continue;
      this.left.delete(fault);
      this.came.push(fault);
      return fault;
    }
    return undefined;
  }

  atCommand(verb: string, place: string, name: string): keyof typeof commandFaults | undefined {
    const verbs = this.came.length > 0 ? [verb, anyVerb] : [verb];
    const kinds = name === 'sync' ? [false, true] : [false];
    const found = verbs.flatMap((one) => kinds.map((isFlush) => this.next('command', one, place, isFlush)));
    const fault = found.find((one) => one !== undefined);
    return fault?.on === 'command' ? fault.what : undefined;
  }

  atCall(verb: string, place: string): keyof typeof callFaults | undefined {
    const fault = this.next('call', verb, place);
    return fault?.on === 'call' ? fault.what : undefined;
  }

  atJournal(): JournalFault {
    const fault = this.next('journal', '', '');
    return fault?.on === 'journal' ? fault.what : undefined;
  }

  /** While they are held, nothing is counted and nothing goes wrong. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  /** From here on nothing more goes wrong. */
  end(): void {
    this.left.clear();
  }
}
