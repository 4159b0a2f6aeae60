/** Makes requests for certificates, byte by byte: valid ones as a kubelet files them, and every kind of forgery. */
import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { pemOfDer } from '../../src/csr/request.js';

/** One element: its tag byte and its content. */
export function element(tag: number, ...content: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(content.map((one) => (typeof one === 'string' ? Buffer.from(one, 'latin1') : one)));
  const bytes = body.length.toString(16).padStart(2, '0');
  const hex = bytes.length % 2 === 0 ? bytes : `0${bytes}`;
  const length =
    body.length < 128 ? Buffer.of(body.length) : Buffer.from([0x80 | (hex.length / 2), ...Buffer.from(hex, 'hex')]);
  return Buffer.concat([Buffer.of(tag), length, body]);
}
export const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 127];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 127) | 128);
    return groups;
  });
  return element(0x06, Buffer.from(bytes));
}

/** `CN`, `O` or an OID, and the value. */
export type Attribute = readonly [kind: string, value: string];
const kinds: Readonly<Record<string, string>> = { CN: '2.5.4.3', O: '2.5.4.10' };
const rdn = ([kind, value]: Attribute): Buffer =>
  element(0x31, sequence(oid(kinds[kind] ?? kind), element(0x0c, Buffer.from(value, 'utf8'))));

export const dns = (name: string): Buffer => element(0x82, name);
export function ip(text: string): Buffer {
  if (isIP(text) === 4) return element(0x87, Buffer.from(text.split('.').map(Number)));
  const [head = '', tail] = text.split('::');
  const groups = (part: string): string[] => part.split(':').filter(Boolean);
  const [before, after] = [groups(head), groups(tail ?? '')];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return element(0x87, Buffer.from(all.map((one) => one.padStart(4, '0')).join(''), 'hex'));
}
export const alternativeNames = (...names: readonly Buffer[]): Buffer => extension('2.5.29.17', sequence(...names));
export const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [element(0x01, Buffer.of(0xff))] : []), element(0x04, value));

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
export const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });

export interface RequestParts {
  readonly keys?: Keys;
  readonly subject?: readonly Attribute[];
  /** Whole extensions. */
  readonly extensions?: readonly Buffer[];
  /** Whole attributes behind the request for extensions. */
  readonly attributes?: readonly Buffer[];
}

const signatures: Readonly<Record<string, readonly [oid: string, hash: string | null]>> = {
  ec: ['1.2.840.10045.4.3.2', 'sha256'],
  rsa: ['1.2.840.113549.1.1.11', 'sha256'],
  ed25519: ['1.3.101.112', null],
};

/** DER of a PKCS#10 request, signed with its own key. */
export function requestDer({ keys = newKeys(), subject = [], extensions = [], attributes = [] }: RequestParts): Buffer {
  const asked = sequence(oid('1.2.840.113549.1.9.14'), element(0x31, sequence(...extensions)));
  const info = sequence(
    element(0x02, Buffer.of(0)),
    sequence(...subject.map(rdn)),
    keys.publicKey.export({ format: 'der', type: 'spki' }),
    element(0xa0, ...(extensions.length === 0 ? [] : [asked]), ...attributes),
  );
  const [algorithm, hash] = signatures[keys.publicKey.asymmetricKeyType ?? ''] ?? ['1.2.3', null];
  return sequence(info, sequence(oid(algorithm)), element(0x03, Buffer.of(0), sign(hash, info, keys.privateKey)));
}

export const subjectOf = (node: string): readonly Attribute[] => [
  ['O', 'system:nodes'],
  ['CN', `system:node:${node}`],
];

/** A name is an IP address or a DNS name. */
export const sanOf = (names: readonly string[]): Buffer =>
  alternativeNames(...names.map((name) => (isIP(name) === 0 ? dns(name) : ip(name))));

export interface Filed {
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly createdAt?: string;
  readonly signerName?: string;
  readonly username?: string;
  readonly groups?: readonly string[];
  readonly usages?: readonly string[];
  readonly expirationSeconds?: unknown;
  readonly pem?: string;
  readonly status?: object;
}

/** The object as the API server holds it; unless told otherwise a valid one of n1. */
export function filed(filed: Filed = {}): object {
  const pem =
    filed.pem ?? pemOfDer(requestDer({ subject: subjectOf('n1'), extensions: [sanOf(['n1', '192.0.2.11'])] }));
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: {
      name: filed.name ?? 'csr-abcde',
      uid: filed.uid ?? 'uid-1',
      resourceVersion: filed.resourceVersion ?? '100',
      creationTimestamp: filed.createdAt ?? '2026-11-29T12:00:00Z',
    },
    spec: {
      request: Buffer.from(pem, 'latin1').toString('base64'),
      signerName: filed.signerName ?? 'kubernetes.io/kubelet-serving',
      username: filed.username ?? 'system:node:n1',
      groups: filed.groups ?? ['system:nodes', 'system:authenticated'],
      usages: filed.usages ?? ['digital signature', 'server auth'],
      ...(filed.expirationSeconds === undefined ? {} : { expirationSeconds: filed.expirationSeconds }),
    },
    status: filed.status ?? {},
  };
}
