/** `kubelatch` alone on a terminal: the same stages, as a conversation. */
import { isSettled } from '../../apply/outcome.js';
import { ToolError, messageOf } from '../../lib/errors.js';
import { type Approve, apply, audit, plan, rollback } from '../../pipeline.js';
import type { Run } from '../../stages/run.js';
import { loadPlaybook } from '../../playbook/load.js';
import { builtinNames } from '../../playbook/builtin.js';
import { auditText } from '../../report/audit-text.js';
import { type ResultCode, exitCodeOf, worstOf } from '../../report/exit-code.js';
import type { PlanResult, RunResult } from '../../report/model.js';
import { planText } from '../../report/plan-text.js';
import { runText } from '../../report/run-text.js';
import { changingPlans, savedPlanOf } from '../../stages/judge.js';
import { type GuidedSelection, runGuided } from '../../terminal/guided.js';
import { unproved } from '../consent.js';
import { takenBack } from '../stops.js';
import { type World, loadHosts, withRun } from '../world.js';

export async function guidedVerb(world: World): Promise<number> {
  if (!world.interactive) {
    throw new ToolError('usage', 'the guided mode needs a terminal', { hint: 'kubelatch --help shows the verbs' });
  }
  const { inventory, hosts } = await loadHosts(world);
  const names = [...(await builtinNames()), ...(world.flags.playbook ?? [])];
  const playbooks = await Promise.all([...new Set(names)].map((name) => loadPlaybook(name)));
  const { flags, progress, prompts, errText, stops } = world;
  const runs: RunResult[] = [];
  let shown: PlanResult | undefined;
  /** The plan that was confirmed had been made without the API server, and said so. */
  let knownWithout = false;

  const stage = async <T>(title: string, selection: GuidedSelection, work: (run: Run) => Promise<T>): Promise<T> => {
    const chosen = hosts.filter((host) => selection.hosts.includes(host.name));
    progress.phase(title, chosen.length);
    const judgedBy = playbooks.filter((playbook) => selection.playbooks.includes(playbook.name));
    return withRun(world, { inventory, hosts: chosen, playbooks: judgedBy }, work);
  };
  /** The yes was given before: it holds for an API server that is there, or that was said to be missing. */
  const approve =
    (within: number): Approve =>
    (_plan, withoutCluster) => {
      if (withoutCluster !== undefined && flags.cluster && !knownWithout)
        return Promise.reject(unproved(withoutCluster, runs.length > 0 ? 'nothing more was changed' : undefined));
      stops.changing({ within });
      return Promise.resolve(true);
    };

  return runGuided(
    {
      clusterName: inventory.cluster.name,
      dangerous: false,
      hosts,
      playbooks,
      audit: async (selection) => ({ text: auditText(await stage('Reading', selection, audit), errText) }),
      async plan(selection) {
        shown = await stage('Planning', selection, (run) => plan(run, flags));
        knownWithout = shown.notes.length > 0;
        return {
          text: planText(shown, errText),
          changes: changingPlans(shown.hosts).length,
          exitCode: exitCodeOf(shown),
        };
      },
      async apply(selection) {
        // The first try carries out what was shown; another try plans anew, since nodes have moved.
        const saved = shown === undefined ? undefined : savedPlanOf(shown);
        shown = undefined;
        const result = await stage('Changing', selection, (run) => apply(run, flags, saved, approve(flags.deadline)));
        if (result === undefined) return { text: 'Nothing was changed.\n', exitCode: 0, failed: false };
        runs.push(result);
        const failedHosts = result.hosts.filter((host) => !isSettled(host.outcome)).map((host) => host.name);
        const exitCode = exitCodeOf(result);
        return { text: runText(result, errText), exitCode, failed: failedHosts.length > 0, failedHosts };
      },
      async undoAll() {
        const texts: string[] = [];
        const codes: ResultCode[] = [];
        for (const { run, hosts: tried } of runs.toReversed()) {
          const changed = tried.filter(({ outcome }) => outcome === 'confirmed' || outcome === 'unknown');
          if (changed.length === 0) continue;
          const selection = { hosts: changed.map((host) => host.name), playbooks: [] };
          try {
            const result = await stage('Putting back', selection, (context) =>
              rollback(context, run, flags, approve(takenBack)),
            );
            if (result === undefined) continue;
            texts.push(runText(result, errText));
            codes.push(exitCodeOf(result));
          } catch (error) {
            // The runs before it are undone all the same.
            texts.push(notUndone(run, error));
            codes.push(5);
          }
        }
        if (codes.length > 0) return { text: texts.join(''), exitCode: worstOf(codes) };
        return {
          text: 'No host was changed: there is nothing to undo.\n',
          exitCode: worstOf(runs.map((one) => exitCodeOf(one))),
        };
      },
    },
    prompts,
    (text) => void process.stderr.write(text),
  ).catch((error: unknown) => {
    // A question that was left takes nothing back of a host that needs somebody.
    const needsYou = runs.some((result) => exitCodeOf(result) === 5);
    if (needsYou && error instanceof ToolError && error.code === 'interrupted') return 5;
    throw error;
  });
}

function notUndone(run: string, error: unknown): string {
  const hint = (error instanceof ToolError ? error.hint : undefined) ?? `kubelatch rollback ${run}`;
  return `Run ${run} was not undone: ${messageOf(error)}\n  ${hint}\n`;
}
