/** All output of the program: everything it prints, logs, reports or journals is redacted here. The types enforce this. */
import type { FileHandle } from 'node:fs/promises';
import { replaceOwnFile, writeOwnFile } from './own-file.js';
import { redact, redactTree } from './redact.js';

declare const redacted: unique symbol;

/** Redacted text, ready for output. Only this file creates it. */
export type SafeText = string & { readonly [redacted]: true };

export const safeText = (text: string): SafeText => redact(text) as SafeText;

/** A script or a help text of this package, unchanged: it contains no data of nodes or users. */
export const ownProgram = (text: string): SafeText => text as SafeText;

/** JSON with all control, direction and invisible characters escaped, without a final line feed. */
const json = (value: unknown, indent?: number): string =>
  JSON.stringify(redactTree(value), undefined, indent).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );

/** One JSON text with a final line feed. */
export const safeJson = (value: unknown, indent?: number): SafeText => `${json(value, indent)}\n` as SafeText;

/**
 * The text of `safeJson(tree, 2)` with `items` in the empty list `tree[key]`, an item at a time: a fleet's text is never whole
 * in memory. Throws RangeError where the list is not there or not empty.
 */
export function* safeJsonPieces(
  tree: Readonly<Record<string, unknown>>,
  key: string,
  items: Iterable<unknown>,
): Generator<SafeText> {
  const whole = safeJson(tree, 2);
  // A line feed in a string is escaped, so this is the list and no text.
  const list = `\n  ${JSON.stringify(key)}: [`;
  const at = whole.indexOf(`${list}]`);
  if (at < 0) throw new RangeError(`no empty list ${key}`);
  let before = `${whole.slice(0, at)}${list}`;
  let isEmpty = true;
  for (const item of items) {
    yield `${before}${isEmpty ? '' : ','}\n    ${json(item, 2).replaceAll('\n', '\n    ')}` as SafeText;
    [before, isEmpty] = ['', false];
  }
  yield `${before}${isEmpty ? '' : '\n  '}${whole.slice(at + list.length)}` as SafeText;
}

/** JSON for a script element of a page: nothing in it can end the element or begin another. */
export const safeScriptJson = (value: unknown): SafeText =>
  json(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`) as SafeText;

/** One JSON text per line. */
export const safeJsonLines = (values: readonly unknown[]): SafeText =>
  values.map((value) => `${json(value)}\n`).join('') as SafeText;

/** Redacted text in the notation of a format, such as XML: `escape` gets what is left of it. */
export const safeField = (text: string, escape: (text: string) => string): SafeText => escape(redact(text)) as SafeText;

/** A template of this program's own words around safe fields: redacting the whole could break its form. */
export const safeForm = (own: TemplateStringsArray, ...fields: readonly SafeText[]): SafeText =>
  own.map((text, at) => text + (fields[at] ?? '')).join('') as SafeText;

export const joinSafe = (texts: readonly SafeText[], between = ''): SafeText => texts.join(between) as SafeText;

/** Writes to stdout or stderr; calls `done` after the write. */
export function print(stream: NodeJS.WritableStream, text: SafeText, done?: () => void): void {
  if (done === undefined) stream.write(text);
  else stream.write(text, done);
}

/** Wraps a stream for libraries that write to it themselves, so that their output is redacted too. */
export const redacting = <T extends NodeJS.WritableStream>(stream: T): T =>
  new Proxy(stream, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key, target);
      if (typeof found !== 'function') return found;
      const call = (found as (...given: unknown[]) => unknown).bind(target);
      if (key !== 'write') return call;
      return (text: unknown, ...rest: unknown[]) => call(typeof text === 'string' ? redact(text) : text, ...rest);
    },
  });

/** Appends to a file with mode 0600. Throws if the file cannot be written. */
export const appendLine = (path: string, text: SafeText): void => writeOwnFile(path, text, 'append');

/** Appends to an open file. */
export const appendTo = (file: FileHandle, text: SafeText): Promise<void> => file.appendFile(text);

/** Writes a result file, a piece at a time. Throws if the file cannot be written. */
export const writeResult = (path: string, pieces: Iterable<SafeText>): void => writeOwnFile(path, pieces, 'replace');

/** The same by one rename, for a reader that may come at any moment. */
export const replaceResult = (path: string, text: SafeText): void => replaceOwnFile(path, text);
