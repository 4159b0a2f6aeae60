/** What a shell needs of the machine it runs on. */
import type { Inode } from '../node/disk.js';

/** An open file, pipe or text. Several descriptors may share it. */
export class OpenFile {
  at = 0;
  refs = 1;
  readonly inode: Inode | undefined;
  private text: string;
  private readonly append: boolean;
  private readonly write: ((data: string) => void) | undefined;

  /** `write`: puts the whole content of an inode. */
  constructor(source: { inode: Inode; append: boolean; write: (data: string) => void } | string) {
    this.inode = typeof source === 'string' ? undefined : source.inode;
    this.text = typeof source === 'string' ? source : '';
    this.append = typeof source !== 'string' && source.append;
    this.write = typeof source === 'string' ? undefined : source.write;
  }

  get content(): string {
    return this.inode?.data ?? this.text;
  }

  put(text: string): void {
    if (this.inode === undefined || this.write === undefined) {
      this.text += text;
      return;
    }
    const { data } = this.inode;
    const at = this.append ? data.length : this.at;
    this.write(data.slice(0, at) + text + data.slice(at + text.length));
    this.at = at + text.length;
  }

  rest(): string {
    const text = this.content.slice(this.at);
    this.at = this.content.length;
    return text;
  }

  /** The next line with its end; what is left where it has none. */
  line(): string {
    const end = this.content.indexOf('\n', this.at);
    const text = end < 0 ? this.content.slice(this.at) : this.content.slice(this.at, end + 1);
    this.at += text.length;
    return text;
  }
}

/** What an external command gets. */
export interface Call {
  readonly argv: readonly string[];
  readonly files: ReadonlyMap<number, OpenFile>;
  readonly umask: number;
}

/** Where a process gives others a turn. */
export type Pause =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** Seconds in which it does nothing. */
  | { readonly kind: 'sleep'; readonly seconds: number };

/** What becomes of a command: it runs, or fails without an effect. */
export type Decision = 'run' | 'fail';

/** Work that may pause. */
export type Expansion<T> = Generator<Pause, T, Decision>;
/** A command; its result is the exit status. */
export type Steps = Expansion<number>;

export interface Kernel {
  /** Opens a file for the shell; a text says why that failed. */
  open(path: string, how: '<' | '>' | '>>', umask: number): OpenFile | string;
  /** The last descriptor of an open file is gone. */
  closed(file: OpenFile): void;
  find(path: string, follow: boolean): Inode | undefined;
  /** Names in a folder, sorted. */
  names(folder: string): readonly string[];
  hasTool(name: string): boolean;
  tool(call: Call): Steps;
}
