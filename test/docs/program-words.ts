/** Every text in the sources of the program: string literals, and the fixed pieces of templates. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { project } from '../source-file.js';

/** Each once. */
export function programWords(): string[] {
  const names = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' });
  const found = names
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => textsIn(readFileSync(join(project, 'src', name), 'utf8')));
  return [...new Set(found)];
}

function textsIn(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    else if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest));
  return found;
}
