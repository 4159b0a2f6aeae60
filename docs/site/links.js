/** Where a file of the repository is on the site, and what becomes of a link from one to another. Pure. */
import { posix } from 'node:path';

const front = 'README.md';

/** A page has the name of its file. Those of docs/ are at the top, as the front page is; others are in project/. */
export function pageOf(file) {
  if (file === front) return 'index.html';
  const path = (file.startsWith('docs/') ? file.slice('docs/'.length) : `project/${file}`).replace(
    /\/README\.md$/,
    '/index.md',
  );
  return path.replace(/\.md$/, '.html').toLowerCase();
}

/**
 * `from`: a page's file; `pages`: the files that are pages; `isFile`: whether the repository has such a file.
 * A link of the site, with the file that must be copied for it; neither where it leads to a folder, which the site does not have.
 */
export function siteLink(from, link, { pages, isFile }) {
  if (/^[a-z]+:/.test(link) || link.startsWith('#')) return { href: link };
  const [path, anchor] = link.split('#');
  const target = posix.normalize(posix.join(posix.dirname(from), path)).replace(/\/$/, '');
  const page = [target, `${target}/README.md`].find((one) => pages.has(one));
  const base = posix.dirname(pageOf(from));
  if (page !== undefined) {
    const href = posix.relative(base, pageOf(page));
    return { href: anchor === undefined ? href : `${href}#${anchor}` };
  }
  if (!isFile(target)) return {};
  const copy = target.startsWith('docs/') ? target.slice('docs/'.length) : `files/${target}`;
  return { href: posix.relative(base, copy), copy: { from: target, to: copy } };
}

/** The name that a heading has on GitHub. */
export const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
