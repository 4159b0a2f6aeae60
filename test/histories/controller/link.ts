/** The link to a node: calls and answers take time, are lost, come late or in part. */
import type { Result } from '../../../src/lib/result.js';
import { fail, ok } from '../../../src/lib/result.js';
import { script } from '../../../src/node/scripts.js';
import type { HostError } from '../../../src/ssh/errors.js';
import type { RunOptions, RunResult, Session } from '../../../src/ssh/session.js';
import type { Faults } from '../faults.js';
import type { Machine } from '../node/machine.js';
import type { Ended } from '../node/process.js';
import type { Random } from '../random.js';
import { theController, theStage, waited } from './controllers.js';
import { portAnswer, watchAnswer } from './looks.js';

type Answer = Result<RunResult, HostError>;

const lost: HostError = { kind: 'lost', message: 'the connection broke', hint: 'look at the network' };
const late: HostError = { kind: 'deadline', message: 'no answer within the deadline', hint: 'look at the node' };
const unreachable: HostError = { kind: 'timeout', message: 'no answer from the node', hint: 'look at the network' };

/** One way to one node; down for a while where a fault says so. */
export class Link {
  private readonly machine: Machine;
  private readonly faults: Faults;
  private readonly random: Random;
  private readonly tell: (text: string) => void;
  private downUntil = -1;
  private stalledUntil = -1;

  constructor(machine: Machine, faults: Faults, random: Random, tell: (text: string) => void) {
    this.machine = machine;
    this.faults = faults;
    this.random = random;
    this.tell = tell;
  }

  private get isUp(): boolean {
    return this.machine.isReachable && this.machine.time.now >= this.downUntil;
  }

  /** Milliseconds on the way, from now. */
  private way(): number {
    return Math.max(0, this.stalledUntil - this.machine.time.now) + 1 + this.random.below(20);
  }

  private latency(): Promise<void> {
    return waited(this.way());
  }

  /** What the fault of this call does at once; true where the call is not sent. */
  private begin(fault: ReturnType<Faults['atCall']>): boolean {
    if (fault === 'partition') this.downUntil = this.machine.time.now + 3000 + this.random.below(200_000);
    if (fault === 'stall') this.stalledUntil = this.machine.time.now + 5000 + this.random.below(60_000);
    if (fault === 'death') theController().died();
    return fault === 'partition' || fault === 'lost' || fault === 'death';
  }

  async connect(): Promise<Result<Session, HostError>> {
    const fault = this.faults.atCall('connect', this.machine.name);
    const isLost = this.begin(fault) || fault === 'answer-lost' || fault === 'torn';
    await this.latency();
    if (isLost || !this.isUp) {
      await waited(5000);
      return fail(unreachable);
    }
    if (fault === 'death-later') theController().died();
    return ok(this.session(this.machine.boots));
  }

  private session(boots: number): Session {
    return {
      name: this.machine.name,
      run: (text, args, options) => this.call(boots, text, args, options),
      open: () => Promise.resolve(fail({ kind: 'forward', message: 'forbidden', hint: '' })),
      close: () => Promise.resolve(),
    };
  }

  private async call(boots: number, text: string, args: readonly string[], options: RunOptions): Promise<Answer> {
    const isTxn = text === script('txn');
    const verb = isTxn ? (args[0] ?? '') : text === script('watch') ? 'watch' : 'http';
    const fault = this.faults.atCall(verb, this.machine.name);
    if (isTxn) this.tell(`${theController().name} calls ${verb}`);
    const isLost = this.begin(fault);
    const way = this.way();
    if (way > options.deadline && !isLost) {
      if (isTxn) this.sendLate(way, verb, args);
      await waited(options.deadline);
      return fail(late);
    }
    await waited(way);
    if (isLost || !this.isUp || boots !== this.machine.boots) {
      await waited(Math.min(options.deadline, 2000 + this.random.below(10_000)));
      return fail(lost);
    }
    if (!isTxn) return this.look(verb, args, fault);
    return this.transaction(verb, args, { deadline: options.deadline - way }, fault);
  }

  /** The node gets it when nobody waits for it any more. */
  private sendLate(way: number, verb: string, args: readonly string[]): void {
    theStage().time.after(way, () => {
      if (this.isUp) this.start(verb, args, () => undefined);
    });
  }

  private async look(verb: string, args: readonly string[], fault: ReturnType<Faults['atCall']>): Promise<Answer> {
    if (fault === 'death-later') theController().died();
    await this.latency();
    if (fault === 'answer-lost' || fault === 'late' || fault === 'slow' || !this.isUp) return fail(lost);
    const said = verb === 'watch' ? watchAnswer(this.machine.kubelet) : portAnswer(this.machine.kubelet, args);
    const stdout = fault === 'torn' ? said.slice(0, this.random.below(said.length)) : said;
    return ok({ code: 0, signal: undefined, stdout: Buffer.from(stdout), stderr: '', took: 1 });
  }

  private async transaction(
    verb: string,
    args: readonly string[],
    { deadline }: Pick<RunOptions, 'deadline'>,
    fault: ReturnType<Faults['atCall']>,
  ): Promise<Answer> {
    const { time } = theStage();
    const began = time.now;
    const self = theController();
    if (fault === 'late') {
      this.sendLate(3000 + this.random.below(150_000), verb, args);
      await waited(2000);
      return fail(lost);
    }
    const ended = new Promise<Ended | undefined>((resolve) => {
      const wake = (end: Ended | undefined): void => {
        if (!self.isAlive) return;
        time.wake();
        resolve(end);
      };
      const timer = time.after(deadline, () => wake(undefined));
      this.start(verb, args, (end) => {
        timer.cancel();
        wake(end);
      });
    });
    if (fault === 'death-later') time.after(this.random.below(400), () => (self.isAlive ? self.died() : undefined));
    const end = await ended;
    if (end === undefined) return fail(late);
    await this.latency();
    if (!this.isUp || fault === 'answer-lost') {
      await waited(Math.min(deadline, 2000 + this.random.below(8000)));
      return fail(lost);
    }
    if (fault === 'slow') {
      await waited(Math.max(0, deadline - (time.now - began)));
      return fail(late);
    }
    const { status, stdout: said, stderr } = end;
    const stdout = fault === 'torn' ? said.slice(0, this.random.below(said.length + 1)) : said;
    if (this.told(verb)) this.tell(`${self.name} gets ${status === undefined ? 'killed' : wordOf(stdout)} for ${verb}`);
    const signal = status === undefined ? 'KILL' : undefined;
    return ok({ code: status ?? null, signal, stdout: Buffer.from(stdout, 'latin1'), stderr, took: 1 });
  }

  private told(verb: string): boolean {
    return verb !== 'beat';
  }

  private start(verb: string, args: readonly string[], ended: (end: Ended) => void): void {
    this.machine.startVerb({ verb, by: 'ssh' }, args, ended);
  }
}

/** The word and text of an answer. */
export function wordOf(stdout: string): string {
  const [, word = 'no answer', coded = ''] = /result ([a-z-]+) ?(\S*)/.exec(stdout) ?? [];
  return `${word} ${Buffer.from(coded, 'base64').toString('utf8')}`.trim();
}
