/** What the program loads before it knows which verb it runs: --help and the completion of a shell wait for all of it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { project } from './source-file.js';

/** Files below src, and packages, that a file loads at once, by way of others too. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(project, 'src', file), 'utf8');
  for (const [, type, from = ''] of text.matchAll(/^(?:import|export)\b( type)?[^;'()]*'([^']+)';/gm)) {
    if (type !== undefined || from.startsWith('node:')) continue;
    if (from.startsWith('.')) loadedBy(join(dirname(file), from.replace(/\.js$/, '.ts')), seen);
    else seen.add(from);
  }
  return seen;
}

it('is commander, the table of verbs and little else', () => {
  const loaded = [...loadedBy('main.ts')];
  expect(loaded).toContain('cli/verbs.ts');
  expect(loaded.filter((one) => !one.endsWith('.ts'))).toEqual(['commander']);
  expect(loaded.length).toBeLessThan(60);
});
