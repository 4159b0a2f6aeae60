/** `kubelatch uninstall`: removes kubelatch and its backups from the nodes. */
import { uninstall } from '../../pipeline/uninstall.js';
import { longestUninstall } from '../../plan/rollout-time.js';
import { count } from '../../report/layout.js';
import { hooksCode, worstOf } from '../../report/exit-code.js';
import { uninstallCode } from '../../report/uninstall-text.js';
import { askToChange, requireConfirmation } from '../consent.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { writeOut } from '../write-out.js';
import { print, safeText } from '../../lib/output.js';

export async function uninstallVerb(cli: CliContext): Promise<number> {
  requireConfirmation(cli, false);
  const loaded = { ...(await loadHosts(cli)), playbooks: [] };
  const { flags, shutdown, progress } = cli;
  progress.phase('Reading backups', loaded.hosts.length);
  const done = await withRun(cli, loaded, (run) =>
    uninstall(run, async (ready, withoutCluster) => {
      const hosts = ready.map(({ host }) => host.name);
      const backups = ready.reduce((sum, { runs }) => sum + runs, 0);
      const agreed = await askToChange(cli, loaded, {
        text: `${backups === 0 ? 'There are no backups on these hosts.' : `This deletes ${count(backups, 'backup')}: past runs can no longer be rolled back on these hosts.`} Hardened settings stay in place.`,
        question: `Uninstall kubelatch from ${count(hosts.length, 'host')} now?`,
        hosts,
        withoutCluster,
        needs: longestUninstall,
        lockOnly: true,
        agreed: flags.yes,
      });
      if (!agreed) return false;
      shutdown.changesStarted();
      progress.phase('Removing', hosts.length);
      return true;
    }),
  );
  if (done === undefined) {
    print(process.stderr, safeText('Nothing was changed.\n'));
    return 0;
  }
  await writeOut(cli, done);
  return shutdown.exitCode() ?? worstOf([uninstallCode(done.hosts), hooksCode(done.hooks)]);
}
