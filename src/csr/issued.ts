/** Compares an issued certificate with the request that it was issued for. Pure. */
import type { X509Certificate } from 'node:crypto';
import { certificatesOf } from '../lib/certificates.js';
import { type DerElement, partsOf, readDer, sequence } from './der.js';
import { alternativeNames, alternativeNamesOf, extensionsOf } from './names.js';
import { keyDigest } from './request.js';
import type { ServingRequest } from './serving-request.js';

/** The digest of the first certificate's key; undefined if there is none. */
export function certificateKeyDigest(pem: string): string | undefined {
  const [leaf] = certificatesOf(pem);
  return leaf === undefined ? undefined : keyDigest(leaf.publicKey);
}

export interface IssuedCheck {
  /** Undefined if there is no certificate that could be read. */
  readonly leaf: X509Certificate | undefined;
  /** How it differs from the request: one sentence each. Empty if it does not. */
  readonly differences: readonly string[];
  /** What could not be checked, such as the CA that signed it. */
  readonly notes: readonly string[];
}

const serverAuth = '1.3.6.1.5.5.7.3.1';

/** `authorities`: CAs of the cluster, in PEM. `now` in milliseconds since the epoch. */
export function checkIssued(request: ServingRequest, authorities: string, now: number): IssuedCheck {
  const [leaf, ...more] = certificatesOf(request.certificate);
  if (leaf === undefined) return { leaf, differences: ['the certificate cannot be read'], notes: [] };
  if (!request.decoded.ok) return { leaf, differences: ['the request cannot be read'], notes: [] };
  const { key, subject, extensions } = request.decoded.value;
  const differences: string[] = [];
  if (keyDigest(leaf.publicKey) !== key.digest) differences.push('it has another key than the request');
  const wanted = subject.map(({ kind, value }) => `${kind}=${value}`).join('\n');
  if (leaf.subject !== wanted) differences.push('it has another subject than the request');
  const asked = extensions.find(({ oid }) => oid === alternativeNames)?.value;
  const given = certificateExtension(leaf, alternativeNames);
  if (asked === undefined || given === undefined || !sameNames(asked, given))
    differences.push('it has other names or addresses than the request');
  if (leaf.ca) differences.push('it is the certificate of a CA');
  const usages = extendedUsages(leaf);
  if (usages.length !== 1 || usages[0] !== serverAuth) differences.push('it can be used for more than serving');
  if (!(Date.parse(leaf.validFrom) <= now + clockTolerance && now < Date.parse(leaf.validTo)))
    differences.push('it is not valid at this time');
  return { leaf, differences, notes: isSignedBy(leaf, [...more, ...certificatesOf(authorities)], authorities) };
}

/** OIDs; Node names them keyUsage, and has none where the certificate has none. */
const extendedUsages = ({ keyUsage }: { readonly keyUsage?: readonly string[] | undefined }): readonly string[] =>
  keyUsage ?? [];

/** Milliseconds by which the clocks of two machines may differ. */
const clockTolerance = 5 * 60_000;

function isSignedBy(leaf: X509Certificate, candidates: readonly X509Certificate[], authorities: string): string[] {
  const roots = new Set(certificatesOf(authorities).map((one) => one.fingerprint256));
  let last = leaf;
  for (let depth = 0; depth < 8; depth++) {
    const issuer = candidates.find((one) => signed(one, last));
    if (issuer === undefined) break;
    if (roots.has(issuer.fingerprint256)) return [];
    last = issuer;
  }
  const name = last.issuer.replaceAll('\n', ', ');
  return [`it was signed by a CA (${name}) that is not the one by which pods verify the API server`];
}

function signed(authority: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  } catch {
    return false;
  }
}

/** The value of an extension of a certificate; undefined if it has none. */
function certificateExtension({ raw }: X509Certificate, oid: string): Buffer | undefined {
  const root = readDer(raw);
  const info = root.ok ? partsOf(root.value, sequence)?.[0] : undefined;
  const list = partsOf(info, sequence)?.find((one): one is DerElement => one.tagClass === 'context' && one.tag === 3);
  const extensions = extensionsOf(list?.children?.[0]);
  return extensions.ok ? extensions.value.find((one) => one.oid === oid)?.value : undefined;
}

function sameNames(asked: Buffer, given: Buffer): boolean {
  const [one, other] = [alternativeNamesOf(asked), alternativeNamesOf(given)];
  if (!one.ok || !other.ok) return false;
  const text = ({ dns, addresses, others }: typeof one.value): string =>
    JSON.stringify([dns.toSorted(), addresses.map((bytes) => bytes.toString('hex')).toSorted(), others]);
  return text(one.value) === text(other.value);
}
