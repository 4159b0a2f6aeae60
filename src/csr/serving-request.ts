/** A CertificateSigningRequest as the API server holds it, read without trust. Pure. */
import { field, isRecord, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { type Result, fail } from '../lib/result.js';
import { type DecodedRequest, decodeRequest, strictBase64 } from './request.js';

export const servingSigner = 'kubernetes.io/kubelet-serving';
export const requestsPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

export interface RequestCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since the epoch; undefined if the API server did not say. */
  readonly at: number | undefined;
}

export interface ServingRequest {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Milliseconds since the epoch, to the second. NaN if it cannot be read. */
  readonly createdAt: number;
  readonly signerName: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly usages: readonly string[];
  /** Undefined if it requests no lifetime; NaN if the value is not a number. */
  readonly expirationSeconds: number | undefined;
  /** An error says why the request itself cannot be read. */
  readonly decoded: Result<DecodedRequest, string>;
  readonly conditions: readonly RequestCondition[];
  /** PEM of the issued certificate; empty until then. */
  readonly certificate: string;
  /** The whole object, to be sent back with an approval. */
  readonly object: unknown;
}

export function readRequest(object: unknown): ServingRequest {
  const [metadata, spec, status] = ['metadata', 'spec', 'status'].map((name) => field(object, name));
  const seconds = field(spec, 'expirationSeconds');
  return {
    name: nameOf(object),
    uid: textOf(field(metadata, 'uid')),
    resourceVersion: textOf(field(metadata, 'resourceVersion')),
    createdAt: timeOf(field(metadata, 'creationTimestamp')) ?? NaN,
    signerName: textOf(field(spec, 'signerName')),
    username: textOf(field(spec, 'username')),
    groups: textsOf(field(spec, 'groups')),
    usages: textsOf(field(spec, 'usages')),
    expirationSeconds: seconds === undefined || seconds === null ? undefined : numberOf(seconds),
    decoded: decoded(textOf(field(spec, 'request'))),
    conditions: listOf(field(status, 'conditions')).map(conditionOf),
    certificate: textIn(textOf(field(status, 'certificate'))),
    object,
  };
}

/** A value that is not a string becomes a text that no name, usage or group equals. */
const textsOf = (value: unknown): readonly string[] =>
  listOf(value).map((one) => (typeof one === 'string' ? one : '(not a text)'));

const numberOf = (value: unknown): number => (Number.isInteger(value) ? (value as number) : NaN);

export function timeOf(value: unknown): number | undefined {
  const time = Date.parse(textOf(value));
  return Number.isNaN(time) ? undefined : time;
}

const conditionOf = (value: unknown): RequestCondition => ({
  type: textOf(field(value, 'type')),
  status: textOf(field(value, 'status')),
  reason: textOf(field(value, 'reason')),
  message: textOf(field(value, 'message')),
  at: timeOf(field(value, 'lastUpdateTime')),
});

function decoded(text: string): Result<DecodedRequest, string> {
  const bytes = strictBase64(text);
  return bytes === undefined ? fail('the request is not base64') : decodeRequest(bytes.toString('latin1'));
}

const textIn = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1');

export type RequestState = 'pending' | 'approved' | 'issued' | 'denied' | 'failed';

/** `approved`: but not issued yet. Any condition that is not known counts as a decision, too. */
export function stateOf({ conditions, certificate }: ServingRequest): RequestState {
  const has = (type: string): boolean => conditions.some((one) => one.type === type);
  if (has('Denied')) return 'denied';
  if (has('Failed')) return 'failed';
  if (certificate !== '') return 'issued';
  return conditions.length === 0 ? 'pending' : 'approved';
}

/** The Node in a name such as `system:node:n1`; undefined for another name. */
export const nodeOfUser = (username: string): string | undefined =>
  /^system:node:([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)$/.exec(username)?.[1];

/** The object with the condition Approved added. */
export function approved({ object }: ServingRequest, condition: Omit<RequestCondition, 'at'> & { at: string }): object {
  const { at, ...rest } = condition;
  const base = isRecord(object) ? object : {};
  const status = field(base, 'status');
  const conditions = [...listOf(field(status, 'conditions')), { ...rest, lastUpdateTime: at }];
  return { ...base, status: { ...(isRecord(status) ? status : {}), conditions } };
}
