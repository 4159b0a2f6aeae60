/** `kubelatch netpol [remove]`: prints the policy that keeps pods from kubelets, applies it, or removes it. */
import { isoTime } from '../../lib/clock.js';
import { ToolError } from '../../lib/errors.js';
import { print, safeText } from '../../lib/output.js';
import { type NetpolPlan, planNetpol, withApi } from '../../pipeline/netpol.js';
import { applyPolicy, removePolicies } from '../../pipeline/netpol-apply.js';
import { isData } from '../../report/formats.js';
import { count } from '../../report/layout.js';
import type { NetpolChange, NetpolResult } from '../../report/netpol-model.js';
import { netpolDiffs, netpolNotes } from '../../report/netpol-text.js';
import { line } from '../../report/words.js';
import { askToChange, requireConfirmation } from '../consent.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { netpolRequest, nodeAddressesOf } from '../netpol-request.js';
import { headOf, writeOut } from '../write-out.js';

type Loaded = Awaited<ReturnType<typeof loadHosts>> & { readonly playbooks: [] };

/** Exit 1 if an object could not be applied. */
export async function netpolVerb(cli: CliContext): Promise<number> {
  const { flags, progress } = cli;
  const request = netpolRequest(flags);
  const addresses = nodeAddressesOf(flags);
  if (flags.apply === true) requireConfirmation(cli, false);
  const loaded: Loaded = { ...(await loadHosts(cli)), playbooks: [] };
  const startedAt = isoTime();
  progress.phase('Reading addresses', loaded.hosts.length);
  const result = await withRun(cli, loaded, (run) =>
    withApi(run, async (cluster) => {
      const plan = await planNetpol(run, cluster, request, addresses);
      await progress.stop();
      const planned = resultOf(cli, loaded, startedAt, plan);
      if (!flags.quiet && !isData(flags.output)) print(process.stderr, safeText(netpolNotes(planned, cli.errText)));
      if (flags.apply !== true) return planned;
      const manifests = forApiServer(plan);
      const changes = await applyPolicy(run, cluster, manifests, (proposed, others) =>
        approve(cli, loaded, proposed, others),
      );
      return changes === undefined ? undefined : { ...planned, changes, finishedAt: isoTime() };
    }),
  );
  return result === undefined ? unchanged() : finish(cli, result);
}

/** Exit 1 if an object could not be removed. */
export async function netpolRemoveVerb(cli: CliContext): Promise<number> {
  requireConfirmation(cli, false);
  const loaded: Loaded = { ...(await loadHosts(cli)), playbooks: [] };
  const startedAt = isoTime();
  const ask = (objects: readonly string[]): Promise<boolean> =>
    askToChange(cli, loaded, {
      text: `Remove:\n${objects.map((one) => `  ${line(one)}`).join('\n')}`,
      question: `Remove ${count(objects.length, 'object')} now?`,
      hosts: [],
      withoutCluster: undefined,
      agreed: cli.flags.yes,
    });
  const changes = await withRun(cli, loaded, (run) => withApi(run, (cluster) => removePolicies(run, cluster, ask)));
  if (changes === undefined) return unchanged();
  return finish(cli, { ...resultOf(cli, loaded, startedAt, undefined), changes });
}

function forApiServer({ policy }: NetpolPlan): NetpolPlan['policy']['manifests'] {
  if (policy.manifests.length > 0) return policy.manifests;
  throw new ToolError('usage', 'the policy nftables has nothing for the API server', {
    hint: 'put the files on each node, then run there: systemctl enable --now kubelatch-nftables.service',
  });
}

function approve(
  cli: CliContext,
  loaded: Loaded,
  changes: readonly NetpolChange[],
  others: readonly string[],
): Promise<boolean> {
  const waiting = changes.flatMap(({ reason }) => (reason === undefined ? [] : [`! ${reason}`]));
  const kept =
    others.length === 0 ? [] : [`! These policies of kubelatch stay: ${others.map((one) => line(one)).join(', ')}`];
  return askToChange(cli, loaded, {
    text: [netpolDiffs(changes), ...waiting, ...kept].join('\n'),
    question: `Apply ${count(changes.filter(({ outcome }) => outcome !== 'unchanged').length, 'object')} now?`,
    hosts: [],
    withoutCluster: undefined,
    agreed: cli.flags.yes,
  });
}

function resultOf(
  cli: CliContext,
  { inventory }: Loaded,
  startedAt: string,
  plan: NetpolPlan | undefined,
): NetpolResult {
  const { manifests = [], files = [], limits = [], kind } = plan?.policy ?? { kind: undefined };
  return {
    ...headOf(cli),
    kind: 'netpol',
    cluster: inventory.cluster.name,
    startedAt,
    finishedAt: isoTime(),
    cni:
      plan === undefined
        ? undefined
        : {
            name: plan.cni.name,
            version: plan.cni.version,
            enforces: plan.enforcement.enforces,
            ownNode: plan.enforcement.ownNode,
          },
    policy: kind,
    manifests,
    files,
    limits,
    clusterFindings: plan?.findings ?? [],
    changes: [],
  };
}

async function finish(cli: CliContext, result: NetpolResult): Promise<number> {
  await writeOut(cli, result);
  const failed = result.changes.some(({ outcome }) => outcome === 'failed' || outcome === 'skipped');
  return cli.shutdown.exitCode() ?? (failed ? 1 : 0);
}

function unchanged(): number {
  print(process.stderr, safeText('Nothing was changed.\n'));
  return 0;
}
