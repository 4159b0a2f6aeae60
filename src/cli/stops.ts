/** Signals: the first drains (what is under way is finished), the second leaves at once. */
export interface Stops {
  /** Fires on the first signal. */
  readonly drain: AbortSignal;
  /** Fires on the first signal for verbs that change nothing, on the second for all. */
  readonly leave: AbortSignal;
  /** 130 or 143 once a signal came; undefined before. */
  exitCode(): number | undefined;
  /** Says that nodes are being changed: the first signal then only drains. */
  changing(): void;
}

export function listenForSignals(process: NodeJS.Process, say: (line: string) => void): Stops {
  const drain = new AbortController();
  const leave = new AbortController();
  let code: number | undefined;
  let isChanging = false;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const first = code === undefined;
    code = signal === 'SIGINT' ? 130 : 143;
    if (first && isChanging) {
      say(
        `${signal}: no further host is started; those under way are finished or put back. Once more to leave at once.`,
      );
      drain.abort();
      return;
    }
    leave.abort();
    drain.abort();
    if (isChanging)
      say(`${signal}: left at once. Nodes under way may be unfinished: kubelatch rollback puts them back.`);
    process.exitCode = code;
    // Calls in progress end by the abort; what does not must not hold the terminal.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5000).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { drain: drain.signal, leave: leave.signal, exitCode: () => code, changing: () => (isChanging = true) };
}
