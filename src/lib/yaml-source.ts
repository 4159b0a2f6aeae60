/** A YAML file that a person wrote: its value, and the line of every path in it, so that a mistake is reported where it stands. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, ParsedNode, Tags, YAMLError, YAMLWarning } from 'yaml';
import { messageOf } from './errors.js';

export type Path = readonly (string | number)[];

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** Where it is; empty for the whole file. */
  readonly path: Path;
  readonly message: string;
  /** Overrides the position of `path`. */
  readonly position?: Position | undefined;
}

export interface YamlSource {
  /** The file's name as the user gave it. */
  readonly name: string;
  /** Plain data; undefined when `problems` is not empty. */
  readonly value: unknown;
  /** What keeps the text from being YAML at all. */
  readonly problems: readonly Problem[];
  /** Where the key or list item at a path stands; the nearest parent that is written where the path is not. */
  where(path: Path): Position;
}

const maxChars = 4 * 1024 * 1024;
/** YAML 1.1 turns `22:30` into a number and `2024-01-01` into a date: nobody means that in these files. */
const surprising = new Set(['timestamp', 'intTime', 'floatTime', 'binary', 'omap', 'pairs', 'set']);

/** Parses YAML 1.2, or 1.1 where `yes` and `010` must mean what the kubelet takes them for. Never throws. */
export function readYaml(name: string, text: string, version: '1.1' | '1.2' = '1.2'): YamlSource {
  const start: Position = { line: 1, column: 1 };
  const broken = (problems: readonly Problem[]): YamlSource => ({
    name,
    value: undefined,
    problems,
    where: () => start,
  });
  if (text.length > maxChars) return broken([{ path: [], message: 'the file is larger than 4 MiB' }]);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      version,
      merge: true,
      prettyErrors: false,
      lineCounter: lines,
      customTags: plainTags,
    });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) return broken(faults.map((fault) => syntaxProblem(fault, text, lines)));
    const dangling = danglingAliases(document);
    if (dangling.length > 0) {
      const message = 'this alias names no anchor above it';
      return broken(dangling.map((offset) => ({ path: [], message, position: positionAt(lines, offset) })));
    }
    const value: unknown = document.toJS();
    const where = (path: Path): Position => positionAt(lines, offsetOf(document.contents, path));
    return { name, value, problems: [], where };
  } catch (error) {
    return broken([{ path: [], message: `cannot be read as YAML: ${messageOf(error)}` }]);
  }
}

/** One line a problem, in the order of the file: `file:line: path: message`. */
export function formatProblems(source: YamlSource, problems: readonly Problem[]): readonly string[] {
  const placed = problems.map((problem) => ({ problem, at: problem.position ?? source.where(problem.path) }));
  placed.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const lines = placed.map(({ problem, at }) => {
    const path = problem.path.length === 0 ? '' : `${pathText(problem.path)}: `;
    return printable(`${source.name}:${at.line}: ${path}${problem.message}`);
  });
  return [...new Set(lines)];
}

/** `groups.workers.hosts.node1` or `rules[2].want`; a part that would be misread is quoted. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const word = /^[\w[\]:-]+$/.test(part) ? part : JSON.stringify(part);
    return text === '' ? word : `${text}.${word}`;
  }, '');
}

function plainTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    const name = typeof tag === 'string' ? tag : tag.tag.replace('tag:yaml.org,2002:', '');
    const sexagesimal = typeof tag === 'object' && 'format' in tag && tag.format === 'TIME';
    return !surprising.has(name) && !sexagesimal;
  });
}

function danglingAliases(document: Document.Parsed): readonly number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) offsets.push(startOf(alias) ?? 0);
    },
  });
  return offsets;
}

function syntaxProblem(fault: YAMLError | YAMLWarning, text: string, lines: LineCounter): Problem {
  // After an empty value the parser's position is the end of that value, a line too early.
  const skipped = fault.code === 'DUPLICATE_KEY' ? (/^\s*/.exec(text.slice(fault.pos[0]))?.[0].length ?? 0) : 0;
  const offset = fault.pos[0] + skipped;
  return { path: [], message: syntaxMessage(fault, text.slice(offset)), position: positionAt(lines, offset) };
}

function syntaxMessage({ code, message }: YAMLError | YAMLWarning, rest: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return `the key ${JSON.stringify(/^(.*?)\s*(:\s|:$|$)/m.exec(rest)?.[1] ?? '')} is already there in the same mapping`;
    case 'MULTIPLE_DOCS':
      return 'only one YAML document is allowed in this file';
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent YAML, use blanks';
    default:
      return message.replace(/\s+/g, ' ');
  }
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(root: ParsedNode | null, path: Path): number {
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const part of path) {
    const step = child(node, part);
    if (step === undefined) break;
    ({ node, offset = offset } = step);
  }
  return offset;
}

function child(node: unknown, part: string | number): { node: unknown; offset: number | undefined } | undefined {
  if (isAlias(node)) return undefined;
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  return pair === undefined ? undefined : { node: pair.value, offset: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0];
}

/** The file is its author's, who need not be the reader: nothing in it may steer a terminal or break the line. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
