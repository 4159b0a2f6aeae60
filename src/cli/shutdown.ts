/** Signals and lost output: the first stops the run (hosts in progress are finished), the second quits immediately. */
import type { RunEvent } from '../run/outcome.js';
import { hostList } from '../report/host-list.js';
import { nextCommand } from '../lib/next-command.js';

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof codes;

export interface Shutdown {
  /** Fires on the first signal, and when a verb that may change nodes loses its terminal or reader: start nothing new. */
  readonly requested: AbortSignal;
  /** Fires on the first signal while no node is being changed, and on the second in any case: quit now. */
  readonly immediate: AbortSignal;
  /** 130, 143 or 129 once a signal came; undefined before. */
  exitCode(): number | undefined;
  /** The verb may change nodes: lost output stops it gracefully instead of ending it, and its exit code is its own. */
  mayChange(): void;
  /** Nodes change from now on, so the first signal only stops the run. `revertWithin`: milliseconds until a node on its own reverts. `stopping`: what the signal stops. */
  changesStarted(options?: { readonly revertWithin?: number; readonly stopping?: string }): void;
  /** No node is being changed any more: a signal quits immediately again. */
  changesFinished(): void;
  /** Follows which hosts are in progress. */
  onEvent(event: RunEvent): void;
  /** Prints messages with `say` from now on, such as above a moving progress line. */
  printWith(say: (line: string) => void): void;
  /** More to say when the program quits midway, such as what was changed before. */
  onQuit(lines: () => readonly string[]): void;
  /** Nobody reads the output any more. False if the verb changes no node and can simply end. */
  outputLost(): boolean;
}

interface ShutdownOptions {
  readonly say: (line: string) => void;
  /** Ends the process and restores the terminal. */
  readonly exit: (code: number) => void;
}

/** Milliseconds until a node continues an interrupted rollback on its own (txn.sh arms its dead-man's switch for this long). */
export const revertAllowance = 240_000;

/** Milliseconds to close connections properly before the process ends. */
const closeTimeout = 1000;

export function listenForSignals(process: NodeJS.Process, { say: sayFirst, exit }: ShutdownOptions): Shutdown {
  const requested = new AbortController();
  const immediate = new AbortController();
  const inProgress = new Set<string>();
  let say = sayFirst;
  let code: number | undefined;
  let run: string | undefined;
  let revertWithin: number | undefined;
  let stopping = 'no new hosts will start';
  let isChanging = false;
  let canChange = false;
  let more: () => readonly string[] = () => [];

  const quit = (signal: Signal): void => {
    immediate.abort();
    requested.abort();
    if (isChanging) for (const line of exitMessage(signal, [...inProgress], run, revertWithin)) say(line);
    for (const line of more()) say(line);
    // The abort ends calls in progress; whatever ignores it must not hold the terminal.
    setTimeout(() => exit(code ?? codes[signal]), closeTimeout).unref();
  };
  const onSignal = (signal: Signal): void => {
    const isFirst = code === undefined;
    code ??= codes[signal];
    if (!isChanging) {
      if (!immediate.signal.aborted) quit(signal);
    } else if (isFirst) {
      say(`${signal}: ${stopping}.${finishing([...inProgress])} ${quitHint[signal]} to quit immediately.`);
      requested.abort();
    } else if (signal !== 'SIGHUP' && !immediate.signal.aborted) {
      // Kernel and shell both send SIGHUP when a terminal closes, so a second one asks for nothing.
      code = codes[signal];
      quit(signal);
    }
  };
  for (const signal of Object.keys(codes) as Signal[]) process.on(signal, onSignal);

  return {
    requested: requested.signal,
    immediate: immediate.signal,
    exitCode: () => code,
    mayChange: () => void (canChange = true),
    changesStarted(options) {
      [isChanging, canChange, revertWithin] = [true, true, options?.revertWithin];
      stopping = options?.stopping ?? stopping;
    },
    changesFinished() {
      isChanging = false;
      inProgress.clear();
    },
    onEvent(event) {
      if (event.event === 'run-started') run = event.run;
      else if (event.event === 'step') inProgress.add(event.host);
      else if (event.event === 'host-done') inProgress.delete(event.host);
    },
    printWith: (to) => (say = to),
    onQuit: (lines) => (more = lines),
    outputLost() {
      if (canChange) requested.abort();
      return canChange;
    },
  };
}

const quitHint: Readonly<Record<Signal, string>> = {
  SIGINT: 'Press Ctrl-C again',
  SIGTERM: 'Send SIGTERM again',
  SIGHUP: 'Send SIGTERM',
};

const finishing = (hosts: readonly string[]): string =>
  hosts.length === 0 ? '' : ` ${hostList(hosts)} will be finished or reverted first.`;

function exitMessage(
  signal: Signal,
  hosts: readonly string[],
  run: string | undefined,
  revertWithin: number | undefined,
): readonly string[] {
  if (hosts.length === 0) return [`${signal}: quitting now.`];
  const nodes =
    revertWithin === undefined
      ? 'Changes there may be incomplete.'
      : `Each node reverts an undecided change on its own within ${Math.ceil(revertWithin / 1000)} s.`;
  const next = run === undefined ? [] : [`  to check these hosts and finish the run: ${nextCommand('resume', run)}`];
  return [`${signal}: quitting now. In progress: ${hostList(hosts)}. ${nodes}`, ...next];
}
