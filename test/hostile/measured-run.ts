/** One run of the built program on hosts of this machine, with what it took: seconds, processor time, memory. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../cli/program.js';
import type { Status } from './hostile-case.js';
import { hostKey } from './ssh-host.js';

export interface AuditedHost {
  readonly host: string;
  readonly status: Status;
  readonly error?: { readonly kind: string; readonly message: string; readonly hint: string };
  readonly findings: readonly Readonly<Record<string, unknown>>[];
  readonly notes: readonly string[];
}

export interface Cost {
  readonly seconds: number;
  /** Of the processor, in seconds: does not grow where the machine has other work. */
  readonly cpu: number;
  readonly peakMiB: number;
}

export interface Measured extends Cost {
  /** The exit code; the name of the signal that ended it otherwise. */
  readonly code: number | string;
  readonly hosts: readonly AuditedHost[];
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export interface RunOptions {
  readonly verb?: 'audit' | 'plan';
  /** Seconds for a call over SSH. */
  readonly timeout: number;
  /** Seconds after which the program is killed. */
  readonly limit: number;
  /** Another program than the product's own command line, with the same arguments. */
  readonly program?: string;
  readonly user?: string;
  /** What makes the connections; ssh2 unless told. */
  readonly transport?: string | undefined;
  /** What a person would type, for such a program. */
  readonly typed?: string;
}

/** Runs in the program before anything else, and writes down what it took at its end. */
const meter = `import { isMainThread } from 'node:worker_threads';
import { writeFileSync } from 'node:fs';
if (isMainThread) process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  writeFileSync(process.env.KUBELATCH_METER, JSON.stringify({ peakMiB: maxRSS / 1024, cpu: (userCPUTime + systemCPUTime) / 1e6 }));
});`;

const inventory = (machines: readonly Machine[], { user = 'root', transport }: RunOptions): string =>
  JSON.stringify({
    cluster: { name: 'lab' },
    ssh: { user, knownHostsFile: './known_hosts', transport },
    groups: {
      workers: {
        role: 'worker',
        hosts: Object.fromEntries(machines.map(({ name, address, port }) => [name, { address, ssh: { port } }])),
      },
    },
  });

export async function measure(machines: readonly Machine[], options: RunOptions): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-hostile-'));
  try {
    const file = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    mkdirSync(join(folder, 'home'));
    file('meter.mjs', meter);
    file('inventory.yaml', inventory(machines, options));
    file('known_hosts', machines.map(({ address, port }) => `[${address}]:${port} ${hostKey}\n`).join(''));
    return await runIn(folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runIn(
  folder: string,
  { verb = 'audit', timeout, limit, program = main, typed }: RunOptions,
): Promise<Measured> {
  const meterFile = join(folder, 'meter.json');
  const args = [verb, '-o', 'json', '--no-cluster', '--no-input', '--timeout', `${timeout}s`];
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', `file://${join(folder, 'meter.mjs')}`, program, ...args], {
      cwd: folder,
      env: {
        ...{ PATH: process.env['PATH'], HOME: join(folder, 'home'), LANG: 'C.UTF-8' },
        ...{ KUBELATCH_METER: meterFile, KUBELATCH_TYPED: typed },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limit * 1000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const seconds = (performance.now() - began) / 1000;
      resolve({ code: code ?? String(signal), stdout, stderr, hosts: hostsOf(stdout), seconds, ...costOf(meterFile) });
    });
  });
}

function hostsOf(stdout: string): readonly AuditedHost[] {
  try {
    return (JSON.parse(stdout) as { readonly hosts: readonly AuditedHost[] }).hosts;
  } catch {
    return [];
  }
}

/** A program that was killed has told nothing. */
function costOf(path: string): { readonly cpu: number; readonly peakMiB: number } {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { cpu: number; peakMiB: number };
  } catch {
    return { cpu: Infinity, peakMiB: Infinity };
  }
}
