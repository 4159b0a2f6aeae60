/** The steps of a guided session: audit, plan, apply and roll back, with what was shown and agreed before. */
import { ToolError, messageOf } from '../../lib/errors.js';
import { nextCommand, sameCommand } from '../../lib/next-command.js';
import { forksFor } from '../../pipeline/host-limit.js';
import { apply } from '../../pipeline/apply.js';
import { audit } from '../../pipeline/audit.js';
import type { Approve } from '../../pipeline/context.js';
import { type Danger, dangersOf } from '../../pipeline/dangers.js';
import { firstChangeTime } from '../../pipeline/host-tasks.js';
import { changingPlans, savedPlanOf } from '../../pipeline/judge.js';
import { planWithConsumers } from '../../pipeline/plan.js';
import { rollback } from '../../pipeline/rollback.js';
import { type RuleChoice, ruleChoices } from '../../pipeline/rule-choices.js';
import { paceOf } from '../../plan/rollout-time.js';
import { planWaves } from '../../plan/waves.js';
import { auditText } from '../../report/audit-text.js';
import { type ResultCode, exitCodeOf, worstOf } from '../../report/exit-code.js';
import { paragraph } from '../../report/layout.js';
import { planFolds, planText } from '../../report/plan-text.js';
import { postureText } from '../../report/posture-text.js';
import { runText } from '../../report/run-text.js';
import { strategyText } from '../../report/strategy-text.js';
import { line } from '../../report/words.js';
import { type Outcome, isSettled } from '../../run/outcome.js';
import type { GuidedSelection, GuidedSteps } from '../../terminal/guided/steps.js';
import { checksUnavailable, dangerText, noTimeForHost } from '../consent.js';
import { maintenanceLines } from '../maintenance.js';
import { revertAllowance } from '../shutdown.js';
import { type GuidedSession, stage, suggestFor } from './session.js';

export const guidedSteps = (session: GuidedSession): GuidedSteps => ({
  clusterName: session.inventory.cluster.name,
  hosts: session.hosts,
  playbooks: session.playbooks,
  audit: (chosen) => auditStep(session, chosen),
  plan: (chosen) => planStep(session, chosen),
  strategy: () => strategyOf(session),
  dangers: () => dangersNow(session).map((one) => dangerText(one, session.cli.errText.width)),
  refusal: () => refusalNow(session),
  rolloutSettings: () => session.rollout.settings(),
  apply: (chosen) => applyStep(session, chosen),
  rollbackAll: () => rollbackStep(session),
  command: (chosen) => commandFor(session, chosen),
});

/** The command that does the same without questions. */
export function commandFor(session: GuidedSession, selection: GuidedSelection): string {
  suggestFor(session, selection);
  return sameCommand('apply', '--yes');
}

async function auditStep(session: GuidedSession, selection: GuidedSelection): ReturnType<GuidedSteps['audit']> {
  const { errText } = session.cli;
  const [result, rules] = await stage(session, 'Reading', selection, async (run) => {
    const found = await audit(run);
    return [found, ruleChoices(run.playbooks, found)] as const;
  });
  return { text: postureText(result, errText), findings: auditText(result, errText), rules: rules.map(ruleText) };
}

function ruleText({ id, title, severity, failing, mayBreak, reliedOnBy }: RuleChoice) {
  const clients = [...new Set(reliedOnBy.map(({ object }) => line(object)))];
  const users = clients.length === 0 ? '' : `; relied on by ${clients.slice(0, 2).join(', ')}${more(clients, 2)}`;
  const seen = reliedOnBy.slice(0, 3).map(({ object, message }) => `Seen: ${line(object)}. ${line(message)}`);
  return {
    id,
    name: `${id}: ${severity}, fails on ${failing === 1 ? '1 host' : `${failing} hosts`}${users}`,
    description: [
      `${title}.`,
      mayBreak === undefined ? 'Not known to break anything.' : `May break: ${mayBreak}`,
      ...seen,
    ]
      .map((text) => line(text, 600))
      .join(' '),
  };
}

const more = ({ length }: readonly unknown[], shown: number): string =>
  length > shown ? ` and ${length - shown} more` : '';

async function planStep(session: GuidedSession, selection: GuidedSelection): ReturnType<GuidedSteps['plan']> {
  const { errText } = session.cli;
  const made = await stage(session, 'Planning', selection, (run) => planWithConsumers(run, session.rollout.now()));
  Object.assign(session, { planned: made, shown: selection, isFresh: true });
  const { planned, missing } = made;
  session.agreedWithout = missing !== undefined;
  return {
    text: planText({ ...planned, waves: [] }, errText, true),
    changes: changingPlans(planned.hosts).length,
    exitCode: exitCodeOf(planned),
    folds: planFolds(planned, errText),
  };
}

/** Hosts of the shown plan, and how they would be changed now. */
function changingNow({ planned, rollout }: GuidedSession) {
  const plans = changingPlans(planned?.planned.hosts ?? []);
  const namesOf = (isServer: boolean): string[] =>
    plans.filter(({ role }) => (role === 'control-plane') === isServer).map(({ host }) => host);
  const workers = planWaves(namesOf(false), [], rollout.now().waves);
  return { workers, controlPlane: namesOf(true) };
}

