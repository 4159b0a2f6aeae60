/** --drain on a real API server: budgets are obeyed and named, pods that must not go are, and nothing is left cordoned. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { drainNode } from '../../src/cluster/drain.js';
import type { ApiRequest, ClusterError, Gateway } from '../../src/cluster/gateway.js';
import { openLocalGateway } from '../../src/cluster/local-gateway.js';
import type { Result } from '../../src/lib/result.js';
import { type RunResult, outcomes } from './results.js';
import { kubeletFiles, main, openScene, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const space = '/api/v1/namespaces/drained';
/** A Node without a kubelet: the test says what becomes of its pods. */
const ghost = 'ghost';
let api: Gateway;

async function send(method: ApiRequest['method'], path: string, body?: object): Promise<unknown> {
  const sent = await api.send({ method, path, body });
  if (!sent.ok) throw new Error(`${method} ${path}: ${sent.error.message}`);
  return sent.value.body;
}
const gone = async (path: string): Promise<void> => {
  await api.send({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } });
  await expect.poll(async () => (await api.get(path)).ok, { timeout: 60_000, interval: 500 }).toBe(false);
};

const web = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'a-b-c', controller: true }],
};

/** A pod on `node`; on the ghost it runs. */
async function pod(name: string, node: string, metadata: object = web, volumes: readonly object[] = []): Promise<void> {
  const container = { name: 'c', image: 'nowhere.invalid/none', imagePullPolicy: 'Never' };
  const tolerations = [{ operator: 'Exists' }];
  const spec = { nodeName: node, containers: [container], tolerations, volumes, terminationGracePeriodSeconds: 1 };
  await send('POST', `${space}/pods`, { metadata: { name, labels: { app: 'web' }, ...metadata }, spec });
  if (node !== ghost) return;
  const conditions = [{ type: 'Ready', status: 'True' }];
  await send('PATCH', `${space}/pods/${name}/status`, { status: { phase: 'Running', conditions } });
}

const isDeleted = async (name: string): Promise<boolean> => {
  const read = await api.get(`${space}/pods/${name}`);
  return read.ok && 'deletionTimestamp' in (read.value as { metadata: object }).metadata;
};
const isCordoned = async (node: string): Promise<boolean> => {
  const { body } = await lab.get(`/api/v1/nodes/${node}`);
  return (body as { spec?: { unschedulable?: boolean } }).spec?.unschedulable === true;
};
const drain = (deadline: number): Promise<Result<undefined, ClusterError>> => drainNode(api, ghost, { deadline });

