/** One guided session: what its steps share, and how a step runs with what was chosen by answers. */
import type { Host, Inventory } from '../../inventory/host.js';
import { type Invocation, choosing, rememberInvocation } from '../../lib/next-command.js';
import type { Run } from '../../pipeline/context.js';
import type { PlanMade } from '../../pipeline/plan.js';
import { eachOnce } from '../../playbook/load.js';
import { onlyRules } from '../../playbook/only-rules.js';
import { compress } from '../../report/host-list.js';
import type { RunResult } from '../../report/model.js';
import type { GuidedSelection } from '../../terminal/guided/steps.js';
import { type CliContext, withRun } from '../context.js';
import type { Ledger } from './ledger.js';
import type { PlaybookChoice } from './playbook-choices.js';
import type { RolloutChoices } from './rollout.js';

export interface GuidedSession {
  readonly cli: CliContext;
  readonly inventory: Inventory;
  readonly hosts: readonly Host[];
  readonly playbooks: readonly PlaybookChoice[];
  readonly rollout: RolloutChoices;
  readonly ledger: Ledger;
  /** What the flags chose. */
  readonly given: Invocation;
  /** Every apply of this session, the oldest first. */
  readonly runs: RunResult[];
  /** The plan that was shown last. */
  planned: PlanMade | undefined;
  /** The hosts, playbooks and rules of that plan. */
  shown: GuidedSelection | undefined;
  /** It was not applied yet. */
  isFresh: boolean;
  /** The confirmed plan said that the API server could not be reached. */
  agreedWithout: boolean;
}

/** Opens connections to the chosen hosts for one step. */
export function stage<T>(
  session: GuidedSession,
  title: string,
  selection: GuidedSelection,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { cli, inventory, hosts } = session;
  const chosen = hosts.filter((host) => selection.hosts.includes(host.name));
  const rules = rulesOf(session, selection);
  const all = eachOnce(chosenOf(session, selection).flatMap((one) => one.playbooks));
  const playbooks = rules === undefined ? all : onlyRules(all, rules);
  cli.progress.phase(title, chosen.length);
  suggestFor(session, selection);
  return withRun(cli, { inventory, hosts: chosen, playbooks, onlyRules: rules }, work);
}

const chosenOf = ({ playbooks }: GuidedSession, selection: GuidedSelection): readonly PlaybookChoice[] =>
  playbooks.filter(({ name }) => selection.playbooks.includes(name));

/** A rollback goes by no playbook. */
const rulesOf = ({ cli }: GuidedSession, { playbooks, rules }: GuidedSelection): readonly string[] | undefined =>
  playbooks.length === 0 ? undefined : (rules ?? cli.flags.rule);

/** What was chosen by answers is in suggested commands as if it had been chosen by flags. */
export function suggestFor(session: GuidedSession, selection: GuidedSelection): void {
  const { hosts, given, rollout } = session;
  const books = chosenOf(session, selection).flatMap(({ source }) => ['-p', source]);
  const rules = (rulesOf(session, selection) ?? []).flatMap((id) => ['--rule', id]);
  const places = [
    { flag: '--limit', words: ['-l', compress(selection.hosts).join(',')] },
    { flag: '--exclude', words: [] },
  ];
  const chosen = choosing(given, [
    // A rollback goes by the nodes' backups.
    ...(books.length === 0
      ? []
      : [
          { flag: '--playbook', words: books },
          { flag: '--rule', words: rules },
        ]),
    ...(selection.hosts.length === hosts.length ? [] : places),
  ]);
  rememberInvocation({ ...chosen, settings: rollout.words() });
}
