/** Sets one value in a YAML text by splicing. All bytes outside the value or the inserted lines stay the same. */
import { isDeepStrictEqual } from 'node:util';
import { type ParsedNode, type YAMLMap, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import { type Result, fail, ok } from '../lib/result.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Pair = YAMLMap.Parsed['items'][number];

/**
 * Returns the text with `value` at `path`. Missing parents are created; of a repeated key the last one counts.
 * The result is parsed again and must equal the old content with only this value changed. Otherwise fails with a reason.
 */
export function setYamlValue(text: string, path: readonly string[], value: Json): Result<string, string> {
  const before = parse(text);
  if (before === undefined) return fail('the file is not a single valid YAML document');
  const edited = splice(text, before.contents, path, value);
  if (edited === undefined) return fail('the YAML form of this file cannot be edited safely. Edit it by hand');
  const after = parse(edited);
  const wanted = withValue(before.data, path, value);
  if (after === undefined || !isDeepStrictEqual(after.data, wanted)) {
    return fail('an edit would change more than this value (because of anchors or merge keys?). Edit it by hand');
  }
  return ok(edited);
}

function parse(text: string): { contents: ParsedNode | null; data: unknown } | undefined {
  const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: false, logLevel: 'error' });
  const document = 'empty' in documents ? undefined : documents[0];
  if (document === undefined || documents.length !== 1 || document.errors.length > 0) return undefined;
  try {
    return { contents: document.contents, data: document.toJS({ maxAliasCount: 100 }) };
  } catch {
    return undefined;
  }
}

function withValue(data: unknown, [key, ...rest]: readonly string[], value: Json): unknown {
  if (key === undefined) return value;
  const map = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {};
  return { ...map, [key]: withValue((map as Record<string, unknown>)[key], rest, value) };
}

function splice(text: string, node: ParsedNode | null, path: readonly string[], value: Json): string | undefined {
  const [key = '', ...rest] = path;
  if (!isMap(node)) return undefined;
  const pair = node.items.findLast((one) => isScalar(one.key) && one.key.value === key);
  if (pair === undefined) return insert(text, node, path, value);
  if (rest.length > 0) {
    if (isMap(pair.value)) return splice(text, pair.value, rest, value);
    return isEmpty(pair) ? fillEmpty(text, node, pair, nest(rest, value)) : replace(text, pair, nest(rest, value));
  }
  return isEmpty(pair) ? fillEmpty(text, node, pair, value) : replace(text, pair, value);
}

const nest = (path: readonly string[], value: Json): Json =>
  path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);

/** True for `key:` without a value. */
const isEmpty = (pair: Pair): boolean => pair.value === null || pair.value.range[0] === pair.value.range[1];

function columnOf(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return offset - start - (start === 0 && text.startsWith('\ufeff') ? 1 : 0);
}

const lineEnd = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

/** The end of a node's content, without trailing comments and blank lines. */
function endOf(text: string, pair: Pair): number {
  const { key, value } = pair;
  if (value === null || isEmpty(pair)) return text.indexOf(':', key.range[1]) + 1;
  return endOfNode(text, value);
}

function endOfNode(text: string, node: ParsedNode): number {
  if (isMap(node) && !node.flow) {
    const last = node.items.at(-1);
    if (last !== undefined) return endOf(text, last);
  }
  if (isSeq(node) && !node.flow) {
    const last = node.items.at(-1);
    if (last !== undefined) return endOfNode(text, last);
  }
  return node.range[1];
}

function insert(text: string, map: YAMLMap.Parsed, path: readonly string[], value: Json): string | undefined {
  const [key = '', ...rest] = path;
  const inner = nest(rest, value);
  const first = map.items[0];
  const last = map.items.at(-1);
  if (map.flow) {
    const entry = isJson(text) ? jsonText({ [key]: inner }).slice(1, -1) : `${scalarText(key)}: ${flowText(inner)}`;
    const at = last === undefined ? map.range[0] + 1 : (last.value ?? last.key).range[1];
    return `${text.slice(0, at)}${last === undefined ? '' : ', '}${entry}${text.slice(at)}`;
  }
  if (first === undefined || last === undefined) return undefined;
  const indent = columnOf(text, first.key.range[0]);
  const eol = lineEnd(text);
  const lines = blockEntry(key, inner, indent).join(eol);
  const end = endOf(text, last);
  if (text[end - 1] === '\n') return text.slice(0, end) + lines + eol + text.slice(end);
  const newline = text.indexOf('\n', end);
  if (newline < 0) return text + eol + lines + eol;
  return text.slice(0, newline + 1) + lines + eol + text.slice(newline + 1);
}

