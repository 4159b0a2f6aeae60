/** Parses YAML like gopkg.in/yaml.v2: YAML 1.1, first document only, aliases resolved, duplicate keys kept in order. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, Scalar } from 'yaml';
import { goScalar } from './go-yaml-scalar.js';
import { memoize } from './memoize.js';
import { type Span, type TextFault, strayContent, tabFault, textFault } from './go-yaml-text.js';

/** A value with its position. The value of an alias has the position of the alias. */
export interface GoValue {
  readonly kind: 'text' | 'value' | 'nothing' | 'list' | 'mapping';
  /** The value as fmt prints it; long lists and mappings are cut off. */
  readonly text: string;
  readonly items: readonly GoValue[];
  readonly pairs: readonly { readonly key: GoValue; readonly value: GoValue }[];
  /** The `<<` merges of a mapping. Go drops them if it reads the mapping as a list of pairs. */
  readonly merges: readonly GoMerge[];
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** True if the text has an alias here. */
  readonly isAlias: boolean;
  /** The anchor of the value or of the alias target, with the line of the first alias that uses it. */
  readonly shared?: { readonly anchor: string; readonly line: number } | undefined;
}

export interface GoMerge {
  readonly line: number;
  /** The number of pairs before the merge, which it overrides. */
  readonly after: number;
  readonly value: GoValue;
}

export interface GoDocument {
  /** undefined if the text has no document. */
  readonly root: GoValue | undefined;
  /** The line of a second document, which Go ignores. */
  readonly further: number | undefined;
}

/** Why Go rejects the text. */
export interface GoFault {
  readonly line: number | undefined;
  readonly message: string;
}

type Node = ParsedNode | null;

/** Limits against hostile files: nodes behind aliases, nesting depth, and the length of a printed list. */
const maxAliased = 20_000;
const maxDepth = 100;
const maxTextLength = 2000;

/** Thrown and caught in this file only. */
class Refusal extends Error {
  readonly offset: number;
  constructor(message: string, node: Node) {
    super(message);
    this.offset = node?.range[0] ?? 0;
  }
}

interface Reading {
  readonly lines: LineCounter;
  /** Characters removed at the start of the text. */
  readonly shift: number;
  readonly spans: readonly Span[];
  /** The target of each alias, and the line of the first alias for each target. */
  readonly targets: ReadonlyMap<Node, Node>;
  readonly uses: ReadonlyMap<Node, number>;
  /** Nodes read so far, and how many of them are behind an alias. */
  count: number;
  aliased: number;
}

/** Enough for the files of one node, which are read again after each step of a plan. */
const maxTexts = 30;

/** Never throws. */
export const readGoYaml = memoize(parseGoYaml, maxTexts);

function parseGoYaml(text: string): GoDocument | { readonly fault: GoFault } {
  // A byte order mark does not count as a column.
  const shift = text.startsWith('\ufeff') ? 1 : 0;
  const body = text.slice(shift);
  const lines = new LineCounter();
  const refused = ({ offset, message }: TextFault): { readonly fault: GoFault } => ({
    fault: { line: lineOf(lines, offset), message },
  });
  try {
    const options = { version: '1.1', schema: 'failsafe', uniqueKeys: false, lineCounter: lines } as const;
    const documents = parseAllDocuments(body, { ...options, prettyErrors: false, logLevel: 'silent' });
    const [document, second] = 'empty' in documents ? [] : documents;
    const problem = textFault(body) ?? (document === undefined ? strayContent(body) : problemOf(document));
    if (problem !== undefined) return refused(problem);
    if (document === undefined) return { root: undefined, further: undefined };
    const reading = readingOf(lines, document, shift);
    const tab = tabFault(body, reading.spans, second?.range[0] ?? body.length);
    if (tab !== undefined) return refused(tab);
    const further = second === undefined ? undefined : lineOf(lines, second.range[0]);
    return { root: valueOf(document.contents, reading), further };
  } catch (error) {
    return error instanceof Refusal
      ? refused(error)
      : { fault: { line: undefined, message: 'not valid YAML: it is nested too deeply' } };
  }
}

const lineOf = (lines: LineCounter, offset: number): number => Math.max(lines.linePos(offset).line, 1);

function problemOf(document: Document.Parsed): TextFault | undefined {
  const [error] = document.errors;
  const directive = document.warnings.find(({ code }) => code === 'BAD_DIRECTIVE');
  const problem = error ?? directive;
  if (problem !== undefined) {
    const what = problem === error ? (error.message.split('\n')[0] ?? '') : 'unknown directive';
    return { offset: problem.pos[0], message: `not valid YAML: ${what}` };
  }
  const { explicit = false, version } = document.directives.yaml;
  const isOther = explicit && version !== '1.1';
  return isOther ? { offset: 0, message: `not valid YAML: only YAML 1.1 is supported, not ${version}` } : undefined;
}

