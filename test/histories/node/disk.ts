/** The files of a simulated machine, and what a power cut leaves of them. */
import type { Random } from '../random.js';

export type Kind = 'file' | 'folder' | 'link';

interface Meta {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds. */
  readonly mtime: number;
}

/** A change of the names in a folder: one of them lasts as a whole or not at all. */
interface NameChange {
  readonly order: number;
  readonly names: readonly (readonly [name: string, inode: Inode | undefined])[];
}

export class Inode {
  readonly id: number;
  readonly kind: Kind;
  /** Bytes, one a character; of a link its target. */
  data = '';
  meta: Meta;
  /** Of a folder. */
  readonly entries = new Map<string, Inode>();
  /** What is on the disk for certain; undefined: nothing of its content. */
  flushed: { readonly data: string; readonly meta: Meta } | undefined;
  flushedEntries = new Map<string, Inode>();
  changes: NameChange[] = [];

  constructor(id: number, kind: Kind, meta: Meta) {
    this.id = id;
    this.kind = kind;
    this.meta = meta;
  }
}

/** How a file system orders what it has not flushed. */
export type FileSystem =
  /** One journal: names last in the order of all changes, and one flush takes everything before it along. */
  | 'journal'
  /** As little as POSIX promises: each folder for itself, and a file's flush does not keep its name. */
  | 'strict';

/** Root's errors of the kernel, as tools print them. */
export class DiskError extends Error {}

const split = (path: string): string[] => path.split('/').filter((name) => name !== '');

export class Disk {
  private readonly system: FileSystem;
  private readonly clock: () => number;
  private nextId = 1;
  private order = 0;
  root: Inode;
  /** Files of the kernel: their content at this moment. */
  readonly special = new Map<string, () => string>();
  /** Inodes written since the last cut, so that a flush of everything finds them. */
  private touched = new Set<Inode>();

  constructor(system: FileSystem, clock: () => number) {
    this.system = system;
    this.clock = clock;
    this.root = this.inode('folder', 0o755);
    this.root.flushed = { data: '', meta: this.root.meta };
  }

  inode(kind: Kind, mode: number): Inode {
    const made = new Inode(this.nextId, kind, { mode, uid: 0, gid: 0, mtime: this.clock() });
    this.nextId += 1;
    return made;
  }

  /** The inode of a path; `follow`: of what a link at its end leads to. */
  find(path: string, follow = true, depth = 0): Inode | undefined {
    let at: Inode | undefined = this.root;
    const names = split(path);
    const walked: string[] = [];
    for (const [index, name] of names.entries()) {
      if (name === '.') continue;
      if (name === '..') {
        walked.pop();
        at = this.find(`/${walked.join('/')}`, true, depth + 1);
        continue;
      }
      const next: Inode | undefined = at?.kind === 'folder' ? at.entries.get(name) : undefined;
      if (next === undefined) return undefined;
      const isLast = index === names.length - 1;
      if (next.kind === 'link' && (!isLast || follow || path.endsWith('/'))) {
        if (depth > 8) return undefined;
        const base = next.data.startsWith('/') ? '' : `/${walked.join('/')}/`;
        const rest = names.slice(index + 1).join('/');
        return this.find(`${base}${next.data}${rest === '' ? '' : `/${rest}`}`, follow, depth + 1);
      }
      walked.push(name);
      at = next;
    }
    return at;
  }

  /** The folder that a path's last name is in. Throws DiskError. */
  parent(path: string): { readonly folder: Inode; readonly name: string } {
    const names = split(path);
    const name = names.pop();
    const folder = this.find(`/${names.join('/')}`);
    if (name === undefined || folder?.kind !== 'folder') throw new DiskError('No such file or directory');
    return { folder, name };
  }

  /** Changes names of one folder at once. */
  rename(folder: Inode, ...names: NameChange['names']): void {
    this.order += 1;
    for (const [name, inode] of names) {
      if (inode === undefined) folder.entries.delete(name);
      else folder.entries.set(name, inode);
    }
    folder.changes.push({ order: this.order, names });
    this.touched.add(folder);
  }

  create(path: string, kind: Kind, mode: number): Inode {
    const { folder, name } = this.parent(path);
    const made = this.inode(kind, mode);
    this.rename(folder, [name, made]);
    this.touched.add(made);
    return made;
  }