/** Adds a value to an empty `key:`: a scalar after the colon, a collection on the lines below. */
function fillEmpty(text: string, map: YAMLMap.Parsed, pair: Pair, value: Json): string | undefined {
  const keyEnd = pair.key.range[1];
  if (pair.value === null) return `${text.slice(0, keyEnd)}: ${flowText(value)}${text.slice(keyEnd)}`;
  const colon = text.indexOf(':', keyEnd) + 1;
  if (map.flow || !hasLines(value)) {
    return `${text.slice(0, colon)} ${flowText(value)}${text.slice(colon)}`;
  }
  const eol = lineEnd(text);
  const indent = columnOf(text, pair.key.range[0]);
  const newline = text.indexOf('\n', colon);
  const at = newline < 0 ? text.length : newline + 1;
  const lines = blockLines(value, indent).join(eol);
  return `${text.slice(0, at)}${newline < 0 ? eol : ''}${lines}${eol}${text.slice(at)}`;
}

function replace(text: string, pair: Pair, value: Json): string | undefined {
  const node = pair.value;
  if (node === null) return undefined;
  const isBlock = (isMap(node) || isSeq(node)) && !node.flow;
  const end = isBlock ? endOfNode(text, node) : node.range[1];
  const [start] = node.range;
  // A block scalar, alone or as the last part of the old value, includes its line end.
  const rest = (text[end - 1] === '\n' ? lineEnd(text) : '') + text.slice(end);
  if (!isBlock) return text.slice(0, start) + (isJson(text) ? jsonText(value) : flowText(value)) + rest;
  if (!hasLines(value) || isArray(value) !== isSeq(node)) {
    const colon = text.indexOf(':', pair.key.range[1]) + 1;
    return `${text.slice(0, colon)} ${flowText(value)}${rest}`;
  }
  const column = columnOf(text, start);
  const lines = blockLines(value, isSeq(node) ? column : column - 2);
  return text.slice(0, start) + lines.join(lineEnd(text)).slice(column) + rest;
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** True for a list or map with content, which is written on lines of its own. */
const hasLines = (value: Json): value is readonly Json[] | { readonly [key: string]: Json } =>
  value !== null && typeof value === 'object' && Object.keys(value).length > 0;

/** Whether the file is JSON. It has to remain JSON, because other programs may read it as such. */
const isJson = (text: string): boolean => /^\s*\{\s*("|\})/.test(text);

const jsonText = (value: Json): string => flowText(value, JSON.stringify);

/** The lines of `key: value`, indented to a column. */
function blockEntry(key: string, value: Json, indent: number): string[] {
  const head = `${' '.repeat(indent)}${scalarText(key)}:`;
  return hasLines(value) ? [head, ...blockLines(value, indent)] : [`${head} ${flowText(value)}`];
}

/** The lines below a key: list items at the key's column, as Go writes them; map entries indented by two. */
function blockLines(value: readonly Json[] | { readonly [key: string]: Json }, indent: number): string[] {
  if (isArray(value)) return value.map((one) => `${' '.repeat(indent)}- ${flowText(one)}`);
  return Object.entries(value).flatMap(([key, one]) => blockEntry(key, one, indent + 2));
}

function flowText(value: Json, scalar: (value: null | boolean | number | string) => string = scalarText): string {
  if (isArray(value)) return `[${value.map((one) => flowText(one, scalar)).join(', ')}]`;
  if (value === null || typeof value !== 'object') return scalar(value);
  return `{${Object.entries(value)
    .map(([key, one]) => `${scalar(key)}: ${flowText(one, scalar)}`)
    .join(', ')}}`;
}

/** Unquoted if every YAML parser reads the text as a string, else in double quotes. */
function scalarText(value: null | boolean | number | string): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const plain = /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(value) || /^\d+(\.\d+)?(ns|us|ms|s|m|h)(\d+(ms|s|m))*$/.test(value);
  return plain && !/^(y|yes|n|no|true|false|on|off|null|nan|inf)$/i.test(value) ? value : JSON.stringify(value);
}
