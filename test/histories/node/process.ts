/** A shell that runs on a simulated node, one command after the other. */
import type { List } from '../shell/syntax.js';
import type { Environment } from '../shell/environment.js';
import { Interpreter } from '../shell/interpreter.js';
import { type Call, type Decision, type Kernel, OpenFile, type Steps } from '../shell/kernel.js';
import { Variables } from '../shell/variables.js';
import type { Appointment } from '../time.js';
import { DiskError, type Inode } from './disk.js';
import type { Machine } from './machine.js';
import { isTool, runTool } from './tools.js';

/** How a process ended. */
export interface Ended {
  /** Undefined: it was killed. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process is, for faults and for what is told of it. */
export interface ProcessName {
  readonly verb: string;
  readonly by: string;
}

export class Process implements Kernel {
  readonly name: ProcessName;
  /** External commands so far. */
  commands = 0;
  isAlive = true;
  private readonly machine: Machine;
  private readonly steps: Steps;
  private readonly out = new OpenFile('');
  private readonly err = new OpenFile('');
  private readonly files = new Set<OpenFile>();
  private readonly ended: (end: Ended) => void;
  private next: Appointment | undefined;

  constructor(machine: Machine, name: ProcessName, list: List, args: readonly string[], ended: (end: Ended) => void) {
    this.machine = machine;
    this.name = name;
    this.ended = ended;
    const env: Environment = {
      args,
      variables: new Variables(),
      functions: new Map(),
      files: new Map([
        [0, new OpenFile('')],
        [1, this.out],
        [2, this.err],
      ]),
      umask: 0o022,
      status: 0,
    };
    this.steps = new Interpreter(this).program(list, env);
    this.next = machine.time.after(1, () => this.resume('run'));
  }

  /** Goes on with what the process waited for. */
  resume(decision: Decision): void {
    if (!this.isAlive) return;
    const step = this.steps.next(decision);
    if (step.done === true) {
      this.end(step.value);
      return;
    }
    if (step.value.kind === 'sleep') {
      this.next = this.machine.time.after(step.value.seconds * 1000, () => this.resume('run'));
      return;
    }
    const { argv } = step.value;
    this.commands += 1;
    this.next = this.machine.time.after(this.machine.pace(argv), () => this.machine.command(this, argv));
  }

  /** Its next command comes so many milliseconds later. */
  wait(ms: number, argv: readonly string[]): void {
    if (this.isAlive) this.next = this.machine.time.after(ms, () => this.machine.command(this, argv));
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    if (this.isAlive) this.end(undefined);
  }

  private end(status: number | undefined): void {
    this.isAlive = false;
    this.next?.cancel();
    for (const file of this.files) this.machine.release(file);
    this.files.clear();
    this.machine.processes.delete(this);
    this.ended({ status, stdout: this.out.content, stderr: this.err.content });
  }

  open(path: string, how: '<' | '>' | '>>', umask: number): OpenFile | string {
    const { disk } = this.machine;
    if (path === '/dev/null') return new OpenFile('');
    const kernel = disk.special.get(path);
    if (kernel !== undefined) return new OpenFile(kernel());
    const found = disk.find(path);
    if (found?.kind === 'folder') return `cannot open ${path}: Is a directory`;
    if (how === '<' && found === undefined) return `cannot open ${path}: No such file`;
    try {
      const inode = found ?? disk.create(path, 'file', 0o666 & ~umask);
      if (how === '>' && inode.data !== '') disk.put(inode, '');
      const file = new OpenFile({ inode, append: how === '>>', write: (data) => disk.put(inode, data) });
      this.files.add(file);
      return file;
    } catch (error) {
      if (error instanceof DiskError) return `cannot create ${path}: ${error.message}`;
      throw error;
    }
  }

  closed(file: OpenFile): void {
    this.machine.release(file);
    this.files.delete(file);
  }

  find(path: string, follow: boolean): Inode | undefined {
    return this.machine.disk.find(path, follow);
  }

  names(folder: string): readonly string[] {
    const found = this.machine.disk.find(folder);
    return found === undefined ? [] : [...found.entries.keys()].sort();
  }

  hasTool(name: string): boolean {
    return isTool(name) || ['sleep', 'timeout', 'flock', 'systemctl'].includes(name);
  }

  *tool(call: Call): Steps {
    const [name = '', ...args] = call.argv;
    switch (name) {
      case 'sleep':
        yield { kind: 'sleep', seconds: Number(args[0]) };
        return 0;
      case 'flock': {
        const file = call.files.get(Number(args.at(-1)));
        return file !== undefined && this.machine.lock(file) ? 0 : 1;
      }
      case 'timeout':
        return yield* this.limited(Number(args[0]), { ...call, argv: args.slice(1) });
      case 'systemctl':
        return yield* this.machine.systemd.command(call);
      default:
        return yield* runTool(this.machine.disk, call);
    }
  }

  /** `timeout SECONDS COMMAND`: status 124 where it waits longer. */
  private *limited(seconds: number, call: Call): Steps {
    const steps = this.tool(call);
    let left = seconds;
    for (;;) {
      const step = steps.next('run');
      if (step.done === true) return step.value;
      if (step.value.kind === 'sleep') left -= step.value.seconds;
      if (left < 0) return 124;
      yield step.value;
    }
  }
}
