/** Reads DER strictly: what has a second encoding, or bytes that nobody looks at, is refused. */
import { type AsnType, fromBER } from 'asn1js';
import { type Result, fail, ok } from '../lib/result.js';

/** One element: tag, length and value. */
export interface DerElement {
  readonly tagClass: 'universal' | 'application' | 'context' | 'private';
  readonly tag: number;
  /** The whole element. */
  readonly bytes: Buffer;
  /** Its value alone. */
  readonly content: Buffer;
  /** Undefined for a primitive element. */
  readonly children: readonly DerElement[] | undefined;
}

/** A certificate has about a hundred elements. */
const limits = { maxDepth: 24, maxNodes: 4000, maxContentLength: 256 * 1024, parseEmbedded: false, copyInput: true };
const classes = [undefined, 'universal', 'application', 'context', 'private'] as const;
/** SEQUENCE and SET: the only universal types that DER lets have parts. */
const constructed: ReadonlySet<number> = new Set([16, 17]);

export const sequence = 16;
export const set = 17;

/** The one element that `bytes` are. An error says in one line what is wrong. */
export function readDer(bytes: Buffer): Result<DerElement, string> {
  try {
    const { offset, result } = fromBER(new Uint8Array(bytes), limits);
    if (offset === -1 || result.error !== '') return fail('it is not ASN.1');
    if (offset !== bytes.length) return fail('bytes follow its end');
    return elementOf(result);
  } catch {
    return fail('it is not ASN.1');
  }
}

/** What is read of the library's objects. */
type Block = AsnType & {
  readonly valueBeforeDecodeView: Uint8Array;
  readonly idBlock: { readonly tagClass: number; readonly tagNumber: number; readonly isConstructed: boolean };
  readonly valueBlock: { readonly value?: unknown };
};

function elementOf(block: Block): Result<DerElement, string> {
  const { idBlock, lenBlock, valueBlock } = block;
  const bytes = Buffer.from(block.valueBeforeDecodeView);
  const tagClass = classes[idBlock.tagClass];
  if (tagClass === undefined || idBlock.tagNumber > 30) return fail('it has a tag of an unknown kind');
  if (lenBlock.isIndefiniteForm) return fail('an element has no length');
  const header = 1 + lengthBytes(lenBlock.length);
  if (bytes.length !== header + lenBlock.length) return fail('a length is not written in its shortest form');
  const isUniversal = tagClass === 'universal';
  if (isUniversal && constructed.has(idBlock.tagNumber) !== idBlock.isConstructed)
    return fail('a value is put together from parts');
  const base = { tagClass, tag: idBlock.tagNumber, bytes, content: bytes.subarray(header) };
  if (!idBlock.isConstructed) return ok({ ...base, children: undefined });
  const children: DerElement[] = [];
  for (const part of Array.isArray(valueBlock.value) ? (valueBlock.value as Block[]) : []) {
    const child = elementOf(part);
    if (!child.ok) return child;
    children.push(child.value);
  }
  const read = children.reduce((sum, child) => sum + child.bytes.length, 0);
  return read === lenBlock.length ? ok({ ...base, children }) : fail('bytes stand between its elements');
}

function lengthBytes(length: number): number {
  if (length < 128) return 1;
  return 1 + Math.ceil(length.toString(16).length / 2);
}

/** The parts of an element of that universal type; undefined for any other. */
export const partsOf = (element: DerElement | undefined, tag: number): readonly DerElement[] | undefined =>
  element?.tagClass === 'universal' && element.tag === tag ? element.children : undefined;

/** The content of a primitive element of one of these universal types; undefined for any other. */
export const valueOf = (element: DerElement | undefined, ...tags: readonly number[]): Buffer | undefined =>
  element?.tagClass === 'universal' && element.children === undefined && tags.includes(element.tag)
    ? element.content
    : undefined;

/** `2.5.4.3`; undefined for what is no OBJECT IDENTIFIER. */
export function oidOf(element: DerElement | undefined): string | undefined {
  const content = valueOf(element, 6);
  if (content === undefined || content.length === 0 || (content.at(-1) ?? 0) > 127) return undefined;
  const numbers: number[] = [];
  let value = 0;
  let isFirst = true;
  for (const byte of content) {
    if (isFirst && byte === 128) return undefined;
    value = value * 128 + (byte & 127);
    if (value > Number.MAX_SAFE_INTEGER / 256) return undefined;
    isFirst = byte < 128;
    if (!isFirst) continue;
    numbers.push(value);
    value = 0;
  }
  const first = numbers[0] ?? 0;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...numbers.slice(1)].join('.');
}

/** Text of a PrintableString or UTF8String; undefined for other types and invalid bytes. */
export function stringOf(element: DerElement | undefined): string | undefined {
  const content = valueOf(element, 12, 19);
  if (content === undefined) return undefined;
  const text = content.toString('utf8');
  return Buffer.from(text).equals(content) ? text : undefined;
}
