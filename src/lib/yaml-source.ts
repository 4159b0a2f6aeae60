/** Parses YAML files of users and finds the line of every path, so that mistakes are reported with their position. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { ParsedNode, Tags, YAMLError, YAMLWarning } from 'yaml';
import { messageOf } from './errors.js';
import { yamlFaults } from './yaml-faults.js';

export type Path = readonly (string | number)[];

export interface Position {
  /** Both start at 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** The path of the faulty value; empty for the whole file. */
  readonly path: Path;
  readonly message: string;
  /** Replaces the position of `path`. */
  readonly position?: Position | undefined;
}

export interface YamlSource {
  /** The file name as the user gave it. */
  readonly name: string;
  /** Plain data; undefined if there are problems. */
  readonly value: unknown;
  /** Why the text is not valid YAML. */
  readonly problems: readonly Problem[];
  /** The position of the key or list item at a path; if it is not in the file, the position of its nearest parent. */
  where(path: Path): Position;
}

const maxChars = 4 * 1024 * 1024;
/** Maximum number of reported problems, because finding the line of each one searches the whole file. */
const maxLines = 100;
/** Disabled tags: YAML 1.1 would turn `22:30` into a number and `2024-01-01` into a date. */
const unexpectedTags = new Set(['timestamp', 'intTime', 'floatTime', 'binary', 'omap', 'pairs', 'set']);

/** Parses YAML 1.2, or 1.1 if `yes` and `010` must mean what they mean to the kubelet. Never throws. */
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
      // The library's check takes quadratic time; keyFaults needs one pass.
      uniqueKeys: false,
    });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) return broken(faults.map((fault) => syntaxProblem(fault, lines)));
    const found = yamlFaults(document, version === '1.2');
    if (found.length > 0)
      return broken(found.map(({ message, at }) => ({ path: [], message, position: positionAt(lines, at) })));
    const value: unknown = document.toJS();
    const where = (path: Path): Position => positionAt(lines, offsetOf(document.contents, path));
    return { name, value, problems: [], where };
  } catch (error) {
    return broken([{ path: [], message: `not valid YAML: ${messageOf(error)}` }]);
  }
}

/** One line per problem, in file order: `file:line: path: message`. */
export function formatProblems(source: YamlSource, problems: readonly Problem[]): readonly string[] {
  const placed = problems
    .slice(0, maxLines)
    .map((problem) => ({ problem, at: problem.position ?? source.where(problem.path) }));
  placed.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const lines = placed.map(({ problem, at }) => {
    const path = problem.path.length === 0 ? '' : `${pathText(problem.path)}: `;
    return printable(`${source.name}:${at.line}: ${path}${problem.message}`);
  });
  const left = problems.length - maxLines;
  return [...new Set(lines), ...(left > 0 ? [`${source.name}: ${left} more problems`] : [])];
}

/** `groups.workers.hosts.node1` or `rules[2].want`; ambiguous parts are quoted. */
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
    return !unexpectedTags.has(name) && !sexagesimal;
  });
}

function syntaxProblem(fault: YAMLError | YAMLWarning, lines: LineCounter): Problem {
  return { path: [], message: syntaxMessage(fault), position: positionAt(lines, fault.pos[0]) };
}

function syntaxMessage({ code, message }: YAMLError | YAMLWarning): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'only one YAML document is allowed in this file';
    case 'TAB_AS_INDENT':
      return 'indent YAML with spaces, not with tabs';
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

/** Escapes control characters, because the file may come from someone else and must not control the terminal. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
