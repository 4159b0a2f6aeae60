/** The site that `npm run docs` builds: every page is in its navigation, no link is broken, and nothing is fetched from elsewhere. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DefaultTreeAdapterMap, parse } from 'parse5';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Page, chromium, openPage } from '../report/browser.js';
import { project } from '../source-file.js';
import { pages } from './markdown.js';

type Node = DefaultTreeAdapterMap['node'];
type Element = DefaultTreeAdapterMap['element'];

const site = mkdtempSync(join(tmpdir(), 'kubelatch-site-'));
afterAll(() => rmSync(site, { recursive: true, force: true }));
const elements = new Map<string, readonly Element[]>();

beforeAll(() => {
  const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { scripts: { docs: string } };
  const [program = '', ...args] = scripts.docs
    .replace('--output=build/site', `--output=${relative(project, site)}`)
    .split(' ');
  expect(program).toBe('eleventy');
  execFileSync(process.execPath, [join(project, 'node_modules', '@11ty', 'eleventy', 'cmd.cjs'), ...args], {
    cwd: project,
    stdio: 'pipe',
  });
  for (const name of readdirSync(site, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.html')) elements.set(name, elementsOf(parse(readFileSync(join(site, name), 'utf8'))));
}, 60_000);

function elementsOf(node: Node): Element[] {
  const own = 'tagName' in node ? [node] : [];
  return [...own, ...('childNodes' in node ? node.childNodes.flatMap(elementsOf) : [])];
}
const valueOf = (element: Element, name: string): string | undefined =>
  element.attrs.find((one) => one.name === name)?.value;
const linksOn = (page: string): string[] =>
  (elements.get(page) ?? []).flatMap((one) => valueOf(one, 'href') ?? valueOf(one, 'src') ?? []);
const isElsewhere = (link: string): boolean => /^([a-z]+:|\/\/)/.test(link);
const fileOf = (page: string, link: string): string => join(dirname(page), link.split('#')[0] ?? '');

it('has a page for README.md and each page of docs/', () => {
  const wanted = pages.map((page) =>
    page === 'README.md' ? 'index.html' : page.replace(/^docs\/(.*)\.md$/, '$1.html'),
  );
  expect([...elements.keys()]).toEqual(expect.arrayContaining(wanted));
});

it('has every page in the navigation of each', () => {
  for (const page of elements.keys()) {
    const linked = new Set(linksOn(page).map((link) => fileOf(page, link)));
    expect({ page, missing: [...elements.keys()].filter((one) => !linked.has(one)) }).toEqual({ page, missing: [] });
  }
});

it('has no broken link, from any path: each is relative', () => {
  const ids = new Map([...elements].map(([page, all]) => [page, new Set(all.map((one) => valueOf(one, 'id')))]));
  const broken = [...elements.keys()].flatMap((page) =>
    linksOn(page)
      .filter((link) => {
        if (isElsewhere(link)) return false;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : fileOf(page, link);
        if (link.startsWith('/') || !existsSync(join(site, target))) return true;
        return anchor !== undefined && ids.get(target)?.has(anchor) === false;
      })
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

it('fetches nothing from elsewhere, and runs nothing', () => {
  for (const [page, all] of elements) {
    const fetched = all
      .filter(({ tagName }) => tagName !== 'a')
      .flatMap((one) => valueOf(one, 'href') ?? valueOf(one, 'src') ?? [])
      .filter(isElsewhere);
    expect({ page, fetched }).toEqual({ page, fetched: [] });
    expect(all.filter(({ tagName }) => ['script', 'iframe', 'object'].includes(tagName))).toEqual([]);
  }
  const style = readFileSync(join(site, 'style.css'), 'utf8');
  expect(style).not.toMatch(/url\(|@import/);
  expect(style).toContain('prefers-color-scheme: dark');
});

it('each picture has words for those who do not see it', () => {
  const pictures = [...elements.values()].flat().filter(({ tagName }) => tagName === 'img');
  expect(pictures.length).toBeGreaterThan(5);
  expect(pictures.filter((one) => (valueOf(one, 'alt') ?? '') === '')).toEqual([]);
});

/** Opens a page, and waits until all of it is there. */
async function open(page: Page, url: string): Promise<void> {
  await page.send('Page.navigate', { url });
  const isThere = () =>
    page.evaluate<boolean>(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
  await vi.waitUntil(isThere, { timeout: 30_000, interval: 50 });
}

describe.runIf(chromium !== undefined)('in Chromium, from file://', () => {
  it.each(['light', 'dark'])(
    'axe finds nothing in %s, and nothing is asked for',
    async (value) => {
      const page = await openPage();
      try {
        await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
        for (const name of ['index', 'troubleshooting', 'decisions/index']) {
          await open(page, pathToFileURL(join(site, `${name}.html`)).href);
          await page.evaluate(`${axe.source}; 0`);
          const found = await page.evaluate<string[]>(
            // Without preload, in which axe itself would ask for the style sheet again: file:// does not allow that.
            `axe.run(document, {preload: false, resultTypes: ['violations']}).then(({violations}) => violations.map(({id, nodes}) => id + ': ' + nodes[0].html.slice(0, 200)))`,
          );
          expect({ name, found }).toEqual({ name, found: [] });
        }
        expect({ problems: page.problems, requests: page.requests }).toEqual({ problems: [], requests: [] });
      } finally {
        await page.close();
      }
    },
    120_000,
  );
});
