/** SHA-256 digests and their text form. */
import { createHash } from 'node:crypto';

/** The SHA-256 of the content, as hexadecimal text. */
export const sha256Of = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
/** `sha256:` and the SHA-256 of the content. */
export const digestOf = (content: Buffer): string => `sha256:${sha256Of(content)}`;
export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/** As a content security policy names a script or a style. */
export const base64Sha256 = (content: string): string => createHash('sha256').update(content).digest('base64');

/** A UUID of version 5 below a namespace of this program: the same for the same text. */
export function uuidOf(text: string): string {
  const bytes = createHash('sha1').update('kubelatch.dev/').update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
