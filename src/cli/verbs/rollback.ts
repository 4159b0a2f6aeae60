/** `kubelatch rollback [RUN]`: restores what a run changed, from the backups on the nodes. */
import { ToolError } from '../../lib/errors.js';
import { rollback } from '../../pipeline/rollback.js';
import { isoTime } from '../../lib/clock.js';
import { longestRevert } from '../../plan/rollout-time.js';
import { count } from '../../report/layout.js';
import { undoText } from '../../report/undo-text.js';
import { askToChange, requireConfirmation } from '../consent.js';
import { finishRun } from '../finish-run.js';
import { revertAllowance } from '../shutdown.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { nextCommand } from '../../lib/next-command.js';

export async function rollbackVerb(cli: CliContext, run: string | undefined): Promise<number> {
  requireConfirmation(cli, false);
  if (run !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(run)) {
    throw new ToolError('usage', `${JSON.stringify(run)} is not a run`, {
      hint: `to list the runs: ${nextCommand('runs')}`,
    });
  }
  const loaded = { ...(await loadHosts(cli)), playbooks: [] };
  cli.progress.phase('Reading backups', loaded.hosts.length);
  const result = await withRun(cli, loaded, (context) =>
    rollback(context, run, cli.flags, async (_plan, withoutCluster, hosts, undone) => {
      const question = `Roll back run ${undone?.run ?? run ?? ''} on ${count(hosts.length, 'host')} now?`;
      const agreed = await askToChange(cli, loaded, {
        text: undone === undefined ? undefined : undoText(undone, isoTime(), cli.errText),
        question,
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
