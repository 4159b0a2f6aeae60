/** The built program as a person runs it: a folder and a home of its own, nothing of this machine's settings. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { project } from '../source-file.js';

export const main = join(project, 'dist', 'main.js');

export interface Ran {
  /** The exit code; the name of the signal that ended it otherwise. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Called as stderr grows. */
  readonly watch?: (stderr: string, end: (signal: NodeJS.Signals) => void) => void;
  /** Nobody reads its stdout. */
  readonly deaf?: boolean;
  /** For Node itself. */
  readonly node?: readonly string[];
  /** Where it is run; the place's own folder otherwise. */
  readonly cwd?: string;
  /** Another main.js than the one in dist. */
  readonly program?: string;
}

export interface Place {
  readonly folder: string;
  /** Writes a file into the folder. */
  file(name: string, text: string): string;
  kubelatch(args: readonly string[], options?: Options): Promise<Ran>;
}

/** To be called at the top of a file of tests. */
export function openPlace(): Place {
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`);
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-cli-'));
  mkdirSync(join(folder, 'home'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    file(name, text) {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    kubelatch: (args, options = {}) => runProgram(folder, args, options),
  };
}

function runProgram(
  folder: string,
  args: readonly string[],
  { env, stdin, watch, deaf, node = [], cwd = folder, program = main }: Options,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...node, program, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], HOME: join(folder, 'home'), LANG: 'C.UTF-8', TERM: 'xterm', ...env },
      stdio: 'pipe',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    if (deaf === true) child.stdout.destroy();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      watch?.(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? String(signal), stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin ?? '');
  });
}

/** A port of this machine on which nothing listens. */
export async function closedPort(): Promise<number> {
  const { port, close } = await silentPort();
  await close();
  return port;
}

/** A port that takes connections and says nothing on them. */
export async function silentPort(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** An inventory of one host, n1, on this machine. */
export const inventoryOf = (port: number): string => `cluster: { name: lab }
ssh: { user: nobody, port: ${port}, knownHostsFile: ./known_hosts }
groups:
  workers: { role: worker, hosts: { n1: { address: 127.0.0.1 } } }
`;
