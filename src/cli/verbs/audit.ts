/** `kubelatch audit`: what is weak, where it comes from; changes nothing. */
import { isoTime } from '../../lib/clock.js';
import { audit } from '../../pipeline.js';
import { auditText } from '../../report/audit-text.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { jsonText } from '../../report/json.js';
import { resultLines } from '../../report/ndjson.js';
import { type World, loadHosts, loadPlaybooks, printResult, withRun } from '../world.js';

export async function auditVerb(world: World): Promise<number> {
  const loaded = { ...(await loadHosts(world)), playbooks: await loadPlaybooks(world) };
  world.progress.phase('Reading', loaded.hosts.length);
  const result = await withRun(world, loaded, audit);
  const { flags } = world;
  const text =
    flags.output === 'json'
      ? jsonText(result)
      : flags.output === 'ndjson'
        ? resultLines(result, { time: isoTime(), run: undefined })
        : auditText(result, world.text);
  await printResult(world, text);
  return exitCodeOf(result, { failOn: flags.failOn });
}
