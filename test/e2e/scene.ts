/** One scenario's place: the lab, a home of its own, inventories, and the built command line as a child process. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect } from 'vitest';
import { attachLab, type FileState, type Lab } from '../lab/lab.js';

export const main = resolve(import.meta.dirname, '../../dist/main.js');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InventoryHost {
  readonly address?: string;
  /** Keys of the host's own ssh block. */
  readonly ssh?: Readonly<Record<string, unknown>>;
}

export interface InventoryOptions {
  /** `via: cp1` instead of the administrator's kubeconfig. */
  readonly via?: string;
  /** The hosts of the control-plane group; cp1 and every server unless told. */
  readonly controlPlane?: readonly string[];
  readonly ssh?: Readonly<Record<string, unknown>>;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds; 600 000 unless told. */
  readonly timeout?: number;
}

export interface JournalEntry {
  readonly time: string;
  readonly entry: string;
  readonly host?: string;
  readonly step?: string;
  readonly outcome?: string;
}

export interface Scene {
  readonly lab: Lab;
  /** Gone after the last test of the file. */
  readonly folder: string;
  /** What the command line sees of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes an inventory: workers in the given order, cp1 and servers in a group of their own; a bare name is a node of the lab. */
  inventory(hosts: readonly (string | readonly [string, InventoryHost])[], options?: InventoryOptions): string;
  /** Writes a file into the scene's folder; returns its path. */
  file(name: string, text: string): string;
  kubelatch(args: readonly string[], options?: CliOptions): Promise<Ran>;
  /** The parsed result of `-o json`, with the exit code asserted. */
  result<T>(code: number, args: readonly string[], options?: CliOptions): Promise<T>;
  journal(run: string): readonly JournalEntry[];
}

/** To be called at the top of a file of scenarios. `observe`: how long a run watches open ports for clients; most scenarios have none. */
export function openScene({ observe = '0' }: { readonly observe?: string } = {}): Scene {
  const lab = attachLab();
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-e2e-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const state = join(folder, 'state');
  mkdirSync(join(folder, 'home'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(folder, 'home'),
    XDG_STATE_HOME: state,
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    KUBELATCH_KUBECTL: lab.kubectl,
    KUBELATCH_OBSERVE: observe,
  };
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const kubelatch: Scene['kubelatch'] = (args, options = {}) =>
    runNode([main, ...args], { ...env, ...options.env }, folder, options.timeout ?? 600_000);
  let inventories = 0;
  return {
    lab,
    folder,
    env,
    file,
    kubelatch,
    inventory: (hosts, options = {}) => file(`inventory-${++inventories}.yaml`, inventoryText(lab, hosts, options)),
    async result<T>(code: number, args: readonly string[], options?: CliOptions): Promise<T> {
      const ran = await kubelatch([...args, '-o', 'json'], options);
      expect({ code: ran.code, said: ran.code === code ? '' : told(ran) }).toEqual({ code, said: '' });
      return JSON.parse(ran.stdout) as T;
    },
    journal: (run) =>
      readFileSync(join(state, 'kubelatch', 'runs', run, 'journal.ndjson'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as JournalEntry),
  };
}

/** For a failed expectation: the outcomes with their reasons, or whatever was printed. */
function told({ stdout, stderr }: Ran): string {
  try {
    const { hosts } = JSON.parse(stdout) as { hosts: { host: string; outcome?: string; reason?: string }[] };
    return hosts.map(({ host, outcome, reason }) => `${host}: ${outcome ?? ''} ${reason ?? ''}`).join('\n');
  } catch {
    return `${stderr}\n${stdout}`.slice(-2000);
  }
}

function inventoryText(
  lab: Lab,
  hosts: readonly (string | readonly [string, InventoryHost])[],
  { via, ssh, controlPlane }: InventoryOptions,
): string {
  const leads = (name: string): boolean =>
    controlPlane?.includes(name) ?? /^control-plane$|-server\b/.test(lab.nodes[name]?.shape ?? '');
  const all = hosts.map((host): readonly [string, InventoryHost] => (typeof host === 'string' ? [host, {}] : host));
  const entries = (wanted: boolean): object =>
    Object.fromEntries(
      all
        .filter(([name]) => leads(name) === wanted)
        .map(([name, one]) => [name, { address: lab.nodes[name]?.address, ...one }]),
    );
  const group = (role: string, wanted: boolean): object => {
    const members = entries(wanted);
    return Object.keys(members).length === 0 ? {} : { [role]: { role, hosts: members } };
  };
  // JSON is YAML: the tool reads it as the file it would be.
  return JSON.stringify(
    {
      cluster: { name: 'lab', ...(via === undefined ? { kubeconfig: lab.kubeconfig } : { via }) },
      ssh: { user: 'deploy', identityFile: lab.key, knownHostsFile: lab.knownHosts, ...lab.transport, ...ssh },
      groups: { ...group('worker', false), ...group('control-plane', true) },
    },
    undefined,
    2,
  );
}

function runNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  timeout: number,
): Promise<Ran> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`kubelatch ${args.slice(1).join(' ')} did not end in ${timeout / 1000} s: ${stderr}`));
    }, timeout);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code: code ?? 137, stdout, stderr });
    });
  });
}

/** Flags of a rollout that goes as fast as proof allows: all workers in one wave, then the control plane. */
export const swift = ['--yes', '--waves', '100%', '--max-unavailable', '4', '--settle', '1s'] as const;

export const plantAll = async (lab: Lab, nodes: readonly string[]): Promise<void> => {
  await Promise.all(nodes.map((node) => lab.plant(node)));
};

/** Every file but those of kubelatch's own folder, which keeps what a rollback needs. */
export async function kubeletFiles(lab: Lab, node: string): Promise<Readonly<Record<string, FileState>>> {
  const all = await lab.snapshot(node);
  return Object.fromEntries(Object.entries(all).filter(([path]) => !path.startsWith('/var/lib/kubelatch')));
}

/** The same of several nodes, by name. */
export async function filesOf(lab: Lab, nodes: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  return Object.fromEntries(
    await Promise.all(nodes.map(async (node) => [node, await kubeletFiles(lab, node)] as const)),
  );
}

/** Every file and the process of each node: equal only when nobody touched any of them. */
export async function stateOf(lab: Lab, nodes: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  return Object.fromEntries(
    await Promise.all(
      nodes.map(async (node) => [node, [await lab.snapshot(node), await processOf(lab, node)]] as const),
    ),
  );
}

/** The text of a file on a node, to the byte as far as it is UTF-8. */
export async function readOn(lab: Lab, node: string, path: string): Promise<string> {
  const read = await lab.on(node, `cat -- ${path}`);
  expect(read, `${path} on ${node}`).toMatchObject({ code: 0 });
  return read.stdout;
}

/** The kubelet's process: two texts are equal only when it was not restarted between them. */
export async function processOf(lab: Lab, node: string): Promise<string> {
  const unit = lab.nodes[node]?.unit ?? '';
  // RKE2's kubelet is a child of its unit's process.
  const asked = `systemctl show ${unit} -p MainPID -p ExecMainStartTimestampMonotonic -p NRestarts; pgrep -x kubelet || :`;
  const shown = await lab.on(node, asked);
  expect(shown.stdout).toMatch(/MainPID=[1-9]/);
  return shown.stdout;
}
