/** What the runs of one guided session did to each host, as their events tell: for whoever leaves in the middle. */
import { nextCommand } from '../../lib/next-command.js';
import { hostList } from '../../report/host-list.js';
import type { Outcome, OutcomeKind, RunEvent } from '../../run/outcome.js';

type Kind = 'apply' | 'rollback';

interface LedgerRun {
  readonly id: string;
  readonly kind: Kind;
  readonly outcomes: Map<string, OutcomeKind>;
  /** Hosts that were begun and not finished. */
  readonly open: Set<string>;
}

export interface Ledger {
  /** What the runs that start from now on do. */
  expect(kind: Kind): void;
  onEvent(event: RunEvent): void;
  /** What the result of the newest run says; it knows more than the events. */
  onResult(run: string, hosts: readonly Pick<Outcome, 'host' | 'outcome'>[]): void;
  /** What state things are in, and what to run next: the first line says it in short. */
  stateLines(): readonly string[];
}

export function createLedger(): Ledger {
  const runs: LedgerRun[] = [];
  let kind: Kind = 'apply';
  const begin = (id: string): LedgerRun => {
    const run = { id, kind, outcomes: new Map<string, OutcomeKind>(), open: new Set<string>() };
    runs.push(run);
    return run;
  };
  return {
    expect: (next) => void (kind = next),
    onEvent(event) {
      if (event.event === 'run-started') begin(event.run);
      const run = runs.at(-1);
      if (event.event === 'step') run?.open.add(event.host);
      if (event.event !== 'host-done' || run === undefined) return;
      run.open.delete(event.host);
      run.outcomes.set(event.host, event.outcome);
    },
    onResult(id, hosts) {
      const run = runs.find((one) => one.id === id) ?? begin(id);
      run.open.clear();
      for (const { host, outcome } of hosts) run.outcomes.set(host, outcome);
    },
    stateLines: () => linesOf(runs),
  };
}

/** What is true of a host now. */
type State = 'changed' | 'reverted' | 'restored' | 'unknown' | 'open';

const words: Readonly<Record<State, string>> = {
  changed: 'Changed and confirmed',
  reverted: 'Changed and reverted',
  restored: 'Rolled back',
  unknown: 'State unknown',
  open: 'In progress (each of these nodes reverts an undecided change on its own)',
};

function linesOf(runs: readonly LedgerRun[]): readonly string[] {
  const now = new Map<string, { readonly state: State; readonly run: string }>();
  for (const { id, kind, outcomes, open } of runs) {
    for (const [host, outcome] of outcomes) {
      const state = stateAfter(kind, outcome);
      if (state !== undefined) now.set(host, { state, run: id });
    }
    for (const host of open) now.set(host, { state: 'open', run: id });
  }
  const lines = (Object.keys(words) as State[]).flatMap((state) => {
    const hosts = [...now].filter(([, one]) => one.state === state).map(([host]) => host);
    return hosts.length === 0 ? [] : [`${words[state]}: ${hostList(hosts)}.`];
  });
  const runsWith = (...states: State[]): string[] => [
    ...new Set([...now.values()].filter(({ state }) => states.includes(state)).map(({ run }) => run)),
  ];
  const next = [
    ...runsWith('unknown', 'open').map((run) => `To finish or revert the change there: ${nextCommand('resume', run)}`),
    ...runsWith('changed').map((run) => `To roll back: ${nextCommand('rollback', run)}`),
  ];
  return lines.length === 0 ? ['Nothing was changed.'] : [...lines, ...next];
}

/** Undefined where a run left the host as it was before. */
function stateAfter(kind: Kind, outcome: OutcomeKind): State | undefined {
  switch (outcome) {
    case 'confirmed':
      return kind === 'apply' ? 'changed' : 'restored';
    case 'reverted':
      // A rollback that failed its health checks: the hardened files are in place again.
      return kind === 'apply' ? 'reverted' : 'changed';
    case 'unknown':
      return 'unknown';
    default:
      return undefined;
  }
}
