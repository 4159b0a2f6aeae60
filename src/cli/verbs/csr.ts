/** `kubelatch csr [list|approve|watch]`: requests of kubelets for serving certificates. */
import { watchRequests } from '../../pipeline/csr-watch.js';
import { approveRequests, listRequests } from '../../pipeline/csr.js';
import { isoTime } from '../../lib/clock.js';
import { print, safeText } from '../../lib/output.js';
import { csrCode, csrLine, csrText } from '../../report/csr-text.js';
import { count } from '../../report/layout.js';
import type { CsrResult, JudgedRequest } from '../../report/csr-model.js';
import { askToChange, requireConfirmation } from '../consent.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { headOf, writeOut } from '../write-out.js';

const load = async (cli: CliContext) => ({ ...(await loadHosts(cli)), playbooks: [] });

async function finish(
  cli: CliContext,
  about: Pick<CsrResult, 'kind' | 'cluster' | 'startedAt'>,
  requests: readonly JudgedRequest[],
): Promise<number> {
  const result: CsrResult = { ...headOf(cli), ...about, finishedAt: isoTime(), requests };
  await writeOut(cli, result);
  return csrCode(result);
}

export async function csrListVerb(cli: CliContext): Promise<number> {
  const [startedAt, loaded] = [isoTime(), await load(cli)];
  cli.progress.phase('Reading requests');
  const requests = await withRun(cli, loaded, listRequests);
  return finish(cli, { kind: 'csr-list', cluster: loaded.inventory.cluster.name, startedAt }, requests);
}

/** `wanted`: names of nodes, hosts or requests; all valid requests if there are none. */
export async function csrApproveVerb(cli: CliContext, wanted: readonly string[]): Promise<number> {
  requireConfirmation(cli, false);
  const [startedAt, loaded] = [isoTime(), await load(cli)];
  cli.progress.phase('Reading requests');
  const requests = await withRun(cli, loaded, (run) =>
    approveRequests(run, wanted, async (rows) => {
      const valid = rows.filter(({ verdict }) => verdict === 'valid').length;
      const agreed = await askToChange(cli, loaded, {
        text: csrText({ requests: rows, kind: 'csr-approve' }, cli.errText).trimEnd(),
        question: `Approve ${count(valid, 'request')} now?`,
        hosts: [],
        withoutCluster: undefined,
        agreed: cli.flags.yes,
      });
      if (agreed) cli.progress.phase('Approving', valid);
      return agreed;
    }),
  );
  if (requests === undefined) {
    print(process.stderr, safeText('Nothing was approved.\n'));
    return 0;
  }
  return finish(cli, { kind: 'csr-approve', cluster: loaded.inventory.cluster.name, startedAt }, requests);
}

export async function csrWatchVerb(cli: CliContext): Promise<number> {
  requireConfirmation(cli, false);
  const [startedAt, loaded] = [isoTime(), await load(cli)];
  const { flags, shutdown, progress } = cli;
  const duration = flags.for ?? 0;
  const agreed = await askToChange(cli, loaded, {
    text: undefined,
    question: `Approve every request that passes all checks, for ${duration / 1000} s?`,
    hosts: [],
    withoutCluster: undefined,
    agreed: flags.yes,
  });
  if (!agreed) {
    print(process.stderr, safeText('Nothing was approved.\n'));
    return 0;
  }
  shutdown.changesStarted({ stopping: 'no further request will be approved' });
  progress.phase('Watching requests');
  const requests = await withRun(cli, loaded, (run) =>
    watchRequests(run, duration, (row) => {
      cli.log({ event: 'log', line: csrLine(row) });
      progress.print(csrLine(row));
    }),
  );
  const code = await finish(cli, { kind: 'csr-watch', cluster: loaded.inventory.cluster.name, startedAt }, requests);
  return code === 5 ? code : (shutdown.exitCode() ?? code);
}
