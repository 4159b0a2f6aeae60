/** What configures a kubelet with a systemd service of its own: its arguments, its configuration file, and its drop-in folder. */
import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Argument, ServiceCommand } from '../facts/command-line.js';
import { changeSinceStart } from '../facts/changed-since.js';
import { configDirFiles } from '../facts/config-dir.js';
import { configFaults } from '../facts/config-faults.js';
import {
  type ConfigFault,
  type ConfigFile,
  type ConfigRole,
  noStart,
  notText,
  parseConfigFile,
} from '../facts/config-file.js';
import { type KubeletSources, kubeletSources } from '../facts/effective-kubelet.js';
import { readFlags } from '../facts/kubelet-flags.js';
import { namedFileFaults } from '../facts/named-files.js';
import {
  type NodeFacts,
  type ProcessFact,
  type UnitFact,
  isText,
  textOf,
  unreadBecause,
  unreadMessage,
} from '../facts/node-facts.js';
import { parseKubeVersion } from '../lib/kube-version.js';
import { unitPaths, unreadFiles } from '../facts/unit-command.js';

/** The minor version of a running kubelet. Undefined if unknown, or if its program file was replaced since it started. */
function minorOf(process: ProcessFact | undefined): number | undefined {
  if (process === undefined || process.exe.endsWith(' (deleted)')) return undefined;
  return parseKubeVersion(/v\d+\.\d+\.\d+\S*/.exec(process.version ?? '')?.[0] ?? '')?.minor;
}

export function readSources(
  facts: NodeFacts,
  unit: UnitFact,
  command: ServiceCommand,
  process: ProcessFact | undefined,
): KubeletSources {
  const minor = minorOf(process);
  const { args, unclear } = kubeletArguments(facts, unit, command, process);
  const { flags, faults: flagFaults } = readFlags(args, minor, process === undefined ? [] : process.argv);
  const faults: ConfigFault[] = [...unreadFiles(facts, unit, command), ...command.faults, ...flagFaults];
  const load = (path: string, role: ConfigRole): ConfigFile | undefined => {
    const loaded = loadConfig(facts, path, { role, minor });
    if (loaded.fault !== undefined) faults.push(loaded.fault);
    return loaded.file;
  };
  const folder = unclear.length > 0 ? process?.cwd : command.workingDirectory;
  const named = (name: string): string | undefined => {
    const value = flags.findLast((one) => one.name === name)?.value;
    return value === undefined || value === '' ? undefined : absolute(folder, value);
  };
  const [configPath, dropInFolder] = [named('config'), named('config-dir')];
  const config = configPath === undefined ? undefined : load(configPath, 'config');
  const dropIns = dropInFolder === undefined ? { paths: [] } : dropInsIn(facts, dropInFolder);
  if (dropIns.fault !== undefined) faults.push(dropIns.fault);
  const sources = kubeletSources({
    command: command.arguments.map((one) => one.text),
    flags,
    config,
    hasConfig: configPath !== undefined,
    dropIns: dropIns.paths.flatMap((path) => load(path, 'drop-in') ?? []),
    faults,
    hidden: command.hidden.filter((one) => one.value.includes('--')),
    unclear,
    minor,
  });
  const found = configFaults(sources).filter(
    (fault) => fault.kind !== 'start' || !isProven(facts, process, fault.path),
  );
  const all = { ...sources, faults: found };
  return { ...all, faults: [...all.faults, ...namedFileFaults(facts, all, folder ?? '/')] };
}

/** Whether the running kubelet was started with this file as it is now, so that its content cannot keep the kubelet from starting. */
function isProven(facts: NodeFacts, process: ProcessFact | undefined, path: string): boolean {
  const file = facts.files.get(path);
  if (process === undefined || minorOf(process) === undefined || file?.kind !== 'file') return false;
  return file.planned !== true && Math.max(file.mtime, file.ctime ?? 0) <= process.startedAt;
}

/** Joins as the kubelet does and keeps a trailing slash, which makes the kubelet follow a link to the folder. */
const absolute = (folder: string | undefined, path: string): string =>
  path.startsWith('/') ? path : posix.join(folder ?? '/', path);

/** A configuration file, or the fault that makes it unusable. */
function loadConfig(
  facts: NodeFacts,
  path: string,
  options: { readonly role: ConfigRole; readonly minor: number | undefined },
): { readonly file?: ConfigFile; readonly fault?: ConfigFault } {
  const text = textOf(facts, path);
  if (text !== undefined) {
    return isText(facts, path) ? parseConfigFile(path, text, options) : { fault: notText(path) };
  }
  return { fault: { path, message: unreadMessage(facts, path) } };
}

