/** Drains a node by the Eviction API: asks each pod to leave, waits until it is gone, and names what holds it. */
import { monotonic, sleep } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { field } from './api-object.js';
import { type LeavingPod, describeLeft } from './drain-blockers.js';
import { type DrainPod, fateOf, keyOfDaemonSet, listed, podName, readPod } from './drain-pods.js';
import type { ClusterError, Gateway } from './gateway.js';
import { listAll } from './list.js';

export interface DrainOptions {
  /** Milliseconds for the whole drain. */
  readonly deadline: number;
  /** Ends the drain early; pods that were evicted until then stay evicted. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds. */
const pollInterval = 1000;
/** Milliseconds until a pod that was not evicted is asked again. */
const retryInterval = 5000;
const requestDeadline = 10_000;
/** The least time for the last request, so that its timeout does not look like an API server that does not answer. */
const leastRequestTime = 1000;
const explainDeadline = 20_000;
const evictionsAtOnce = 10;

interface Drain {
  readonly node: string;
  /** Every request ends with the drain. */
  readonly api: Gateway;
  /** By uid: a pod of the same name may run elsewhere meanwhile. */
  readonly pods: Map<string, Leaving>;
  /** Of the Eviction that is posted. */
  version: 'policy/v1' | 'policy/v1beta1';
  /** The last list that failed. */
  trouble: ClusterError | undefined;
}

interface Leaving extends LeavingPod {
  /** When it may be asked to leave, by the monotonic clock. */
  readonly due: number;
  readonly terminatingSince: number | undefined;
}

type Fault = ClusterError | undefined;

/**
 * The node has to be cordoned. Leaves pods of DaemonSets, static pods and finished pods; refuses, with nothing evicted, if a pod
 * has no controller or has local data. Only the pods of the first list have to leave: what comes later tolerates the cordon.
 */
export async function drainNode(
  gateway: Gateway,
  node: string,
  { deadline, signal }: DrainOptions,
): Promise<Result<undefined, ClusterError>> {
  const end = monotonic() + deadline;
  const isStopped = (): boolean => signal?.aborted === true;
  const drain: Drain = {
    ...{ node, api: endingAt(gateway, end), pods: new Map(), version: 'policy/v1', trouble: undefined },
  };
  const begun = await begin(drain, end, signal);
  if (begun !== undefined) return fail(begun);
  while (drain.pods.size > 0) {
    if (isStopped()) return fail(stopped(drain));
    if (monotonic() >= end) return fail(await outOfTime(gateway, drain, deadline));
    const fault = await evictDue(drain);
    if (fault !== undefined) return fail(fault);
    await sleep(Math.min(pollInterval, Math.max(0, end - monotonic())), signal);
    const lost = await refresh(drain);
    if (lost !== undefined) return fail(lost);
  }
  return ok(undefined);
}

/** The same gateway, whose requests end at `end`, or a second later. */
function endingAt(gateway: Gateway, end: number): Gateway {
  const left = (): number => Math.max(leastRequestTime, Math.min(requestDeadline, end - monotonic()));
  return {
    ...gateway,
    get: (path, limits) => gateway.get(path, { ...limits, deadline: left() }),
    send: (request) => gateway.send(request, left()),
  };
}

/** Finds the pods that have to leave, asking again while the API server does not answer. */
async function begin(drain: Drain, end: number, signal: AbortSignal | undefined): Promise<Fault> {
  for (;;) {
    const found = await findLeaving(drain);
    if (found === undefined || isFinal(found)) return found;
    if (signal?.aborted === true) return stopped(drain);
    if (monotonic() >= end) return found;
    await sleep(Math.min(retryInterval, Math.max(0, end - monotonic())), signal);
  }
}

async function findLeaving(drain: Drain): Promise<Fault> {
  const pods = await podsOf(drain);
  if (!pods.ok) return pods.error;
  const gone = await goneDaemonSets(drain.api, pods.value);
  if (!gone.ok) return gone.error;
  const fates = pods.value.map((pod) => ({ pod, fate: fateOf(pod, (key) => gone.value.has(key)) }));
  const refused = fates.flatMap(({ pod, fate }) => (fate.kind === 'refused' ? [`${podName(pod)} ${fate.why}`] : []));
  if (refused.length > 0)
    return { kind: 'refused', message: `nothing was evicted: ${listed(refused, 5)}`, status: undefined };
  for (const { pod, fate } of fates) if (fate.kind === 'leaves') drain.pods.set(pod.uid, leaving(pod, undefined));
  return undefined;
}

async function podsOf({ api, node }: Drain): Promise<Result<readonly DrainPod[], ClusterError>> {
  const answer = await listAll(api, `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`);
  if (!answer.ok) return answer;
  const own = answer.value.filter((one) => field(field(one, 'spec'), 'nodeName') === node).map(readPod);
  if (own.some((pod) => pod === undefined))
    return fail({ kind: 'malformed', message: 'the API server listed a pod without a name or uid' });
  return ok(own.flatMap((pod) => pod ?? []));
}

/** Keys of the DaemonSets of these pods that exist no more. */
async function goneDaemonSets(
  api: Gateway,
  pods: readonly DrainPod[],
): Promise<Result<ReadonlySet<string>, ClusterError>> {
  const paths = new Map(
    pods.flatMap((pod) =>
      pod.controller?.kind === 'DaemonSet' && !pod.finished
        ? [[keyOfDaemonSet(pod, pod.controller), daemonSetPath(pod.namespace, pod.controller.name)] as const]
        : [],
    ),
  );
  const gone = new Set<string>();
  for (const [key, path] of paths) {
    const answer = await api.get(path);
    if (!answer.ok && answer.error.status !== 404) return answer;
    if (!answer.ok) gone.add(key);
  }
  return ok(gone);
}

const daemonSetPath = (namespace: string, name: string): string =>
  `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${encodeURIComponent(name)}`;

function leaving(pod: DrainPod, before: Leaving | undefined): Leaving {
  const now = monotonic();
  const terminatingSince = pod.deletion === undefined ? undefined : (before?.terminatingSince ?? now);
  const terminatingFor = terminatingSince === undefined ? undefined : now - terminatingSince;
  return { pod, terminatingSince, terminatingFor, error: before?.error, due: before?.due ?? now };
}

/** Evicts the pods that are due. Returns an error if waiting cannot help. */
async function evictDue(drain: Drain): Promise<Fault> {
  const due = [...drain.pods.values()].filter((one) => one.pod.deletion === undefined && one.due <= monotonic());
  for (let at = 0; at < due.length; at += evictionsAtOnce) {
    const batch = due.slice(at, at + evictionsAtOnce);
    const faults = await Promise.all(batch.map((one) => evict(drain, one)));
    const fault = faults.find((one) => one !== undefined);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function evict(drain: Drain, one: Leaving): Promise<Fault> {
  const { namespace, name, uid } = one.pod;
  const { version } = drain;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`;
  // A newer pod with the same name is another pod.
  const body = {
    ...{ apiVersion: version, kind: 'Eviction', metadata: { namespace, name } },
    deleteOptions: { preconditions: { uid } },
  };
  const answer = await drain.api.send({ method: 'POST', path, body });
  const error = answer.ok ? undefined : answer.error;
  const isTooOld = error?.status === 400 && version === 'policy/v1';
  // Servers before 1.22 know the older version alone.
  if (isTooOld) drain.version = 'policy/v1beta1';
  drain.pods.set(uid, { ...one, error, due: isTooOld ? monotonic() : monotonic() + retryInterval });
  if (error === undefined || isTooOld || !isFinal(error)) return undefined;
  return { ...error, message: `${podName(one.pod)} cannot be evicted: ${error.message}` };
}

/** Errors that waiting cannot fix. Pods of a namespace that is being deleted go without an eviction. */
function isFinal({ kind, status, message }: ClusterError): boolean {
  if (kind === 'refused' && status === undefined) return true;
  if (status === 403) return !/being terminated/.test(message);
  if (status === 500) return /more than one PodDisruptionBudget/.test(message);
  return status !== undefined && status >= 400 && status < 500 && ![404, 408, 409, 410, 429].includes(status);
}

/** Finds out which pods are gone. While the API server does not answer, no pod counts as gone. */
async function refresh(drain: Drain): Promise<Fault> {
  const listedNow = await podsOf(drain);
  drain.trouble = listedNow.ok ? undefined : listedNow.error;
  if (!listedNow.ok) return isFinal(listedNow.error) ? listedNow.error : undefined;
  const seen = new Map(listedNow.value.map((pod) => [pod.uid, pod]));
  for (const [uid, before] of drain.pods) {
    const pod = seen.get(uid);
    if (pod === undefined || pod.finished) drain.pods.delete(uid);
    else drain.pods.set(uid, leaving(pod, before));
  }
  return undefined;
}

function stopped({ pods }: Drain): ClusterError {
  const left = pods.size === 0 ? '' : ` with ${count(pods.size)} left`;
  return { kind: 'refused', message: `the run was stopped during the drain${left}` };
}

/** The error for a drain that ran out of time. Listing the budgets has a short deadline of its own. */
async function outOfTime(gateway: Gateway, { pods, trouble }: Drain, deadline: number): Promise<ClusterError> {
  const why = await describeLeft(endingAt(gateway, monotonic() + explainDeadline), [...pods.values()]);
  const silent = trouble === undefined ? '' : `; the API server did not answer last: ${oneLine(trouble.message, 120)}`;
  return {
    kind: 'refused',
    message: `${count(pods.size)} left after ${Math.round(deadline / 1000)} s: ${why}${silent}`,
  };
}

const count = (pods: number): string => `${pods} pod${pods === 1 ? '' : 's'}`;
