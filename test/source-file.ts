/** A source file as the architecture test sees it: its imports, and its code without comments. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type ParseResult, parseSync } from 'oxc-parser';

export interface Import {
  /** A package, a `node:` module, or a path below src without its ending. */
  readonly target: string;
  /** Gone when compiled. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Below src, with its ending. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Every import, static or dynamic, and every export from elsewhere; empty for shell. */
  readonly imports: readonly Import[];
  /** As `codeOf` gives it. */
  readonly code: string;
}

export const project = resolve(import.meta.dirname, '..');
const root = join(project, 'src');

export function readSources(): readonly SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|sh)$/.test(path))
    .sort()
    .map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const isShell = path.endsWith('.sh');
  return {
    path,
    text,
    lines: text.split('\n').length - 1,
    imports: isShell ? [] : importsOf(path, text),
    code: isShell ? text.replace(/^\s*#.*$/gm, '') : codeOf(text),
  };
}

/** Of text that is TypeScript; `path` is below src. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: unknown, typeOnly: boolean): void => {
    const name = isNode(specifier) && specifier.type === 'Literal' ? specifier['value'] : undefined;
    if (typeof name !== 'string') throw new Error(`${path}: an import of what only a run can tell`);
    const target = name.startsWith('.') ? relative(root, resolve(root, dirname(path), name)) : name;
    found.push({ target: target.replace(/\.js$/, ''), typeOnly });
  };
  for (const node of nodesOf(parsed(path, text).program)) {
    if (node.type === 'ImportDeclaration') add(node['source'], node['importKind'] === 'type');
    else if (/^Export(Named|All)Declaration$/.test(node.type) && isNode(node['source']))
      add(node['source'], node['exportKind'] === 'type');
    else if (node.type === 'ImportExpression') add(node['source'], false);
    else if (node.type === 'TSImportType') add(node['source'], true);
  }
  return found;
}

/** Text that is TypeScript, without its comments and line breaks; signs that part words stand between blanks. */
export function codeOf(text: string): string {
  const { comments } = parsed('code.ts', text);
  const parts = [0, ...comments.map(({ end }) => end)].map((from, at) => text.slice(from, comments[at]?.start));
  return parts
    .join(' ')
    .replace(/[.(){};]/g, ' $& ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A node of a syntax tree; its other values hang on its type (ESTree). */
export type SyntaxNode = { readonly type: string } & Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** A node and all below it, in the order of the text. */
export function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (isNode(value)) yield value;
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* nodesOf(part);
}

/** The syntax tree of TypeScript, and its comments. */
export function parsed(path: string, text: string): Pick<ParseResult, 'program' | 'comments'> {
  const { program, comments, errors } = parseSync(path, text);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  return { program, comments };
}
