/** The tool as a child process with a home of its own: started, killed with its children, awaited; and what it said. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Ended {
  /** Exit status; 137 when it was killed, 124 when it did not end in time. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningTool {
  readonly ended: Promise<Ended>;
  readonly hasEnded: () => boolean;
  /** SIGKILL for it and for all that it started. */
  kill(): void;
}

export interface Home {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A user's home on the controller. */
export function makeHome(folder: string, env: Readonly<Record<string, string>>): Home {
  mkdirSync(join(folder, 'home'), { recursive: true });
  return {
    folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: join(folder, 'home'),
      XDG_STATE_HOME: join(folder, 'state'),
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      ...env,
    },
  };
}

/** `patience` in milliseconds: one that runs longer is killed. */
export function startTool(main: string, args: readonly string[], home: Home, patience: number): RunningTool {
  const child = spawn(process.execPath, [main, ...args], {
    env: home.env,
    cwd: home.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let over = false;
  let late = false;
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of the group have ended.
    }
  };
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, patience);
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      over = true;
      clearTimeout(timer);
      resolve({ code: late ? 124 : (code ?? 137), stdout, stderr });
    });
  });
  return { ended, hasEnded: () => over, kill };
}

/** What a result in JSON says of its only host. */
export interface Said {
  readonly code: number;
  /** Undefined where the run ended before any host had an outcome. */
  readonly outcome: string | undefined;
  readonly reason: string;
  readonly hint: string;
}

export function saidBy({ code, stdout, stderr }: Ended): Said {
  try {
    const { hosts, kind } = JSON.parse(stdout) as {
      kind?: string;
      hosts?: { outcome?: string; reason?: string; hint?: string }[];
    };
    const host = hosts?.[0];
    return { code, outcome: host?.outcome, reason: host?.reason ?? kind ?? '', hint: host?.hint ?? '' };
  } catch {
    return { code, outcome: undefined, reason: stderr.trim().split('\n').slice(-3).join(' | '), hint: '' };
  }
}

export interface Journal {
  readonly run: string;
  readonly text: string;
  readonly ended: boolean;
}

/** The newest run of this home, if one has begun. */
export function newestJournal({ env }: Home): Journal | undefined {
  const runs = join(env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs');
  const run = existsSync(runs) ? readdirSync(runs).sort().at(-1) : undefined;
  if (run === undefined) return undefined;
  const file = join(runs, run, 'journal.ndjson');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return { run, text, ended: /"entry":"end"/.test(text) };
}
