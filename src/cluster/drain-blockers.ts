/** Why pods are still on a node when the time for its drain is over: the budget that blocks, a pod that does not end. */
import { oneLine } from '../lib/sanitize.js';
import { field, nameOf } from './api-object.js';
import { type DrainPod, listed, podName } from './drain-pods.js';
import type { ClusterError, Gateway } from './gateway.js';
import { selects } from './label-selector.js';
import { listAll } from './list.js';

/** A pod that has to leave. */
export interface LeavingPod {
  readonly pod: DrainPod;
  /** Milliseconds since its deletion was first seen here; clocks of machines are not compared. */
  readonly terminatingFor: number | undefined;
  /** Why its last eviction failed. */
  readonly error: ClusterError | undefined;
}

/** What to say of a group at most. */
const mostReasons = 4;

/** One line: the pods with the reason of each, those with the same reason together. Asks for the budgets of blocked pods. */
export async function describeLeft(gateway: Gateway, left: readonly LeavingPod[]): Promise<string> {
  const budgets = new Map<string, Promise<Budgets>>();
  const reasons = new Map<string, string[]>();
  for (const one of left) {
    const { namespace } = one.pod;
    const isBlocked = one.pod.deletion === undefined && one.error?.status === 429;
    if (isBlocked && !budgets.has(namespace)) budgets.set(namespace, listBudgets(gateway, namespace));
    const reason = reasonOf(one, isBlocked ? await budgets.get(namespace) : undefined);
    reasons.set(reason, [...(reasons.get(reason) ?? []), podName(one.pod)]);
  }
  const parts = [...reasons].map(([reason, pods]) => `${listed(pods)}: ${reason}`);
  const more = parts.length - mostReasons;
  return [...parts.slice(0, mostReasons), ...(more > 0 ? [`and ${more} more reasons`] : [])].join('; ');
}

function reasonOf({ pod, terminatingFor = 0, error }: LeavingPod, budgets: Budgets | undefined): string {
  if (pod.deletion !== undefined) return terminatingText(pod.deletion, terminatingFor);
  if (budgets !== undefined) return blockedText(pod, budgets, error);
  return error === undefined ? 'not evicted yet' : `not evicted: ${oneLine(error.message, 120)}`;
}

function terminatingText({ grace, finalizers }: NonNullable<DrainPod['deletion']>, age: number): string {
  const seconds = Math.round(age / 1000);
  const held = finalizers.length === 0 ? '' : `, finalizers: ${listed(finalizers.map((one) => oneLine(one, 60)))}`;
  const past =
    grace === undefined ? '' : seconds > grace ? `, past its grace of ${grace} s` : `, its grace is ${grace} s`;
  return `terminating for ${seconds} s${past}${held}`;
}

/** The budgets of one namespace, or why they could not be listed. */
type Budgets = readonly unknown[] | { readonly fault: string };

async function listBudgets(gateway: Gateway, namespace: string): Promise<Budgets> {
  const of = (version: string): ReturnType<typeof listAll> =>
    listAll(gateway, `/apis/policy/${version}/namespaces/${encodeURIComponent(namespace)}/poddisruptionbudgets`);
  let answer = await of('v1');
  // Before 1.21 there is v1beta1 alone.
  if (!answer.ok && answer.error.status === 404) answer = await of('v1beta1');
  return answer.ok ? answer.value : { fault: oneLine(answer.error.message, 100) };
}

function blockedText(pod: DrainPod, budgets: Budgets, error: ClusterError | undefined): string {
  if ('fault' in budgets)
    return `blocked, by a PodDisruptionBudget it seems; they could not be listed: ${budgets.fault}`;
  const matching = budgets.filter((one) => selects(field(field(one, 'spec'), 'selector'), pod.labels));
  if (matching.length === 0) return `not evicted: ${oneLine(error?.message ?? '', 120)}`;
  const named = matching.map((one) => budgetText(pod.namespace, one));
  return `blocked by PodDisruptionBudget ${listed(named)}`;
}

function budgetText(namespace: string, budget: unknown): string {
  const status = field(budget, 'status');
  const number = (name: string): string => {
    const value = field(status, name);
    return typeof value === 'number' ? String(value) : '?';
  };
  const name = podName({ namespace, name: nameOf(budget) });
  const allowed = `${number('disruptionsAllowed')} disruptions allowed`;
  return `${name} (${allowed}; healthy ${number('currentHealthy')}, needed ${number('desiredHealthy')})`;
}
