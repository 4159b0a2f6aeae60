/** Tables from handshakes to verdicts: the serving certificate, the TLS versions and the cipher suites. Pure. */
import { effectiveSuites } from '../facts/cipher-suites.js';
import { oneLine } from '../lib/sanitize.js';
import { settingMeets, wantText } from '../playbook/want.js';
import type { CertificateSeen } from './certificate.js';
import { type Check, type CheckName, type Origin, type Verdict, checkOf, unknownVerdict } from './check.js';
import { type Expected, allowedSuites, rulesOn } from './expectations.js';
import { type Suite, kubeletVersionNames, needsOtherKey, suites, tlsVersions } from './suites.js';
import { type Handshake, INTERNAL_ERROR, type TlsOffer } from './tls-offer.js';

export interface TlsSeen {
  readonly origin: Origin;
  /** The address that was dialled. */
  readonly address: string;
  readonly offer: TlsOffer;
  readonly expected: readonly Expected[];
  /** A certificate of the cluster is wanted, whatever the playbooks say. */
  readonly wantsCluster: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function judgeTls(seen: TlsSeen): Check[] {
  const { origin, offer, address, expected } = seen;
  const certificate = offer.first.kind === 'done' ? offer.first.certificate : undefined;
  const cluster = clusterRule(expected);
  const wanted = seen.wantsCluster || cluster !== undefined;
  const evidence =
    certificate === undefined ? [handshakeText(address, offer.first)] : certificateText(address, certificate);
  const check = (name: CheckName, verdict: Verdict, playbook?: string): Check =>
    checkOf(name, origin, verdict, { playbook, evidence });
  const ofCertificate = (judge: (certificate: CertificateSeen) => Verdict): Verdict =>
    certificate === undefined
      ? unknownVerdict(`there is no certificate to look at: ${handshakeText(address, offer.first)}`, 'no certificate')
      : judge(certificate);
  return [
    check('serving-certificate-present', judgePresence(offer.first)),
    check(
      'serving-certificate-chain',
      ofCertificate((one) => judgeChain(one, wanted)),
      cluster?.playbook,
    ),
    check(
      'serving-certificate-name',
      ofCertificate((one) => judgeName(one, address, wanted)),
      cluster?.playbook,
    ),
    check(
      'serving-certificate-dates',
      ofCertificate((one) => judgeDates(one, seen.now)),
    ),
    check('serving-certificate-usage', ofCertificate(judgeUsage)),
    versionsCheck(seen),
    suitesCheck(seen, certificate?.keyType),
  ];
}

/** The rule by which the certificate has to come from the cluster. */
const clusterRule = (expected: readonly Expected[]): Expected | undefined =>
  [...rulesOn('serverTLSBootstrap', expected), ...rulesOn('tlsCertFile', expected)].find(
    ({ rule }) => 'set' in rule.want || ('equals' in rule.want && rule.want.equals === true),
  );

function handshakeText(address: string, shaken: Handshake): string {
  if (shaken.kind === 'done') return `${address}: ${shaken.version}, ${shaken.suite}`;
  return `${address}: ${shaken.kind === 'alert' ? `TLS alert ${shaken.alert}` : shaken.reason}`;
}

function certificateText(address: string, one: CertificateSeen): string[] {
  const day = (time: number): string => (Number.isNaN(time) ? '?' : new Date(time).toISOString().slice(0, 10));
  return [
    `${address} shows ${one.commonName}, issued by ${one.issuer}, ${one.keyType}, ${day(one.notBefore)} to ${day(one.notAfter)}`,
    `its names: ${one.names === '' ? 'none' : one.names}`,
    `its SHA-256: ${one.sha256}`,
  ];
}

/** Alert 80 is what a kubelet sends while its request for a certificate is pending. */
export function judgePresence(shaken: Handshake): Verdict {
  if (shaken.kind === 'done') return { status: 'pass', seen: 'a certificate' };
  if (shaken.kind !== 'alert') return unknownVerdict(shaken.reason, 'no handshake');
  if (shaken.alert !== INTERNAL_ERROR) return unknownVerdict(`TLS alert ${shaken.alert}`, 'no handshake');
  const note = 'the kubelet has no certificate, so logs, exec and metrics fail: approve its CertificateSigningRequest';
  return { status: 'fail', seen: 'TLS alert 80', note };
}

const notWanted = 'no chosen playbook wants a certificate of the cluster';

export function judgeChain({ chain, issuer }: CertificateSeen, wanted: boolean): Verdict {
  const issued = `issued by ${issuer}`;
  if (chain === 'trusted') return { status: 'pass', seen: issued };
  if (!wanted)
    return { status: 'not-applicable', seen: chain === 'self-signed' ? 'self-signed' : issued, note: notWanted };
  if (chain === 'self-signed')
    return { status: 'fail', seen: 'self-signed', note: 'anybody can make such a certificate' };
  if (chain === 'no-ca') return unknownVerdict('no CA is known to hold it against: give --serving-ca', issued);
  if (chain === 'unknown-ca')
    return {
      status: 'fail',
      seen: issued,
      note: 'no CA of the cluster signed it; if another CA signs serving certificates, give --serving-ca',
    };
  const why =
    chain === 'expired'
      ? 'it or its CA is not valid today'
      : chain === 'wrong-purpose'
        ? 'it is not for servers'
        : chain.code;
  return { status: 'fail', seen: issued, note: why };
}

export function judgeName(certificate: CertificateSeen, address: string, wanted: boolean): Verdict {
  const names = certificate.names === '' ? 'no names' : oneLine(certificate.names, 120);
  if (certificate.isFor(address)) return { status: 'pass', seen: names, note: commonNameNote(certificate) };
  if (!wanted) return { status: 'not-applicable', seen: names, note: notWanted };
  return { status: 'fail', seen: names, note: `${address} is not among them` };
}

/** KEP-4872: an API server of 1.37 and newer can be told to look for the Node's name there. Nothing is wrong until it is. */
function commonNameNote({ commonName }: CertificateSeen): string | undefined {
  if (commonName.startsWith('system:node:')) return undefined;
  return `its CN is ${commonName || '(none)'} and not system:node:NODE, so an API server with --enable-kubelet-cert-cn-validation (off by default, from Kubernetes 1.37) refuses it`;
}

const day = 24 * 3600 * 1000;

export function judgeDates({ notBefore, notAfter }: CertificateSeen, now: number): Verdict {
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return unknownVerdict('its dates cannot be read', '?');
  if (now < notBefore) return { status: 'fail', seen: `valid from ${new Date(notBefore).toISOString()}` };
  const until = new Date(notAfter).toISOString();
  if (now > notAfter)
    return { status: 'fail', seen: `expired ${until}`, note: 'a kubelet never renews a certificate of its own making' };
  const left = Math.floor((notAfter - now) / day);
  return { status: 'pass', seen: `valid until ${until}`, note: left < 30 ? `${left} days are left` : undefined };
}

const serverAuth = '1.3.6.1.5.5.7.3.1';
const anyUsage = '2.5.29.37.0';
const usageNames: Readonly<Record<string, string>> = {
  [serverAuth]: 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  [anyUsage]: 'any',
};

/** One for clients as well is an identity that the port gives away with the key. */
export function judgeUsage({ usages }: CertificateSeen): Verdict {
  if (usages === undefined)
    return { status: 'pass', seen: 'any usage', note: 'it names no usage, so it is for servers too' };
  const seen = usages.map((one) => usageNames[one] ?? one).join(', ');
  if (!usages.includes(serverAuth) && !usages.includes(anyUsage))
    return { status: 'fail', seen, note: 'it is not for servers' };
  return usages.length === 1 && usages[0] === serverAuth
    ? { status: 'pass', seen }
    : { status: 'fail', seen, note: 'whoever has its key can pose as a client with it' };
}

function versionsCheck({ origin, offer, expected, address }: TlsSeen): Check {
  const [first] = rulesOn('tlsMinVersion', expected);
  const evidence = tlsVersions.map((version) => {
    const seen = offer.versions[version];
    return `${address}: ${version} ${typeof seen === 'string' ? seen : `unknown: ${seen.unknown}`}`;
  });
  const verdict = judgeVersions(offer, rulesOn('tlsMinVersion', expected));
  const text =
    first === undefined ? {} : { playbook: first.playbook, expected: `oldest version: ${wantText(first.rule.want)}` };
  return checkOf('tls-versions', origin, verdict, { ...text, evidence });
}

/** The oldest version that the server speaks is its tlsMinVersion. */
export function judgeVersions({ versions }: Pick<TlsOffer, 'versions'>, rules: readonly Expected[]): Verdict {
  const offered = tlsVersions.filter((version) => versions[version] === 'offered');
  const seen = offered.length === 0 ? 'none' : offered.join(', ');
  const meets = (version: (typeof tlsVersions)[number]): boolean =>
    rules.every(({ rule }) => settingMeets('tlsMinVersion', rule.want, kubeletVersionNames[version]));
  if (rules.length === 0) return { status: 'not-applicable', seen, note: 'no chosen playbook says which versions' };
  const weak = offered.find((version) => !meets(version) && !isAbove(version, meets));
  if (weak !== undefined) return { status: 'fail', seen, note: `${weak} is offered` };
  const open = tlsVersions.find((version) => typeof versions[version] === 'object' && !meets(version));
  const unclear = open === undefined ? undefined : versions[open];
  if (typeof unclear === 'object') return unknownVerdict(`${open}: ${unclear.unknown}`, seen);
  return offered.length === 0 ? unknownVerdict('no version could be negotiated', seen) : { status: 'pass', seen };
}

/** Newer than a version that is allowed. */
const isAbove = (
  version: (typeof tlsVersions)[number],
  meets: (version: (typeof tlsVersions)[number]) => boolean,
): boolean => tlsVersions.slice(0, tlsVersions.indexOf(version)).some(meets);

function suitesCheck({ origin, offer, expected, address }: TlsSeen, keyType: string | undefined): Check {
  const [first] = rulesOn('tlsCipherSuites', expected);
  const evidence = [
    ...offer.suites.map(({ name }) => `${address}: ${name} negotiated`),
    ...(keyType === undefined ? [] : [keyText(keyType, first)]),
  ];
  const verdict = judgeSuites(offer, rulesOn('tlsCipherSuites', expected));
  const text = first === undefined ? {} : { playbook: first.playbook, expected: wantText(first.rule.want) };
  return checkOf('tls-suites', origin, verdict, { ...text, evidence });
}

/** A list of suites that are all for the other type of key leaves a TLS 1.2 client nothing. */
function keyText(keyType: string, expected: Expected | undefined): string {
  const allowed = expected === undefined ? undefined : allowedSuites(expected.rule.want);
  const listed = allowed === undefined ? suites : suites.filter(({ name }) => allowed.has(name));
  const unusable = listed.filter((suite: Suite) => needsOtherKey(suite, keyType)).length;
  return `the key is ${keyType}, so ${unusable} of ${listed.length} suites cannot be negotiated with it`;
}

export function judgeSuites(
  { suites: found, incomplete, versions }: Pick<TlsOffer, 'suites' | 'incomplete' | 'versions'>,
  rules: readonly Expected[],
): Verdict {
  const names = found.map(({ name }) => name);
  const onlyNew = names.length === 0 && incomplete === undefined && versions['TLSv1.3'] === 'offered';
  const seen = names.length > 0 ? names.join(', ') : onlyNew ? 'only those of TLS 1.3' : 'none';
  const lists = rules.flatMap(({ rule }) => allowedSuites(effectiveWant(rule.want)) ?? []);
  if (lists.length === 0) return { status: 'not-applicable', seen, note: 'no chosen playbook says which suites' };
  const weak = names.filter((name) => lists.some((allowed) => !allowed.has(name)));
  if (weak.length > 0) return { status: 'fail', seen, note: `not allowed: ${weak.join(', ')}` };
  if (incomplete !== undefined) return unknownVerdict(incomplete, seen);
  return names.length > 0 || onlyNew ? { status: 'pass', seen } : unknownVerdict('no suite could be negotiated', seen);
}

/** TLS 1.3 suites in a list select nothing. */
const effectiveWant = (want: Expected['rule']['want']): Expected['rule']['want'] =>
  'subsetOf' in want ? { subsetOf: effectiveSuites(want.subsetOf) } : want;
