/** audit: reads every host and judges it against the playbooks. Changes nothing. */
import { readOnce } from '../cluster/read-once.js';
import { isoTime } from '../lib/clock.js';
import type { AuditResult } from '../report/model.js';
import { clusterFindings } from './cluster-findings.js';
import { closingOf, findConsumers } from './consumers.js';
import type { Run } from './context.js';
import { withCluster } from './with-cluster.js';
import { auditSummary, baseOf, notesOf } from './results.js';
import { survey } from './survey.js';

export async function audit(run: Run): Promise<AuditResult> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const goal = { playbooks: run.playbooks, plan: undefined, showValues: run.showValues };
    const surveyed = await survey(run.hosts, () => goal, { ...run, cluster });
    const hosts = surveyed.map(({ result }) => (result.ok ? result.value.draft.host : result.error));
    // A part of the hosts may be empty; the other parts tell of the cluster.
    const reading = cluster && hosts.length > 0 ? { ...cluster, api: readOnce(cluster.api) } : undefined;
    const consumers = reading && (await findConsumers(run, surveyed, closingOf(hosts), reading));
    const found = await clusterFindings(run, surveyed, reading, consumers);
    const summary = auditSummary(hosts, found);
    const notes = notesOf(run, missing);
    return { ...baseOf(run, startedAt, hosts), kind: 'audit', hosts, clusterFindings: found, summary, notes };
  });
}