/** The kubelet does not walk the folder if the folder itself is a link. */
function dropInsIn(
  facts: NodeFacts,
  folder: string,
): { readonly paths: readonly string[]; readonly fault?: ConfigFault } {
  const own = facts.files.get(folder) ?? facts.files.get(folder.replace(/\/+$/, ''));
  const name = 'the folder of --config-dir';
  const paths = configDirFiles(facts, folder);
  if (own?.kind === 'absent') return { paths: [], fault: noStart({ path: folder }, `${name} does not exist`) };
  if (own === undefined && paths.length > 0) return { paths };
  if (own === undefined || own.kind === 'unreadable')
    return {
      paths: [],
      fault: { path: folder, message: `${name} could not be read${unreadBecause(facts, own?.path ?? folder)}` },
    };
  if (own.kind === 'folder' && (own.linkTarget === undefined || folder.endsWith('/'))) return { paths };
  return { paths: folder.endsWith('.conf') ? [folder] : [] };
}

interface OwnArguments {
  /** The arguments after the program. */
  readonly args: readonly Argument[];
  /** Why these are the running kubelet's arguments instead of those from the files. */
  readonly unclear: readonly ConfigFault[];
}

const wordsOf = (args: readonly Argument[]): string[] => args.map(({ text }) => text);

/** The words after the program. For a multi-call program the kubelet's name comes first. */
function ownArguments(argv: readonly string[]): readonly string[] {
  return argv[1] === 'kubelet' ? argv.slice(2) : argv.slice(1);
}

/**
 * Extracts the kubelet's arguments from a unit's command. Words before them (`nice`, `env`) are understood if the kubelet runs
 * with exactly the words after them. A script or a shell decides the flags itself; then the running kubelet's arguments are
 * used.
 */
function kubeletArguments(
  facts: NodeFacts,
  unit: UnitFact,
  command: ServiceCommand,
  process: ProcessFact | undefined,
): OwnArguments {
  const words = command.arguments;
  if (command.unclear.length === 0) {
    const start = process === undefined ? -1 : startOf(wordsOf(words), process.argv);
    if (start >= 0) return { args: words.slice(start), unclear: [] };
    const next = nextStart(wordsOf(words), process?.argv ?? ['kubelet']);
    if (next > 0 && (process === undefined || isOlder(facts, unit, command, process))) {
      return { args: words.slice(next), unclear: [] };
    }
  }
  return asRunning(unit, command, process);
}

/** Where a running kubelet's arguments begin in the command. -1 if the command does not end with them. */
function startOf(words: readonly string[], argv: readonly string[]): number {
  const own = ownArguments(argv);
  const start = words.length - own.length;
  const program = posix.basename(words[start - (argv.length - own.length)] ?? '');
  const isProgram = program !== '' && program === posix.basename(argv[0] ?? '');
  return start > 0 && isProgram && isDeepStrictEqual(words.slice(start), own) ? start : -1;
}

/** Programs that only change the environment of the command after them and pass its arguments on unchanged. */
const wrappers = new Set('chrt env ionice nice numactl prlimit setpriv stdbuf systemd-inhibit taskset'.split(' '));

/** The same for a command that has not started a kubelet yet: the arguments after the program, alone or after a wrapper. */
function nextStart(words: readonly string[], argv: readonly string[]): number {
  const program = words.findIndex((word) => posix.basename(word) === posix.basename(argv[0] ?? ''));
  const isUnderstood = program === 0 || (program > 0 && wrappers.has(posix.basename(words[0] ?? '')));
  return isUnderstood ? program + argv.length - ownArguments(argv).length : -1;
}

/** The process may have been started with other words, because its unit or a file of the unit changed since. */
function isOlder(facts: NodeFacts, unit: UnitFact, command: ServiceCommand, process: ProcessFact): boolean {
  if (unit.needsReload) return true;
  return [...unitPaths(unit), ...command.environmentFiles].some((path) => {
    const file = facts.files.get(path);
    if (file?.kind !== 'file') return file?.kind === 'absent';
    return file.planned === true || changeSinceStart(file, process) !== undefined;
  });
}

function asRunning(unit: UnitFact, command: ServiceCommand, process: ProcessFact | undefined): OwnArguments {
  const { path, line } = command.execStart ?? { path: unit.fragmentPath ?? unit.name, line: 1 };
  const program = command.arguments[0]?.text ?? 'its program';
  const message = `${unit.name} starts ${program.slice(0, 80)}, which sets the flags itself`;
  const origin = { kind: 'running', path, line, start: 0, end: 0 } as const;
  return {
    args: ownArguments(process?.argv ?? []).map((text) => ({ text, origin })),
    unclear: command.unclear.length > 0 ? command.unclear : [{ path, line, message }],
  };
}
