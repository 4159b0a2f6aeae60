/** Turns the probe's records into NodeFacts. Strict: an unknown record makes the whole answer unusable. */
import { type Result, fail, ok } from '../lib/result.js';
import { addressOfBytes, kernelEndpoint } from '../lib/ip-address.js';
import { oneLine } from '../lib/sanitize.js';
import type {
  FileFact,
  FileStat,
  NodeFacts,
  PacketFilterState,
  ProcessFact,
  TransactionFact,
  UnitFact,
} from './node-facts.js';
import { fileCap, parseStat, withContent } from './parse-files.js';
import { processOf } from './parse-process.js';
import { decode, splitTexts } from './parse-texts.js';
import { parseUnits } from './parse-units.js';
import { withFilesOnDisk } from './units-on-disk.js';

/** What the records gather while they are read. */
interface Draft {
  readonly single: Map<string, string>;
  readonly files: Map<string, FileFact>;
  readonly processes: ProcessFact[];
  /** Processes whose command line comes with the texts, by PID: what is known of them before. */
  readonly started: Map<string, { readonly stat: string; readonly exe: string; readonly cwd: string }>;
  /** What the texts are of, in their order: a PID, or a path as the probe writes it. */
  readonly texts: string[];
  readonly versions: Map<number, string>;
  readonly listening: { address: string; port: number }[];
  readonly addresses: string[];
  readonly transactions: TransactionFact[];
  readonly journals: Map<string, string>;
  readonly accounts: Map<string, { user: boolean; group: boolean }>;
  readonly globs: Map<string, readonly string[]>;
  /** What systemctl showed of all units, by lines. */
  readonly shown: string[];
  units: UnitFact[];
  onDisk: string;
}

/** Parses the probe's whole output. The error is one line that says what is wrong. */
export function parseFacts(output: string): Result<NodeFacts, string> {
  const lines = output.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== 'kubelatch-facts 1') return fail("the probe's answer has an unknown format");
  if (lines.at(-1) !== 'end') return fail("the probe's answer is incomplete");
  const draft: Draft = {
    ...{ single: new Map(), files: new Map(), processes: [], versions: new Map(), listening: [], addresses: [] },
    ...{ transactions: [], started: new Map(), accounts: new Map(), globs: new Map(), units: [], onDisk: '' },
    ...{ texts: [], shown: [], journals: new Map() },
  };
  // The texts come last, in one base64.
  const bulk = lines.indexOf('bulk');
  for (const [index, line] of lines.slice(1, bulk < 0 ? -1 : bulk).entries()) {
    const [tag = '', ...words] = line.split(' ');
    const read = records.get(tag);
    if (read?.(draft, words) !== true)
      return fail(`line ${index + 2} of the probe's answer (${oneLine(tag, 20)}) is invalid`);
  }
  if (draft.texts.length > 0 && !takeTexts(draft, lines.slice(bulk + 1, -1))) {
    return fail("the probe's answer is incomplete");
  }
  return ok(factsOf(draft));
}

/** Gives the texts to what they are of; a file may have been removed meanwhile. False if the answer ends too early. */
function takeTexts(draft: Draft, encoded: readonly string[]): boolean {
  if (encoded.at(-1) !== '.') return false;
  const bytes = Buffer.from(encoded.join(''), 'base64');
  const sizes = draft.texts.map((of) => (of.startsWith('=') ? sizeOf(draft, decode(of)) : undefined));
  const texts = splitTexts(bytes, sizes, draft.single.get('boot') ?? '');
  for (const [index, of] of draft.texts.entries()) {
    const text = texts[index];
    if (of.startsWith('=')) changeFile(draft, [of], (file) => withContent(file, text));
    else if (!takeCommandLine(draft, of, text)) return false;
  }
  return true;
}

function sizeOf({ files }: Draft, path: string): number | undefined {
  const file = files.get(path);
  return file?.kind === 'file' ? file.size : undefined;
}

