/** The Lease object that is the cluster's run lock: read, and written only over the very version that was read. */
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { Answer, ClusterError, Gateway } from './gateway.js';

export const leaseNamespace = 'kube-system';
export const leaseName = 'kubelatch';
const folder = `/apis/coordination.k8s.io/v1/namespaces/${leaseNamespace}/leases`;
/** Milliseconds for one request: a renewal has several tries before it is too late. */
const deadline = 4000;

export interface Lease {
  readonly uid: string;
  readonly version: string;
  /** Exactly as it stands there; undefined where nobody holds it. */
  readonly holder: string | undefined;
  /** Milliseconds; undefined where it says nothing that makes sense. */
  readonly duration: number | undefined;
  /** Milliseconds since the epoch, by a clock that is not ours. */
  readonly acquired: number | undefined;
  readonly transitions: number;
  /** The API server's clock as it answered, in milliseconds since the epoch. */
  readonly date: number | undefined;
  /** What others wrote on it, to be kept. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface LeaseTerms {
  readonly holder: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds since the epoch, by the API server's clock; undefined where that is not known yet. */
  readonly acquired: number | undefined;
  readonly renewed: number | undefined;
  readonly transitions: number;
}

/** The Lease as it is, or undefined where there is none. */
export async function readLease(gateway: Gateway): Promise<Result<Lease | undefined, ClusterError>> {
  const answer = await gateway.send({ method: 'GET', path: `${folder}/${leaseName}` }, deadline);
  if (answer.ok) return parseLease(answer.value);
  return answer.error.status === 404 ? ok(undefined) : answer;
}

/** Writes over `last`, or creates it; status 409 where somebody else was faster, and nothing is written then. */
export async function writeLease(
  gateway: Gateway,
  last: Lease | undefined,
  terms: LeaseTerms,
): Promise<Result<Lease, ClusterError>> {
  const { holder, duration, acquired, renewed, transitions } = terms;
  // With the uid, for a PUT with a version alone creates a Lease that is gone.
  const known = last === undefined ? {} : { ...last.metadata, uid: last.uid, resourceVersion: last.version };
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...known, name: leaseName, namespace: leaseNamespace },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.ceil(duration / 1000),
      acquireTime: microTime(acquired),
      renewTime: microTime(renewed),
      leaseTransitions: transitions,
    },
  };
  const request =
    last === undefined
      ? ({ method: 'POST', path: folder, body } as const)
      : ({ method: 'PUT', path: `${folder}/${leaseName}`, body } as const);
  const answer = await gateway.send(request, deadline);
  return answer.ok ? parseLease(answer.value) : answer;
}

function parseLease({ body, date }: Answer): Result<Lease, ClusterError> {
  const metadata = recordOf(recordOf(body)['metadata']);
  const spec = recordOf(recordOf(body)['spec']);
  const { uid, resourceVersion: version } = metadata;
  // Without them a write would not be refused when it should be.
  if (typeof uid !== 'string' || typeof version !== 'string' || uid === '' || version === '')
    return fail({ kind: 'malformed', message: `the answer is no Lease: ${oneLine(JSON.stringify(body), 80)}` });
  const { holderIdentity: holder, leaseDurationSeconds: seconds, acquireTime, leaseTransitions } = spec;
  const acquired = typeof acquireTime === 'string' ? Date.parse(acquireTime) : NaN;
  return ok({
    uid,
    version,
    holder: typeof holder === 'string' && holder !== '' ? holder : undefined,
    duration: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined,
    acquired: Number.isNaN(acquired) ? undefined : acquired,
    transitions: Number.isSafeInteger(leaseTransitions) ? Number(leaseTransitions) : 0,
    date,
    metadata,
  });
}

/** RFC 3339 with exactly six digits of a second: the API server takes no other number of them. */
const microTime = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace('Z', '000Z');

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
