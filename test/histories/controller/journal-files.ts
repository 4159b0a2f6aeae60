/** In the place of node:fs/promises for src/run/journal.ts: the journals of each operator's machine. */
import { theController, waited } from './controllers.js';

interface JournalFile {
  data: string;
  /** How much of it is on the disk for certain. */
  flushed: number;
}

/** What may happen to a write of the journal. */
export type JournalFault = 'death-before' | 'death-after' | 'full' | undefined;

let files = new Map<string, JournalFile>();
let nextFault: (text: string) => JournalFault = () => undefined;

/** A history begins: no journal is there. */
export function newJournals(faults: (text: string) => JournalFault): void {
  files = new Map();
  nextFault = faults;
}

/** An operator's machine lost its power: of what was not flushed, `keep` says how much is there. */
export function cutJournals(place: string, keep: (unflushed: number) => number): void {
  for (const [path, file] of files)
    if (path.startsWith(`${place}:`))
      file.data = file.data.slice(0, file.flushed + keep(file.data.length - file.flushed));
}

const placed = (path: string): string => `${theController().place}:${path}`;

const missing = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });

class Handle {
  private readonly file: JournalFile | undefined;
  constructor(file: JournalFile | undefined) {
    this.file = file;
  }

  async appendFile(text: string): Promise<void> {
    const self = theController();
    await waited(0);
    const fault = nextFault(text);
    if (fault === 'full') throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    if (fault === 'death-before') self.died();
    else if (this.file !== undefined) this.file.data += text;
    if (fault === 'death-after') self.died();
    if (fault !== undefined) await waited(0);
  }

  async datasync(): Promise<void> {
    await waited(1);
    if (this.file !== undefined) this.file.flushed = this.file.data.length;
  }

  sync(): Promise<void> {
    return this.datasync();
  }

  close(): Promise<void> {
    return waited(0);
  }
}

export const constants = { O_WRONLY: 1, O_APPEND: 1024 };

export async function mkdir(): Promise<undefined> {
  await waited(0);
  return undefined;
}

export async function open(path: string, flags: string | number): Promise<Handle> {
  await waited(0);
  if (flags === 'r') return new Handle(undefined);
  const key = placed(path);
  const known = files.get(key);
  if (flags === 'ax' && known !== undefined) throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST' });
  if (flags !== 'ax' && known === undefined) throw missing(path);
  const file = known ?? { data: '', flushed: 0 };
  files.set(key, file);
  return new Handle(file);
}

export async function readFile(path: string): Promise<string> {
  await waited(0);
  const file = files.get(placed(path));
  if (file === undefined) throw missing(path);
  return file.data;
}

export async function readdir(path: string): Promise<string[]> {
  await waited(0);
  const start = placed(`${path}/`);
  const names = [...files.keys()].filter((key) => key.startsWith(start));
  return [...new Set(names.map((key) => key.slice(start.length).split('/')[0] ?? ''))];
}
