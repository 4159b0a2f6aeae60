/** `kubelatch resume [RUN]`: ends a run whose controller died, by its journal and by what the nodes say. */
import { readRuns, refuseUnreadable } from '../../apply/journal.js';
import { type RunStory, isBegun, isOpen, isUnfinished, storyOf } from '../../apply/run-story.js';
import { isSettled } from '../../apply/outcome.js';
import { ToolError } from '../../lib/errors.js';
import { runsFolder } from '../../lib/paths.js';
import { livesStill } from '../../lib/process-mark.js';
import { ended, resume } from '../../pipeline.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { plainJson } from '../../report/json.js';
import { endUninstall } from '../../stages/resume-uninstall.js';
import { askToChange, refuseUnasked } from '../consent.js';
import { finishRun, runData } from '../finish-run.js';
import { takenBack } from '../stops.js';
import { type World, loadHosts, printResult, withRun } from '../world.js';

export async function resumeVerb(world: World, wanted: string | undefined): Promise<number> {
  refuseUnasked(world, false);
  if (wanted !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(wanted)) {
    throw new ToolError('usage', `${JSON.stringify(wanted)} is no run`, { hint: 'kubelatch runs list shows them' });
  }
  const runs = await readRuns(runsFolder(world.env));
  // Without a name any of them may be the one that is meant.
  refuseUnreadable(runs.filter((one) => wanted === undefined || one.run === wanted));
  const stories = runs.map(storyOf);
  const story = wanted === undefined ? newestLeft(stories) : stories.find(({ run }) => run === wanted);
  const run = wanted ?? story?.run;
  if (run === undefined) return nothingLeft(world);
  if (story !== undefined) refuseLiving(story);
  const loaded = { ...(await loadHosts(world)), playbooks: [] };
  if (story?.kind === 'uninstall') return endedUninstall(world, loaded, story);
  // Nodes that did not answer then may tell more now.
  if (story !== undefined && !story.fromNodes && !isUnfinished(story)) {
    const result = await withRun(world, loaded, (context) => Promise.resolve(ended(context, story)));
    process.stderr.write(`Run ${run} ended already, ${story.endedAt ?? ''}: nothing is left to do.\n`);
    return finishRun(world, result);
  }
  const begun = story?.hosts.filter((host) => isOpen(host) && isBegun(host));
  const asked = story?.fromNodes === true ? loaded.hosts : (begun ?? loaded.hosts);
  world.progress.phase('Asking the nodes what they keep', asked.length);
  const result = await withRun(world, loaded, (context) =>
    resume(context, { run, story }, world.flags, async (_plan, withoutCluster, hosts) => {
      const agreed = await askToChange(world, loaded, {
        text: undefined,
        question: `Put back what run ${run} left undecided on ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} now?`,
        hosts,
        withoutCluster,
        agreed: world.flags.yes,
      });
      if (agreed) world.stops.changing({ within: takenBack });
      return agreed;
    }),
  );
  return finishRun(world, result);
}

/** A run that did not end comes before one that did, with a host nobody knows of. */
const newestLeft = (stories: readonly RunStory[]): RunStory | undefined =>
  stories.find(({ endedAt }) => endedAt === undefined) ?? stories.find(isUnfinished);

/** What is not known to be gone is for another uninstall, and no code says otherwise. */
async function endedUninstall(world: World, loaded: Parameters<typeof withRun>[1], story: RunStory): Promise<number> {
  const result = await withRun(world, loaded, (context) => endUninstall(context, story));
  const code = exitCodeOf(result);
  const next = code === 0 ? 'every host it began is done' : 'run kubelatch uninstall again';
  const left = result.hosts
    .filter(({ outcome }) => !isSettled(outcome))
    .map(({ name, outcome }) => `${name} ${outcome}`);
  const told = left.length === 0 ? '' : ` (${left.join(', ')})`;
  process.stderr.write(`Run ${story.run} was an uninstall${told}: there is nothing to put back; ${next}.\n`);
  const data = runData(world, result);
  if (data !== undefined) await printResult(world, data);
  return code;
}

async function nothingLeft(world: World): Promise<number> {
  const { version, flags } = world;
  process.stderr.write('Every run of this machine ended: nothing is left to do.\n');
  if (flags.output === 'json' || flags.output === 'ndjson') {
    const nothing = { schemaVersion: 1, tool: 'kubelatch', version, kind: 'resume', run: null, hosts: [], summary: {} };
    await printResult(world, `${plainJson(nothing, flags.output === 'json' ? 2 : undefined)}\n`);
  }
  return 0;
}

function refuseLiving({ run, controller, endedAt }: RunStory): void {
  if (endedAt !== undefined || controller === undefined || livesStill(controller) !== 'yes') return;
  throw new ToolError('journal', `run ${run} is still going on here: process ${controller.pid}`, {
    hint: 'wait for its end, or end that process first',
  });
}