/** A process without a command line has ended meanwhile. False for one that is cut, or no process. */
function takeCommandLine({ started, single, processes }: Draft, pid: string, cmdline: Buffer | undefined): boolean {
  const known = started.get(pid);
  if (known === undefined || cmdline === undefined || cmdline.length === 0) return known !== undefined;
  const times = { ticks: Number(single.get('ticks')), bootTime: Number(single.get('btime')) };
  const found = processOf({ pid: Number(pid), cmdline: cmdline.toString('utf8'), ...known }, times);
  return cmdline.length < fileCap && added(processes, found);
}

function factsOf({ single, units, shown, onDisk, processes, versions, ...rest }: Draft): NodeFacts {
  const init = single.get('init');
  const { files, globs, listening, addresses, transactions, journals, accounts } = rest;
  return {
    hostname: single.get('hostname') ?? '',
    bootId: single.get('boot') ?? '',
    init: init === 'systemd' || init === 'openrc' ? init : 'other',
    systemd: /^\d{1,4}$/.test(single.get('systemd') ?? '') ? Number(single.get('systemd')) : undefined,
    managerVariables: single.get('manager')?.split(/\s+/).filter(Boolean),
    root: single.get('user') === '0',
    packetFilter: filterState(single.get('filter')),
    freeKiB: Number(single.get('free') ?? -1),
    units: withFilesOnDisk(shown.length > 0 ? parseUnits(shown.join('\n')) : units, onDisk, files),
    processes: processes.map((one) => ({ ...one, version: versions.get(one.pid) })),
    ...{ files, globs, listening, addresses, transactions, accounts, started: journals },
  };
}

/** What a node says of its packet filter; anything else than these words is no answer. */
export function filterState(said: string | undefined): PacketFilterState | undefined {
  if (said === undefined) return undefined;
  const states = ['same', 'different', 'missing', 'absent'] as const;
  return states.find((one) => one === said) ?? 'unable';
}

/** Adds one record to the draft; false if it is invalid. */
type Reader = (draft: Draft, words: readonly string[]) => boolean;

const reads =
  (read: (draft: Draft, first: string, second: string) => unknown): Reader =>
  (draft, [first = '', second = '']) => {
    read(draft, first, second);
    return true;
  };
const word = (tag: string): [string, Reader] => [tag, reads(({ single }, first) => single.set(tag, first))];
const added = <T>(list: T[], value: T | undefined): boolean => value !== undefined && list.push(value) > 0;

const records: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...['boot', 'init', 'user', 'ticks', 'btime', 'free', 'systemd', 'filter'].map(word),
  ['hostname', reads(({ single }, first) => single.set('hostname', decode(first).trim()))],
  ['manager', reads(({ single }, first) => single.set('manager', decode(first)))],
  ['text', reads(({ texts }, first) => texts.push(first))],
  ['on-disk', reads((draft, unit, path) => (draft.onDisk += `${decode(unit)} ${decode(path)}\n`))],
  ['disk', reads((draft, first) => (draft.onDisk = decode(first)))],
  ['unit', (draft, words) => added(draft.shown, words.join(' '))],
  ['units', reads((draft, first) => (draft.units = parseUnits(decode(first))))],
  ['glob', reads(({ globs }, first, second) => globs.set(decode(first), decode(second).split('\n').filter(Boolean)))],
  ['match', reads(addMatch)],
  ['started', reads(({ journals }, first, second) => journals.set(decode(first), decode(second)))],
  ['version', reads(({ versions }, first, second) => versions.set(Number(first), decode(second).trim()))],
  ['listen', ({ listening }, [first = '']) => added(listening, kernelEndpoint(first))],
  ['own', ({ addresses }, [first = '']) => added(addresses, parseOwnAddress(first))],
  ['absent', reads(({ files }, first) => files.set(decode(first), { kind: 'absent', path: decode(first) }))],
  ['unreadable', reads((draft, first) => setUnreadable(draft, first, ''))],
  ['crowded', reads(setUnreadable)],
  ['account', readAccount],
  ['transaction', readTransaction],
  ['process', readProcess],
  ['proc', readStarted],
  ['stat', readStat],
  ['unread', readUnread],
  ['content', (draft, words) => changeFile(draft, words, (file, content) => withContent(file, bytesOf(content)))],
  ['secret', (draft, words) => changeFile(draft, words, (file) => ({ ...file, secret: true }))],
]);

