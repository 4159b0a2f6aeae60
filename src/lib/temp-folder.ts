/** Temporary folders in a private folder of the user. Each names its process, so that a later start can remove folders of crashed runs. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoTime } from './clock.js';
import { type ProcessMark, stillRunning, ownMark } from './process-mark.js';

/** Milliseconds. A folder without a mark is stale after this time; a younger one may be in creation. */
const maxUnmarkedAge = 3_600_000;
const ownerFile = 'owner.json';

/** Creates a folder that only this user can read, marked with this process. */
export function createTempFolder(): string {
  const base = privateBase();
  // If another user owns the private folder, use a separate one, which no later start removes.
  if (base === undefined) return mkdtempSync(join(tmpdir(), 'kubelatch-'));
  const folder = mkdtempSync(join(base, 'run-'));
  writeFileSync(join(folder, ownerFile), JSON.stringify(ownMark()), { mode: 0o600 });
  return folder;
}

/** Removes folders of this user's dead processes. Never throws and follows no links. */
export function sweepTempFolders(): void {
  try {
    const base = privateBase();
    if (base === undefined) return;
    for (const entry of readdirSync(base, { withFileTypes: true })) {
      const folder = join(base, entry.name);
      if (entry.isDirectory() && entry.name.startsWith('run-') && isStale(folder)) removeFolder(folder);
    }
  } catch {
    // Cleaning up is optional.
  }
}

/** undefined if the path is a link, belongs to another user, or is open to other users. */
function privateBase(): string | undefined {
  const base = join(tmpdir(), `kubelatch-${process.getuid?.() ?? 'user'}`);
  try {
    mkdirSync(base, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(base);
  const isOwn = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o077) === 0;
  return isOwn ? base : undefined;
}

function isStale(folder: string): boolean {
  const mark = markOf(folder);
  if (mark !== undefined) return stillRunning(mark) === 'no';
  return Date.parse(isoTime()) - lstatSync(folder).mtimeMs > maxUnmarkedAge;
}

function markOf(folder: string): ProcessMark | undefined {
  try {
    const path = join(folder, ownerFile);
    const mark = lstatSync(path).isFile() ? (JSON.parse(readFileSync(path, 'utf8')) as ProcessMark | null) : null;
    return mark ?? undefined;
  } catch {
    return undefined;
  }
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another process may be removing it at the same time.
  }
}
