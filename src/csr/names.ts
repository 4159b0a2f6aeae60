/** Subject and alternative names of a request or a certificate, read from their DER. */
import { type DerElement, oidOf, partsOf, readDer, sequence, set, stringOf, valueOf } from './der.js';
import { type Result, fail, ok } from '../lib/result.js';

/** One attribute of a subject; `kind` is CN, O or the OID of another. */
export interface SubjectPart {
  readonly kind: string;
  readonly value: string;
}

export interface AlternativeNames {
  /** As they are written: nothing is normalized. */
  readonly dns: readonly string[];
  /** 4 or 16 bytes each. */
  readonly addresses: readonly Buffer[];
  /** Kinds of names that no kubelet asks for, such as `e-mail`. */
  readonly others: readonly string[];
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

export const alternativeNames = '2.5.29.17';
const kinds: Readonly<Record<string, string>> = { '2.5.4.3': 'CN', '2.5.4.10': 'O' };

/** The attributes in order. Parts that share one RDN are refused: no kubelet writes them. */
export function subjectOf(name: DerElement | undefined): Result<readonly SubjectPart[], string> {
  const parts: SubjectPart[] = [];
  for (const rdn of partsOf(name, sequence) ?? []) {
    const attributes = partsOf(rdn, set);
    const [oid, value, more] = partsOf(attributes?.[0], sequence) ?? [];
    const [kind, text] = [oidOf(oid), stringOf(value)];
    if (attributes?.length !== 1 || kind === undefined || text === undefined || more !== undefined)
      return fail('its subject is malformed');
    parts.push({ kind: kinds[kind] ?? kind, value: text });
  }
  return partsOf(name, sequence) === undefined ? fail('its subject is malformed') : ok(parts);
}

/** The extensions of a SEQUENCE of them. One that stands twice is refused. */
export function extensionsOf(list: DerElement | undefined): Result<readonly Extension[], string> {
  const elements = partsOf(list, sequence);
  if (elements === undefined) return fail('its extensions are malformed');
  const found: Extension[] = [];
  for (const one of elements) {
    const [oid, second, third, more] = partsOf(one, sequence) ?? [];
    const flag = third === undefined ? undefined : valueOf(second, 1);
    const value = valueOf(third ?? second, 4);
    const name = oidOf(oid);
    // DER writes true as ff, and leaves the default false out.
    const isClear = third === undefined || (flag?.length === 1 && flag[0] === 0xff);
    if (name === undefined || value === undefined || more !== undefined || !isClear)
      return fail('its extensions are malformed');
    if (found.some((other) => other.oid === name)) return fail(`the extension ${name} stands twice`);
    found.push({ oid: name, critical: third !== undefined, value });
  }
  return ok(found);
}

const otherKinds = [
  'otherName',
  'e-mail',
  'DNS',
  'X.400',
  'directory name',
  'EDI party',
  'URI',
  'IP',
  'registered ID',
] as const;

/** The names in the value of a subjectAltName extension. */
export function alternativeNamesOf(value: Buffer): Result<AlternativeNames, string> {
  const list = readDer(value);
  const elements = list.ok ? partsOf(list.value, sequence) : undefined;
  if (elements === undefined) return fail('its alternative names are malformed');
  const names = { dns: [] as string[], addresses: [] as Buffer[], others: [] as string[] };
  for (const one of elements) {
    const kind = one.tagClass === 'context' ? otherKinds[one.tag] : undefined;
    if (kind === 'DNS' && one.children === undefined) names.dns.push(one.content.toString('latin1'));
    else if (kind === 'IP' && one.children === undefined && [4, 16].includes(one.content.length))
      names.addresses.push(one.content);
    else if (kind === undefined || kind === 'DNS' || kind === 'IP') return fail('an alternative name is malformed');
    else names.others.push(kind);
  }
  return ok(names);
}
