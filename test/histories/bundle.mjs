/**
 * Joins the harness with the sources of kubelatch into one module, in which simulated modules take the place of the clock, the
 * processes, the journal's files and the cluster's access. A seeded bug of the controller's code is a text that is replaced in it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

const project = resolve(import.meta.dirname, '../..');
const here = join(project, 'test/histories/controller');

/** What stands for what; by who imports it, where not for all. */
const simulated = [
  { module: 'src/lib/clock.ts', by: 'clock.ts' },
  { module: 'src/lib/process-mark.ts', by: 'process-mark.ts' },
  { module: 'src/lib/shipped-file.ts', by: 'shipped-file.ts' },
  { module: 'src/pipeline/open-cluster.ts', by: 'open-cluster.ts' },
];
const journal = 'src/run/journal.ts';

const replaced = (changes) => ({
  name: 'simulated',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:fs\/promises$/ }, ({ importer }) =>
      relative(project, importer) === journal ? { path: join(here, 'journal-files.ts') } : undefined,
    );
    onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const source = relative(project, join(resolveDir, path)).replace(/\.js$/, '.ts');
      const known = simulated.find(({ module }) => module === source);
      return known === undefined ? undefined : { path: join(here, known.by) };
    });
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const mine = changes.filter(({ file }) => join(project, file) === path);
      if (mine.length === 0) return undefined;
      let contents = readFileSync(path, 'utf8');
      for (const { file, from, to } of mine) {
        if (!contents.includes(from)) throw new Error(`${file} does not have: ${from}`);
        contents = contents.replace(from, () => to);
      }
      return { contents, loader: 'ts' };
    });
  },
});

const out = join(project, 'build/histories');

async function bundle(entry, outfile, changes) {
  await build({
    absWorkingDir: project,
    entryPoints: [join(project, 'test/histories', entry)],
    outfile: join(out, outfile),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [replaced(changes)],
  });
}

/** Writes build/histories/main.mjs and, where `withBugs`, one module for each seeded bug of the controller's code. */
export async function bundleAll(withBugs) {
  rmSync(out, { recursive: true, force: true });
  await bundle('main.ts', 'main.mjs', []);
  if (!withBugs) return;
  await bundle('bugs.ts', 'bugs.mjs', []);
  const { bugs } = await import(join(out, 'bugs.mjs'));
  for (const [name, { changes }] of Object.entries(bugs)) {
    const inCode = changes.filter(({ file }) => file.endsWith('.ts'));
    if (inCode.length > 0) await bundle('main.ts', `${name}.mjs`, inCode);
  }
}

if (process.argv[1] === import.meta.filename)
  await bundleAll(process.argv.some((one) => one === '--seeded-bugs' || one === '--write' || one === '--bug'));
