/** `kubelatch resume [RUN]`: finishes a run whose controller died, from its journal and the state of the nodes. */
import { readRuns, refuseUnreadable } from '../../run/journal.js';
import { type RunRecord, isBegun, isOpen, isUnfinished } from '../../run/record.js';
import { replayJournal } from '../../run/replay.js';
import { isSettled } from '../../run/outcome.js';
import { ToolError } from '../../lib/errors.js';
import { runsFolder } from '../../lib/paths.js';
import { stillRunning } from '../../lib/process-mark.js';
import { endedRun, findUnfinished, resume } from '../../pipeline/resume.js';
import { longestRevert } from '../../plan/rollout-time.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { hostList } from '../../report/host-list.js';
import { isData } from '../../report/formats.js';
import { endUninstall } from '../../pipeline/resume-uninstall.js';
import { askToChange, requireConfirmation } from '../consent.js';
import { finishRun } from '../finish-run.js';
import { canGoOn, goOn } from './resume-paused.js';
import { revertAllowance } from '../shutdown.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { sayOn } from '../say.js';
import { headOf, writeOut } from '../write-out.js';
import { nextCommand } from '../../lib/next-command.js';

export async function resumeVerb(cli: CliContext, wanted: string | undefined): Promise<number> {
  requireConfirmation(cli, false);
  if (wanted !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(wanted)) {
    throw new ToolError('usage', `${JSON.stringify(wanted)} is not a run`, {
      hint: `to list the runs: ${nextCommand('runs')}`,
    });
  }
  const runs = await readRuns(runsFolder(cli.env));
  // Without a name, an unreadable run could be the newest.
  refuseUnreadable(runs.filter((one) => wanted === undefined || one.run === wanted));
  const records = runs.map(replayJournal);
  const record = wanted === undefined ? newestUnfinished(records) : records.find(({ run }) => run === wanted);
  if (record !== undefined) refuseInProgress(record);
  const loaded = { ...(await loadHosts(cli)), playbooks: [] };
  const run = wanted ?? record?.run ?? (await runOnNodes(cli, loaded));
  if (typeof run !== 'string') return nothingToResume(cli, run);
  if (record?.kind === 'uninstall') return endedUninstall(cli, loaded, record);
  if (record !== undefined && canGoOn(record, loaded.hosts)) return finishRun(cli, await goOn(cli, record, loaded));
  // Nodes that did not answer before may answer now.
  if (record !== undefined && !record.fromNodes && !isUnfinished(record)) {
    const result = await withRun(cli, loaded, (context) => Promise.resolve(endedRun(context, record)));
    sayOn(process.stderr, `Run ${run} already ended at ${record.endedAt ?? ''}. There is nothing to do.`);
    return finishRun(cli, result);
  }
  const begun = record?.hosts.filter((host) => isOpen(host) && isBegun(host));
  const asked = record?.fromNodes === true ? loaded.hosts : (begun ?? loaded.hosts);
  cli.progress.phase('Reading the state of the nodes', asked.length);
  const result = await withRun(cli, loaded, (context) =>
    resume(context, { run, record }, cli.flags, async (_plan, withoutCluster, hosts) => {
      const agreed = await askToChange(cli, loaded, {
        text: undefined,
        question: `Revert the undecided changes of run ${run} on ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}?`,
        hosts,
        withoutCluster,
        needs: longestRevert(cli.flags.deadline),
        agreed: cli.flags.yes,
      });
      if (agreed) cli.shutdown.changesStarted({ revertWithin: revertAllowance });
      return agreed;
    }),
  );
  return finishRun(cli, result);
}

/** A run that did not end comes before one that ended with a host in an unknown state. */
const newestUnfinished = (records: readonly RunRecord[]): RunRecord | undefined =>
  records.find(({ endedAt }) => endedAt === undefined) ?? records.find(isUnfinished);

/** Hosts that may still have kubelatch on them need another uninstall, and the exit code says so. */
async function endedUninstall(
  cli: CliContext,
  loaded: Parameters<typeof withRun>[1],
  record: RunRecord,
): Promise<number> {
  const result = await withRun(cli, loaded, (context) => endUninstall(context, record));
  const code = exitCodeOf(result);
  const next = code === 0 ? 'Every host it started is done.' : `To finish it: ${nextCommand('uninstall')}`;
  const left = result.hosts
    .filter(({ outcome }) => !isSettled(outcome))
    .map(({ host, outcome }) => `${host} ${outcome}`);
  const unfinished = left.length === 0 ? '' : ` (${left.join(', ')})`;
  sayOn(process.stderr, `Run ${record.run} was an uninstall${unfinished}. There is nothing to revert. ${next}`);
  if (isData(cli.flags.output)) await writeOut(cli, result);
  return code;
}

/** A run of another machine: only the nodes know of it. Otherwise the hosts that could not be asked. */
async function runOnNodes(cli: CliContext, loaded: Parameters<typeof withRun>[1]): Promise<string | readonly string[]> {
  cli.progress.phase('Looking for unfinished changes', loaded.hosts.length);
  const { run, unanswered } = await withRun(cli, loaded, findUnfinished);
  return run ?? unanswered.map(({ host }) => host);
}

/** Exit 3 where hosts could not be asked: nobody knows of a change there. */
async function nothingToResume(cli: CliContext, unanswered: readonly string[]): Promise<number> {
  const said =
    unanswered.length === 0
      ? 'All runs from this machine have ended, and no node has an unfinished change. There is nothing to do.'
      : `All runs from this machine have ended. No node that answered has an unfinished change, but these were not asked: ${hostList(unanswered)}`;
  sayOn(process.stderr, said);
  await writeOut(cli, { ...headOf(cli), kind: 'resume', run: undefined });
  return unanswered.length === 0 ? 0 : 3;
}

function refuseInProgress({ run, controller, endedAt }: RunRecord): void {
  if (endedAt !== undefined || controller === undefined || stillRunning(controller) !== 'yes') return;
  throw new ToolError('journal', `run ${run} is still in progress on this machine: process ${controller.pid}`, {
    hint: 'wait until it ends, or stop that process first',
  });
}
