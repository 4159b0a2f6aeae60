/** The package alone: what `npm pack` makes is unpacked into an empty folder, with nothing but its own dependencies, and run. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeThatAnswers } from '../hostile/node-answer.js';
import { type Listening, hostKey } from '../hostile/ssh-host.js';
import { probeAnswer } from '../nodes/recorded-node.js';
import { project } from '../source-file.js';
import { openPlace } from './program.js';

const place = openPlace();
// As a user has it: outside the checkout, so that nothing of the checkout is found by chance.
const root = mkdtempSync(join(tmpdir(), 'kubelatch-packed-'));
const installed = join(root, 'node_modules', 'kubelatch');
const program = join(installed, 'dist', 'main.js');
let node: Listening | undefined;
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await node?.stop();
});

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

/** What npm would install for a user, copied: a link would lead back to the checkout, and to packages for tests. */
function copyDependencies(): void {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lock;
  const modules = realpathSync(join(project, 'node_modules'));
  const needed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  for (const [path, { optional }] of needed) {
    const from = join(modules, path.slice('node_modules/'.length));
    if (optional === true && !existsSync(from)) continue;
    cpSync(from, join(root, path), {
      recursive: true,
      filter: (one) => !one.slice(from.length).includes('/node_modules'),
    });
  }
}

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', root], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename } = { filename: '' }] = JSON.parse(packed) as { filename: string }[];
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', join(root, filename), '-C', installed, '--strip-components=1']);
  copyDependencies();
}, 120_000);

const run = (...args: readonly string[]) => place.kubelatch(args, { program });

it('says its version, shows its help, and has its man page', async () => {
  const { version, bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
    bin: { kubelatch: string };
  };
  expect(await run('version')).toEqual({ code: 0, stdout: `kubelatch ${version}\n`, stderr: '' });
  expect((await run('--help')).stdout).toMatch(/^Usage: kubelatch/);
  expect(bin.kubelatch).toBe('dist/main.js');
  expect(readFileSync(program, 'utf8')).toMatch(
    /^#!\/bin\/sh\n\/\/ .*; exec node --max-semi-space-size=4 "\$0" "\$@"\n/,
  );
  expect(existsSync(join(installed, 'man', 'kubelatch.1'))).toBe(true);
});

it('has its playbooks and the shell programs of nodes', async () => {
  const rules = await run('rules', '-o', 'json');
  expect({ code: rules.code, stderr: rules.stderr }).toEqual({ code: 0, stderr: '' });
  expect((JSON.parse(rules.stdout) as { playbooks: unknown[] }).playbooks).toHaveLength(7);
  const helper = await run('node-helper');
  expect(helper.code).toBe(0);
  execFileSync('sh', ['-n'], { input: helper.stdout });
});

it('audits a recorded node over SSH, and writes the page', async () => {
  node = await nodeThatAnswers(() => probeAnswer('kubeadm-weak'));
  place.file('known_hosts', `[127.0.0.1]:${node.port} ${hostKey}\n`);
  place.file(
    'inventory.yaml',
    `cluster: { name: lab }
ssh: { user: root, knownHostsFile: ./known_hosts }
groups:
  workers: { role: worker, hosts: { n1: { address: 127.0.0.1, ssh: { port: ${node.port} } } } }
`,
  );
  const audit = await run('audit', '--no-cluster', '--no-input', '-o', 'json', '--output-file', 'audit.json');
  expect(audit).toMatchObject({ code: 0, stdout: '' });
  expect(JSON.parse(readFileSync(join(place.folder, 'audit.json'), 'utf8'))).toMatchObject({
    hosts: [{ host: 'n1', status: 'judged' }],
  });
  const page = await run('report', 'audit.json', '-o', 'html');
  expect({ code: page.code, stderr: page.stderr }).toEqual({ code: 0, stderr: '' });
  expect(page.stdout).toMatch(/^<!doctype html>/i);
});
