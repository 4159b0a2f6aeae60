/** `kubelatch persist`: keeps hardened settings through upgrades and joins, in the place that --to names. */
import { print, safeText } from '../../lib/output.js';
import { persist } from '../../pipeline/persist.js';
import { persistCode, persistText } from '../../report/persist-text.js';
import { requireConfirmation } from '../consent.js';
import { type CliContext, loadHosts, loadPlaybooks, withRun } from '../context.js';
import { writePatches } from '../patch-folder.js';
import { writeOut } from '../write-out.js';

/** Exit 1 where the change was refused or failed, 3 where hosts could not be read. */
export async function persistVerb(cli: CliContext): Promise<number> {
  const { flags, progress, prompts, errText } = cli;
  if (flags.to === 'configmap') requireConfirmation(cli, false);
  const loaded = { ...(await loadHosts(cli)), playbooks: await loadPlaybooks(cli) };
  progress.phase('Reading', loaded.hosts.length);
  const result = await withRun(cli, loaded, (run) =>
    persist(run, flags.to, async (draft) => {
      if (flags.yes) return true;
      await progress.stop();
      print(process.stderr, safeText(persistText(draft, errText)));
      const { name } = loaded.inventory.cluster;
      return prompts.confirm(`Write this to the cluster ${name} now? Every node that joins gets it.`);
    }),
  );
  if (result === undefined) {
    print(process.stderr, safeText('Nothing was changed.\n'));
    return 0;
  }
  const done = flags.to === 'patches' ? writePatches(result, flags.folder) : result;
  await writeOut(cli, done);
  return cli.shutdown.exitCode() ?? persistCode(done);
}
