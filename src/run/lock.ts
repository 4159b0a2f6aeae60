/** The cluster's run lock as a run meets it: taken before anything is changed, or refused in one line with what to do. */
import type { Cluster } from '../cluster/cluster.js';
import { leaseName, leaseNamespace } from '../cluster/lease.js';
import type { LockRequest, LeaseHolder, LeaseRefusal, RunLease } from '../cluster/run-lease.js';
import { ToolError } from '../lib/errors.js';
import type { Report } from './outcome.js';
import { nextCommand } from '../lib/next-command.js';

/**
 * Holds the lock while `work` goes on; without the API server there is none. Throws ToolError `cluster` when another run
 * holds it, or when it cannot be read or written: nothing was changed then.
 */
export async function withRunLock<T>(
  { shutdown, report }: { readonly shutdown: AbortSignal; readonly report: Report },
  cluster: Pick<Cluster, 'lock'> | undefined,
  who: Pick<LockRequest, 'operator' | 'run' | 'deadHolder'>,
  work: (lease: RunLease | undefined) => Promise<T>,
): Promise<T> {
  if (cluster === undefined) return work(undefined);
  const onWait = (by: LeaseHolder): void => {
    const lasts = `for ${seconds(by.duration)} whether it is alive`;
    report({ event: 'waiting', reason: `${nameOf(by)} holds the run lock of this cluster; watching ${lasts}` });
  };
  const lease = await cluster.lock({ ...who, onWait, signal: shutdown });
  if (!lease.ok) throw refusalError(lease.error, isVerb(who.run));
  try {
    return await work(lease.value);
  } finally {
    await lease.value.release();
  }
}

/** Verbs that change objects of the cluster and no node. They have no journal; in the Lease they stand where a run has its id. */
export const clusterVerbs = ['netpol', 'persist'] as const;
export type ClusterVerb = (typeof clusterVerbs)[number];
const isVerb = (run: string): boolean => clusterVerbs.some((verb) => verb === run);

/** `needsCluster`: the claimant can do nothing without the API server. */
function refusalError(refusal: LeaseRefusal, needsCluster: boolean): ToolError {
  switch (refusal.kind) {
    case 'interrupted':
      return new ToolError('interrupted', 'interrupted while waiting for the run lock of the cluster', {
        hint: 'nothing was changed',
      });
    case 'unusable':
      return new ToolError('cluster', `the run lock of this cluster cannot be taken: ${refusal.error.message}`, {
        hint: `nothing was changed; allow get, create and update on leases.coordination.k8s.io in ${leaseNamespace}${needsCluster ? '' : ', or add --no-cluster to work without the API server'}`,
      });
    case 'invalid':
      return invalidLeaseError(refusal.by, refusal.what);
    case 'held':
      return heldError(refusal.by, refusal.renewed);
  }
}

function invalidLeaseError(by: LeaseHolder, what: string): ToolError {
  return new ToolError('cluster', `the run lock of this cluster, held by ${nameOf(by)}, is invalid: ${what}`, {
    hint: `nothing was changed; find out who wrote it: kubectl -n ${leaseNamespace} get lease ${leaseName} -o yaml; if no run is in progress, delete it: kubectl -n ${leaseNamespace} delete lease ${leaseName}`,
  });
}

function heldError(by: LeaseHolder, renewed: boolean): ToolError {
  const taken = by.age === undefined ? [] : [by.age < 2000 ? 'taken just now' : `taken ${span(by.age)} ago`];
  const state = [...taken, renewed ? 'still renewed' : `valid for ${span(by.duration)} after each renewal`].join(', ');
  const there = by.operator?.slice(by.operator.lastIndexOf('@') + 1) ?? '';
  const isRun = by.run !== undefined && !isVerb(by.run);
  const resume = isRun ? `; if it died, run on ${there}: ${nextCommand('resume', by.run)}` : '';
  const free = `a dead run's lock expires ${seconds(by.duration)} after its last renewal`;
  const last = `only if that run is certainly over: kubectl -n ${leaseNamespace} delete lease ${leaseName}`;
  return new ToolError('cluster', `${nameOf(by)} holds the run lock of this cluster: ${state}`, {
    hint: `nothing was changed; wait for that run${resume}; ${free}; ${last}`,
  });
}

const nameOf = ({ operator, run, identity }: LeaseHolder): string =>
  operator === undefined || run === undefined ? identity : `${operator} (${isVerb(run) ? run : `run ${run}`})`;

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

/** `40 s`, `12 min`, `3 h`. */
function span(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 2) return `${Math.round(ms / 1000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
