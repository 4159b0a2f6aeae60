/** Pages that are made from the sources are up to date (npm run reference), and quoted words are the program's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project } from '../source-file.js';
import { blocksOf } from './markdown.js';
import { playbooksDocument } from './playbooks.js';
import { programWords } from './program-words.js';
import { formatted } from '../formatted.js';

it('docs/playbooks.md', async () => {
  await expect(await formatted('playbooks.md', await playbooksDocument(), { proseWrap: 'always' })).toMatchFileSnapshot(
    join(project, 'docs', 'playbooks.md'),
  );
});

/** Characters: shorter pieces of a sentence, such as `, not `, prove nothing. */
const shortest = 6;

/** Which part of a line is made of pieces of the program, and the longest of them. */
function known(line: string, pieces: readonly string[]): { readonly part: number; readonly longest: number } {
  const covered = new Set<number>();
  const found = pieces.filter((piece) => piece.length >= shortest && line.includes(piece));
  for (const piece of found) {
    const start = line.indexOf(piece);
    for (let at = start; at < start + piece.length; at += 1) covered.add(at);
  }
  return { part: covered.size / line.length, longest: Math.max(0, ...found.map(({ length }) => length)) };
}

describe('docs/troubleshooting.md quotes the program', () => {
  const pieces = programWords();
  const isForeign = (line: string): boolean => {
    const { part, longest } = known(line, pieces);
    return part < 0.4 || longest < Math.min(9, line.length);
  };
  const quoted = blocksOf(readFileSync(join(project, 'docs', 'troubleshooting.md'), 'utf8')).filter(
    ({ language }) => language === 'text',
  );

  it('line by line', () => {
    expect(quoted.length).toBeGreaterThan(25);
    const lines = quoted.flatMap(({ text }) => text.split('\n'));
    expect(lines.filter(isForeign)).toEqual([]);
  });

  it.each(['the node is broken, sorry', 'hint: turn it off and on again', 'node01: could not talk to that machine'])(
    'an invented sentence would be found: %s',
    (line) => expect(isForeign(line)).toBe(true),
  );
});
