/** Reads and writes the Lease that is the cluster's run lock. A write replaces only the version that was read. */
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { ApiResponse, ClusterError, Gateway } from './gateway.js';

export const leaseNamespace = 'kube-system';
export const leaseName = 'kubelatch';
const folder = `/apis/coordination.k8s.io/v1/namespaces/${leaseNamespace}/leases`;
/** Milliseconds for one request, short enough for several attempts before the Lease expires. */
const deadline = 4000;

export interface Lease {
  readonly uid: string;
  readonly version: string;
  /** holderIdentity as it is; undefined if nobody holds the Lease. */
  readonly holder: string | undefined;
  /** Milliseconds; undefined if missing or invalid. */
  readonly duration: number | undefined;
  /** Milliseconds since the epoch, by another machine's clock. */
  readonly acquired: number | undefined;
  readonly transitions: number;
  /** The field with a value that no run writes, as text; undefined if all fields are valid. */
  readonly invalid: string | undefined;
  /** The API server's clock at the time of the response, in milliseconds since the epoch. */
  readonly date: number | undefined;
  /** Labels, annotations and other metadata, which every write keeps. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface LeaseSpec {
  readonly holder: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds since the epoch, by the API server's clock; undefined if that is not known yet. */
  readonly acquired: number | undefined;
  readonly renewed: number | undefined;
  readonly transitions: number;
}

/** The current Lease; undefined if there is none. */
export async function readLease(gateway: Gateway): Promise<Result<Lease | undefined, ClusterError>> {
  const answer = await gateway.send({ method: 'GET', path: `${folder}/${leaseName}` }, deadline);
  if (answer.ok) return parseLease(answer.value);
  return answer.error.status === 404 ? ok(undefined) : answer;
}

/** Replaces `last`, or creates the Lease. Fails with status 409, without a write, if another client wrote first. */
export async function writeLease(
  gateway: Gateway,
  last: Lease | undefined,
  terms: LeaseSpec,
): Promise<Result<Lease, ClusterError>> {
  const { holder, duration, acquired, renewed, transitions } = terms;
  // Send the uid: a PUT with only a version would create a deleted Lease again.
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

function parseLease({ body, date }: ApiResponse): Result<Lease, ClusterError> {
  const metadata = recordOf(recordOf(body)['metadata']);
  const spec = recordOf(recordOf(body)['spec']);
  const { uid, resourceVersion: version } = metadata;
  // Without these fields the API server could not reject a conflicting write.
  if (typeof uid !== 'string' || typeof version !== 'string' || uid === '' || version === '')
    return fail({
      kind: 'malformed',
      message: `the API server did not return a Lease: ${oneLine(JSON.stringify(body), 80)}`,
    });
  const { holderIdentity: holder, leaseDurationSeconds: seconds, acquireTime, renewTime, leaseTransitions } = spec;
  const acquired = typeof acquireTime === 'string' ? Date.parse(acquireTime) : NaN;
  return ok({
    uid,
    version,
    holder: typeof holder === 'string' && holder !== '' ? holder : undefined,
    duration: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined,
    acquired: Number.isNaN(acquired) ? undefined : acquired,
    transitions: Number.isSafeInteger(leaseTransitions) ? Number(leaseTransitions) : 0,
    invalid: durationFault(seconds) ?? renewalFault(renewTime, date),
    date,
    metadata,
  });
}

/** Seconds; a longer duration is invalid. */
const maxDuration = 3600;
/** Milliseconds that another machine's clock may be ahead. */
const clockSkew = 3_600_000;

function durationFault(seconds: unknown): string | undefined {
  if (seconds === undefined || seconds === null) return undefined;
  const isSound = Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= maxDuration;
  return isSound ? undefined : `leaseDurationSeconds is ${oneLine(JSON.stringify(seconds), 40)}`;
}

function renewalFault(renewed: unknown, date: number | undefined): string | undefined {
  if (renewed === undefined || renewed === null) return undefined;
  const time = typeof renewed === 'string' ? Date.parse(renewed) : NaN;
  const isSound = !Number.isNaN(time) && (date === undefined || time <= date + clockSkew);
  return isSound ? undefined : `renewTime is ${oneLine(JSON.stringify(renewed), 60)}`;
}

/** RFC 3339 with six fractional digits, the only number of digits that the API server accepts. */
const microTime = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace('Z', '000Z');

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
