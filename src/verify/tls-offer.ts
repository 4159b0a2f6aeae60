/** What a TLS server really offers: its certificate, its versions and its cipher suites, each proved by a handshake. */
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { randomHex } from '../lib/clock.js';
import { oneLine } from '../lib/sanitize.js';
import { type CertificateSeen, certificateOf } from './certificate.js';
import { clientHello, readServerHello } from './client-hello.js';
import { type Suite, type TlsVersion, suiteNumbered, suites, tlsVersions, versionNumbers } from './suites.js';
import type { Opened, Vantage } from './vantage.js';

/** How one handshake ended. */
export type Handshake =
  | {
      readonly kind: 'done';
      readonly version: string;
      readonly suite: string;
      readonly certificate: CertificateSeen | undefined;
    }
  /** The server refused; a number of RFC 8446, 6. */
  | { readonly kind: 'alert'; readonly alert: number }
  /** This machine's OpenSSL could not do its part, which says nothing about the server. */
  | { readonly kind: 'client'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface TlsTarget {
  readonly vantage: Vantage;
  readonly address: string;
  readonly port: number;
  /** Milliseconds for one handshake with its connection. */
  readonly deadline: number;
  /** PEM of the CAs that verify the certificate; undefined if none is known. */
  readonly ca: string | undefined;
  readonly stop: AbortSignal;
}

export type VersionOffer = 'offered' | 'refused' | { readonly unknown: string };

export interface TlsOffer {
  /** With the newest versions that this machine speaks. */
  readonly first: Handshake;
  readonly versions: Readonly<Record<TlsVersion, VersionOffer>>;
  /** The suites up to TLS 1.2 that were negotiated, in the order in which the server prefers them. */
  readonly suites: readonly Suite[];
  /** Why the list may not be whole. */
  readonly incomplete: string | undefined;
}

const PROTOCOL_VERSION = 70;
/** Alerts by which a server says that it shares no suite or no version with the client: 40, 70, 71. */
const refusals: readonly number[] = [40, PROTOCOL_VERSION, 71];
export const INTERNAL_ERROR = 80;

/** One handshake after the other: a kubelet has other things to do, and logs each that fails. */
export async function tlsOffer(target: TlsTarget): Promise<TlsOffer> {
  const first = await handshake(target, {});
  const versions: Record<TlsVersion, VersionOffer> = {
    TLSv1: notTried,
    'TLSv1.1': notTried,
    'TLSv1.2': notTried,
    'TLSv1.3': notTried,
  };
  if (first.kind === 'failed' || (first.kind === 'alert' && !refusals.includes(first.alert)))
    return { first, versions, suites: [], incomplete: 'the first handshake failed' };
  for (const version of tlsVersions) versions[version] = await versionOffer(target, version);
  const old = tlsVersions.filter((version) => version !== 'TLSv1.3');
  if (old.every((version) => versions[version] === 'refused'))
    return { first, versions, suites: [], incomplete: undefined };
  const [spoken, raw] = [
    await spokenSuites(target),
    await rawSuites(
      target,
      suites.filter(({ openssl }) => openssl === undefined),
    ),
  ];
  return { first, versions, suites: [...spoken.found, ...raw.found], incomplete: spoken.incomplete ?? raw.incomplete };
}

const notTried: VersionOffer = { unknown: 'not tried' };

async function versionOffer(target: TlsTarget, version: TlsVersion): Promise<VersionOffer> {
  const isOld = version === 'TLSv1' || version === 'TLSv1.1';
  // Without it OpenSSL itself refuses the old versions, and the server is not even asked.
  const ciphers = isOld ? { ciphers: 'ALL@SECLEVEL=0' } : {};
  const shaken = await handshake(target, { minVersion: version, maxVersion: version, ...ciphers });
  if (shaken.kind === 'done') return 'offered';
  if (shaken.kind === 'alert' && shaken.alert === PROTOCOL_VERSION) return 'refused';
  // It speaks the version, but no suite of OpenSSL, or OpenSSL does not speak the version: the raw hello offers all suites.
  const undecided = shaken.kind === 'client' || (shaken.kind === 'alert' && refusals.includes(shaken.alert));
  if (undecided && version !== 'TLSv1.3') return rawVersion(target, version);
  return { unknown: shaken.kind === 'alert' ? `TLS alert ${shaken.alert}` : 'reason' in shaken ? shaken.reason : '' };
}

async function rawVersion(target: TlsTarget, version: TlsVersion): Promise<VersionOffer> {
  const number = versionNumbers[version];
  const answer = await rawHello(target, number, suites);
  if (answer.kind === 'hello') return answer.version === number ? 'offered' : 'refused';
  if (answer.kind === 'alert' && refusals.includes(answer.alert)) return 'refused';
  return { unknown: answer.kind === 'alert' ? `TLS alert ${answer.alert}` : answer.reason };
}

interface FoundSuites {
  readonly found: readonly Suite[];
  readonly incomplete: string | undefined;
}

/** Offers all suites that OpenSSL speaks, then all but those that the server chose, until it refuses. */
async function spokenSuites(target: TlsTarget): Promise<FoundSuites> {
  let left = suites.filter(({ openssl }) => openssl !== undefined);
  const found: Suite[] = [];
  while (left.length > 0) {
    const ciphers = `${left.map(({ openssl }) => openssl).join(':')}:@SECLEVEL=0`;
    const shaken = await handshake(target, { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers });
    if (shaken.kind === 'alert' && refusals.includes(shaken.alert)) break;
    const chosen = shaken.kind === 'done' ? left.find(({ name }) => name === shaken.suite) : undefined;
    if (chosen === undefined) return { found, incomplete: `after ${found.length} suites: ${endText(shaken)}` };
    found.push(chosen);
    left = left.filter((suite) => suite !== chosen);
  }
  return { found, incomplete: undefined };
}

/** The same by raw hellos. */
async function rawSuites(target: TlsTarget, all: readonly Suite[]): Promise<FoundSuites> {
  let left = all;
  const found: Suite[] = [];
  while (left.length > 0) {
    const answer = await rawHello(target, versionNumbers['TLSv1.2'], left);
    if (answer.kind === 'alert' && refusals.includes(answer.alert)) break;
    const chosen = answer.kind === 'hello' ? suiteNumbered(answer.suite) : undefined;
    if (chosen === undefined || !left.includes(chosen)) {
      const why = answer.kind === 'failed' ? answer.reason : 'an unexpected answer';
      return { found, incomplete: `3DES and RC4: ${why}` };
    }
    found.push(chosen);
    left = left.filter((suite) => suite !== chosen);
  }
  return { found, incomplete: undefined };
}

const endText = (shaken: Handshake): string =>
  shaken.kind === 'done'
    ? `the server chose ${oneLine(shaken.suite, 60)}, which was not offered`
    : shaken.kind === 'alert'
      ? `TLS alert ${shaken.alert}`
      : shaken.reason;

const unopened = (opened: Exclude<Opened, { kind: 'open' }>): string =>
  opened.kind === 'refused' ? 'the connection was refused' : opened.reason;

/** One handshake over a connection of its own, which is closed after it. */
async function handshake(target: TlsTarget, options: ConnectionOptions): Promise<Handshake> {
  if (target.stop.aborted) return { kind: 'failed', reason: 'cancelled' };
  const opened = await target.vantage.open(target.address, target.port, target.deadline);
  if (opened.kind !== 'open') return { kind: 'failed', reason: unopened(opened) };
  try {
    return await shake(opened.stream, target, options);
  } catch (error) {
    // OpenSSL refuses the options.
    return { kind: 'client', reason: oneLine(error instanceof Error ? error.message : '', 120) };
  } finally {
    opened.stream.destroy();
  }
}

function shake(stream: Duplex, { ca, deadline }: TlsTarget, options: ConnectionOptions): Promise<Handshake> {
  const socket = connect({
    ...options,
    socket: stream,
    ...(ca === undefined ? {} : { ca }),
    // The verdict is read from the socket: a handshake that ends is what shows the certificate.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  return new Promise((resolve) => {
    const end = (result: Handshake): void => {
      clearTimeout(timer);
      resolve(result);
      socket.destroy();
    };
    const timer = setTimeout(() => end({ kind: 'failed', reason: 'no answer in time' }), deadline);
    const broken = (error: NodeJS.ErrnoException): void => end(failureOf(error));
    stream.on('error', broken);
    stream.on('close', () => end({ kind: 'failed', reason: 'the connection was closed during the handshake' }));
    socket.on('error', broken);
    socket.once('secureConnect', () => {
      const { standardName } = socket.getCipher();
      const version = socket.getProtocol() ?? '';
      end({ kind: 'done', version, suite: standardName, certificate: certificateOf(socket, ca !== undefined) });
    });
  });
}

/** By the code of Node.js, which is the name of OpenSSL's reason; its prefix differs by version. */
function failureOf({ code = '', message }: NodeJS.ErrnoException): Handshake {
  const name = /_ALERT_(PROTOCOL_VERSION|HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY|INTERNAL_ERROR)$/.exec(code)?.[1];
  const alert = { PROTOCOL_VERSION, HANDSHAKE_FAILURE: 40, INSUFFICIENT_SECURITY: 71, INTERNAL_ERROR }[name ?? ''];
  if (alert !== undefined) return { kind: 'alert', alert };
  const reason = oneLine(message, 120);
  const isOwn = /NO_CIPHER|NO_PROTOCOLS|UNSUPPORTED_PROTOCOL|LEGACY_SIGALG|WRONG_SSL_VERSION|DH_KEY_TOO_SMALL/.test(
    code,
  );
  return isOwn ? { kind: 'client', reason } : { kind: 'failed', reason };
}

type RawAnswer =
  | { readonly kind: 'hello'; readonly version: number; readonly suite: number }
  | { readonly kind: 'alert'; readonly alert: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** Bytes of an answer to a raw hello that are read; a ServerHello with its certificates has a few thousand. */
const rawCap = 32 * 1024;

async function rawHello(target: TlsTarget, version: number, offered: readonly Suite[]): Promise<RawAnswer> {
  if (target.stop.aborted) return { kind: 'failed', reason: 'cancelled' };
  const opened = await target.vantage.open(target.address, target.port, target.deadline);
  if (opened.kind !== 'open') return { kind: 'failed', reason: unopened(opened) };
  const { stream } = opened;
  const random = Buffer.from(randomHex(32), 'hex');
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const end = (answer: RawAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
      stream.destroy();
    };
    const timer = setTimeout(() => end({ kind: 'failed', reason: 'no answer in time' }), target.deadline);
    stream.on('error', (error) => end({ kind: 'failed', reason: oneLine(error.message, 120) }));
    stream.on('close', () => end({ kind: 'failed', reason: 'the connection was closed without an answer' }));
    stream.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const answer = readServerHello(bytes);
      if (answer.kind === 'malformed') end({ kind: 'failed', reason: answer.reason });
      else if (answer.kind !== 'incomplete') end(answer);
      else if (bytes.length > rawCap) end({ kind: 'failed', reason: 'an answer that is too long' });
    });
    stream.write(clientHello({ version, suites: offered.map(({ id }) => id), random }));
  });
}
