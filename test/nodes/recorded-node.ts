/**
 * Reads a recorded node, a folder of data: `root` holds its files, `units.txt` what `systemctl show` printed, `node.json` its
 * processes and the rest, `expect.json` what kubelatch must make of it. It is put into the probe's own words and parsed from them.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { probeRequest } from '../../src/distros/index.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import type { Configz } from '../../src/facts/running-differences.js';
import { parseFacts } from '../../src/facts/parse.js';
import type { Value } from '../../src/facts/settings.js';

export interface Expected {
  readonly distro: string;
  /** The kubelet's version and process; without them v1.31.4 and 812. A node may not tell its version: `not told`. */
  readonly version?: string;
  readonly pid?: number;
  /** Server or agent, where the distribution has the two. */
  readonly role?: string;
  /** Places are `kind path:line`, as far as they are known. */
  readonly settings: Readonly<Record<string, readonly [value: Value, place: string]>>;
  /** Rules of the baseline that do not pass. */
  readonly fails: Readonly<Record<string, string>>;
  readonly unknown: readonly string[];
  /** `kind what place` */
  readonly withoutEffect: readonly string[];
  /** Files that nothing names any more; without it there are none. */
  readonly leftovers?: readonly string[];
  /** Files that the plan changes with its action, or the words with which it refuses. */
  readonly plan: readonly string[] | string;
  readonly restart: boolean;
  /** Texts that must survive the plan, by file. */
  readonly keeps: Readonly<Record<string, readonly string[]>>;
  /** Why there is nothing on it to judge: nothing else is expected then. */
  readonly noKubelet?: string;
}

export interface RecordedNode {
  readonly name: string;
  readonly facts: NodeFacts;
  readonly configz: Configz;
  readonly expected: Expected;
}

interface NodeFile {
  readonly hostname: string;
  /** Without it systemd. */
  readonly init?: string;
  /** By unit, what its journal says that it started its kubelet with. */
  readonly started?: Readonly<Record<string, string>>;
  /** By name, whether there are such a user and such a group. */
  readonly accounts?: Readonly<Record<string, readonly ['yes' | 'no', 'yes' | 'no']>>;
  readonly processes: readonly {
    readonly pid: number;
    readonly argv: readonly string[];
    readonly version?: string;
    /** Without them the kubelet that systemd started. */
    readonly name?: string;
    readonly parent?: number;
  }[];
  /** Kernel settings by their dotted names. */
  readonly sysctls?: Readonly<Record<string, number>>;
  readonly configz?: Record<string, unknown>;
  /** Modes other than 0644. */
  readonly modes?: Readonly<Record<string, string>>;
  /** Files that the probe found but could not read. */
  readonly unreadable?: readonly string[];
  /** Files that the probe looked for, besides those that it always does, and that are not there. */
  readonly absent?: readonly string[];
  /** Files that are younger than the kubelet's process. */
  readonly changedAfterStart?: readonly string[];
}

const here = import.meta.dirname;
const bootTime = 1_700_000_000;
const startedAfter = 5000;

export const recordedNodes: readonly string[] = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

export function readNode(name: string): RecordedNode {
  const folder = join(here, name);
  const json = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const node = json('node.json') as NodeFile;
  const facts = parseFacts(probeOutput(folder, node));
  if (!facts.ok) throw new Error(`${name}: ${facts.error}`);
  return { name, facts: facts.value, configz: node.configz, expected: json('expect.json') as Expected };
}

/** What the probe would answer on the node. */
export function probeAnswer(name: string): string {
  const folder = join(here, name);
  return probeOutput(folder, JSON.parse(readFileSync(join(folder, 'node.json'), 'utf8')) as NodeFile);
}

const b64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

function probeOutput(folder: string, node: NodeFile): string {
  const root = join(folder, 'root');
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  const { read, look } = probeRequest();
  const processes = node.processes.flatMap(({ pid, argv, version, name = 'kubelet', parent = 1 }) => [
    `process ${pid} ${b64(procStat(pid, name, parent))} ${b64(`${argv.join('\0')}\0`)} ${b64(argv[0] ?? '')}. ${b64('/')}.`,
    `version ${pid} ${b64(version ?? '')}.`,
  ]);
  const files = paths.flatMap((path) => {
    if (node.unreadable?.includes(path) === true) return [`unreadable ${b64(path)}`];
    const content = readFileSync(join(root, path));
    const mtime = bootTime + (node.changedAfterStart?.includes(path) === true ? startedAfter + 60 : 100);
    const stat = `${node.modes?.[path]?.replace(/^0/, '') ?? '644'} 0:0 root:root ${content.length} ${mtime} regular file`;
    return [`stat ${b64(path)} - . ${stat}`, `content ${b64(path)} ${b64(content)}.`];
  });
  const sysctls = Object.entries(node.sysctls ?? {}).map(
    ([key, value]) => [`/proc/sys/${key.replaceAll('.', '/')}`, `${value}\n`] as const,
  );
  const kernel = sysctls.flatMap(([path, text]) => [
    `stat ${b64(path)} - . 644 0:0 root:root 0 ${bootTime} regular empty file`,
    `content ${b64(path)} ${b64(text)}.`,
  ]);
  const known = [...paths, ...sysctls.map(([path]) => path)];
  const absent = [...read, ...look, ...(node.absent ?? [])]
    .filter((path) => !known.includes(path))
    .map((path) => `absent ${b64(path)}`);
  return [
    ...['kubelatch-facts 1', `hostname ${b64(`${node.hostname}\n`)}`, 'boot 3d0f', `init ${node.init ?? 'systemd'}`],
    'user 0',
    ...['ticks 100', `btime ${bootTime}`, 'free 1000000', 'listen 0100007F:2808'],
    `units ${b64(readFileSync(join(folder, 'units.txt')))}`,
    ...processes,
    ...Object.entries(node.started ?? {}).map(([unit, line]) => `started ${b64(unit)} ${b64(line)}.`),
    ...Object.entries(node.accounts ?? {}).map(([name, found]) => `account ${b64(name)} ${found.join(' ')}`),
    ...absent,
    ...files,
    ...kernel,
    'end\n',
  ].join('\n');
}

const procStat = (pid: number, name: string, parent: number): string =>
  `${pid} (${name}) S ${parent} ${pid} ${pid} 0 -1 4194560 ${Array.from({ length: 12 }, () => '0').join(' ')} ${startedAfter * 100} 1 1`;