function setUnreadable({ files }: Draft, first: string, second: string): void {
  files.set(decode(first), { kind: 'unreadable', path: decode(first), reason: oneLine(decode(second)) });
}

function readAccount({ accounts }: Draft, [name = '', user, group]: readonly string[]): boolean {
  accounts.set(decode(name), { user: user === 'yes', group: group === 'yes' });
  return true;
}

function readTransaction({ transactions }: Draft, words: readonly string[]): boolean {
  // kubelatch did not create a folder with any other name.
  if (/^[A-Za-z0-9-]{1,64}$/.test(decode(words[0] ?? ''))) transactions.push(parseTransaction(words));
  return true;
}

function addMatch({ globs }: Draft, pattern: string, path: string): void {
  globs.set(decode(pattern), [...(globs.get(decode(pattern)) ?? []), decode(path)]);
}

function readProcess({ processes, single }: Draft, words: readonly string[]): boolean {
  const [pid, stat, cmdline, exe = '', cwd = ''] = words;
  if (pid === undefined || stat === undefined || cmdline === undefined) return false;
  const [statText, cmdlineText] = [decode(stat), decode(cmdline)];
  const found = { pid: Number(pid), stat: statText, cmdline: cmdlineText, exe, cwd };
  const times = { ticks: Number(single.get('ticks')), bootTime: Number(single.get('btime')) };
  return added(processes, processOf(found, times));
}

function readStarted({ started }: Draft, [pid = '', exe = '', cwd = '', ...stat]: readonly string[]): boolean {
  started.set(pid, { exe, cwd, stat: stat.join(' ') });
  return /^\d+$/.test(pid);
}

function readStat({ files }: Draft, words: readonly string[]): boolean {
  const stat = parseStat(words);
  if (stat === undefined) return false;
  const known = files.get(stat.path);
  if (known === undefined || known.kind === 'absent') files.set(stat.path, stat);
  return true;
}

function readUnread({ files }: Draft, [path = '', reason = '']: readonly string[]): boolean {
  const file = files.get(decode(path));
  if (file?.kind === 'file') files.set(file.path, { ...file, unread: oneLine(decode(reason)) });
  return true;
}

/** For a record about a file that an earlier record described. */
function changeFile(
  { files }: Draft,
  [path = '', content = '']: readonly string[],
  change: (file: FileStat, content: string) => FileFact,
): boolean {
  const file = files.get(decode(path));
  if (file?.kind !== 'file') return false;
  files.set(file.path, change(file, content));
  return true;
}

function parseTransaction([id = '', state = '', age = '', ...texts]: readonly string[]): TransactionFact {
  const [owner, verdict, stuck] = [0, 1, 2].map((at) => oneLine(decode(texts[at] ?? '')));
  const seconds = /^\d{1,9}$/.test(age) ? Number(age) : undefined;
  const ender = texts[3] === 'node' || texts[3] === 'run' ? texts[3] : undefined;
  return { id: decode(id), state: oneLine(decode(state), 20), age: seconds, owner, verdict, stuck, ender };
}

const bytesOf = (base64: string): Buffer => Buffer.from(base64.replace(/\.$/, ''), 'base64');

/** Parses one of the node's own addresses: dotted, or 16 bytes in hexadecimal. */
function parseOwnAddress(text: string): string | undefined {
  if (/^[0-9a-f]{32}$/i.test(text)) return addressOfBytes(Buffer.from(text, 'hex'));
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text : undefined;
}
