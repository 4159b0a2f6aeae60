/** Runs the node's scripts here as a node would: the same text on stdin of a real shell, in a folder of its own. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import type { FileEdit, FileState } from '../../src/plan/file-edit.js';
import { ok } from '../../src/lib/result.js';
import type { Session } from '../../src/ssh/session.js';
import { shellQuote } from '../../src/node/quote.js';
import { script } from '../../src/node/scripts.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';

export interface Shell {
  readonly name: string;
  readonly argv: readonly string[];
  /** Its tools are busybox too, as on a small distribution. */
  readonly onlyBusybox?: boolean;
}

const known: readonly Shell[] = [
  { name: 'dash', argv: ['dash', '-s'] },
  { name: 'bash --posix', argv: ['bash', '--posix', '-s'] },
  { name: 'busybox ash and its tools', argv: ['busybox', 'ash', '-s'], onlyBusybox: true },
];
/** All, but where KUBELATCH_TEST_SHELLS names some: for a machine whose time is short. */
const chosen = process.env['KUBELATCH_TEST_SHELLS']?.split(' ');
export const shells: readonly Shell[] = known.filter(({ argv }) => chosen?.includes(argv[0] ?? '') ?? true);

export const isRoot = process.getuid?.() === 0;

export interface Place {
  readonly dir: string;
  /** Where transactions lie. */
  readonly root: string;
  /** First on PATH. */
  readonly bin: string;
  /** Where the switch's units lie. */
  readonly units: string;
  /** Calls of systemctl so far. */
  systemctlCalls(): string[];
  /** What its programs find in their environment. */
  env(shell: Shell): Readonly<Record<string, string>>;
  session(shell: Shell, env?: Readonly<Record<string, string>>): Session;
  remove(): void;
}

