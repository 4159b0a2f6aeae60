/** What a serving certificate says of itself, and whether a CA of the cluster signed it. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { oneLine } from '../lib/sanitize.js';

export type ChainVerdict =
  | 'trusted'
  | 'self-signed'
  | 'unknown-ca'
  | 'expired'
  | 'wrong-purpose'
  | 'no-ca'
  | { readonly code: string };

export interface CertificateSeen {
  readonly commonName: string;
  readonly issuer: string;
  /** As OpenSSL prints it: `DNS:n1, IP Address:10.0.0.1`. */
  readonly names: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Object identifiers; undefined for a certificate that may be used for everything. */
  readonly usages: readonly string[] | undefined;
  /** `EC P-256`, `RSA 2048`. */
  readonly keyType: string;
  readonly sha256: string;
  /** `no-ca`: no CA is known to hold it against. */
  readonly chain: ChainVerdict;
  /** Whether it is for the IP address or host name. */
  isFor(address: string): boolean;
}

/** The certificate of a finished handshake; undefined where the server showed none that can be read. */
export function certificateOf(socket: TLSSocket, hasCa: boolean): CertificateSeen | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  try {
    return describe(certificate, hasCa ? chainOf(socket) : selfSigned(certificate) ? 'self-signed' : 'no-ca');
  } catch {
    return undefined;
  }
}

function describe(certificate: X509Certificate, chain: ChainVerdict): CertificateSeen {
  // Node.js calls the extended key usages so. It is undefined without that extension.
  const usages = certificate.keyUsage as readonly string[] | undefined;
  return {
    commonName: commonNameIn(certificate.subject),
    issuer: commonNameIn(certificate.issuer),
    names: oneLine(certificate.subjectAltName ?? '', 400),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    usages,
    keyType: keyTypeOf(certificate),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    chain,
    isFor: (address) =>
      (/[:]|^\d{1,3}(\.\d{1,3}){3}$/.test(address) ? certificate.checkIP(address) : certificate.checkHost(address)) !==
      undefined,
  };
}

const selfSigned = (certificate: X509Certificate): boolean =>
  certificate.issuer === certificate.subject && certificate.checkIssued(certificate);

/** By OpenSSL's verdict on the chain that the server sent. */
function chainOf(socket: TLSSocket): ChainVerdict {
  if (socket.authorized) return 'trusted';
  // Node.js declares an Error and gives the code.
  const code = String(socket.authorizationError);
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'self-signed';
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'unknown-ca';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'expired';
    case 'INVALID_PURPOSE':
      return 'wrong-purpose';
    default:
      return { code: oneLine(code, 60) };
  }
}

const commonNameIn = (name: string): string => oneLine(/(?:^|\n)CN=([^\n]*)/.exec(name)?.[1] ?? name, 120);

function keyTypeOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType = '', asymmetricKeyDetails = {} } = publicKey;
  const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
  const { namedCurve, modulusLength } = asymmetricKeyDetails;
  if (namedCurve !== undefined) return `EC ${curves[namedCurve] ?? namedCurve}`;
  return modulusLength === undefined ? asymmetricKeyType : `${asymmetricKeyType.toUpperCase()} ${modulusLength}`;
}
