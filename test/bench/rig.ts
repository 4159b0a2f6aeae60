/** The node that is asked: one of the lab, under many addresses, behind its own sshd. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, firstProcess, run, runInside } from '../lab/node-access.js';
import type { Node } from './counting-host.js';
import { type Fleet, type FleetOptions, makeFleet, network } from './fleet.js';
import { path } from './subjects.js';
import { type Started, readTrace } from './trace.js';

export interface Rig {
  readonly kind: string;
  /** A fresh folder with the files of a fleet. `canned`: its hosts say what the probe said once, and do no work. */
  fleet(options: Pick<FleetOptions, 'hosts' | 'parallel' | 'elsewhere'> & { readonly canned?: boolean }): Fleet;
  /** Bytes of IP packets from and to the fleet since the last call. */
  traffic(): Promise<{ readonly received: number; readonly sent: number }>;
  /** Programs that run on it now, for a {@link openCountingHost}. */
  readonly node: Node;
  /** Runs the probe on the node under strace. */
  trace(): Promise<Started>;
  /** Gives the node this machine's Python. Throws where that cannot be. */
  addPython(): void;
  close(): Promise<void>;
}

const node = 'n1';
const state = process.env['KUBELATCH_LAB_STATE'] ?? '/var/lib/kubelatch-lab-bench';

/** Boots the lab, or takes the one that is up and leaves it so. */
export async function openRig(kind: string, probe: string): Promise<Rig> {
  const isOurs = !existsSync(join(state, 'ready'));
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const text = (name: string): string => readFileSync(join(state, name), 'utf8').trim();
  if (isOurs) await must(run('test/lab/up.sh', [kind, `${node}:kubeadm`], { timeout: 900_000 }));
  const on = (script: string, stdin = ''): Promise<string> =>
    must(runInside(state, node, script, { stdin, timeout: 900_000 }));
  const route = [network, 'via', text(`nodes/${node}/address`)];
  const close = async (): Promise<void> => {
    await run('ip', ['route', 'del', ...route]);
    rmSync(folder, { recursive: true, force: true });
    if (isOurs) await must(run('test/lab/down.sh', [], { timeout: 120_000 }));
  };
  try {
    await on(readFileSync('test/bench/prepare-node.sh', 'utf8'));
    await must(run('ip', ['route', 'add', ...route]));
    await on(`cat >/var/tmp/bench-probe.sh; sh /var/tmp/bench-probe.sh >/var/tmp/bench-answer`, probe);
  } catch (error) {
    await close();
    throw error;
  }
  const hostKey = text('known_hosts')
    .split('\n')
    .find((line) => line.startsWith(`${node},`))
    ?.split(' ')
    .slice(1, 3)
    .join(' ');
  let fleets = 0;
  return {
    kind: text('kind'),
    fleet({ hosts, parallel, elsewhere, canned = false }) {
      fleets += 1;
      const user = canned ? 'canned' : 'root';
      return makeFleet(join(folder, String(fleets)), {
        ...{ hosts, parallel, user, elsewhere, key: join(state, 'key'), hostKey: hostKey ?? '', probe },
      });
    },
    async traffic() {
      const listed = await on('nft reset counters table inet bench');
      const bytes = (name: string): number =>
        Number(new RegExp(`counter ${name} \\{\\s*packets \\d+ bytes (\\d+)`).exec(listed)?.[1]);
      return { received: bytes('received'), sent: bytes('sent') };
    },
    node: {
      address: text(`nodes/${node}/address`),
      shell: (command) => spawn('nsenter', [...inside(), 'sh', '-c', command]),
    },
    trace: () => traced(folder),
    addPython: () => void execFileSync('bash', ['test/bench/node-python.sh', join(state, 'nodes', node, 'root')]),
    close,
  };
}

/** What nsenter is told to run a program on the node, with an environment like that of a login. */
function inside(): string[] {
  const spaces = ['mount', 'uts', 'ipc', 'net', 'pid', 'cgroup', 'root', 'wd'].map((name) => `--${name}`);
  return ['--target', firstProcess(state, node), ...spaces, 'env', '-i', 'HOME=/root', `PATH=${path}`];
}

async function traced(folder: string): Promise<Started> {
  const file = join(folder, 'trace');
  const calls = 'trace=clone,clone3,fork,vfork,execve';
  await must(
    run('strace', [
      '-f',
      '-qq',
      '-e',
      calls,
      '-e',
      'signal=none',
      '-o',
      file,
      'nsenter',
      ...inside(),
      'sh',
      '/var/tmp/bench-probe.sh',
    ]),
  );
  const started = readTrace(readFileSync(file, 'utf8'));
  return { ...started, programs: started.programs.filter(([name]) => name !== 'nsenter' && name !== 'env') };
}

async function must(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  if (code !== 0) throw new Error(`exit status ${code}: ${stderr.trim().slice(-500)}`);
  return stdout;
}
