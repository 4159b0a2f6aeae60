/** Runs one hook: a program of the operator, without a shell, in its own process group, for a limited time and output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../lib/errors.js';
import { exitText } from '../lib/exit-text.js';
import type { SafeText } from '../lib/output.js';
import { redact } from '../lib/redact.js';
import { oneLine } from '../lib/sanitize.js';
import { atMostText } from '../lib/wall-time.js';

export interface HookProcess {
  /** Absolute. */
  readonly path: string;
  /** JSON for its stdin. */
  readonly facts: SafeText;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Ends it; undefined for one that always runs to its end. */
  readonly signal?: AbortSignal | undefined;
  /** Each line of its output, safe to show. */
  readonly onLine: (line: string) => void;
}

/** Lines and bytes that are shown of one hook. */
const mostLines = 50;
const mostBytes = 32_768;
/** Milliseconds for a hook that is told to end. */
const grace = 2000;

/** Why it failed, in one line; undefined where it exited with 0. Never rejects. */
export function runHook({ path, facts, env, timeout, signal, onLine }: HookProcess): Promise<string | undefined> {
  if (signal?.aborted === true) return Promise.resolve('was not started: interrupted');
  return new Promise((resolve) => {
    const child = startIn(path, env);
    if (typeof child === 'string') {
      resolve(child);
      return;
    }
    let failure: string | undefined;
    let killer: NodeJS.Timeout | undefined;
    const end = (why: string): void => {
      failure ??= why;
      signalGroup(child, 'SIGTERM');
      killer ??= setTimeout(() => signalGroup(child, 'SIGKILL'), grace);
    };
    const timer = setTimeout(() => end(`did not end within ${atMostText(timeout)}`), timeout);
    const onAbort = (): void => end('was interrupted');
    const onExit = (): void => signalGroup(child, 'SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    process.once('exit', onExit);
    const finish = (why: string | undefined): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      signal?.removeEventListener('abort', onAbort);
      process.off('exit', onExit);
      resolve(failure ?? why);
    };
    collectLines(child, onLine);
    child.on('error', (error) => finish(`could not be started: ${oneLine(error.message)}`));
    // What it leaves behind must not keep its pipes open, nor go on unseen.
    child.on('exit', () => signalGroup(child, 'SIGKILL'));
    child.on('close', (code, by) => finish(code === 0 ? undefined : exitText(code, by)));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(facts);
  });
}

function startIn(path: string, env: Readonly<Record<string, string>>): ChildProcess | string {
  try {
    return spawn(path, [], { stdio: 'pipe', detached: true, env });
  } catch (error) {
    return `could not be started: ${oneLine(messageOf(error))}`;
  }
}

function collectLines(child: ChildProcess, onLine: (line: string) => void): void {
  const room = { lines: mostLines, bytes: mostBytes };
  const say = (text: string): void => {
    const line = oneLine(redact(oneLine(text, 2000)));
    if (line === '' || room.lines < 0) return;
    room.lines -= 1;
    onLine(room.lines < 0 ? '(more output is not shown)' : line);
  };
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      room.bytes -= text.length;
      if (room.bytes < 0) return;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(say);
    });
    stream?.on('end', () => say(rest));
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
