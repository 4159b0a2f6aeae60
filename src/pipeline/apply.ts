/** apply: carries out the plan that was shown, or a saved one, wave by wave. */
import { isBreaking } from '../consumers/findings.js';
import { isoTime, newRunId } from '../lib/clock.js';
import { ToolError } from '../lib/errors.js';
import type { SavedPlan } from '../plan/saved-plan.js';
import type { RunResult } from '../report/model.js';
import type { PlanFile } from '../run/journal.js';
import { checkPlans } from './check-plan.js';
import type { Consumers } from './consumers.js';
import { notesAfter } from './consumers-after.js';
import { type Approve, hostNamed, isSelected, type RolloutFlags, type Run } from './context.js';
import { applyTask, contextFor } from './host-tasks.js';
import { rollOutWaves } from './roll-out.js';
import type { RunRecord } from '../run/record.js';
import type { RolloutResult } from '../run/rollout.js';
import { beginOrGoOn, earlierOutcomes, goOnCommand, kindOf } from './go-on.js';
import { changingPlans } from './judge.js';
import { withCluster } from './with-cluster.js';
import { refuseWithoutRights } from './own-rights.js';
import { planWith } from './plan.js';
import { hookNotes, notesOf, outcomeWithoutChange, playbookNames, runResult } from './results.js';
import { nextCommand } from '../lib/next-command.js';

/** A plan that was made before. One from a file is first compared with the nodes. */
export interface GivenPlan {
  readonly plan: SavedPlan;
  readonly file?: PlanFile | undefined;
  /** The clients that it would turn away, where it was made in this process. */
  readonly consumers?: Consumers | undefined;
}

/** Applies exactly the plan that is shown, or a given one. `undefined`: the person said no. */
export async function apply(
  run: Run,
  flags: RolloutFlags,
  given: GivenPlan | undefined,
  approve: Approve,
  /** Goes on with this run, whose hosts that are left are those of `run`. */
  paused?: RunRecord,
): Promise<RunResult | undefined> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const made = given === undefined ? await planWith(run, flags, cluster, missing) : undefined;
    const planned = made?.planned;
    const chosen = given?.plan.hosts.filter((one) => isSelected(run, one.host)) ?? changingPlans(planned?.hosts ?? []);
    const checked = given?.file === undefined ? undefined : await checkPlans(chosen, run, cluster);
    const plans = checked?.plans ?? chosen;
    const consumers = made?.consumers ?? checked?.consumers ?? given?.consumers;
    const unchanged = checked?.outcomes ?? (planned?.hosts ?? []).flatMap(outcomeWithoutChange);
    for (const { host, outcome, reason } of unchanged) {
      if (outcome === 'refused') run.report({ event: 'host-done', host, outcome, reason });
    }
    const names = plans.map((one) => one.host);
    if (names.length > 0) refuseForConsumers(run, consumers);
    await refuseWithoutRights(cluster, plans, flags);
    if (names.length > 0 && !(await approve(planned, missing, names))) return undefined;
    const judgedBy = given?.plan.playbooks ?? planned?.playbooks ?? playbookNames(run, []);
    const done = [...unchanged, ...earlierOutcomes(paused, run)];
    const judged = given?.file === undefined ? notesOf(run, undefined) : [];
    const what = {
      plan: given?.file,
      playbooks: judgedBy,
      startedAt,
      notes: judged,
      ...kindOf('apply', paused),
    } as const;
    if (names.length === 0 && paused === undefined)
      return runResult(run, { ...what, run: newRunId() }, done, undefined);
    const rules = [...new Set(plans.flatMap(({ fixes }) => fixes))];
    const { onlyRules } = run;
    const about = { kind: 'apply', plan: given?.file, playbooks: judgedBy, rules, onlyRules, hosts: names } as const;
    return beginOrGoOn(run, cluster, about, paused, async (journal, lease) => {
      const context = contextFor(run, cluster, journal, flags);
      const tasks = plans.map((one) => applyTask(one, hostNamed(run, one.host), run, context));
      const detected = (planned?.hosts ?? []).flatMap(({ role, nodeName }) =>
        role === 'control-plane' && nodeName !== undefined ? [nodeName] : [],
      );
      const rolled = await rollOutWaves(tasks, run, {
        ...{ cluster, journal, flags, lease, detected },
        verb: what.kind,
      });
      const after = await notesAfter(run, cluster, consumers, rolled.outcomes);
      const notes = [...judged, ...after, ...hookNotes(rolled.hooks)];
      const result = runResult(
        run,
        { ...what, run: journal.run, notes },
        [...rolled.outcomes, ...done],
        rolled.stopped,
      );
      return {
        ...result,
        durationMs: rolled.durationMs,
        hooks: run.hooks && rolled.hooks,
        next: nextOf(run, rolled, journal.run, given?.file !== undefined),
      };
    });
  });
}

/** A saved plan is applied again, on the hosts that are left. */
function nextOf(run: Run, rolled: RolloutResult, id: string, isSaved: boolean): string | undefined {
  const left = rolled.outcomes.filter(({ outcome }) => outcome === 'skipped').map(({ host }) => host);
  return isSaved
    ? goOnCommand(run, rolled, 'apply', '--limit', left.join(','))
    : goOnCommand(run, rolled, 'resume', id);
}

/** With --fail-on-consumers. Throws ToolError `plan` where a client would be turned away. */
function refuseForConsumers(run: Run, consumers: Consumers | undefined): void {
  const breaking = (consumers?.findings ?? []).filter(isBreaking);
  if (run.consumers?.failOn !== true || breaking.length === 0) return;
  const objects = [...new Set(breaking.flatMap(({ object }) => object ?? []))];
  const more = objects.length > 5 ? ` and ${objects.length - 5} more` : '';
  throw new ToolError('plan', `this change would break ${objects.slice(0, 5).join(', ')}${more}; nothing was changed`, {
    hint: `to see what to change in each: ${nextCommand('plan')}; without --fail-on-consumers the change goes on`,
  });
}
