/** Turns the probe's records into NodeFacts. Strict: a record that is not understood makes the node unreadable. */
import { createHash } from 'node:crypto';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { FileFact, FileStat, NodeFacts, ProcessFact, TransactionFact, UnitFact } from './node-facts.js';

/** Parses the probe's whole output; the error is one line saying what was wrong. */
export function parseFacts(output: string): Result<NodeFacts, string> {
  const lines = output.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== 'kubelatch-facts 1') return fail('the probe answered in an unknown form');
  if (lines.at(-1) !== 'end') return fail('the probe ended early');
  const single = new Map<string, string>();
  const files = new Map<string, FileFact>();
  const processes: ProcessFact[] = [];
  const versions = new Map<number, string>();
  const listening: { address: string; port: number }[] = [];
  const transactions: TransactionFact[] = [];
  const started = new Map<string, string>();
  const accounts = new Map<string, { user: boolean; group: boolean }>();
  let units: UnitFact[] = [];

  for (const [index, line] of lines.slice(1, -1).entries()) {
    const [tag = '', ...words] = line.split(' ');
    const bad = (): Result<NodeFacts, string> =>
      fail(`line ${index + 2} of the probe's answer (${tag.slice(0, 20)}) is not understood`);
    const first = words[0] ?? '';
    switch (tag) {
      case 'hostname':
        single.set(tag, decode(first).trim());
        break;
      case 'boot':
      case 'init':
      case 'user':
      case 'ticks':
      case 'btime':
      case 'free':
        single.set(tag, first);
        break;
      case 'units':
        units = parseUnits(decode(first));
        break;
      case 'listen': {
        const port = parseListening(first);
        if (port === undefined) return bad();
        listening.push(port);
        break;
      }
      case 'transaction':
        // A folder of another name is none of ours.
        if (/^[A-Za-z0-9-]{1,64}$/.test(decode(first))) transactions.push(parseTransaction(words));
        break;
      case 'started':
        started.set(decode(first), decode(words[1] ?? ''));
        break;
      case 'account':
        accounts.set(decode(first), { user: words[1] === 'yes', group: words[2] === 'yes' });
        break;
      case 'process': {
        const parsed = parseProcess(words, Number(single.get('ticks')), Number(single.get('btime')));
        if (parsed === undefined) return bad();
        processes.push(parsed);
        break;
      }
      case 'version':
        versions.set(Number(first), decode(words[1] ?? '').trim());
        break;
      case 'absent':
        files.set(decode(first), { kind: 'absent', path: decode(first) });
        break;
      case 'unreadable':
        files.set(decode(first), { kind: 'unreadable', path: decode(first), reason: 'it could not be read' });
        break;
      case 'stat': {
        const stat = parseStat(words);
        if (stat === undefined) return bad();
        const known = files.get(stat.path);
        if (known === undefined || known.kind === 'absent') files.set(stat.path, stat);
        break;
      }
      case 'content':
      case 'secret': {
        const file = files.get(decode(first));
        if (file?.kind !== 'file') return bad();
        files.set(file.path, tag === 'secret' ? { ...file, secret: true } : withContent(file, words[1] ?? ''));
        break;
      }
      default:
        return bad();
    }
  }
  const init = single.get('init');
  return ok({
    hostname: single.get('hostname') ?? '',
    bootId: single.get('boot') ?? '',
    init: init === 'systemd' || init === 'openrc' ? init : 'other',
    root: single.get('user') === '0',
    freeKiB: Number(single.get('free') ?? -1),
    units,
    processes: processes.map((one) => ({ ...one, version: versions.get(one.pid) })),
    files,
    listening,
    transactions,
    started,
    accounts,
  });
}

function decode(base64: string): string {
  // A plain word, as it is.
  if (base64.startsWith('=')) return base64.slice(1);
  return Buffer.from(base64.replace(/\.$/, ''), 'base64').toString('utf8');
}

function parseTransaction([id = '', state = '', age = '', ...texts]: readonly string[]): TransactionFact {
  const [owner, verdict, stuck] = [0, 1, 2].map((at) => oneLine(decode(texts[at] ?? '')));
  const seconds = /^\d{1,9}$/.test(age) ? Number(age) : undefined;
  return { id: decode(id), state: oneLine(decode(state), 20), age: seconds, owner, verdict, stuck };
}

