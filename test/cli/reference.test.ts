/** The reference and the man page are what the table of verbs says. After a change of a verb or flag: npm run reference. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { verbs } from '../../src/cli/verbs.js';
import { project } from '../source-file.js';
import { cliDocument, manPage } from './reference.js';
import { formatted } from '../formatted.js';

const page = join(project, 'man', 'kubelatch.1');

it('docs/cli.md', async () => {
  await expect(await formatted('cli.md', cliDocument(), { proseWrap: 'always' })).toMatchFileSnapshot(
    join(project, 'docs', 'cli.md'),
  );
});

it('man/kubelatch.1', async () => {
  await expect(manPage()).toMatchFileSnapshot(page);
});

const canShow = spawnSync('man', ['--version']).status === 0;

it.runIf(canShow)('the man page is shown without a complaint, with every verb', () => {
  const ran = spawnSync('man', ['--warnings', '-l', page], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', MANWIDTH: '80' },
  });
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  for (const { name, hidden } of verbs) if (hidden !== true) expect(ran.stdout).toContain(`kubelatch ${name}`);
});

it('the package has the man page', () => {
  const { man, files } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    man?: string;
    files: string[];
  };
  expect(man).toBe('./man/kubelatch.1');
  expect(files).toContain('man');
});
