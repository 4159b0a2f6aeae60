/** A source file as the architecture test sees it: its imports, and its code without comments. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

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
  /** Words and signs in their order, parted by one blank: no comments, no line breaks. */
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
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier))
      throw new Error(`${path}: an import of what only a run can tell`);
    const name = specifier.text;
    const target = name.startsWith('.') ? relative(root, resolve(root, dirname(path), name)) : name;
    found.push({ target: target.replace(/\.js$/, ''), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

/** Text that is TypeScript, without its comments. */
export function codeOf(text: string): string {
  const words: string[] = [];
  const source = ts.createSourceFile('code.ts', text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    if (node.getChildCount(source) === 0) words.push(node.getText(source));
    else for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return words.filter((word) => word !== '').join(' ');
}
