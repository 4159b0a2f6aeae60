/** The shells that a node may have as /bin/sh, as far as this machine has them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { placed } from './node-shell.js';

export interface Shell {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const known: readonly Shell[] = [
  { name: 'dash', command: ['dash'] },
  { name: 'bash --posix', command: ['bash', '--posix'] },
  { name: 'busybox ash', command: ['busybox', 'ash'] },
];

const works = ({ command: [program, ...options] }: Shell): boolean =>
  spawnSync(program, [...options, '-c', ':']).status === 0;

export const shells: readonly Shell[] = known.filter(works);

/** Runs a script as it runs on a node: its text on stdin, data as arguments; see `placed` for what is in `env`. */
export function runScript(
  { command: [program, ...options] }: Shell,
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, [...options, '-s', '--', ...args], {
    input: placed(script, env),
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'utf8',
    timeout: 180_000,
  });
  return { code: status, stdout, stderr };
}

/** As runScript, while this process goes on: for scripts that ask it something. */
export async function runScriptBeside(
  { command: [program, ...options] }: Shell,
  script: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(program, [...options, '-s', '--', ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(script);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
