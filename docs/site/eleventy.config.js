/** Builds the documentation with Eleventy (npm run docs): plain pages with relative links, which work from any path and from file://. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { anchorOf, pageOf, siteLink } from './links.js';
import { navigation } from './navigation.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const decisions = readdirSync(join(project, 'docs', 'decisions')).sort();
const sections = [
  ...navigation,
  [
    'Decisions',
    ['docs/decisions/README.md', ...decisions.filter((one) => /^\d/.test(one)).map((one) => `docs/decisions/${one}`)],
  ],
];
const files = sections.flatMap(([, own]) => own);
const known = {
  pages: new Set(files),
  isFile: (path) => statSync(join(project, path), { throwIfNoEntry: false })?.isFile() === true,
};
const textOf = (file) => readFileSync(join(project, file), 'utf8');
const titleOf = (file) => (/^# (.+)$/m.exec(textOf(file))?.[1] ?? file).replaceAll('`', '');

/** The sections of the navigation as a page links to them. */
function menuFor(file) {
  const base = posix.dirname(pageOf(file));
  return sections.map(([title, own]) => ({
    title,
    isOpen: own.includes(file) || title !== 'Decisions',
    pages: own.map((one) => ({
      href: posix.relative(base, pageOf(one)),
      title: one === 'README.md' ? 'Overview' : titleOf(one),
      isHere: one === file,
    })),
  }));
}

/** Headings get the anchors that they have on GitHub, links lead to pages of the site, tables scroll by themselves. */
function adapt(markdown) {
  const { rules } = markdown.renderer;
  const plain = (tokens, index, options, env, self) => self.renderToken(tokens, index, options);
  markdown.core.ruler.push('site', ({ tokens, env }) => {
    const seen = new Map();
    for (const [at, token] of tokens.entries()) {
      if (token.type === 'heading_open') {
        const name = anchorOf((tokens[at + 1].children ?? []).map(({ content }) => content).join(''));
        const times = seen.get(name) ?? 0;
        seen.set(name, times + 1);
        token.attrSet('id', times === 0 ? name : `${name}-${times}`);
      }
      for (const child of token.children ?? []) adaptTarget(child, env.file);
    }
  });
  // What scrolls must be reached by keys.
  const { fence } = rules;
  rules.fence = (...all) => fence(...all).replace('<pre>', '<pre tabindex="0">');
  rules.table_open = (...all) => `<div class="table" tabindex="0">${plain(...all)}`;
  rules.table_close = (...all) => `${plain(...all)}</div>`;
}

function adaptTarget(token, file) {
  const name = token.type === 'link_open' ? 'href' : token.type === 'image' ? 'src' : undefined;
  if (name === undefined) return;
  const { href } = siteLink(file, token.attrGet(name), known);
  if (href !== undefined) token.attrSet(name, href);
  // A folder of the repository: its name stays, without a link.
  else token.attrs = [['class', 'folder']];
}

/** Files and pictures that pages lead to. */
function copies() {
  const all = files.flatMap((file) =>
    [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => siteLink(file, link, known).copy ?? []),
  );
  return Object.fromEntries(all.map(({ from, to }) => [from, to]));
}

export default function (eleventy) {
  eleventy.setQuietMode(true);
  eleventy.amendLibrary('md', adapt);
  eleventy.addPassthroughCopy({ ...copies(), 'docs/site/style.css': 'style.css' });
  for (const file of files) {
    const page = pageOf(file);
    eleventy.addTemplate(`pages/${file}`, textOf(file), {
      ...{ layout: 'page.njk', permalink: page, title: titleOf(file), file },
      ...{ menu: menuFor(file), root: posix.relative(posix.dirname(page), '.') },
    });
  }
  return { markdownTemplateEngine: false, templateFormats: ['md'], dir: { includes: '.' } };
}
