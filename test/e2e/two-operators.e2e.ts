/** Two operators at once: exactly one proceeds, the other is told who holds the cluster's run lock; a dead holder's is free after its time. */
import { execFile, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeEach, expect, it } from 'vitest';
import { killAt } from './killed.js';
import { expectClosed, expectOpen } from './planted.js';
import { type RunResult, hostOf, outcomes } from './results.js';
import { type Ran, main, openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2'];
const inventory = scene.inventory(nodes);
const execute = promisify(execFile);
const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kubelatch';
const unlock = 'kubectl -n kube-system delete lease kubelatch';
/** Long enough for the other to see that the holder is alive. */
const slow = ['--yes', '--settle', '8s', '--max-unavailable', '4'];

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseTransitions?: number;
}

async function lease(): Promise<LeaseSpec | undefined> {
  const { status, body } = await lab.get(path);
  return status === 200 ? (JSON.parse(body) as { spec: LeaseSpec }).spec : undefined;
}
const isHeld = async (): Promise<boolean> => (await lease())?.holderIdentity !== undefined;

async function kubectl(...args: readonly string[]): Promise<string> {
  return (await execute(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args])).stdout;
}
const inKubeSystem = (...args: readonly string[]): Promise<string> => kubectl('-n', 'kube-system', ...args);

/** Text of the refusal, which leaves nothing changed. */
function refusal(ran: Ran): string {
  expect(ran.code, ran.stderr).toBe(1);
  expect(ran.stderr).toContain('nothing was changed');
  return ran.stderr.split('\n').find((line) => line.startsWith('kubelatch: ')) ?? '';
}

beforeEach(async () => {
  await inKubeSystem('delete', 'lease', 'kubelatch', '--ignore-not-found');
  await plantAll(lab, nodes);
});

it('lets exactly one proceed, though they work on different nodes; the other changes nothing and is told of the first', async () => {
  const before = new Map(await Promise.all(nodes.map(async (node) => [node, await processOf(lab, node)] as const)));
  const both = await Promise.all(
    nodes.map((node) => scene.kubelatch(['apply', '-i', inventory, '--limit', node, ...slow, '-o', 'json'])),
  );
  expect(both.map(({ code }) => code).sort(), both.map(({ stderr }) => stderr).join('\n')).toEqual([0, 1]);
  const winner = both.findIndex(({ code }) => code === 0);
  const [won, lost] = [nodes[winner] ?? '', nodes[1 - winner] ?? ''];
  const { run } = JSON.parse(both[winner]?.stdout ?? '') as RunResult;
  const said = both[1 - winner] ?? { code: 0, stdout: '', stderr: '' };
  expect(refusal(said)).toMatch(
    new RegExp(
      `^kubelatch: \\S+@\\S+ \\(run ${run.id}\\) holds the run lock of this cluster: taken (just now|\\d+ s ago), still renewed$`,
    ),
  );
  expect(said.stderr).toContain(`kubelatch resume ${run.id}`);
  expect(said.stderr).toContain(unlock);
  expect(said.stdout).toBe('');
  await expectClosed(lab, won);
  await expectOpen(lab, lost);
  expect(await processOf(lab, lost)).toBe(before.get(lost));
  expect(await lab.on(lost, 'ls -A /var/lib/kubelatch/txn 2>/dev/null')).toMatchObject({ stdout: '' });
  // Given back: the next run need not wait.
  expect(await isHeld()).toBe(false);
});

it('takes the lock of a killed holder after its time, not before', async () => {
  const child = spawn(process.execPath, [main, 'apply', '-i', inventory, '--limit', 'n1', ...slow], {
    // A group of its own: kubectl's proxy dies with it.
    ...{ env: scene.env, cwd: scene.folder, stdio: 'ignore', detached: true },
  });
  await expect.poll(isHeld, { timeout: 60_000, interval: 100 }).toBe(true);
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  const [dead] = [(await lease())?.holderIdentity ?? ''];
  const began = performance.now();
  const next = scene.kubelatch(['apply', '-i', inventory, '--limit', 'n2', ...swift]);
  let takenAt = 0;
  while (takenAt === 0) {
    await sleep(200);
    if ((await lease())?.holderIdentity !== dead) takenAt = performance.now();
  }
  expect(takenAt - began).toBeGreaterThan(19_000);
  const ran = await next;
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toContain('holds the run lock of this cluster; watching for 20 s whether it is alive');
  expect(await lease()).toMatchObject({ leaseTransitions: 1 });
  await expectClosed(lab, 'n2');
});

it('resumes a killed run on the same machine without waiting: that its process is gone is known there', async () => {
  const { run } = await killAt(scene, ['apply', '-i', inventory, '--limit', 'n1', ...slow], 'gate', ['n1']);
  expect(await isHeld()).toBe(true);
  const resumed = await scene.kubelatch(['resume', run, '-i', inventory, '--yes', '-o', 'json']);
  expect(resumed.stderr).not.toContain('watching');
  expect(outcomes(JSON.parse(resumed.stdout) as RunResult)).toEqual({ n1: 'reverted' });
  expect(await isHeld()).toBe(false);
  await expectOpen(lab, 'n1');
});

