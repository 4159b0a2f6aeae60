/** A program on a terminal of its own (script(1)), with a person who types. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Terminal {
  /** All that was shown so far, without colours and cursor movements. */
  shown(): string;
  /** As the terminal got it. */
  raw(): string;
  /** Waits until the pattern is in what was shown since the last wait; returns what was shown up to the match. */
  until(pattern: RegExp, timeout?: number): Promise<string>;
  type(text: string): void;
  /** Another size of the window, of which the kernel tells the program. */
  resize(columns: number, rows: number): void;
  /** To the program alone, as kill(1) sends it. */
  signal(name: NodeJS.Signals): void;
  /** The window is closed, or the operator's connection lost. */
  hangUp(): Promise<void>;
  /** The exit code of the program, also where nobody sees its terminal any more. */
  exitCode(timeout?: number): Promise<number>;
  /** What stty says of the terminal after the program ended. */
  modes(): string;
  /** The exit code, once the program ended. */
  ended(timeout?: number): Promise<Ended>;
}

export interface SessionOptions {
  /** Where it is run, and where notes are kept. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export const enter = '\r';
export const escape = '\u001b';
export const interrupt = '\u0003';
export const down = '\u001b[B';

/** stdout goes to the terminal too, as it does for a person. */
export function openSession(command: readonly string[], options: SessionOptions): Terminal {
  const { folder, env, columns = 150, rows = 60 } = options;
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const notes = mkdtempSync(join(folder, 'terminal-'));
  const note = (name: string): string => readFileSync(join(notes, name), 'utf8').trim();
  // script(1) gives a terminal without a size when it has none itself. The shell outlives the terminal to tell how the program ended.
  const session = `stty cols ${columns} rows ${rows}; tty >'${notes}/tty'; trap '' INT HUP
    sh -c 'echo $$ >"${notes}/pid"; exec "$@"' sh ${quoted}
    code=$?; stty -a >'${notes}/modes'; echo "$code" >'${notes}/code'; exit "$code"`;
  const child = spawn('script', ['-qefc', session, '/dev/null'], {
    cwd: folder,
    env: { ...env, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let raw = '';
  let seen = 0;
  let code: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (raw += text));
  child.stdin.on('error', () => undefined);
  child.on('close', (status) => (code = status ?? 137));
  afterAll(() => {
    if (code === undefined) child.kill('SIGKILL');
  });
  const shown = (): string => plain(raw);
  const wait = async (what: string, timeout: number, met: () => boolean): Promise<void> => {
    const deadline = Date.now() + timeout;
    while (!met()) {
      if (Date.now() > deadline)
        throw new Error(`${what} did not come in ${timeout / 1000} s:\n${shown().slice(-3000)}`);
      await sleep(50);
    }
  };
  return {
    shown,
    raw: () => raw,
    async until(pattern, timeout = 180_000) {
      const find = (): RegExpExecArray | null => pattern.exec(shown().slice(seen));
      await wait(String(pattern), timeout, () => find() !== null || code !== undefined);
      const match = find();
      if (match === null)
        throw new Error(`it ended with ${code ?? ''} before ${String(pattern)}:\n${shown().slice(-3000)}`);
      const upTo = shown().slice(seen, seen + match.index + match[0].length);
      seen += upTo.length;
      return upTo;
    },
    type: (text) => void child.stdin.write(text),
    resize(wanted, height) {
      execFileSync('stty', ['-F', note('tty'), 'cols', String(wanted), 'rows', String(height)]);
    },
    signal: (name) => void process.kill(Number(note('pid')), name),
    async hangUp() {
      child.kill('SIGKILL');
      // Writing fails first; then the shell passes on what the kernel told it.
      await sleep(300);
      if (!existsSync(join(notes, 'code'))) process.kill(Number(note('pid')), 'SIGHUP');
    },
    async exitCode(timeout = 200_000) {
      await wait('the exit code', timeout, () => existsSync(join(notes, 'code')) && note('code') !== '');
      return Number(note('code'));
    },
    modes: () => note('modes'),
    async ended(timeout = 200_000) {
      await wait('the end', timeout, () => code !== undefined);
      return { code: code ?? 137, stdout: shown(), stderr: '' };
    },
  };
}

/** Without what colours and moves: a text to look for words in. */
function plain(raw: string): string {
  const text = raw.replace(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])/g, '').replace(/\r/g, '');
  // The moving line of the progress is drawn many times a second.
  return text.replace(/^[⠀-⣿] .*\n/gm, '');
}
