/** What is true on one node, as the probe read it. Plain data: recorded nodes in tests are the same shape. */

export type FileFact =
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | FileStat;

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly path: string;
  /** Four octal digits, as "0644". */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** "user:group" by name. */
  readonly owner: string;
  readonly size: number;
  /** Seconds since 1970 on the node's clock. */
  readonly mtime: number;
  /** SELinux label, where the node has any. */
  readonly label?: string | undefined;
  /** Where a symbolic link ends; undefined for other files. */
  readonly linkTarget?: string | undefined;
  /** Absent when the file was only looked at, is over the cap, or holds a private key. */
  readonly content?: Buffer | undefined;
  readonly sha256?: string | undefined;
  /** True for a file that holds a private key: its content stays on the node. */
  readonly secret?: boolean | undefined;
}

export interface UnitFact {
  readonly name: string;
  readonly loaded: boolean;
  readonly activeState: string;
  readonly subState: string;
  readonly type: string;
  readonly fragmentPath?: string | undefined;
  /** In the order in which systemd applies them. */
  readonly dropInPaths: readonly string[];
  readonly mainPid: number;
  readonly restarts: number;
  /** Milliseconds. */
  readonly restartDelay: number;
  readonly needsReload: boolean;
  readonly enabled: string;
  /** Which processes end with the unit; undefined where it was not told. */
  readonly killMode?: string | undefined;
}

export interface ProcessFact {
  readonly pid: number;
  readonly parent: number;
  /** comm, as the kernel names it. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly exe: string;
  readonly cwd: string;
  /** Seconds since 1970 on the node's clock. */
  readonly startedAt: number;
  /** First line of `--version`, for main processes of units. */
  readonly version?: string | undefined;
}

/** A change that the node keeps. Its texts are one line each, and written by whoever is root there. */
export interface TransactionFact {
  readonly id: string;
  readonly state: string;
  /** Seconds since it began; undefined when the machine started since. */
  readonly age?: number | undefined;
  /** Who began it; empty where it is not told. */
  readonly owner?: string | undefined;
  /** Who ended it, and when; empty while nobody did. */
  readonly verdict?: string | undefined;
  /** Why the node gave up putting it back; empty where it did not. */
  readonly stuck?: string | undefined;
}

export interface NodeFacts {
  readonly hostname: string;
  readonly bootId: string;
  readonly init: 'systemd' | 'openrc' | 'other';
  /** True when the probe ran as root. */
  readonly root: boolean;
  /** KiB free below /var/lib; -1 when unknown. */
  readonly freeKiB: number;
  readonly units: readonly UnitFact[];
  readonly processes: readonly ProcessFact[];
  readonly files: ReadonlyMap<string, FileFact>;
  /** TCP ports somebody listens on, with the address ("0.0.0.0", "127.0.0.1", "::"). */
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  readonly transactions: readonly TransactionFact[];
  /** By unit: the line of its journal that says what it started its kubelet with; empty where none was found. */
  readonly started: ReadonlyMap<string, string>;
  /** By name, whether the node's own files have a user and a group of that name; a name that could not be looked up is missing. */
  readonly accounts: ReadonlyMap<string, { readonly user: boolean; readonly group: boolean }>;
}

/** What a distribution wants to have read; merged over all distributions into one run of the probe. */
export interface ProbeRequest {
  readonly units: readonly string[];
  readonly processes: readonly string[];
  readonly read: readonly string[];
  readonly look: readonly string[];
  readonly folders: readonly string[];
  /** Names of flags and configuration fields that hold paths to read, or to look at only. */
  readonly readReferences: readonly string[];
  readonly lookReferences: readonly string[];
  /** Files of programs, as patterns with a star, that are asked for their version where they are a unit's main process. */
  readonly programs: readonly string[];
  /** Units, as patterns with a star, whose journal says what they start a kubelet with. */
  readonly starters: readonly string[];
  /** Users and groups that are looked for. */
  readonly accounts: readonly string[];
}

/** A file's text, or undefined where it is absent, unread or not a regular file. */
export function textOf(facts: NodeFacts, path: string): string | undefined {
  const file = facts.files.get(path);
  return file?.kind === 'file' ? file.content?.toString('utf8') : undefined;
}
