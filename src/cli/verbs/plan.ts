/** `kubelatch plan`: the exact edits; changes nothing. */
import { writeFile } from 'node:fs/promises';
import { isoTime } from '../../lib/clock.js';
import { ToolError, messageOf } from '../../lib/errors.js';
import { plan } from '../../pipeline.js';
import { writeSavedPlan } from '../../plan/saved-plan.js';
import { savedPlanOf } from '../../stages/judge.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { jsonText } from '../../report/json.js';
import type { PlanResult } from '../../report/model.js';
import { resultLines } from '../../report/ndjson.js';
import { planText } from '../../report/plan-text.js';
import { type World, loadHosts, loadPlaybooks, printResult, withRun } from '../world.js';

export async function planVerb(world: World): Promise<number> {
  const loaded = { ...(await loadHosts(world)), playbooks: await loadPlaybooks(world) };
  const { flags } = world;
  world.progress.phase('Reading', loaded.hosts.length);
  const result = await withRun(world, loaded, (run) => plan(run, flags));
  if (flags.out !== undefined) await savePlan(flags.out, result);
  const text =
    flags.output === 'json'
      ? jsonText(result)
      : flags.output === 'ndjson'
        ? resultLines(result, { time: isoTime(), run: undefined })
        : planText(result, world.text);
  await printResult(world, text);
  return exitCodeOf(result, flags);
}

/** The plan holds whole configuration files: only its owner may read it. */
async function savePlan(path: string, result: PlanResult): Promise<void> {
  const saved = writeSavedPlan(savedPlanOf(result));
  try {
    await writeFile(path, saved, { mode: 0o600 });
  } catch (error) {
    throw new ToolError('usage', `--out ${path}: ${messageOf(error)}`, { cause: error });
  }
}
