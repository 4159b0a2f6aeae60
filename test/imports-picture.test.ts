/** docs/images/imports.svg shows the imports as they are now, and none of code leads up. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drawImports, floors, importsBetween, upward } from './imports-picture.js';
import { project, readSources } from './source-file.js';

const sources = readSources();

it('has every room of src, and no other', () => {
  const rooms = new Set(sources.map(({ path }) => path.replace(/\.(ts|sh)$/, '').split('/')[0]));
  const drawn = floors.flat().map(({ name }) => name);
  expect(drawn.sort()).toEqual([...rooms].sort());
});

it('has no import of code that leads up', () => {
  const wrong = upward(importsBetween(sources)).filter(({ typeOnly }) => !typeOnly);
  expect(wrong).toEqual([]);
});

it('shows one where there is one', () => {
  const file = { text: '', lines: 1, code: '' };
  const odd = [
    { ...file, path: 'lib/a.ts', imports: [{ target: 'run/b', typeOnly: false }] },
    { ...file, path: 'run/b.ts', imports: [{ target: 'lib/a', typeOnly: true }] },
  ];
  expect(upward(importsBetween(odd))).toEqual([{ from: 'lib', to: 'run', typeOnly: false }]);
  expect(drawImports(odd)).toContain('class="values up"');
});

// If this fails: npm run picture, then look at what changed.
it('is up to date', async () => {
  await expect(drawImports(sources)).toMatchFileSnapshot(join(project, 'docs/images/imports.svg'));
});