it.each([-10, 10])('does not compare clocks: the holder’s is %i minutes off', async (minutes) => {
  const time = (): string => new Date(Date.now() + minutes * 60_000).toISOString().replace('Z', '000Z');
  const spec = { holderIdentity: 'bo@far 20261123T000000Z-0badc0/00', leaseDurationSeconds: 8, acquireTime: time() };
  const manifest = {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
    ...{ metadata: { name: 'kubelatch' }, spec: { ...spec, renewTime: time() } },
  };
  await inKubeSystem('create', '--validate=false', '-f', scene.file('lease.json', JSON.stringify(manifest)));
  const renew = (): Promise<string> =>
    inKubeSystem('patch', 'lease', 'kubelatch', '--type=merge', '-p', JSON.stringify({ spec: { renewTime: time() } }));
  const over = new AbortController();
  const renewing = (async () => {
    while (!over.signal.aborted) {
      await renew();
      await sleep(2000);
    }
  })();
  try {
    const ran = await scene.kubelatch(['apply', '-i', inventory, ...swift]);
    expect(refusal(ran)).toContain('bo@far (run 20261123T000000Z-0badc0) holds the run lock of this cluster');
  } finally {
    over.abort();
    await renewing;
  }
  const freed = await scene.result<RunResult>(0, ['apply', '-i', inventory, '--limit', 'n1', ...swift]);
  expect(outcomes(freed)).toEqual({ n1: 'confirmed' });
});

it('starts no further host once the lock is gone; the one under way is finished', async () => {
  const process = await processOf(lab, 'n2');
  const running = scene.result<RunResult>(4, ['apply', '-i', inventory, '--waves', '1,100%', ...slow]);
  await expect.poll(isHeld, { timeout: 60_000 }).toBe(true);
  await inKubeSystem('delete', 'lease', 'kubelatch');
  const result = await running;
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'skipped' });
  expect(hostOf(result, 'n2').reason).toBe('not started: the run stopped first');
  expect(scene.journal(result.run.id)).toContainEqual(
    expect.objectContaining({
      entry: 'stopped',
      reason: expect.stringContaining('someone deleted the run lock') as string,
    }),
  );
  expect(await processOf(lab, 'n2')).toBe(process);
  // What somebody deleted does not come back.
  expect(await lease()).toBeUndefined();
  const held = { ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }, metadata: { name: 'kubelatch' } };
  const spec = { holderIdentity: 'bo', leaseDurationSeconds: 36_000 };
  await inKubeSystem('create', '--validate=false', '-f', scene.file('held.json', JSON.stringify({ ...held, spec })));
  const back = await scene.kubelatch(['rollback', result.run.id, '-i', inventory, ...swift]);
  expect(refusal(back)).toContain('the run lock of this cluster, held by bo, is invalid');
  await expectClosed(lab, 'n1');
});

it('changes nothing where the gate may not read what the kubelet runs with, and says which right is missing', async () => {
  const limited = await limitedKubeconfig(['nodes']);
  const process = await processOf(lab, 'n2');
  const ran = await scene.kubelatch(['apply', '-i', inventory, '--limit', 'n2', '--kubeconfig', limited, ...swift]);
  expect(refusal(ran)).toContain('your account may not get nodes/proxy');
  expect(ran.stderr).toContain('docs/rbac.md');
  expect(await processOf(lab, 'n2')).toBe(process);
});

it('changes nothing where the lock may not be taken, and says which right is missing', async () => {
  const limited = await limitedKubeconfig(['nodes', 'nodes/proxy']);
  const process = await processOf(lab, 'n2');
  const ran = await scene.kubelatch(['apply', '-i', inventory, '--limit', 'n2', '--kubeconfig', limited, ...swift]);
  expect(refusal(ran)).toMatch(/the run lock of this cluster cannot be taken: HTTP 403: leases\.coordination\.k8s\.io/);
  expect(ran.stderr).toMatch(/get, create and update on leases\.coordination\.k8s\.io in kube-system.*--no-cluster/);
  expect(await processOf(lab, 'n2')).toBe(process);
  // Its rights are a finding for the audits of others.
  for (const name of ['role', 'binding'])
    await kubectl('delete', '--ignore-not-found', '-f', join(scene.folder, `${name}.json`));
});

/** Of a user who may read these, and Leases, and write nothing. */
async function limitedKubeconfig(resources: readonly string[]): Promise<string> {
  const pki = join(dirname(lab.kubeconfig), 'pki');
  const at = (name: string): string => join(scene.folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('limited.key')];
  await execute('openssl', ['req', '-new', ...key, '-out', at('limited.csr'), '-subj', '/CN=limited']);
  const ca = ['-CA', join(pki, 'ca.crt'), '-CAkey', join(pki, 'ca.key'), '-set_serial', '99', '-days', '2'];
  await execute('openssl', ['x509', '-req', '-in', at('limited.csr'), ...ca, '-out', at('limited.crt')]);
  const api = 'rbac.authorization.k8s.io';
  const rules = [
    { apiGroups: [''], resources, verbs: ['get', 'list'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'list'] },
  ];
  const role = { apiVersion: `${api}/v1`, kind: 'ClusterRole', metadata: { name: 'limited' }, rules };
  const roleRef = { apiGroup: api, kind: 'ClusterRole', name: 'limited' };
  const subjects = [{ apiGroup: api, kind: 'User', name: 'limited' }];
  const binding = { ...role, kind: 'ClusterRoleBinding', rules: undefined, roleRef, subjects };
  for (const [name, object] of Object.entries({ role, binding })) {
    const file = scene.file(`${name}.json`, JSON.stringify(object));
    await kubectl('delete', '--ignore-not-found', '-f', file);
    await kubectl('create', '--validate=false', '-f', file);
  }
  const cluster = {
    server: `https://${lab.nodes['cp1']?.address ?? ''}:6443`,
    'certificate-authority': join(pki, 'ca.crt'),
  };
  const user = { 'client-certificate': at('limited.crt'), 'client-key': at('limited.key') };
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  return scene.file('limited.conf', JSON.stringify(config));
}
