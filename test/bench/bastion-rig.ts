/** A fleet behind real bastions, in a network of this process's own: sshd with default limits, and many addresses of one more sshd. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { probeAnswer } from '../nodes/recorded-node.js';
import { runProgram } from './measure.js';

export interface Scenario {
  readonly what: string;
  /** Value of --forks. */
  readonly parallel: number;
  /** Bastions on the way to each host. */
  readonly hops: 1 | 2;
  /** Seconds for which the first bastion is gone, with all its connections, after a third of the hosts. */
  readonly outage?: number;
}

export interface BastionRun extends Scenario {
  readonly hosts: number;
  /** Hosts without a judgement. */
  readonly lost: number;
  /** Seconds. */
  readonly wall: number;
  /** Logins at the first bastion. */
  readonly bastionLogins: number;
  /** Connections that the program made once more, by its own log. */
  readonly retries: number;
}

interface BastionRig {
  run(scenario: Scenario, hosts: number): Promise<BastionRun>;
  close(): void;
}

interface Server {
  /** Text of its log since its first start. */
  readonly log: () => string;
  /** Ends it and all its connections at once. */
  readonly kill: () => void;
  readonly start: () => void;
}

const ports = { first: 2201, second: 2202, node: 2222 } as const;
const program = resolve('dist/main.js');
/** Milliseconds between two looks at a log. */
const interval = 50;

/** Needs a network and mounts that are nobody else's: run.sh makes them. */
export function openBastionRig(): BastionRig {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bastion-'));
  const write = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  mkdirSync(join(folder, 'home', '.ssh'), { recursive: true, mode: 0o700 });
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // The node's user has a shell that reads no files.
  const users = readFileSync('/etc/passwd', 'utf8').replace(/^root:.*$/m, `root:x:0:0::${folder}/home:/bin/sh`);
  execFileSync('mount', ['--bind', write('passwd', users, 0o644), '/etc/passwd']);
  const [user, hostKey] = ['user', 'host'].map((name) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]);
    return readFileSync(join(folder, `${name}.pub`), 'utf8');
  });
  write('authorized', user ?? '');
  write(
    'known',
    `* ${hostKey ?? ''}${Object.values(ports)
      .map((port) => `[*]:${port} ${hostKey ?? ''}`)
      .join('')}`,
  );
  write('home/.ssh/config', `IdentityFile ${folder}/user\nIdentitiesOnly yes\nUserKnownHostsFile ${folder}/known\n`);
  write('answer', probeAnswer('kubeadm-weak'));
  const canned = `#!/bin/sh\necho kubelatch-ready\ncat >/dev/null\nexec cat ${folder}/answer\n`;
  const forced = [`ForceCommand ${write('canned', canned, 0o755)}`, 'ListenAddress 0.0.0.0'];
  const servers = {
    first: server(folder, 'first', ['ListenAddress 127.0.0.1']),
    second: server(folder, 'second', ['ListenAddress 127.0.0.1']),
    node: server(folder, 'node', forced),
  };
  return {
    run: (scenario, hosts) => run({ folder, servers, write }, scenario, hosts),
    close() {
      Object.values(servers).forEach((one) => one.kill());
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing of its limits is set. */
function server(folder: string, name: keyof typeof ports, more: readonly string[]): Server {
  const config = join(folder, `${name}.conf`);
  const lines = [
    ...[...more, `Port ${ports[name]}`, `HostKey ${folder}/host`, `AuthorizedKeysFile ${folder}/authorized`],
    ...['PermitRootLogin prohibit-password', 'StrictModes no', 'PidFile none', 'LogLevel VERBOSE', ''],
  ];
  writeFileSync(config, lines.join('\n'));
  let log = '';
  let child: ChildProcess;
  const start = (): void => {
    child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  };
  start();
  return {
    log: () => log,
    start,
    kill() {
      const below = ['-o', 'pid=', '--ppid', String(child.pid ?? 0)];
      const connections = spawnSync('ps', below, { encoding: 'utf8' })
        .stdout.split('\n')
        .filter((line) => line !== '');
      child.kill('SIGKILL');
      spawnSync('kill', ['-KILL', ...connections.map((pid) => pid.trim())]);
    },
  };
}

interface Parts {
  readonly folder: string;
  readonly servers: Readonly<Record<keyof typeof ports, Server>>;
  readonly write: (name: string, text: string) => string;
}

async function run({ folder, servers, write }: Parts, scenario: Scenario, hosts: number): Promise<BastionRun> {
  const jump = [ports.first, ports.second].slice(0, scenario.hops).map((port) => `root@127.0.0.1:${port}`);
  const ssh = { user: 'root', port: ports.node, become: 'none', jump };
  const address = (at: number): string => `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}`;
  const all = Array.from({ length: hosts }, (_, at) => [`node${at + 1}`, { address: address(at) }] as const);
  const workers = { role: 'worker', hosts: Object.fromEntries(all) };
  const inventory = write('inventory.yaml', JSON.stringify({ cluster: { name: 'bench' }, ssh, groups: { workers } }));
  const before = { first: logins(servers.first), node: logins(servers.node) };
  const outage = new AbortController();
  if (scenario.outage !== undefined) {
    const { first, node } = servers;
    void endAndStart(first, scenario.outage, () => logins(node) - before.node >= hosts / 3, outage.signal);
  }
  const args = [program, 'audit', '-i', inventory, '-o', 'json', '-v', '--no-cluster', '--no-input'];
  const command = { program: process.execPath, args: [...args, '--forks', String(scenario.parallel)] };
  const { wall } = await runProgram(command, folder, 900);
  outage.abort();
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return {
    ...{ ...scenario, hosts, wall },
    lost: hosts - (text('stdout').match(/"status": ?"judged"/g)?.length ?? 0),
    bastionLogins: logins(servers.first) - before.first,
    retries: text('stderr').match(/; trying again in /g)?.length ?? 0,
  };
}

const logins = (one: Server): number => one.log().split('Accepted publickey').length - 1;

async function endAndStart(one: Server, seconds: number, isTime: () => boolean, stop: AbortSignal): Promise<void> {
  const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
  while (!isTime() && !stop.aborted) await pause(interval);
  if (stop.aborted) return;
  one.kill();
  await pause(seconds * 1000);
  one.start();
}
