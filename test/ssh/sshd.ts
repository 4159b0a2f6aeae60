/** A real sshd on loopback with keys of its own, for one test file; ended by its own process id. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as tcpConnect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Host, SshSettings } from '../../src/inventory/host.js';

export interface Sshd {
  readonly port: number;
  readonly dir: string;
  /** `type base64` of the host's public key. */
  readonly hostKey: string;
  log(): string;
  /** Ends every connection at once, as a crash would; it goes on listening. */
  cut(): void;
  stop(): Promise<void>;
}

export interface Workshop {
  readonly dir: string;
  path(name: string): string;
  write(name: string, text: string, mode?: number): string;
  /** A new key pair; the path of the private half. */
  key(name: string, options?: { type?: string; passphrase?: string; format?: 'PEM' }): string;
  publicKey(name: string): string;
  remove(): void;
}

/** A private temporary folder with key tools. */
export function openWorkshop(): Workshop {
  const dir = mkdtempSync(join(tmpdir(), 'kubelatch-ssh-'));
  const path = (name: string): string => join(dir, name);
  return {
    dir,
    path,
    write(name, text, mode = 0o600) {
      writeFileSync(path(name), text, { mode });
      return path(name);
    },
    key(name, { type = 'ed25519', passphrase = '', format } = {}) {
      const size = type === 'rsa' ? ['-b', '2048'] : [];
      const form = format === undefined ? [] : ['-m', format];
      execFileSync('ssh-keygen', ['-q', '-t', type, ...size, ...form, '-N', passphrase, '-C', name, '-f', path(name)]);
      return path(name);
    },
    publicKey: (name) =>
      readFileSync(path(`${name}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' '),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface SshdOptions {
  /** Names of workshop keys that may log in. */
  readonly authorized: readonly string[];
  readonly hostKeys?: readonly string[];
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
  readonly port?: number;
}

/** Starts an sshd with host keys from the workshop (made where missing) and waits until it listens. */
export async function startSshd(shop: Workshop, name: string, options: SshdOptions): Promise<Sshd> {
  const hostKeys = options.hostKeys ?? [`${name}-host`];
  if (options.hostKeys === undefined) shop.key(`${name}-host`);
  const port = options.port ?? (await freePort());
  shop.write(
    `${name}-authorized`,
    options.authorized.map((key) => readFileSync(shop.path(`${key}.pub`), 'utf8')).join(''),
  );
  const config = shop.write(
    `${name}-config`,
    [
      ...(options.config ?? []),
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeys.map((key) => `HostKey ${shop.path(key)}`),
      `AuthorizedKeysFile ${shop.path(`${name}-authorized`)}`,
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'LogLevel VERBOSE',
      '',
    ].join('\n'),
  );
  // Debian's sshd, started by root, wants its separation folder; the service would have made it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await listening(child, port, () => log);
  return {
    port,
    dir: shop.dir,
    hostKey: shop.publicKey(hostKeys[0] ?? ''),
    log: () => log,
    cut: () => descendants(child.pid).forEach((pid) => process.kill(pid, 'SIGKILL')),
    stop: () => ended(child),
  };
}

/** Deepest first. For a user other than root a connection has two processes: a monitor, and below it the one with the socket. */
function descendants(of: number | undefined): number[] {
  const pairs = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number | undefined): number[] =>
    pairs.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [...below(pid), pid] : []));
  return below(of);
}

async function listening(child: ChildProcess, port: number, log: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${log()}`);
    const up = await new Promise<boolean>((resolve) => {
      const socket = tcpConnect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** An inventory host on loopback for the user who runs the tests. */
export function hostAt(port: number, ssh: Partial<SshSettings> = {}, name = 'node1'): Host {
  return {
    name,
    address: '127.0.0.1',
    role: 'worker',
    group: 'workers',
    ssh: { user: userInfo().username, port, jump: [], become: 'none', ...ssh },
  };
}
