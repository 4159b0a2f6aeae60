/** The single executable, built twice, and run where neither Node.js nor the checkout is to be found. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeThatAnswers } from '../hostile/node-answer.js';
import { type Listening, hostKey } from '../hostile/ssh-host.js';
import { probeAnswer } from '../nodes/recorded-node.js';
import { project } from '../source-file.js';

const start = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'kubelatch-bundle-test-'));
const name = 'kubelatch-linux-x64';
const beside = ['LICENSES.txt', 'sbom.cdx.json'];
const builds = [join(folder, 'first'), join(folder, 'second')] as const;
const nodes: Listening[] = [];
const read = (build: string, file: string): Buffer => readFileSync(join(build, file));
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  const script = join(project, 'scripts', 'bundle.mjs');
  await Promise.all(builds.map((build) => start(process.execPath, [script, build])));
  mkdirSync(join(folder, 'bin'));
  for (const tool of ['ssh', 'ssh-keygen']) symlinkSync(`/usr/bin/${tool}`, join(folder, 'bin', tool));
  // A thread that is text looks for modules in the folder it is started in: none may come from there.
  for (const module of ['cpu-features', 'ssh2', 'yaml', 'zod']) {
    mkdirSync(join(folder, 'node_modules', module), { recursive: true });
    writeFileSync(join(folder, 'node_modules', module, 'index.js'), 'console.log("from outside"); process.exit(99);');
  }
}, 240_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all(nodes.map((one) => one.stop()));
});

/** Rejects if it ends with another code than 0. */
const run = (...args: readonly string[]) =>
  start(join(builds[0], name), args, {
    cwd: folder,
    env: { PATH: join(folder, 'bin'), HOME: folder, LANG: 'C.UTF-8' },
    maxBuffer: 2 ** 26,
  });

it('has the same bytes each time, and nothing of this machine', () => {
  const [first, second] = builds;
  for (const file of [...beside, name, 'SHA256SUMS']) {
    expect(sha256(read(first, file)), file).toBe(sha256(read(second, file)));
  }
  expect(read(first, name).includes(project)).toBe(false);
});

it('has its checksums beside it, what it is made of, and the licenses', () => {
  const sums = [name, ...beside].map((file) => `${sha256(read(builds[0], file))}  ${file}\n`);
  expect(String(read(builds[0], 'SHA256SUMS'))).toBe(sums.join(''));
  const bill = JSON.parse(String(read(builds[0], 'sbom.cdx.json'))) as {
    metadata: { component: { name: string } };
    components: { name: string; version: string }[];
  };
  expect(bill.metadata.component.name).toBe('kubelatch');
  const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const listed = bill.components.map((one) => `${one.name} ${one.version}`);
  expect(listed).toEqual(expect.arrayContaining(Object.entries(dependencies).map((one) => one.join(' '))));
  expect(listed).toContain(`node ${process.versions.node}`);
  for (const { name, version } of bill.components)
    expect(String(read(builds[0], 'LICENSES.txt'))).toContain(`== ${name}@${version} ==\n`);
  expect(listed.join('\n')).not.toMatch(/^(esbuild|postject|vitest|cpu-features) /m);
});

it('says its version, and shows its help', async () => {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  expect(await run('--version')).toEqual({ stdout: `kubelatch ${version}\n`, stderr: '' });
  expect((await run('--help')).stdout).toMatch(/^Usage: kubelatch/);
  await expect(run('nonsense')).rejects.toMatchObject({ code: 64 });
});

it('has the playbooks and the shell programs of nodes', async () => {
  const { stdout } = await run('rules', '-o', 'json');
  expect((JSON.parse(stdout) as { playbooks: unknown[] }).playbooks).toHaveLength(7);
  expect((await run('explain', 'anonymous-auth')).stdout).toContain('authentication.anonymous.enabled');
  const helper = await run('node-helper');
  for (const file of ['probe.sh', 'txn.sh', 'sudo-program.sh']) {
    expect(helper.stdout).toContain(readFileSync(join(project, 'src/node', file), 'utf8'));
  }
});

it('audits nodes over SSH, reads their answers in threads, and writes the page', async () => {
  for (const kind of ['kubeadm-weak', 'k3s-server-1.33']) nodes.push(await nodeThatAnswers(() => probeAnswer(kind)));
  const ports = nodes.map(({ port }) => port);
  writeFileSync(join(folder, 'known_hosts'), ports.map((port) => `[127.0.0.1]:${port} ${hostKey}\n`).join(''));
  const hosts = ports.map((port, at) => `n${at + 1}: { address: 127.0.0.1, ssh: { port: ${port} } }`);
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `cluster: { name: lab }
ssh: { user: root, knownHostsFile: ./known_hosts }
groups:
  workers: { role: worker, hosts: { ${hosts.join(', ')} } }
`,
  );
  const audit = await run('audit', '--no-cluster', '--no-input', '-o', 'json', '--output-file', 'audit.json');
  expect(audit.stderr).not.toContain('Warning');
  expect(JSON.parse(readFileSync(join(folder, 'audit.json'), 'utf8'))).toMatchObject({
    hosts: [
      { host: 'n1', status: 'judged' },
      { host: 'n2', status: 'judged' },
    ],
  });
  const page = await run('report', 'audit.json', '-o', 'html');
  expect(page.stderr).toBe('');
  expect(page.stdout).toMatch(/^<!doctype html>/i);
  for (const file of ['page.js', 'page.css']) {
    expect(page.stdout).toContain(
      readFileSync(join(project, 'src/report/html', file), 'utf8')
        .trim()
        .slice(0, 500),
    );
  }
});