  /** The content from now on. */
  put(inode: Inode, data: string): void {
    inode.data = data;
    inode.meta = { ...inode.meta, mtime: this.clock() };
    this.touched.add(inode);
  }

  setMeta(inode: Inode, meta: Partial<Meta>): void {
    inode.meta = { ...inode.meta, ...meta };
    this.touched.add(inode);
  }

  /** fsync. */
  flush(inode: Inode): void {
    inode.flushed = { data: inode.data, meta: inode.meta };
    if (this.system === 'journal') {
      for (const one of this.touched) {
        if (one.kind === 'folder') this.flushNames(one);
        // The journal holds modes and owners too, but of other files no content.
        if (one.flushed !== undefined) one.flushed = { ...one.flushed, meta: one.meta };
      }
    } else if (inode.kind === 'folder') this.flushNames(inode);
  }

  private flushNames(folder: Inode): void {
    if (folder.changes.length > 0) folder.flushedEntries = new Map(folder.entries);
    folder.changes = [];
    folder.flushed ??= { data: '', meta: folder.meta };
  }

  /** Everything is on the disk: the state that a history begins with. */
  flushAll(): void {
    for (const one of this.touched) {
      one.flushed = { data: one.data, meta: one.meta };
      this.flushNames(one);
    }
    this.touched = new Set();
  }

  /** What is there after a power cut: of what was not flushed, each piece may be lost. `keep`: all of it is there. */
  cut(random: Random, keep: boolean): void {
    if (!keep) {
      const last = this.system === 'journal' ? this.lastKept(random) : Infinity;
      // The same order in each run of a seed.
      const touched = [...this.touched].sort((left, right) => left.id - right.id);
      for (const one of touched) this.cutInode(one, random, last);
    }
    this.flushReachable();
    this.touched = new Set();
  }

  private lastKept(random: Random): number {
    const orders = [...this.touched].flatMap(({ changes }) => changes.map(({ order }) => order)).sort((a, b) => a - b);
    const kept = random.below(orders.length + 1);
    return kept === 0 ? 0 : (orders[kept - 1] ?? 0);
  }

  private cutInode(one: Inode, random: Random, last: number): void {
    if (one.kind === 'folder') {
      const most = one.changes.filter(({ order }) => order <= last).length;
      const kept = this.system === 'journal' ? most : random.below(most + 1);
      const entries = new Map(one.flushedEntries);
      for (const { names } of one.changes.slice(0, kept))
        for (const [name, inode] of names) {
          if (inode === undefined) entries.delete(name);
          else entries.set(name, inode);
        }
      one.entries.clear();
      for (const [name, inode] of entries) one.entries.set(name, inode);
    }
    const { flushed } = one;
    if (one.kind === 'file' && flushed?.data !== one.data) {
      const choice = random.below(4);
      if (choice < 2) one.data = flushed?.data ?? '';
      else if (choice === 2) one.data = one.data.slice(0, random.below(one.data.length + 1));
    }
    if (flushed !== undefined && flushed.meta !== one.meta && random.below(2) === 0) one.meta = flushed.meta;
  }

  private flushReachable(): void {
    const visit = (inode: Inode): void => {
      inode.flushed = { data: inode.data, meta: inode.meta };
      if (inode.kind !== 'folder') return;
      inode.flushedEntries = new Map(inode.entries);
      inode.changes = [];
      for (const child of inode.entries.values()) visit(child);
    };
    visit(this.root);
  }

  read(path: string): string | undefined {
    const kernel = this.special.get(path);
    if (kernel !== undefined) return kernel();
    const found = this.find(path);
    return found?.kind === 'file' ? found.data : undefined;
  }

  /** Writes a whole file with its folders, as an installation does. */
  install(path: string, data: string, mode: number): void {
    this.folders(path.slice(0, path.lastIndexOf('/')));
    const file = this.find(path) ?? this.create(path, 'file', mode);
    this.put(file, data);
    this.setMeta(file, { mode });
  }

  folders(path: string, mode = 0o755): void {
    let walked = '';
    for (const name of split(path)) {
      walked += `/${name}`;
      if (this.find(walked) === undefined) this.create(walked, 'folder', mode);
    }
  }
}
