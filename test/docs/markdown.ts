/** Reads Markdown of this repository: its pages, and the fenced blocks in them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../source-file.js';

/** README.md and all pages of docs/, relative to the project. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(project, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];

export interface Block {
  /** The word after the fence, such as `sh`; '' for none. */
  readonly language: string;
  /** Of its first line of text, counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a page, in order, without the indentation of their fence. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { readonly indent: string; readonly language: string; readonly line: number; lines: string[] } | undefined;
  for (const [at, text] of page.split('\n').entries()) {
    const [, indent = '', language = ''] = /^(\s*)```(\S*)/.exec(text) ?? [];
    if (!text.trimStart().startsWith('```')) open?.lines.push(text.slice(open.indent.length));
    else if (open === undefined) open = { indent, language, line: at + 2, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  return blocks;
}

const withoutBlocks = (page: string): string => page.replace(/^(\s*)```[\s\S]*?^\1```$/gm, '');

/** Targets of links and pictures, as they are written. */
export const linksOf = (page: string): string[] =>
  [...withoutBlocks(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

/** The names that GitHub gives to the headings of a page. */
export function anchorsOf(page: string): Set<string> {
  const titles = [...withoutBlocks(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => title);
  const seen = new Map<string, number>();
  return new Set(
    titles.map((title) => {
      const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const name = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
      const times = seen.get(name) ?? 0;
      seen.set(name, times + 1);
      return times === 0 ? name : `${name}-${times}`;
    }),
  );
}