describe.runIf(lab.kind === 'real')('a drain', () => {
  beforeAll(async () => {
    const opened = await openLocalGateway({
      ...{ kubectl: lab.kubectl, kubeconfig: lab.kubeconfig, places: { kubeconfig: '', context: '' } },
    });
    if (!opened.ok) throw new Error(opened.error.message);
    api = opened.value;
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'drained' } });
    const ready = async (): Promise<void> => {
      expect((await api.get(`${space}/serviceaccounts/default`)).ok).toBe(true);
    };
    await vi.waitFor(ready, { timeout: 60_000, interval: 500 });
    await send('POST', '/api/v1/nodes', { metadata: { name: ghost }, spec: { unschedulable: true } });
    await lab.plant('n1');
  });

  afterAll(async () => {
    const left = await api.get(`${space}/pods`);
    const { items = [] } = (left.ok ? left.value : {}) as { items?: { metadata: { name: string } }[] };
    for (const { metadata } of items) {
      const path = `${space}/pods/${metadata.name}`;
      await api.send({ method: 'PATCH', path, body: { metadata: { finalizers: null } } });
      await api.send({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } });
    }
    await api.send({ method: 'DELETE', path: '/api/v1/namespaces/drained' });
    await api.send({ method: 'DELETE', path: `/api/v1/nodes/${ghost}` });
    await api.close();
  });

  it('waits for a budget, names it when the time is over, and goes on once it opens', async () => {
    const isOld = !(await api.get('/apis/policy/v1')).ok;
    const version = isOld ? 'v1beta1' : 'v1';
    const budgets = `/apis/policy/${version}/namespaces/drained/poddisruptionbudgets`;
    const spec = { minAvailable: 2, selector: { matchLabels: { app: 'web' } } };
    await send('POST', budgets, { metadata: { name: 'web' }, spec });
    // The lab has no controller for budgets: the test is it.
    const open = (disruptionsAllowed: number): Promise<unknown> =>
      send('PATCH', `${budgets}/web/status`, {
        status: { disruptionsAllowed, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2, observedGeneration: 1 },
      });
    await open(0);
    for (const name of ['web-1', 'web-2']) await pod(name, ghost);
    const blocked = await drain(8000);
    expect(!blocked.ok && blocked.error.message).toMatch(
      /^2 pods left after 8 s: drained\/web-1, drained\/web-2: blocked by PodDisruptionBudget drained\/web \(0 disruptions allowed; healthy 2, needed 2\)$/,
    );
    const draining = drain(90_000);
    await open(1);
    const evicted = async (): Promise<boolean[]> => Promise.all(['web-1', 'web-2'].map(isDeleted));
    await expect.poll(async () => (await evicted()).filter(Boolean).length, { timeout: 60_000 }).toBe(1);
    await open(1);
    await expect.poll(evicted, { timeout: 60_000 }).toEqual([true, true]);
    await Promise.all(['web-1', 'web-2'].map((name) => gone(`${space}/pods/${name}`)));
    expect(await draining).toEqual({ ok: true, value: undefined });
    await gone(`${budgets}/web`);
  });

  it('names a pod that does not end', async () => {
    await pod('held', ghost, { ...web, finalizers: ['example.com/hold'] });
    const drained = await drain(8000);
    expect(!drained.ok && drained.error.message).toMatch(
      /^1 pod left after 8 s: drained\/held: terminating for \d s, .*grace .*1 s, finalizers: example\.com\/hold$/,
    );
    await send('PATCH', `${space}/pods/held`, { metadata: { finalizers: null } });
    await gone(`${space}/pods/held`);
  });

  it('of a whole run changes nothing where a pod must not go, and leaves no cordon', async () => {
    await pod('bare', 'n1', {});
    await pod('cache', 'n1', web, [{ name: 'tmp', emptyDir: {} }]);
    await pod('web', 'n1');
    const before = [await kubeletFiles(lab, 'n1'), await processOf(lab, 'n1')];
    const inventory = scene.inventory(['n1']);
    const refused = await scene.result<RunResult>(4, ['apply', '-i', inventory, '--drain', ...swift]);
    expect(outcomes(refused)).toEqual({ n1: 'failed' });
    const { reason } = refused.hosts[0] ?? {};
    expect(reason).toMatch(/^the node could not be drained: nothing was evicted: /);
    expect(reason).toContain('drained/bare is managed by no controller');
    expect(reason).toContain('drained/cache has local data (emptyDir)');
    expect([await isDeleted('web'), await isCordoned('n1')]).toEqual([false, false]);
    expect([await kubeletFiles(lab, 'n1'), await processOf(lab, 'n1')]).toEqual(before);
    await Promise.all(['bare', 'cache'].map((name) => gone(`${space}/pods/${name}`)));
  });

  it('of a whole run ends with Ctrl-C, with nothing changed', async () => {
    await pod('stays', 'n1', { ...web, finalizers: ['example.com/hold'] });
    const before = [await kubeletFiles(lab, 'n1'), await processOf(lab, 'n1')];
    const args = [main, 'apply', '-i', scene.inventory(['n1']), '--drain', ...swift];
    const run = spawn(process.execPath, args, { env: scene.env, cwd: scene.folder, stdio: 'pipe' });
    let said = '';
    for (const stream of [run.stdout, run.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += String(text)));
    const ended = once(run, 'exit');
    await expect.poll(() => isDeleted('stays'), { timeout: 60_000 }).toBe(true);
    run.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(said).toMatch(/the run was stopped during the drain with \d pods? left/);
    expect(await isCordoned('n1')).toBe(false);
    expect([await kubeletFiles(lab, 'n1'), await processOf(lab, 'n1')]).toEqual(before);
    await send('PATCH', `${space}/pods/stays`, { metadata: { finalizers: null } });
    await gone(`${space}/pods/stays`);
  });

  it('of a whole run evicts what may go, changes the node and lifts its cordon', async () => {
    if (!(await api.get(`${space}/pods/web`)).ok) await pod('web', 'n1');
    const result = await scene.result<RunResult>(0, ['apply', '-i', scene.inventory(['n1']), '--drain', ...swift]);
    expect(outcomes(result)).toEqual({ n1: 'confirmed' });
    expect((await api.get(`${space}/pods/web`)).ok).toBe(false);
    expect(await isCordoned('n1')).toBe(false);
  });
});
