/** `kubelatch runs [list|show RUN]`: past runs, from the journal of this machine. */
import { readRuns, refuseUnreadable } from '../../apply/journal.js';
import { type RunStory, isUnfinished, storyOf } from '../../apply/run-story.js';
import { ToolError } from '../../lib/errors.js';
import { runsFolder } from '../../lib/paths.js';
import { livesStill } from '../../lib/process-mark.js';
import { oneLine } from '../../lib/sanitize.js';
import { runsJson, storyJson } from '../../report/runs-json.js';
import { type ToldRun, runsText, storyText } from '../../report/runs-text.js';
import { type World, printResult } from '../world.js';

export async function runsVerb(world: World): Promise<number> {
  const { flags, version, text } = world;
  const past = await readRuns(runsFolder(world.env));
  const runs = past.filter((one) => one.unreadable === undefined).map((one) => toldOf(storyOf(one)));
  const isJson = flags.output === 'json' || flags.output === 'ndjson';
  if (past.length === 0) process.stderr.write('No run yet.\n');
  if (isJson) await printResult(world, runsJson(runs, version, flags.output === 'ndjson'));
  else if (runs.length > 0) await printResult(world, runsText(runs, text));
  // Nobody may take the list for all there is.
  refuseUnreadable(past);
  return 0;
}

export async function showRunVerb(world: World, wanted: string): Promise<number> {
  const { flags, version, text } = world;
  const run = (await readRuns(runsFolder(world.env))).find((one) => one.run === wanted);
  if (run === undefined)
    throw new ToolError('usage', `no run ${oneLine(wanted)} on this machine`, { hint: 'kubelatch runs list' });
  refuseUnreadable([run]);
  const told = toldOf(storyOf(run));
  const isJson = flags.output === 'json' || flags.output === 'ndjson';
  await printResult(world, isJson ? storyJson(told, version, flags.output === 'ndjson') : storyText(told, text));
  return 0;
}

function toldOf(story: RunStory): ToldRun {
  const { endedAt, controller } = story;
  if (endedAt === undefined && controller !== undefined && livesStill(controller) === 'yes')
    return { story, state: 'going on' };
  return { story, state: isUnfinished(story) ? 'left' : 'ended' };
}
