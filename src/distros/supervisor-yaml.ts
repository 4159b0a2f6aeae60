/** A supervisor's YAML file as its command line receives it: what convert.ToString (rancher/wrangler) prints for each key and value. */
import { type GoFault, type GoValue, readGoYaml } from '../lib/go-yaml.js';

/** One value of a key. */
export interface WrittenValue {
  readonly text: string;
  /** The YAML form of the value. Only texts reach the command line as intended. */
  readonly form: GoValue['kind'];
  readonly line: number;
  /** The extent in the file. For an alias, the extent of the alias. */
  readonly start: number;
  readonly end: number;
  /** The anchor on the value or on its list, with the first line that uses it in an alias. */
  readonly shared?: GoValue['shared'];
}

export interface WrittenKey {
  readonly key: string;
  readonly line: number;
  readonly isList: boolean;
  readonly values: readonly WrittenValue[];
}

export interface WrittenFile {
  readonly keys: readonly WrittenKey[];
  /** Lines of `<<` at the top level, and of a second document, which the supervisor ignores. */
  readonly merges: readonly number[];
  readonly further: number | undefined;
}

type Read = WrittenFile | { readonly fault: GoFault };

export function readWrittenFile(text: string): Read {
  const document = readGoYaml(text);
  if ('fault' in document) return document;
  const { root, further } = document;
  const isEmpty = root === undefined || root.kind === 'nothing' || (root.kind === 'list' && root.items.length === 0);
  if (isEmpty) return { keys: [], merges: [], further };
  if (root.kind !== 'mapping') return { fault: { line: root.line, message: 'the top level is not a mapping' } };
  const keys = root.pairs.map(({ key, value }): WrittenKey => {
    const isList = value.kind === 'list';
    const values = isList ? value.items.map((item) => written(item, value)) : [written(value)];
    return { key: printed(key), line: key.line, isList, values };
  });
  return { keys, merges: root.merges.map(({ line }) => line), further };
}

function written(value: GoValue, list?: GoValue): WrittenValue {
  const { kind: form, line, start, end } = value;
  // An alias can be removed without changing its anchor's value.
  const shared = (value.isAlias ? undefined : value.shared) ?? list?.shared;
  return { text: printed(value), form, line, start, end, ...(shared === undefined ? {} : { shared }) };
}

/** The first item of a list, an empty text for null, without surrounding blanks. */
function printed(value: GoValue): string {
  const single = value.kind === 'list' ? value.items[0] : value;
  return single === undefined || single.kind === 'nothing' ? '' : single.text.trim();
}