/** A file that changed while it was read (its size is not the one stat saw) counts as unreadable; those of the kernel have no size. */
function withContent(file: FileStat, base64: string): FileFact {
  const content = Buffer.from(base64.replace(/\.$/, ''), 'base64');
  if (content.length !== file.size && !file.path.startsWith('/proc/')) {
    return { kind: 'unreadable', path: file.path, reason: 'it changed while it was read' };
  }
  return { ...file, content, sha256: createHash('sha256').update(content).digest('hex') };
}

function parseStat(words: readonly string[]): FileStat | undefined {
  const [path, label, link, mode, ids, owner, size, mtime, ...type] = words;
  const [uid, gid] = (ids ?? '').split(':').map(Number);
  if (path === undefined || mode === undefined || owner === undefined) return undefined;
  if (!/^[0-7]{1,5}$/.test(mode) || !Number.isInteger(uid) || !Number.isInteger(gid)) return undefined;
  if (!/^\d+ -?\d+$/.test(`${size ?? ''} ${mtime ?? ''}`)) return undefined;
  const kind = type.join(' ');
  const linkTarget = decode(link ?? '');
  return {
    kind: kind.startsWith('regular') ? 'file' : kind === 'directory' ? 'folder' : 'other',
    path: decode(path),
    mode: mode.padStart(4, '0'),
    uid: uid ?? 0,
    gid: gid ?? 0,
    owner,
    size: Number(size),
    mtime: Number(mtime),
    ...(label !== '-' && label !== '?' ? { label } : {}),
    ...(linkTarget !== '' ? { linkTarget } : {}),
  };
}

/** /proc/PID/stat, with a name that may hold blanks and parentheses. */
function parseProcess(words: readonly string[], ticks: number, bootTime: number): ProcessFact | undefined {
  const [pid, stat, cmdline, exe, cwd] = words;
  if (pid === undefined || stat === undefined || cmdline === undefined) return undefined;
  const text = decode(stat);
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const startedAt = bootTime + Number(fields[19]) / ticks;
  if (open < 0 || close < open || !Number.isFinite(startedAt)) return undefined;
  const argv = decode(cmdline).split('\0');
  if (argv.at(-1) === '') argv.pop();
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    name: text.slice(open + 1, close),
    argv,
    exe: decode(exe ?? ''),
    cwd: decode(cwd ?? ''),
    startedAt,
  };
}

/** Blocks of `systemctl show`, one a unit. */
function parseUnits(text: string): UnitFact[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('='))
    .map((block) => {
      const property = new Map<string, string>();
      for (const line of block.split('\n')) {
        const at = line.indexOf('=');
        if (at > 0 && !property.has(line.slice(0, at))) property.set(line.slice(0, at), line.slice(at + 1));
      }
      const get = (key: string): string => property.get(key) ?? '';
      return {
        name: get('Id'),
        loaded: get('LoadState') === 'loaded',
        activeState: get('ActiveState'),
        subState: get('SubState'),
        type: get('Type'),
        fragmentPath: get('FragmentPath') === '' ? undefined : get('FragmentPath'),
        dropInPaths: get('DropInPaths').split(' ').filter(Boolean),
        mainPid: Number(get('MainPID')) || 0,
        restarts: Number(get('NRestarts')) || 0,
        restartDelay: parseTimespan(get('RestartUSec')),
        needsReload: get('NeedDaemonReload') === 'yes',
        enabled: get('UnitFileState'),
        killMode: get('KillMode') === '' ? undefined : get('KillMode'),
      };
    });
}

/** systemd's "1min 30s", "100ms", "10s" in milliseconds. */
export function parseTimespan(text: string): number {
  const unit: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  let sum = 0;
  for (const [, amount, name] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    sum += Number(amount) * (unit[name ?? ''] ?? 0);
  }
  return sum;
}

/** One "ADDRESS:PORT" of /proc/net/tcp or tcp6, in the kernel's hexadecimal form. */
function parseListening(text: string): { address: string; port: number } | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text);
  if (match === null) return undefined;
  const [, hex = '', port = ''] = match;
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  const mapped = bytes.length === 16 && bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  const address =
    bytes.length === 4 || mapped
      ? [...bytes.subarray(-4)].join('.')
      : bytes.every((byte) => byte === 0)
        ? '::'
        : bytes.subarray(0, 15).every((byte) => byte === 0) && bytes[15] === 1
          ? '::1'
          : (bytes.toString('hex').match(/.{4}/g)?.join(':') ?? '');
  return { address, port: parseInt(port, 16) };
}