/** Resolves aliases in text order, because an anchor name may be defined again further down. */
function readingOf(lines: LineCounter, document: Document.Parsed, shift: number): Reading {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  const uses = new Map<Node, number>();
  const spans: Span[] = [];
  const walk = (node: Node, depth: number): void => {
    if (node === null) return;
    if (depth > maxDepth) throw new Refusal('not valid YAML: it is nested too deeply', node);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) throw new Refusal(`the alias *${node.source} has no anchor above it`, node);
      targets.set(node, target);
      if (!uses.has(target)) uses.set(target, lineOf(lines, node.range[0]));
      return;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    const [start, end] = node.range;
    const isOneText = isScalar(node) || node.flow === true;
    if (isOneText && start >= (spans.at(-1)?.[1] ?? 0)) spans.push([start, end]);
    if (isSeq(node)) for (const item of node.items) walk(item, depth + 1);
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      checkKey(key, node);
      walk(key, depth + 1);
      walk(value, depth + 1);
    }
  };
  walk(document.contents, 0);
  return { lines, shift, targets, uses, spans, count: 0, aliased: 0 };
}

function checkKey(key: Node, map: Node): void {
  if (isSeq(key) || isMap(key)) throw new Refusal('a key must not be a list or a mapping', key);
  const isEmpty = isScalar(key) && key.range[0] === key.range[1] && key.tag === undefined && key.anchor === undefined;
  if (key === null || isEmpty) throw new Refusal('not valid YAML: a key is missing before the colon', key ?? map);
}

/** Go's limit on aliases (decode.go of yaml.v2), and a lower limit on the number of nodes behind them. */
function countNode(node: Node, reading: Reading, isAliased: boolean): void {
  reading.count += 1;
  if (isAliased) reading.aliased += 1;
  const { count, aliased } = reading;
  const isExcessive = aliased > 100 && count > 1000 && aliased / count > 0.99;
  if (isExcessive) throw new Refusal('not valid YAML: the document contains excessive aliasing', node);
  if (aliased > maxAliased) throw new Refusal(`its aliases expand to more than ${maxAliased} values`, node);
}

/** @param open the nodes that contain this one, to detect cycles */
function valueOf(node: Node, reading: Reading, open: readonly Node[] = [], isAliased = false): GoValue {
  countNode(node, reading, isAliased);
  const [from, to] = node?.range ?? [0, 0];
  const place = { line: lineOf(reading.lines, from), start: from + reading.shift, end: to + reading.shift };
  const target = reading.targets.get(node) ?? node;
  if (open.includes(target)) throw new Refusal('not valid YAML: an anchor contains itself', node);
  const behind = isAliased || target !== node;
  if (target !== node) countNode(node, reading, true);
  const use = reading.uses.get(target);
  const anchor = target === null || isAlias(target) ? undefined : target.anchor;
  const shared = use === undefined || anchor === undefined ? {} : { shared: { anchor, line: use } };
  const empty = { items: [], pairs: [], merges: [], isAlias: target !== node, ...place, ...shared };
  if (isScalar(target)) return { ...empty, ...scalarOf(target) };
  const inside = [...open, target];
  if (isSeq(target)) {
    const items = target.items.map((item) => valueOf(item, reading, inside, behind));
    return { ...empty, kind: 'list', items, text: bracketed(items.map(printed)) };
  }
  if (!isMap(target)) return { ...empty, kind: 'nothing', text: '' };
  const merges: GoMerge[] = [];
  const pairs: { readonly key: GoValue; readonly value: GoValue }[] = [];
  for (const { key, value } of target.items) {
    const found = { key: valueOf(key, reading, inside, behind), value: valueOf(value, reading, inside, behind) };
    if (isMerge(key)) {
      checkMerge(value, found.value);
      merges.push({ line: found.key.line, after: pairs.length, value: found.value });
    } else pairs.push(found);
  }
  const text = bracketed(pairs.map(({ key, value }) => `{${printed(key)} ${printed(value)}}`));
  return { ...empty, kind: 'mapping', pairs, merges, text };
}

const printed = ({ kind, text }: GoValue): string => (kind === 'nothing' ? '<nil>' : text);

function bracketed(parts: readonly string[]): string {
  const text = `[${parts.join(' ')}]`;
  return text.length > maxTextLength ? text.slice(0, maxTextLength) : text;
}

/** `<<` merges only without quotes; with quotes it is an ordinary key. */
const isMerge = (key: Node): boolean =>
  isScalar(key) && key.source === '<<' && (key.type === 'PLAIN' || key.tag === `${tags}merge`);

function checkMerge(node: Node, { kind, items }: GoValue): void {
  const fits = kind === 'list' && isSeq(node) ? items.every((item) => item.kind === 'mapping') : kind === 'mapping';
  if (!fits) throw new Refusal('<< needs a mapping or a list of mappings', node);
}

const tags = 'tag:yaml.org,2002:';

function scalarOf(node: Scalar.Parsed): Pick<GoValue, 'kind' | 'text'> {
  const source = typeof node.value === 'string' ? node.value : '';
  const tag = node.tag?.startsWith(tags) === true ? node.tag.slice(tags.length) : node.tag;
  if (tag === undefined && node.type !== 'PLAIN') return { kind: 'text', text: source };
  if (tag === 'binary') return { kind: 'text', text: Buffer.from(source, 'base64').toString('utf8') };
  if (tag !== undefined && !['bool', 'int', 'float', 'null', 'timestamp'].includes(tag)) {
    return { kind: 'text', text: source };
  }
  const { kind, text } = goScalar(source);
  if (tag !== undefined && tag !== 'timestamp' && kind === 'text')
    throw new Refusal(`${source} is not a valid ${tag}`, node);
  return { kind, text };
}
