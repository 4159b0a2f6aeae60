/** A file of a node, from what the probe says of it. */
import { createHash } from 'node:crypto';
import type { FileFact, FileStat } from './node-facts.js';
import { decode } from './parse-texts.js';

/** Limit on the bytes of one file. A longer one was never requested. */
export const fileCap = 256 * 1024;

/** A file that changed while it was read counts as unreadable: its size differs from the one stat saw. Kernel files report no size. */
export function withContent(file: FileStat, content: Buffer | undefined): FileFact {
  if (content !== undefined && content.length > fileCap) {
    return { kind: 'unreadable', path: file.path, reason: 'it is too large' };
  }
  if (content === undefined || (content.length !== file.size && !file.path.startsWith('/proc/'))) {
    return { kind: 'unreadable', path: file.path, reason: 'it changed while it was read' };
  }
  return { ...file, content, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Parses a `stat` record without its tag. Undefined if it is invalid. */
export function parseStat(words: readonly string[]): FileStat | undefined {
  const [path, label, link, mode, ids, owner, size, times = '', ...type] = words;
  const [uid, gid] = (ids ?? '').split(':').map(Number);
  if (path === undefined || mode === undefined || owner === undefined) return undefined;
  if (!/^[0-7]{1,5}$/.test(mode) || !Number.isInteger(uid) || !Number.isInteger(gid)) return undefined;
  const [, mtime, ctime] = /^(-?\d+)(?:\/(-?\d+))?$/.exec(times) ?? [];
  if (!/^\d+$/.test(size ?? '') || mtime === undefined) return undefined;
  const kind = type.join(' ');
  const [, target = '', turned] = /^(.*?)(?:,(\d*))?\.$/.exec(link ?? '') ?? [];
  const linkTarget = decode(target);
  return {
    kind: kind.startsWith('regular') ? 'file' : kind === 'directory' ? 'folder' : 'other',
    path: decode(path),
    mode: mode.padStart(4, '0'),
    uid: uid ?? 0,
    gid: gid ?? 0,
    owner,
    size: Number(size),
    mtime: Number(mtime),
    ...(ctime === undefined ? {} : { ctime: Math.max(Number(ctime), Number(turned) || 0) }),
    ...(label !== '-' && label !== '?' ? { label } : {}),
    ...(linkTarget !== '' ? { linkTarget } : {}),
  };
}