function strategyOf(session: GuidedSession): string {
  const { cli, inventory, planned, rollout } = session;
  const { settle, forks, maxUnavailable, cordon, drain } = rollout.now();
  const hasCluster = planned?.missing === undefined;
  const { hosts } = inventory;
  const pace = paceOf({ settle, forks: forksFor(hosts, forks), maxUnavailable, hosts: hosts.length, hasCluster });
  const evacuation = drain ? 'drain' : cordon ? 'cordon' : 'none';
  const text = strategyText({ ...changingNow(session), pace, settle, evacuation, hasCluster });
  const told = [text, ...maintenanceLines(cli.maintenance)].flatMap((one) => paragraph('', one, cli.errText.width));
  return [told.join('\n'), refusalNow(session)?.trimEnd() ?? []].flat().join('\n');
}

/** Hosts that cannot be done before the window ends would only be skipped. */
function refusalNow({ cli, planned, rollout }: GuidedSession): string | undefined {
  const plans = changingPlans(planned?.planned.hosts ?? []);
  const why = noTimeForHost(cli.maintenance, firstChangeTime(plans, rollout.now()));
  if (why === undefined) return undefined;
  const text = `${why.charAt(0).toUpperCase()}${why.slice(1)}. Nothing was changed. Start again with a later --until.`;
  return `${paragraph('! ', text, cli.errText.width).map(cli.errText.style.yellow).join('\n')}\n`;
}

function dangersNow(session: GuidedSession): readonly Danger[] {
  const { planned } = session;
  if (planned === undefined) return [];
  const { workers, controlPlane } = changingNow(session);
  return dangersOf(planned.planned, [...workers, ...controlPlane.map((one) => [one])], planned.missing);
}

/** The person confirmed the plan that was shown: that holds only while the API server is as reachable as it said. */
const approve =
  ({ cli, runs, agreedWithout }: GuidedSession, within: number): Approve =>
  (_plan, withoutCluster) => {
    if (withoutCluster !== undefined && cli.flags.cluster && !agreedWithout)
      return Promise.reject(
        checksUnavailable(withoutCluster, runs.length > 0 ? 'nothing more was changed' : undefined),
      );
    cli.shutdown.changesStarted({ revertWithin: within });
    return Promise.resolve(true);
  };

async function applyStep(session: GuidedSession, selection: GuidedSelection): ReturnType<GuidedSteps['apply']> {
  const { cli, planned, isFresh, ledger, rollout } = session;
  const flags = rollout.now();
  // The first try carries out what was shown; another try plans anew, since nodes have moved.
  const saved =
    planned !== undefined && isFresh ? { plan: savedPlanOf(planned.planned), consumers: planned.consumers } : undefined;
  session.isFresh = false;
  ledger.expect('apply');
  const result = await stage(session, 'Changing', selection, (run) =>
    apply(run, flags, saved, approve(session, flags.deadline)),
  );
  if (result === undefined) return { text: 'Nothing was changed.\n', exitCode: 0, failed: [], unknown: [], left: [] };
  session.runs.push(result);
  ledger.onResult(result.run.id, result.hosts);
  const withOutcome = (holds: (kind: Outcome['outcome']) => boolean): string[] =>
    result.hosts.filter(({ outcome }) => holds(outcome)).map(({ host }) => host);
  return {
    text: runText(result, cli.errText),
    exitCode: exitCodeNow(session),
    failed: withOutcome((kind) => !isSettled(kind) && kind !== 'unknown' && kind !== 'skipped'),
    unknown: withOutcome((kind) => kind === 'unknown'),
    left: withOutcome((kind) => kind === 'skipped'),
  };
}

/** By the newest outcome of each host: a host that was tried again counts once. */
function exitCodeNow({ runs }: GuidedSession): ResultCode {
  const newest = new Map(runs.flatMap(({ hosts }) => hosts.map((one) => [one.host, one] as const)));
  const last = runs.at(-1);
  return last === undefined ? 0 : exitCodeOf({ ...last, stopped: undefined, hosts: [...newest.values()] });
}

async function rollbackStep(session: GuidedSession): ReturnType<GuidedSteps['rollbackAll']> {
  const { cli, ledger, rollout, runs } = session;
  const texts: string[] = [];
  const codes: ResultCode[] = [];
  ledger.expect('rollback');
  for (const { run, hosts } of runs.toReversed()) {
    const changed = hosts.filter(({ outcome }) => outcome === 'confirmed' || outcome === 'unknown');
    if (changed.length === 0) continue;
    const selection = { hosts: changed.map(({ host }) => host), playbooks: [] };
    try {
      const result = await stage(session, 'Rolling back', selection, (context) =>
        rollback(context, run.id, rollout.now(), approve(session, revertAllowance)),
      );
      if (result === undefined) continue;
      ledger.onResult(result.run.id, result.hosts);
      texts.push(runText(result, cli.errText));
      codes.push(exitCodeOf(result));
    } catch (error) {
      // Go on with the earlier runs.
      texts.push(notUndone(run.id, error));
      codes.push(5);
    }
  }
  if (codes.length > 0) return { text: texts.join(''), exitCode: worstOf(codes) };
  const exitCode = worstOf(runs.map((one) => exitCodeOf(one)));
  return { text: 'No host was changed. There is nothing to roll back.\n', exitCode };
}

function notUndone(run: string, error: unknown): string {
  const hint = (error instanceof ToolError ? error.hint : undefined) ?? nextCommand('rollback', run);
  return `Run ${run} was not rolled back: ${messageOf(error)}\n  ${hint}\n`;
}
