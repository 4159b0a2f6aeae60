/** Signals and lost terminals: the first drains (what is under way is finished), the second leaves at once. */
import type { RunEvent } from '../apply/outcome.js';
import { hostList } from '../report/host-list.js';

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof codes;

export interface Stops {
  /** Fires on the first signal, and when a terminal or a reader goes away from a verb that may change nodes. */
  readonly drain: AbortSignal;
  /** Fires on the first signal where no node is being changed, on the second always. */
  readonly leave: AbortSignal;
  /** 130, 143 or 129 once a signal came; undefined before. */
  exitCode(): number | undefined;
  /** The verb may change nodes: whoever no longer reads its output ends nothing, and its exit code is its own. */
  mayChange(): void;
  /** Nodes are being changed from now on: the first signal only drains. `within`: milliseconds until a node that is left alone ends it by itself. */
  changing(options?: { readonly within: number }): void;
  /** What was begun is over: a signal ends the rest at once. */
  settled(): void;
  /** Keeps account of who is under way. */
  onEvent(event: RunEvent): void;
  /** Where its words go from now on, past whatever moves on the screen. */
  tellBy(say: (line: string) => void): void;
  /** Nobody reads any more: nothing new is begun. False where the verb changes no node, so that nothing is left to be finished. */
  outputLost(): boolean;
}

interface StopOptions {
  readonly say: (line: string) => void;
  /** Ends the process, with the terminal as it was found. */
  readonly exit: (code: number) => void;
}

/** Milliseconds until a node goes on by itself with a rollback that was cut off (txn.sh arms its switch for so long). */
export const takenBack = 240_000;

/** Milliseconds for connections to be closed in order once all is left. */
const farewell = 1000;

export function listenForSignals(process: NodeJS.Process, { say: sayFirst, exit }: StopOptions): Stops {
  const drain = new AbortController();
  const leave = new AbortController();
  const underWay = new Set<string>();
  let say = sayFirst;
  let code: number | undefined;
  let run: string | undefined;
  let within: number | undefined;
  let isChanging = false;
  let canChange = false;

  const leaveNow = (signal: Signal): void => {
    leave.abort();
    drain.abort();
    if (isChanging) for (const line of partingWords(signal, [...underWay], run, within)) say(line);
    // Calls in progress end by the abort; what does not must not hold the terminal.
    setTimeout(() => exit(code ?? codes[signal]), farewell).unref();
  };
  const onSignal = (signal: Signal): void => {
    const isFirst = code === undefined;
    code ??= codes[signal];
    if (!isChanging) {
      if (!leave.signal.aborted) leaveNow(signal);
    } else if (isFirst) {
      say(`${signal}: no further host is started${finishing([...underWay])}. Once more to leave at once.`);
      drain.abort();
    } else if (signal !== 'SIGHUP' && !leave.signal.aborted) {
      // A terminal that goes away says so more than once, by kernel and by shell: SIGHUP is nobody's second word.
      code = codes[signal];
      leaveNow(signal);
    }
  };
  for (const signal of Object.keys(codes) as Signal[]) process.on(signal, onSignal);

  return {
    drain: drain.signal,
    leave: leave.signal,
    exitCode: () => code,
    mayChange: () => void (canChange = true),
    changing(options) {
      [isChanging, canChange, within] = [true, true, options?.within];
    },
    settled() {
      isChanging = false;
      underWay.clear();
    },
    onEvent(event) {
      if (event.event === 'run-started') run = event.run;
      else if (event.event === 'step') underWay.add(event.host);
      else if (event.event === 'host-done') underWay.delete(event.host);
    },
    tellBy: (to) => (say = to),
    outputLost() {
      if (canChange) drain.abort();
      return canChange;
    },
  };
}

const finishing = (hosts: readonly string[]): string =>
  hosts.length === 0 ? '' : `; ${hostList(hosts)} ${hosts.length === 1 ? 'is' : 'are'} finished or put back first`;

function partingWords(
  signal: Signal,
  hosts: readonly string[],
  run: string | undefined,
  within: number | undefined,
): readonly string[] {
  if (hosts.length === 0) return [`${signal}: left at once.`];
  const fate =
    within === undefined
      ? 'They may be unfinished.'
      : `What is not decided there, each node puts back by itself within ${Math.ceil(within / 1000)} s.`;
  const next = run === undefined ? [] : [`  kubelatch resume ${run} asks them how it ended, and ends the run.`];
  return [`${signal}: left at once. Under way: ${hostList(hosts)}. ${fate}`, ...next];
}
