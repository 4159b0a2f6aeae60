/** What is published of the JSON results is what src/report says. After a change of a schema: npm run schemas. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { project } from '../source-file.js';
import { jsonDocument, schemaFiles } from './published.js';

const folder = join(project, 'schemas');

it('schemas/ holds the schema of every kind of result, and nothing else', async () => {
  const files = await schemaFiles();
  for (const [name, text] of Object.entries(files)) await expect(text).toMatchFileSnapshot(join(folder, name));
  expect(readdirSync(folder).sort()).toEqual(Object.keys(files).sort());
});

it('docs/json.md describes them', async () => {
  await expect(await jsonDocument()).toMatchFileSnapshot(join(project, 'docs/json.md'));
});