export function program(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** A new folder, in memory where there is any: flushing a shared disk takes its time. */
export function makePlace(): Place {
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kubelatch-shell-'));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  program(join(bin, 'systemctl'), readFileSync(join(import.meta.dirname, 'fake-systemctl.sh'), 'utf8'));
  mkdirSync(join(dir, 'units', 'multi-user.target.wants'), { recursive: true });
  const log = join(dir, 'systemctl.log');
  return {
    dir,
    root: join(dir, 'var', 'kubelatch'),
    bin,
    units: join(dir, 'units'),
    env: (shell) => envOf(shell, dir, bin),
    systemctlCalls: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []),
    session: (shell, env = {}) => shellSession(shell, dir, bin, env),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function toolsOf(shell: Shell, dir: string): string {
  if (shell.onlyBusybox !== true) return process.env['PATH'] ?? '/usr/bin:/bin';
  const tools = join(dir, 'tools');
  if (!existsSync(tools)) {
    mkdirSync(tools);
    const busybox = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
    const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
    for (const applet of ['busybox', ...applets]) symlinkSync(busybox, join(tools, applet));
    // Not every busybox has it; where systemd is, it comes from util-linux.
    if (!applets.includes('flock')) {
      symlinkSync(
        spawnSync('sh', ['-c', 'command -v flock'], { encoding: 'utf8' }).stdout.trim(),
        join(tools, 'flock'),
      );
    }
  }
  return tools;
}

const envOf = (shell: Shell, dir: string, bin: string): Readonly<Record<string, string>> => ({
  PATH: `${bin}:${toolsOf(shell, dir)}`,
  PLACE: dir,
  PLACE_STATE: join(dir, 'var', 'kubelatch'),
  PLACE_UNITS: join(dir, 'units'),
  // The place itself is in memory.
  PLACE_VOLATILE: 'none',
  PLACE_TOP: dir,
});

/**
 * A program's text with the constants of places.sh that a test's `PLACE_` variables name: the programs themselves read no environment.
 * What is not root here stands for root.
 */
export function placed(text: string, env: Readonly<Record<string, string>>): string {
  const constants: Readonly<Record<string, string | undefined>> = {
    BASE: env['PLACE_STATE'],
    UNITS: env['PLACE_UNITS'],
    MOUNTS: env['PLACE_MOUNTS'],
    VOLATILE: env['PLACE_VOLATILE'],
    TOP: env['PLACE_TOP'],
    FILTER: env['PLACE_FILTER'],
    NFT: env['PLACE_NFT'],
    ROOT_UID: String(process.getuid?.() ?? 0),
    ROOT_GID: String(process.getgid?.() ?? 0),
  };
  const set = (of: string): string =>
    of.replaceAll(/^(?:[A-Z_]+=(?:'[^'\n]*'|\S+) ?)+$/gm, (line) =>
      line.replaceAll(/([A-Z_]+)=('[^']*'|\S+)/g, (whole, name: string) =>
        constants[name] === undefined ? whole : `${name}=${shellQuote(constants[name])}`,
      ),
    );
  const encode = (of: string): string => Buffer.from(of).toString('base64');
  // The program that is kept on the node stands among the arguments of the one that is run.
  return set(text).replaceAll(encode(script('txn')), encode(set(script('txn'))));
}

function shellSession(shell: Shell, dir: string, bin: string, env: Readonly<Record<string, string>>): Session {
  return {
    name: shell.name,
    run(script, args) {
      const ran = runText(shell, stdinOf(script, args), { ...envOf(shell, dir, bin), ...env });
      return Promise.resolve(ok({ ...ran, signal: undefined, took: 1 }));
    },
    open: () => Promise.reject(new Error('no streams here')),
    close: () => Promise.resolve(),
  };
}

export function runText(
  shell: Shell,
  text: string,
  env: Readonly<Record<string, string>>,
): { code: number | null; stdout: Buffer; stderr: string } {
  // A session of its own: what cuts the power in a test takes its whole process group.
  const ran = spawnSync('setsid', [...shell.argv], {
    input: placed(text, env),
    env: { LC_ALL: 'C', ...env },
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.error !== undefined) throw ran.error;
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr.toString('utf8') };
}

export type Tree = Readonly<Record<string, string>>;

/** All that lies below a folder, with everything about it that a transaction must keep. */
export function treeOf(dir: string): Tree {
  const found: Record<string, string> = {};
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(dir, name);
    const stat = lstatSync(path, { bigint: true });
    const base = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;
    found[name] = stat.isFile()
      ? `${base} ${stat.mtimeNs} ${readFileSync(path).toString('base64')}`
      : stat.isSymbolicLink()
        ? `${base} -> ${readlinkSync(path)}`
        : base;
  }
  return found;
}

/** The same without the fractions of seconds, which busybox does not keep. */
export const coarse = (tree: Tree): Tree =>
  Object.fromEntries(Object.entries(tree).map(([path, text]) => [path, text.replace(/ (\d+)\d{9} /, ' $1 ')]));

export const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** What is true of a file now, as a plan's precondition. */
function stateNow(path: string): FileState {
  const stat = lstatSync(path);
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  const content = stat.isFile() ? sha256(readFileSync(path)) : undefined;
  return { sha256: content, mode, uid: stat.uid, gid: stat.gid, owner: 'root:root' };
}

const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, owner: 'root:root' };

export function editTo(path: string, text: string, over: Partial<FileState> = {}): FileEdit {
  const before = stateNow(path);
  return { path, action: 'edit', before, after: { ...before, ...over, sha256: sha256(text) }, text, diff: '' };
}

export function createAt(path: string, text: string, mode = '0640'): FileEdit {
  return { path, action: 'create', before: null, after: { ...me, sha256: sha256(text), mode }, text, diff: '' };
}

export function modeTo(path: string, mode: string, over: Partial<FileState> = {}): FileEdit {
  const before = stateNow(path);
  return { path, action: 'mode', before, after: { ...before, mode, ...over }, diff: '' };
}

/** A file with its folders, a mode and a time in the past. */
export function put(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}
