/** Every text in the sources of the program: string literals, and the fixed pieces of templates. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodesOf, parsed, project } from '../source-file.js';

/** Each once. */
export function programWords(): string[] {
  const names = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' });
  const found = names
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => textsIn(name, readFileSync(join(project, 'src', name), 'utf8')));
  return [...new Set(found)];
}

function textsIn(path: string, source: string): string[] {
  const { program } = parsed(path, source);
  return [...nodesOf(program)].flatMap((node) => {
    if (node.type === 'Literal' && typeof node['value'] === 'string') return [node['value']];
    const piece = node.type === 'TemplateElement' ? (node['value'] as { readonly cooked: string }).cooked : undefined;
    return piece === undefined ? [] : [piece];
  });
}
