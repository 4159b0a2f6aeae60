/** The cluster's run lock as a run meets it: taken before anything is changed, or refused in one line with what to do. */
import type { Cluster } from '../cluster/cluster.js';
import { leaseName, leaseNamespace } from '../cluster/lease.js';
import type { Claim, LeaseHolder, LeaseRefusal, RunLease } from '../cluster/run-lease.js';
import { ToolError } from '../lib/errors.js';
import type { Run } from './run.js';

/**
 * Holds the lock while `work` goes on; without the API server there is none. Throws ToolError `cluster` when another run
 * holds it, or when it cannot be read or written: nothing was changed then.
 */
export async function withRunLock<T>(
  { drain, report }: Pick<Run, 'drain' | 'report'>,
  cluster: Pick<Cluster, 'lock'> | undefined,
  who: Pick<Claim, 'operator' | 'run' | 'dead'>,
  work: (lease: RunLease | undefined) => Promise<T>,
): Promise<T> {
  if (cluster === undefined) return work(undefined);
  const onWatch = (by: LeaseHolder): void => {
    const lasts = `for ${seconds(by.duration)} whether it is alive`;
    report({ event: 'waiting', reason: `${nameOf(by)} holds the run lock of this cluster; watching ${lasts}` });
  };
  const lease = await cluster.lock({ ...who, onWatch, signal: drain });
  if (!lease.ok) throw refusalError(lease.error);
  try {
    return await work(lease.value);
  } finally {
    await lease.value.release();
  }
}

function refusalError(refusal: LeaseRefusal): ToolError {
  switch (refusal.kind) {
    case 'interrupted':
      return new ToolError('interrupted', 'interrupted while waiting for the run lock of the cluster', {
        hint: 'nothing was changed',
      });
    case 'unusable':
      return new ToolError('cluster', `the run lock of the cluster cannot be taken: ${refusal.error.message}`, {
        hint: `nothing was changed; it needs get, create and update on leases.coordination.k8s.io in ${leaseNamespace}, or --no-cluster to go without the API server`,
      });
    case 'held':
      return heldError(refusal.by, refusal.renewed);
  }
}

function heldError(by: LeaseHolder, renewed: boolean): ToolError {
  const taken = by.age === undefined ? [] : [by.age < 2000 ? 'taken just now' : `taken ${span(by.age)} ago`];
  const state = [...taken, renewed ? 'alive just now' : `to be watched for ${span(by.duration)}`].join(', ');
  const there = by.operator?.slice(by.operator.lastIndexOf('@') + 1) ?? '';
  const resume = by.run === undefined ? '' : `, or finish it there (${there}) by kubelatch resume ${by.run} if it died`;
  const free = `once dead it is free ${seconds(by.duration)} after its last renewal`;
  const last = `only when nothing of it runs any more: kubectl -n ${leaseNamespace} delete lease ${leaseName}`;
  return new ToolError('cluster', `${nameOf(by)} holds the run lock of this cluster: ${state}`, {
    hint: `nothing was changed; wait for it${resume}; ${free}; ${last}`,
  });
}

const nameOf = ({ operator, run, identity }: LeaseHolder): string =>
  operator === undefined || run === undefined ? identity : `${operator} (run ${run})`;

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

/** `40 s`, `12 min`, `3 h`. */
function span(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 2) return `${Math.round(ms / 1000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
