/** plan: what audit does, and the exact edits that would bring each host into line. Changes nothing. */
import type { Cluster } from '../cluster/cluster.js';
import { readOnce } from '../cluster/read-once.js';
import { isoTime } from '../lib/clock.js';
import { planWaves } from '../plan/waves.js';
import type { HostPlanned, PlanResult } from '../report/model.js';
import { clusterFindings } from './cluster-findings.js';
import { type Consumers, closingOf, findConsumers, refuseWebhook } from './consumers.js';
import type { RolloutFlags, Run } from './context.js';
import { changingPlans, settled } from './judge.js';
import { refuseSharedNodes } from './node-claim.js';
import { whyNoApprover } from './serving-findings.js';
import { withCluster } from './with-cluster.js';
import { baseOf, notesOf } from './results.js';
import { clientCaEvidence, survey } from './survey.js';

export const plan = async (run: Run, flags: Pick<RolloutFlags, 'waves'>): Promise<PlanResult> =>
  (await planWithConsumers(run, flags)).planned;

/** For a plan that is carried out later in the same process. */
export const planWithConsumers = (run: Run, flags: Pick<RolloutFlags, 'waves'>): Promise<PlanMade> =>
  withCluster(run, (cluster, missing) => planWith(run, flags, cluster, missing));

/** A plan, and the clients that it would turn away. */
export interface PlanMade {
  readonly planned: PlanResult;
  /** Undefined without the API server. */
  readonly consumers: Consumers | undefined;
  /** Why the API server was not asked. */
  readonly missing: string | undefined;
}

export async function planWith(
  run: Run,
  flags: Pick<RolloutFlags, 'waves'>,
  cluster: Cluster | undefined,
  missing: string | undefined,
): Promise<PlanMade> {
  const startedAt = isoTime();
  const reading = cluster && { ...cluster, api: readOnce(cluster.api) };
  const noApprover = await whyNoApprover(run, reading);
  const options = { ...run.editOptions, noApprover };
  const goal = { playbooks: run.playbooks, plan: options, showValues: run.showValues };
  const surveyed = await survey(run.hosts, () => goal, { ...run, cluster });
  const evidence = await clientCaEvidence(surveyed, cluster);
  const each = surveyed.map(({ result }): HostPlanned =>
    result.ok ? settled(result.value.draft, evidence) : result.error,
  );
  // Without the API server a name is nobody's, and nothing is done by it.
  const own = cluster === undefined ? each : refuseSharedNodes(each);
  const consumers = reading && (await findConsumers(run, surveyed, closingOf(own), reading));
  const hosts = refuseWebhook(own, consumers?.findings ?? [], run.playbooks);
  const changing = changingPlans(hosts);
  const restarting = changing.filter((one) => one.restart);
  const [servers, workers] = [true, false].map((wanted) =>
    changing.filter((one) => (one.role === 'control-plane') === wanted).map((one) => one.host),
  );
  const summary = {
    hosts: hosts.length,
    change: changing.length,
    restarts: restarting.length,
    controlPlaneRestarts: restarting.filter((one) => one.role === 'control-plane').length,
    unchanged: hosts.filter((host) => host.plan !== undefined && !changing.includes(host.plan)).length,
    refused: hosts.filter((host) => host.refused !== undefined).length,
    notJudged: hosts.filter((host) => host.status !== 'judged').length,
  };
  const waves = planWaves(workers ?? [], servers ?? [], flags.waves);
  const found = await clusterFindings(run, surveyed, reading, consumers);
  const notes = notesOf(run, missing);
  const result = { ...baseOf(run, startedAt, hosts), hosts, clusterFindings: found, waves, summary, notes };
  return { planned: { ...result, kind: 'plan' }, consumers, missing };
}
