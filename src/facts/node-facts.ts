/** The facts about one node, as the probe read them. Plain data; recorded nodes in tests have the same shape. */

export type FileFact =
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | FileStat;

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly path: string;
  /** Four octal digits, such as "0644". */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** "user:group" by name. */
  readonly owner: string;
  readonly size: number;
  /** Seconds since 1970 by the node's clock. */
  readonly mtime: number;
  /**
   * When content, mode, owner or name last changed, or a link was pointed to the file (ctime). Programs that preserve a file's
   * mtime (cp -p, tar, rsync -t, dpkg) cannot preserve this one. Undefined if the node did not report it.
   */
  readonly ctime?: number | undefined;
  /** The SELinux label, if the node uses SELinux. */
  readonly label?: string | undefined;
  /** Where a symbolic link ends. Undefined for other files. */
  readonly linkTarget?: string | undefined;
  /** Undefined if the content was not requested, could not be read, or includes a private key. */
  readonly content?: Buffer | undefined;
  readonly sha256?: string | undefined;
  /** Why the content was not sent, as the words after "not read: ". Undefined if nothing prevented it. */
  readonly unread?: string | undefined;
  /** True for a file with a private key. Its content never leaves the node. */
  readonly secret?: boolean | undefined;
  /** True for a file as a plan will write it. It counts as newer than the running kubelet. */
  readonly planned?: boolean | undefined;
}

/** What systemd has loaded for a unit. Later changes of the files are not included. */
export interface LoadedUnit {
  /** Program and arguments of each command, joined by blanks. Specifiers are expanded, variables are not. */
  readonly commands: readonly string[];
  /** Specifiers are expanded, patterns are not. */
  readonly environmentFiles: readonly { readonly path: string; readonly optional: boolean }[];
}

export interface UnitFact {
  readonly name: string;
  /** All names of the unit. Undefined if the node did not report them. */
  readonly names?: readonly string[] | undefined;
  readonly loaded: boolean;
  /** systemd found an error in the unit and does not start it. */
  readonly refused?: boolean | undefined;
  /** Undefined if the node did not report it, or if the unit's files changed since they were loaded. */
  readonly asLoaded?: LoadedUnit | undefined;
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
  /** systemd filters the addresses that the unit's processes talk to. Undefined if the node did not report it. */
  readonly filtersAddresses?: boolean | undefined;
  /** KillMode=: which processes stop with the unit. Undefined if the node did not report it. */
  readonly killMode?: string | undefined;
}

/**
 * The table inet kubelatch beside its file: the same; another one; not loaded; no file; or what is loaded could not be found out.
 */
export type PacketFilterState = 'same' | 'different' | 'missing' | 'absent' | 'unable';

export interface ProcessFact {
  readonly pid: number;
  readonly parent: number;
  /** The kernel's name for the process (comm). */
  readonly name: string;
  readonly argv: readonly string[];
  readonly exe: string;
  readonly cwd: string;
  /** Seconds since 1970 by the node's clock. */
  readonly startedAt: number;
  /** First line of `--version`, for main processes of units. */
  readonly version?: string | undefined;
}

/** A change whose state the node stores. Its texts are one line each and could be written by anyone who is root there. */
export interface TransactionFact {
  readonly id: string;
  readonly state: string;
  /** Seconds since the change began. Undefined if the machine was restarted since. */
  readonly age?: number | undefined;
  /** Who began the change. Empty if the node did not report it. */
  readonly owner?: string | undefined;
  /** Who ended the change, and when. Empty until then. */
  readonly verdict?: string | undefined;
  /** Whether a run or the node itself ended it. Undefined if the node did not record it, as older versions do not. */
  readonly ender?: 'run' | 'node' | undefined;
  /** Why the node gave up reverting the change. Empty if it did not. */
  readonly stuck?: string | undefined;
}

export interface NodeFacts {
  readonly hostname: string;
  readonly bootId: string;
  readonly init: 'systemd' | 'openrc' | 'other';
  /** systemd's version, such as 252. Undefined if the node did not report it. */
  readonly systemd?: number | undefined;
  /** Names of the variables that systemd passes to every service. */
  readonly managerVariables?: readonly string[] | undefined;
  /** True if the probe ran as root. */
  readonly root: boolean;
  /** Free KiB below /var/lib, or -1 if unknown. */
  readonly freeKiB: number;
  readonly units: readonly UnitFact[];
  readonly processes: readonly ProcessFact[];
  readonly files: ReadonlyMap<string, FileFact>;
  /** The paths that each pattern matches. */
  readonly globs?: ReadonlyMap<string, readonly string[]> | undefined;
  /** TCP ports with a listener, and its address ("0.0.0.0", "127.0.0.1", "::"). */
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  /** The node's own IP addresses, including loopback. Undefined or empty if the node did not report them. */
  readonly addresses?: readonly string[] | undefined;
  /** How the kubelet's packet filter stands. Undefined if the node did not report it, as where it has no such file. */
  readonly packetFilter?: PacketFilterState | undefined;
  readonly transactions: readonly TransactionFact[];
  /** By unit: the journal line that shows how it started its kubelet. Empty if none was found. */
  readonly started: ReadonlyMap<string, string>;
  /** By name: whether the node's own files have a user and a group of that name. A name is missing if the lookup failed. */
  readonly accounts: ReadonlyMap<string, { readonly user: boolean; readonly group: boolean }>;
  /** The kubelet's version from its Node object. Undefined if the API server was not asked. */
  readonly reportedVersion?: string | undefined;
}

/** What a distribution needs to know about a node. One run of the probe covers the requests of all distributions. */
export interface ProbeRequest {
  readonly units: readonly string[];
  readonly processes: readonly string[];
  readonly read: readonly string[];
  readonly look: readonly string[];
  readonly folders: readonly string[];
  /** Names of flags and configuration fields whose values are paths: files to read, or only to stat. */
  readonly readReferences: readonly string[];
  readonly lookReferences: readonly string[];
  /** Programs, as paths with patterns, whose version is needed if they are a unit's main process. */
  readonly programs: readonly string[];
  /** Units, as patterns with a star, whose journal shows how they start a kubelet. */
  readonly starters: readonly string[];
  /** Users and groups to look up. */
  readonly accounts: readonly string[];
  /** Kubernetes' own folders. Files below them are read no matter who owns them. */
  readonly roots: readonly string[];
}

/** Whether a file is valid UTF-8, as far as it was read. */
export function isText(facts: NodeFacts, path: string): boolean {
  const file = facts.files.get(path);
  const bytes = file?.kind === 'file' ? file.content : undefined;
  return bytes === undefined || Buffer.from(bytes.toString('utf8')).equals(bytes);
}

/** Why a file's text is unknown, in parentheses after "could not be read". */
export function unreadBecause(facts: NodeFacts, path: string): string {
  const file = facts.files.get(path);
  const why = file?.kind === 'file' ? file.unread : file?.kind === 'unreadable' ? file.reason : undefined;
  return why === undefined || why === '' ? '' : ` (${why})`;
}

/** Why a required file has no text. */
export const unreadMessage = (facts: NodeFacts, path: string): string =>
  facts.files.get(path)?.kind === 'absent'
    ? 'the file does not exist'
    : `the file could not be read${unreadBecause(facts, path)}`;

/** A file's text. Undefined if it is absent, unread or not a regular file. */
export function textOf(facts: NodeFacts, path: string): string | undefined {
  const file = facts.files.get(path);
  return file?.kind === 'file' ? file.content?.toString('utf8') : undefined;
}
