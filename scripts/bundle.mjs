/**
 * Makes a single executable of kubelatch for Linux x64, with the Node.js that runs this: the program and the files it reads are
 * inside. Beside it: the checksums, what it is made of (CycloneDX), and the licenses of that. The same sources, packages,
 * Node.js and npm give the same bytes.
 *   node scripts/bundle.mjs [FOLDER]   FOLDER is build/bundle unless it is given; its files of an earlier build are replaced
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { inject } from 'postject';

const project = resolve(import.meta.dirname, '..');
const folder = resolve(process.argv[2] ?? join(project, 'build', 'bundle'));
const executable = 'kubelatch-linux-x64';
/** Node.js looks for the program behind these words: https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const read = (path) => readFileSync(join(project, path));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Native parts that ssh2 does without: not there, as after an installation without install scripts. */
const withoutNativeParts = {
  name: 'without-native-parts',
  setup(build) {
    build.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not in the single executable`)});`,
    }));
  },
};

/** One file of a module and all it imports. Resolves to its text and the folders of the packages in it. */
async function joined(entry) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // Only the text says where a fault is: the same names as in the sources.
    keepNames: true,
    // The one place that uses it, src/lib/shipped-file.ts, does not where the files are inside.
    logOverride: { 'empty-import-meta': 'silent' },
    legalComments: 'inline',
    plugins: [withoutNativeParts],
    metafile: true,
    write: false,
  });
  const asked = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const outside = asked.filter(
    (path) => !builtinModules.includes(path.replace(/^node:/, '')) && !path.startsWith('node:'),
  );
  if (outside.length > 0) throw new Error(`${entry} would load from outside the executable: ${outside.join(', ')}`);
  const folders = Object.keys(metafile.inputs).flatMap(
    (path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? [],
  );
  return { text: outputFiles[0].text, folders };
}

/** The files that come with kubelatch, by the path from the folder of main.js. */
function shippedFiles() {
  const all = [
    ...readdirSync(join(project, 'src/node')).map((file) => `src/node/${file}`),
    ...readdirSync(join(project, 'src/report/html')).map((file) => `src/report/html/${file}`),
    ...['playbooks', 'schemas', 'man'].flatMap((name) =>
      readdirSync(join(project, name)).map((file) => `${name}/${file}`),
    ),
    'package.json',
    'LICENSE',
  ];
  return all.filter((path) => !path.endsWith('.ts')).sort();
}

/** The packages in these folders, each once: a map from name@version to the text of its license. */
function licensesIn(folders) {
  const found = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(read(`${folder}/package.json`));
    const file = readdirSync(join(project, folder))
      .sort()
      .find((one) => /^licen[cs]e/i.test(one));
    return [`${name}@${version}`, file === undefined ? `${license}\n` : String(read(`${folder}/${file}`))];
  });
  return new Map(found);
}

function textOf(licenses) {
  const { node } = process.versions;
  const all = [
    ['kubelatch', String(read('LICENSE'))],
    ...licenses,
    [`node@${node}`, `https://github.com/nodejs/node/blob/v${node}/LICENSE`],
  ];
  return all.map(([name, text]) => `== ${name} ==\n\n${text.trim()}\n`).join('\n');
}

/** A copy of Node.js at `path` that runs `main`, with the files as its assets. */
async function makeExecutable(path, main, files) {
  const work = mkdtempSync(join(tmpdir(), 'kubelatch-bundle-'));
  try {
    const names = Object.keys(files);
    writeFileSync(join(work, 'main.cjs'), main);
    names.forEach((name, at) => writeFileSync(join(work, `${at}`), files[name]));
    const config = {
      // Not a whole path: Node.js keeps it.
      main: 'main.cjs',
      output: 'blob',
      disableExperimentalSEAWarning: true,
      // Both hold what differs from run to run.
      useSnapshot: false,
      useCodeCache: false,
      assets: Object.fromEntries(names.map((name, at) => [name, `${at}`])),
    };
    writeFileSync(join(work, 'config.json'), JSON.stringify(config));
    execFileSync(process.execPath, ['--experimental-sea-config', 'config.json'], { cwd: work, stdio: 'pipe' });
    copyFileSync(process.execPath, path);
    chmodSync(path, 0o755);
    // It warns of section names in Node.js without an offset, which is harmless: https://github.com/nodejs/postject/issues/83
    await inject(path, 'NODE_SEA_BLOB', readFileSync(join(work, 'blob')), { sentinelFuse: fuse });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What the executable is made of: these packages, as the lock file has them, and Node.js. */
function billOfMaterials(packages) {
  const npm = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'];
  const bill = JSON.parse(execFileSync('npm', npm, { cwd: project, encoding: 'utf8', maxBuffer: 2 ** 26 }));
  const { component } = bill.metadata;
  const refs = new Set([component['bom-ref'], ...packages]);
  // Not npm's --omit=dev: that leaves out what a package for development needs, too.
  bill.components = bill.components.filter((one) => packages.has(one['bom-ref']));
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  if (bill.components.length < packages.size)
    throw new Error('a package of the executable is not in package-lock.json');
  bill.components.push({
    'bom-ref': `node@${process.versions.node}`,
    type: 'platform',
    name: 'node',
    version: process.versions.node,
    purl: `pkg:generic/node@${process.versions.node}?arch=${process.arch}&os=${process.platform}`,
    hashes: [{ alg: 'SHA-256', content: sha256(readFileSync(process.execPath)) }],
  });
  // npm takes the name of the checkout's folder.
  Object.assign(component, { name: 'kubelatch', type: 'application' });
  // Both differ from run to run.
  delete bill.serialNumber;
  delete bill.metadata.timestamp;
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

async function main() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('bundle: this needs Node.js for linux x64');
  const program = await joined('src/main.ts');
  const worker = await joined('src/pipeline/examine-worker.ts');
  const paths = shippedFiles();
  const files = { 'pipeline/examine-worker.js': worker.text };
  for (const path of paths) files[relative('src', path)] = read(path);
  files['index.json'] = JSON.stringify(Object.keys(files));

  const licenses = licensesIn([...program.folders, ...worker.folders]);
  mkdirSync(folder, { recursive: true });
  await makeExecutable(join(folder, executable), program.text, files);
  writeFileSync(join(folder, 'sbom.cdx.json'), billOfMaterials(new Set(licenses.keys())));
  writeFileSync(join(folder, 'LICENSES.txt'), textOf(licenses));
  const sums = [executable, 'LICENSES.txt', 'sbom.cdx.json'].map(
    (name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`,
  );
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
}

await main();
