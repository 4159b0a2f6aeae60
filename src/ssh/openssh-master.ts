/** The ssh processes that hold connections: started without questions, in process groups of their own, and always ended. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from '../lib/errors.js';
import { hostAndPort } from '../lib/ip-address.js';
import { createTempFolder } from '../lib/temp-folder.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { loginArguments } from './openssh-arguments.js';
import type { Endpoint, Environment } from './route.js';

export interface Master {
  /** The bytes of the SSH connection, to ssh and from it. */
  readonly input: Writable;
  readonly output: Readable;
  /** Where ssh listens after the login. */
  readonly controlPath: string;
  /** What ssh itself said last, in one line; '' for nothing. */
  words(): string;
  /** Standard error in one line. After ssh has begun to speak to the server, it also has text of the server. */
  startWords(): string;
  /** Resolves when ssh is gone. */
  readonly ended: Promise<void>;
  /** Why ssh could not be started. */
  startError(): NodeJS.ErrnoException | undefined;
  hasEnded(): boolean;
  /** Tells ssh and what it started to end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface Masters {
  start(endpoint: Endpoint): Result<Master, HostError>;
  /** Ends those that are left, and removes the folder of their sockets. Never rejects. */
  close(): Promise<void>;
}

export interface MasterOptions {
  readonly configFile: string | undefined;
  readonly env: Environment;
  /** Milliseconds between two keepalives; 0 for none. */
  readonly keepaliveInterval: number;
}

/** Nothing is started, and no folder made, before the first `start`. */
export function createMasters({ configFile, env, keepaliveInterval }: MasterOptions): Masters {
  let folder: string | undefined;
  let count = 0;
  const running = new Set<Master>();
  const endAll = (): void => running.forEach((master) => master.kill('SIGKILL'));
  return {
    start(endpoint) {
      if (folder === undefined) {
        const made = privateFolder();
        if (!made.ok) return made;
        folder = made.value;
        // This process may end without `close`.
        process.once('exit', endAll);
      }
      const controlPath = join(folder, String(count++));
      const logFile = `${controlPath}.log`;
      const args = loginArguments({ endpoint, configFile, controlPath, logFile, keepaliveInterval });
      if (!args.ok) return args;
      const master = startMaster(args.value, { controlPath, logFile, endpoint, env });
      running.add(master);
      void master.ended.then(() => running.delete(master));
      return ok(master);
    },
    async close() {
      endAll();
      process.off('exit', endAll);
      const used = folder;
      folder = undefined;
      if (used !== undefined) await rm(used, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

/** Bytes of a socket's path on every system, less what ssh appends while it makes the socket, and the socket's own name. */
const maxFolder = 103 - 17 - 7;

function privateFolder(): Result<string, HostError> {
  try {
    const folder = createTempFolder();
    if (Buffer.byteLength(folder) <= maxFolder) return ok(folder);
    void rm(folder, { recursive: true, force: true }).catch(() => undefined);
    const why = `the folder for temporary files has too long a name for ssh’s control sockets: ${dirname(folder)}`;
    return fail(hostError('config', oneLine(why), 'set TMPDIR to a shorter path, such as /tmp'));
  } catch (error) {
    const why = `no folder for ssh’s control sockets: ${messageOf(error)}`;
    return fail(hostError('config', oneLine(why), 'check TMPDIR and its free space'));
  }
}

/** Bytes of messages that are kept. */
const keptWords = 4 * 1024;
/** Bytes of messages after which ssh is ended: what a hostile server has it print has no end. */
const maxWords = 1024 * 1024;
/** Milliseconds between two looks at the size of the log. */
const logInterval = 1_000;
const shownLines = 3;

interface Start {
  readonly controlPath: string;
  readonly logFile: string;
  readonly endpoint: Endpoint;
  readonly env: Environment;
}

function startMaster(args: readonly string[], { controlPath, logFile, endpoint, env }: Start): Master {
  // Without a terminal (detached), and without these, ssh cannot ask anything.
  const quiet = {
    SSH_ASKPASS_REQUIRE: 'never',
    SSH_ASKPASS: undefined,
    DISPLAY: undefined,
    WAYLAND_DISPLAY: undefined,
  };
  const child = spawn('ssh', args, { stdio: 'pipe', detached: true, env: { ...env, ...quiet } });
  let printed = '';
  let logged: string | undefined;
  let size = 0;
  let hasEnded = false;
  let startError: NodeJS.ErrnoException | undefined;
  const kill = (signal: NodeJS.Signals): void => {
    // After its end, its number may belong to another process.
    if (child.exitCode === null && child.signalCode === null) signalGroup(child, signal);
  };
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-keptWords);
    size += text.length;
    if (size > maxWords) kill('SIGKILL');
  });
  const watch = setInterval(() => {
    if (sizeOf(logFile) > maxWords) kill('SIGKILL');
  }, logInterval).unref();
  child.on('error', (error: NodeJS.ErrnoException) => (startError ??= error));
  // What ssh started must not outlive it.
  child.once('exit', () => signalGroup(child, 'SIGKILL'));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true;
      clearInterval(watch);
      logged = endOfFile(logFile);
      void rm(logFile, { force: true }).catch(() => undefined);
      resolve();
    });
  });
  return {
    ...{ input: child.stdin, output: child.stdout, controlPath, ended, kill },
    // ssh did not make the connection, so it does not know whose it is.
    words: () =>
      lastLines(ownWords(logged ?? endOfFile(logFile))).replaceAll(
        'UNKNOWN port 65535',
        hostAndPort(endpoint.hostname, endpoint.port),
      ),
    startWords: () => lastLines(printed),
    startError: () => startError,
    hasEnded: () => hasEnded,
  };
}

/** The last bytes of a file; '' if there is none. */
function endOfFile(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.alloc(keptWords);
    const length = readSync(file, bytes, 0, keptWords, Math.max(0, fstatSync(file).size - keptWords));
    return bytes.toString('utf8', 0, length);
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** How a message of ssh that ends with text of the server begins, and the rest of its first line. */
const withServerText =
  /((?:Permission denied \(|Their offer: )[\w@.,-]*\)?|Received disconnect from \S+ port \d+:\d+)(?:: ([^\n]{1,120}))?[^]*/;

/** Text of the server may have lines of its own, which would look like those of ssh: its first line is quoted, and no other. */
const ownWords = (text: string): string =>
  text.replace(withServerText, (_, own: string, said?: string) =>
    said === undefined ? own : `${own}: "${oneLine(said)}"`,
  );

/** A frame of @ stands around warnings. */
const lastLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => oneLine(line))
    .filter((line) => line !== '' && !line.startsWith('@'))
    .slice(-shownLines)
    .join('; ');

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
