/** Files that only this user (or root) can have written, and files that this user alone writes. */
import {
  type Stats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { randomHex } from './clock.js';
import { foldersAbove } from './paths.js';

/** A file's text, why it is not trusted, or undefined if it does not exist. */
export type OwnText = { readonly text: string } | { readonly fault: string } | undefined;

/** Opens the file first and checks the open file, so that what is checked is what is read. Throws if it cannot be read. */
export function readOwnFile(path: string): OwnText {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    const file = fstatSync(fd);
    if (!file.isFile()) return { fault: 'it is not a regular file' };
    const fault = writableByOthers(path, file);
    return fault === undefined ? { text: readFileSync(fd, 'utf8') } : { fault: fault.problem };
  } finally {
    closeSync(fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    // A pipe must not keep the program waiting.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface WriteFault {
  readonly problem: string;
  readonly hint: string;
}

/**
 * How a user other than this one and root could have written the open `file` at `path`, or could replace it; undefined if
 * none could. Every folder above it counts, and above the target of a link. Throws if a folder cannot be read.
 */
export function writableByOthers(path: string, file: Stats): WriteFault | undefined {
  if (!isOwn(file)) {
    const hint = `read it, then make your own copy: install -m 600 ${path} COPY`;
    return { problem: `it belongs to another user (uid ${file.uid})`, hint };
  }
  if (isOpenToOthers(file)) {
    const mode = (file.mode & 0o7777).toString(8).padStart(4, '0');
    return { problem: `other users can write it (mode ${mode})`, hint: `read it, then run: chmod go-w ${path}` };
  }
  const real = realPathOf(path, file);
  if (real === undefined) return undefined;
  return folderFault(resolve(path)) ?? folderFault(real);
}

/** Undefined for a pipe of the shell, which is in no folder. */
function realPathOf(path: string, file: Stats): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (file.isFIFO()) return undefined;
    throw error;
  }
}

function folderFault(path: string): WriteFault | undefined {
  for (const folder of foldersAbove(path)) {
    const about = statSync(folder);
    const hint = 'move it to a folder that only you can write to';
    if (!isOwn(about)) return { problem: `its folder ${folder} belongs to another user (uid ${about.uid})`, hint };
    // A sticky folder keeps what is in it from being replaced, but anybody can put a file or a link there first.
    const isSticky = (about.mode & 0o1000) !== 0;
    if (!isSharedFolder(about) || (isSticky && folder !== dirname(path))) continue;
    return {
      problem: `other users can write to its folder ${folder}, and so replace it`,
      hint: isSticky ? hint : `${hint}, or run: chmod go-w ${folder}`,
    };
  }
  return undefined;
}

const isOwn = ({ uid }: Stats): boolean => uid === 0 || uid === process.geteuid?.();

/** A group that is the user's own, as many systems make one for each user, is nobody else; that of root may have members. */
const isSharedFolder = ({ mode, gid }: Stats): boolean =>
  (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isOwnGroup(gid));

const isOwnGroup = (gid: number): boolean => gid !== 0 && gid === process.geteuid?.() && gid === process.getegid?.();

const isOpenToOthers = ({ mode }: Stats): boolean => (mode & 0o022) !== 0;

/**
 * Writes `text`, or its pieces one after the other, over a regular file of this user, or into a new one with mode 0600.
 * Throws, and leaves the file as it is, if it is a link, a device or another user's.
 */
export function writeOwnFile(path: string, text: string | Iterable<string>, how: 'replace' | 'append'): void {
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_APPEND;
  const fd = openToWrite(path, flags);
  try {
    refuseForeign(fstatSync(fd));
    if (how === 'replace') ftruncateSync(fd);
    for (const piece of typeof text === 'string' ? [text] : text) writeFileSync(fd, piece);
  } finally {
    closeSync(fd);
  }
}

/**
 * Puts a new file with `text` in the place of `path` by one rename: who reads it sees the old file or the new one. The
 * mode stays; that of a new file is 0644 less the umask. Throws as `writeOwnFile` does, and leaves the old file.
 */
export function replaceOwnFile(path: string, text: string): void {
  const old = lstatSync(path, { throwIfNoEntry: false });
  if (old !== undefined) refuseForeign(old);
  const fresh = join(dirname(path), `.${basename(path)}.${randomHex(6)}.tmp`);
  const fd = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    try {
      if (old !== undefined) fchmodSync(fd, old.mode & 0o777);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

function refuseForeign(file: Stats): void {
  if (file.isSymbolicLink()) throw new Error('it is a symbolic link');
  if (!file.isFile()) throw new Error('it is not a regular file');
  if (file.nlink !== 1) throw new Error('it has more than one hard link');
  if (file.uid !== (process.geteuid?.() ?? file.uid)) throw new Error('it belongs to another user');
}

function openToWrite(path: string, flags: number): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw new Error('it is a symbolic link', { cause: error });
    throw error;
  }
}
