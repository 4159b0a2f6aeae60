/** What a run did, written and flushed to disk before each effect: the one thing that survives a dead controller. */
import { type FileHandle, constants, mkdir, open, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { closing } from '../lib/closing.js';
import { isoTime } from '../lib/clock.js';
import { ToolError, messageOf } from '../lib/errors.js';
import { appendTo, safeJson, safeText } from '../lib/output.js';
import type { ProcessMark } from '../lib/process-mark.js';
import type { HookResult } from './hooks.js';
import type { OutcomeKind } from './outcome.js';

export const runKinds = ['apply', 'rollback', 'uninstall'] as const;
export type RunKind = (typeof runKinds)[number];

/** The file of a saved plan that a run carries out. */
export interface PlanFile {
  /** sha256:... of its bytes. */
  readonly digest: string;
  /** Who signed it, where signatures were demanded. */
  readonly signers?: readonly string[] | undefined;
}

export type JournalEntry =
  | {
      readonly entry: 'run';
      readonly kind: RunKind;
      readonly of?: string | undefined;
      readonly cluster: string;
      readonly inventory: string;
      readonly hosts: readonly string[];
      readonly plan?: PlanFile | undefined;
      /** Of an apply: what the nodes were judged by, and which rules were to pass. Older journals have neither. */
      readonly playbooks?: readonly string[] | undefined;
      readonly rules?: readonly string[] | undefined;
      /** Of an apply with --rule: those rules. */
      readonly onlyRules?: readonly string[] | undefined;
      readonly operator: string;
      /** The process that carries it out. */
      readonly controller?: ProcessMark | undefined;
      /** Under which name it holds the cluster's run lock. */
      readonly lock?: string | undefined;
      /** The journal of another machine's run, made of what the nodes said that answered: there may be more hosts. */
      readonly fromNodes?: true;
    }
  | {
      readonly entry: 'resumed';
      readonly operator: string;
      readonly controller: ProcessMark;
      readonly lock?: string | undefined;
    }
  /** A node that nobody had cordoned is about to be cordoned. */
  | { readonly entry: 'cordon'; readonly host: string; readonly node: string }
  | {
      readonly entry: 'step';
      readonly host: string;
      readonly step: string;
      readonly paths?: readonly string[] | undefined;
    }
  | {
      readonly entry: 'host';
      readonly host: string;
      readonly outcome: OutcomeKind;
      readonly reason?: string | undefined;
    }
  /** A person was asked whether the run goes on. */
  | { readonly entry: 'pause'; readonly wave: number; readonly waitedMs: number; readonly goesOn: boolean }
  | ({ readonly entry: 'hook' } & Omit<HookResult, 'output'>)
  | { readonly entry: 'stopped'; readonly reason: string }
  /** Nothing failed: the run can go on with these hosts, which were not started. It has no end then. */
  | { readonly entry: 'paused'; readonly hosts: readonly string[] }
  | { readonly entry: 'end' };

export type Timed = JournalEntry & { readonly time: string };

export interface Journal {
  readonly run: string;
  /** Appends and flushes; the effect it announces may start once this resolves. */
  write(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

const fileName = 'journal.ndjson';

/** Starts a run's journal in a folder of its own (0700). Throws ToolError when it cannot be written: nothing may be changed then. */
export function openJournal(runs: string, run: string): Promise<Journal> {
  const folder = join(runs, run);
  return opened(run, async () => {
    const made = (await mkdir(folder, { recursive: true, mode: 0o700 })) ?? folder;
    const handle = await open(join(folder, fileName), 'ax', 0o600);
    // A folder that was made lasts once the one that holds it is flushed.
    for (let at = folder; at !== dirname(at); at = dirname(at)) {
      await flushFolder(at);
      if (at === dirname(made)) break;
    }
    return handle;
  });
}

async function flushFolder(path: string): Promise<void> {
  await closing(await open(path, 'r'), (folder) => folder.sync());
}

/** Goes on with the journal of an earlier run. Throws ToolError when it cannot be written: nothing may be changed then. */
export function reopenJournal(runs: string, run: string): Promise<Journal> {
  return opened(run, async () => {
    const path = join(runs, run, fileName);
    const text = await readFile(path, 'utf8');
    const handle = await open(path, constants.O_WRONLY | constants.O_APPEND);
    // A line that was cut short stays as it is, and what follows it is a line of its own.
    if (text !== '' && !text.endsWith('\n')) await appendTo(handle, safeText('\n'));
    return handle;
  });
}

/** Starts the journal of a run, or continues one that has no first line. Throws as the other two. */
export async function continueJournal(runs: string, run: string): Promise<Journal> {
  try {
    return await openJournal(runs, run);
  } catch (error) {
    if (error instanceof ToolError && codeOf(error.cause) === 'EEXIST') return reopenJournal(runs, run);
    throw error;
  }
}

/** Writes a line before which nothing is changed. Throws ToolError when it cannot be written. */
export async function writeFirst(journal: Pick<Journal, 'write'>, entry: JournalEntry): Promise<void> {
  try {
    await journal.write(entry);
  } catch (error) {
    throw unwritable(error, 'make room on that disk');
  }
}

const unwritable = (error: unknown, remedy: string): ToolError =>
  new ToolError('journal', `the run journal cannot be written: ${messageOf(error)}`, {
    hint: `nothing was changed; ${remedy}, or set XDG_STATE_HOME to another folder`,
    cause: error,
  });

async function opened(run: string, start: () => Promise<FileHandle>): Promise<Journal> {
  let handle: FileHandle;
  try {
    handle = await start();
  } catch (error) {
    throw unwritable(error, 'make the folder writable');
  }
  let last = Promise.resolve();
  const append = async (entry: JournalEntry): Promise<void> => {
    await appendTo(handle, safeJson({ time: isoTime(), ...entry }));
    await handle.datasync();
  };
  return {
    run,
    write(entry) {
      last = last.then(() => append(entry));
      return last;
    },
    async close() {
      await last.catch(() => undefined);
      await handle.close();
    },
  };
}

export interface PastRun {
  readonly run: string;
  readonly entries: readonly Timed[];
  /** Why its journal cannot be read: then nothing is known of it, and least of all that it ended. */
  readonly unreadable?: string | undefined;
}

/** Runs of this machine, newest first; a line that a crash cut short is passed over. Throws ToolError where none can be seen. */
export async function readRuns(runs: string): Promise<PastRun[]> {
  const names = await readdir(runs).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw unreadable(`the past runs on this machine cannot be read: ${messageOf(error)}`, error);
  });
  const read = names
    .filter((name) => /^[A-Za-z0-9-]+$/.test(name))
    .sort()
    .reverse()
    .map((run) => readRun(runs, run));
  return (await Promise.all(read)).filter((one) => one.entries.length > 0 || one.unreadable !== undefined);
}

async function readRun(runs: string, run: string): Promise<PastRun> {
  try {
    return { run, entries: parse(await readFile(join(runs, run, fileName), 'utf8')) };
  } catch (error) {
    // A file in place of a run's folder is not a run.
    const isNone = ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
    return { run, entries: [], unreadable: isNone ? undefined : messageOf(error) };
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Throws ToolError where the journal of one of these runs cannot be read. */
export function refuseUnreadable(runs: readonly PastRun[]): void {
  const lost = runs.filter((one) => one.unreadable !== undefined);
  const [first] = lost;
  if (first === undefined) return;
  const names = lost.map(({ run }) => run).join(', ');
  throw unreadable(`the journal of run ${names} cannot be read: ${first.unreadable ?? ''}`);
}

const unreadable = (message: string, cause?: unknown): ToolError =>
  new ToolError('journal', message, {
    hint: 'make it readable for this user (use chown if the run was started with sudo), or rerun as the user who started it',
    cause,
  });

function parse(text: string): Timed[] {
  return text.split('\n').flatMap((line): Timed[] => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null && 'entry' in value ? [value as Timed] : [];
    } catch {
      return [];
    }
  });
}
