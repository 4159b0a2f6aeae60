/** One run of one program on a fleet: its time, its processor time, its memory, and how many hosts answered. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Fleet } from './fleet.js';
import { memoryBelow } from './process-tree.js';
import { type Command, type Subject, path } from './subjects.js';

export interface Taken {
  /** Seconds by the clock. */
  readonly wall: number;
  /** Seconds of the processor, of the program and all that it started. */
  readonly cpu: number;
  /** MiB. */
  readonly peak: number;
}

const measured = resolve('build/bench/measured');
/** Milliseconds between two looks at the memory. */
const interval = 100;

/** Compiles the small program that runs another one and says what it took. */
export function buildMeasured(): void {
  execFileSync('gcc', ['-O2', '-o', measured, 'test/bench/measured.c'], { stdio: 'inherit' });
}

/** Throws an Error that says why, where the program failed or did not get every answer. */
export async function measure(subject: Subject, fleet: Fleet): Promise<Taken> {
  const { hosts, folder } = fleet;
  const limit = 120 + 15 * hosts;
  const { code, ...taken } = await runProgram(subject.command(fleet), folder, limit);
  const answers = [join(folder, 'stdout'), ...readdirSync(fleet.answers).map((name) => join(fleet.answers, name))];
  const count = answers.reduce((sum, file) => sum + countIn(file, subject.sign), 0);
  if (code === 0 && count === hosts) return taken;
  const ended = taken.wall >= limit ? `it did not end within ${limit} s` : `it ended with exit status ${code}`;
  const said = readFileSync(join(folder, 'stderr'), 'utf8').trim().split('\n').at(-1) ?? '';
  throw new Error(`${ended}, and ${count} of ${hosts} hosts answered${said === '' ? '' : `: ${said.slice(0, 300)}`}`);
}

const countIn = (file: string, sign: RegExp): number => readFileSync(file, 'utf8').match(sign)?.length ?? 0;

/** `limit` in seconds. Its stdout and stderr are files in `folder`. */
export async function runProgram(
  { program, args, env = {}, input = '/dev/null' }: Command,
  folder: string,
  limit: number,
): Promise<Taken & { readonly code: number }> {
  mkdirSync(join(folder, 'home'), { recursive: true });
  const figures = join(folder, 'figures.json');
  const files = [
    openSync(input, 'r'),
    ...['stdout', 'stderr'].map((name) => openSync(join(folder, name), 'w', 0o600)),
  ] as const;
  let peak = 0;
  try {
    await new Promise<void>((done, reject) => {
      const child = spawn(measured, [figures, String(limit), program, ...args], {
        cwd: folder,
        env: { PATH: path, HOME: join(folder, 'home'), LANG: 'C.UTF-8', TMPDIR: folder, ...env },
        stdio: [...files],
      });
      const timer = setInterval(() => (peak = Math.max(peak, memoryBelow(child.pid ?? 0))), interval);
      child.on('error', reject);
      child.on('close', () => {
        clearInterval(timer);
        done();
      });
    });
  } finally {
    files.forEach((file) => closeSync(file));
  }
  const { code, wall, user, system, largestKiB } = JSON.parse(readFileSync(figures, 'utf8')) as Figures;
  return { code, wall, cpu: user + system, peak: Math.max(peak, largestKiB) / 1024 };
}

/** What measured.c writes: seconds, and KiB of the largest process. */
interface Figures {
  readonly code: number;
  readonly wall: number;
  readonly user: number;
  readonly system: number;
  readonly largestKiB: number;
}
