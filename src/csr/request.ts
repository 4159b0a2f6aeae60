/** Decodes the PKCS#10 of a request: its PEM, DER and signature, before anything in it is believed. */
import { type KeyObject, createHash, createPublicKey, verify } from 'node:crypto';
import { type Result, fail, ok } from '../lib/result.js';
import { type DerElement, oidOf, partsOf, readDer, sequence, set, valueOf } from './der.js';
import { type Extension, type SubjectPart, extensionsOf, subjectOf } from './names.js';

export interface DecodedRequest {
  readonly subject: readonly SubjectPart[];
  readonly extensions: readonly Extension[];
  /** OIDs of attributes other than the request for extensions. */
  readonly attributes: readonly string[];
  readonly key: RequestKey;
}

export interface RequestKey {
  /** `ec P-256`, `rsa 2048`, or another name in the same manner. */
  readonly name: string;
  /** Hexadecimal SHA-256 of its SubjectPublicKeyInfo. */
  readonly digest: string;
  readonly object: KeyObject;
}

/** Bytes of a PEM text; a kubelet's has about 500. */
const longest = 32 * 1024;
const label = 'CERTIFICATE REQUEST';
const requestedExtensions = '1.2.840.113549.1.9.14';
const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** The bytes of base64 text without white space; undefined for any other text. */
export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/**
 * The DER of a PEM text. The API server and the signer read the first block and ignore what else is there, so nothing else may
 * be there: the text has to be exactly what encoding the DER again gives.
 */
export function derOfPem(pem: string): Result<Buffer, string> {
  if (pem.length > longest) return fail('the request is too long');
  const blocks = pem.match(/-----BEGIN [^\n]*-----/g) ?? [];
  if (blocks.length > 1) return fail(`it has ${blocks.length} PEM blocks; only one would be signed`);
  if (blocks[0] !== `-----BEGIN ${label}-----`) return fail(`its PEM block is no ${label}`);
  const body = /^-----BEGIN [A-Z ]+-----\n([\s\S]*)-----END [A-Z ]+-----\n?$/.exec(pem)?.[1];
  if (body === undefined) return fail('text stands before or after its PEM block');
  if (body.includes(':')) return fail('its PEM block has headers');
  const der = strictBase64(body.replaceAll('\n', ''));
  const again = der === undefined ? '' : pemOfDer(der);
  if (der === undefined || (pem !== again && `${pem}\n` !== again)) return fail('its PEM block is malformed');
  return ok(der);
}

/** The PEM text of a request in DER, as Go and OpenSSL write it. */
export function pemOfDer(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** An error says in one line why the request cannot be read. */
export function decodeRequest(pem: string): Result<DecodedRequest, string> {
  const der = derOfPem(pem);
  if (!der.ok) return der;
  const root = readDer(der.value);
  if (!root.ok) return root;
  const [info, algorithm, signature, more] = partsOf(root.value, sequence) ?? [];
  const [version, name, keyInfo, attributeList, rest] = partsOf(info, sequence) ?? [];
  if (info === undefined || more !== undefined || rest !== undefined || !valueOf(version, 2)?.equals(Buffer.of(0)))
    return fail('it is not a certificate request of PKCS#10');
  const key = keyOf(keyInfo);
  if (!key.ok) return key;
  if (!isSigned(info.bytes, algorithm, signature, key.value.object))
    return fail('its signature does not match its own key');
  const subject = subjectOf(name);
  if (!subject.ok) return subject;
  const attributes = attributesOf(attributeList);
  if (!attributes.ok) return attributes;
  return ok({ subject: subject.value, key: key.value, ...attributes.value });
}

function keyOf(info: DerElement | undefined): Result<RequestKey, string> {
  if (info === undefined) return fail('it has no key');
  try {
    const object = createPublicKey({ key: info.bytes, format: 'der', type: 'spki' });
    // A key has one encoding only, so that keys can be compared by their digests.
    if (!object.export({ format: 'der', type: 'spki' }).equals(info.bytes)) return fail('its key is malformed');
    const { namedCurve, modulusLength } = object.asymmetricKeyDetails ?? {};
    const detail = namedCurve === undefined ? modulusLength : (curves[namedCurve] ?? namedCurve);
    const name = [object.asymmetricKeyType ?? 'unknown', detail].filter((part) => part !== undefined).join(' ');
    return ok({ name, digest: keyDigest(object), object });
  } catch {
    return fail('its key is malformed');
  }
}

/** Hexadecimal SHA-256 of the SubjectPublicKeyInfo: the same for the same key, in a request or a certificate. */
export const keyDigest = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex');

/** By the OID of the signature's algorithm; null: the key type decides. */
const hashes: Readonly<Record<string, string | null>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.3.101.112': null,
};

function isSigned(
  signed: Buffer,
  algorithm: DerElement | undefined,
  signature: DerElement | undefined,
  key: KeyObject,
): boolean {
  const hash = hashes[oidOf(partsOf(algorithm, sequence)?.[0]) ?? ''];
  const bits = valueOf(signature, 3);
  if (hash === undefined || bits?.[0] !== 0) return false;
  try {
    return verify(hash, signed, key, bits.subarray(1));
  } catch {
    return false;
  }
}

function attributesOf(list: DerElement | undefined): Result<Pick<DecodedRequest, 'extensions' | 'attributes'>, string> {
  if (list === undefined) return ok({ extensions: [], attributes: [] });
  if (list.tagClass !== 'context' || list.tag !== 0 || list.children === undefined)
    return fail('its attributes are malformed');
  let extensions: readonly Extension[] | undefined;
  const attributes: string[] = [];
  for (const attribute of list.children) {
    const [type, values, more] = partsOf(attribute, sequence) ?? [];
    const [oid, all] = [oidOf(type), partsOf(values, set)];
    if (oid === undefined || all === undefined || more !== undefined) return fail('its attributes are malformed');
    if (oid !== requestedExtensions) {
      attributes.push(oid);
      continue;
    }
    if (extensions !== undefined || all.length !== 1) return fail('it asks for extensions more than once');
    const read = extensionsOf(all[0]);
    if (!read.ok) return read;
    extensions = read.value;
  }
  return ok({ extensions: extensions ?? [], attributes });
}
