/** Every link of README.md and docs/ to a file of this repository leads somewhere, with its heading; every picture is there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { project } from '../source-file.js';
import { anchorsOf, linksOf, pages } from './markdown.js';

const textOf = (page: string): string => readFileSync(join(project, page), 'utf8');

it.each(pages)('%s', (page) => {
  const broken = linksOf(textOf(page)).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(project, target))) return true;
    return anchor !== undefined && !anchorsOf(textOf(target)).has(anchor);
  });
  expect(broken).toEqual([]);
});

it('README.md leads to every page', () => {
  const linked = new Set(linksOf(textOf('README.md')).map((link) => link.replace(/#.*/, '')));
  expect(pages.filter((page) => page !== 'README.md' && !linked.has(page))).toEqual([]);
});
