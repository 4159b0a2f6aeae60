/** Kubelets move to a certificate of the cluster without a gap, and back to the byte: only a real kubelet can show it. */
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileState } from '../lab/lab.js';
import { type Plan, type RunResult, hostOf, outcomes } from './results.js';
import { kubeletFiles, main, openScene, plantAll, readOn, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
// One with a config.yaml, one with flags alone.
const nodes = ['n1', 'n3'];
const inventory = scene.inventory(nodes);
const tls = ['-i', inventory, '-p', 'tls'];
const before: Record<string, readonly [Readonly<Record<string, FileState>>, string]> = {};
let result: RunResult;

const stateOf = async (node: string): Promise<readonly [Readonly<Record<string, FileState>>, string]> => [
  await kubeletFiles(lab, node),
  (await lab.on(node, 'cd /var/lib/kubelet/pki && ls -lA --time-style=+ && sha256sum kubelet.crt kubelet.key')).stdout,
];
/** What a client of the kubelet's address that trusts the cluster's CA makes of the certificate. */
function verified(node: string): string {
  const address = lab.nodes[node]?.address ?? '';
  const ca = join(dirname(lab.kubeconfig), 'pki', 'ca.crt');
  const args = ['s_client', '-connect', `${address}:10250`, '-CAfile', ca, '-verify_ip', address, '-brief'];
  const { stdout, stderr } = spawnSync('openssl', args, { input: '', encoding: 'utf8' });
  return /^Verification(?: error)?: (.*)$/m.exec(stdout + stderr)?.[1] ?? stdout + stderr;
}

interface Asked {
  readonly node: string;
  readonly failed: string | undefined;
}
/** Asks each kubelet through the API server, twice a second, as `kubectl logs` does. */
function client(): { readonly answers: Asked[]; stop(): Promise<void> } {
  const answers: Asked[] = [];
  let goes = true;
  const ask = async (node: string): Promise<void> => {
    while (goes) {
      const failed = await lab.get(`/api/v1/nodes/${node}/proxy/healthz`).then(
        ({ status, body }) => (status === 200 ? undefined : `${status} ${body}`),
        (error: unknown) => String(error),
      );
      answers.push({ node, failed });
      await sleep(500);
    }
  };
  const all = nodes.map(ask);
  return {
    answers,
    async stop() {
      goes = false;
      await Promise.all(all);
    },
  };
}
/** A kubelet that is restarted answers nobody for a moment; one without a certificate answers nobody at all. */
const restarting = /connection refused|connection reset|EOF|no endpoints|i\/o timeout|broken pipe/i;

describe.runIf(lab.kind === 'real')('a serving certificate of the cluster', () => {
  beforeAll(async () => {
    await plantAll(lab, nodes);
    for (const node of nodes) before[node] = await stateOf(node);
  });
  afterAll(() => plantAll(lab, nodes));

  it('is left out of the plan where nobody approves renewals, with what would happen', async () => {
    const plan = await scene.result<Plan>(0, ['plan', ...tls]);
    for (const node of nodes) {
      const { plan: own } = plan.hosts.find(({ host }) => host === node) ?? {};
      expect(own, node).toMatchObject({ skippedRules: [{ rule: 'server-tls-bootstrap' }] });
      expect(JSON.stringify(own), node).toMatch(/approve/);
    }
  });

  it('is requested, approved and served, with no failed answer but the restart’s own', async () => {
    const asking = client();
    result = await scene.result<RunResult>(0, ['apply', ...tls, '--approve-csrs', ...swift]);
    await sleep(2000);
    await asking.stop();
    expect(outcomes(result)).toEqual({ n1: 'confirmed', n3: 'confirmed' });
    const failed = asking.answers.flatMap(({ failed: why }) => why ?? []);
    expect(failed.filter((why) => !restarting.test(why))).toEqual([]);
    expect(asking.answers.length).toBeGreaterThan(20);
    console.log(`${asking.answers.length} answers, ${failed.length} failed while the kubelet was restarted`);
  });

  it.each(nodes)('is what %s shows, signed by the cluster and for its address', async (node) => {
    expect(verified(node)).toBe('OK');
    const { gate, edits } = hostOf(result, node);
    expect(gate.find(({ check }) => check === 'serving-certificate')).toMatchObject({ passed: true });
    expect(edits.map(({ path }) => path)).toContain('/var/lib/kubelet/pki/kubelet-server.key');
    // The key is on the node once, and nowhere in what the node keeps of the change.
    const keys = await lab.on(node, "grep -rl 'PRIVATE KEY' /var/lib/kubelatch || true");
    expect(keys.stdout).toBe('');
  });

  it('satisfies the kubelet: it files no request of its own', async () => {
    const { body } = await lab.get('/apis/certificates.k8s.io/v1/certificatesigningrequests');
    const list = JSON.parse(body) as {
      items: { metadata: { name: string }; spec: { username: string; signerName: string } }[];
    };
    const own = list.items.filter(({ spec }) => spec.signerName === 'kubernetes.io/kubelet-serving');
    expect(own.map(({ metadata }) => metadata.name.split('-')[0])).toEqual(nodes.map(() => 'kubelatch'));
  });

  it('has nothing left to do the second time', async () => {
    const again = await scene.result<RunResult>(0, ['apply', ...tls, '--approve-csrs', ...swift]);
    expect(outcomes(again)).toEqual({ n1: 'unchanged', n3: 'unchanged' });
  });

  it('is taken away by a rollback, to the byte, and the kubelets answer as before', async () => {
    const back = await scene.result<RunResult>(0, ['rollback', result.run.id, '-i', inventory, ...swift]);
    expect(outcomes(back)).toEqual({ n1: 'confirmed', n3: 'confirmed' });
    for (const node of nodes) {
      expect(await stateOf(node), node).toEqual(before[node]);
      expect(verified(node), node).not.toBe('OK');
      expect((await lab.get(`/api/v1/nodes/${node}/proxy/healthz`)).status, node).toBe(200);
    }
  });

  it('is issued while a watch approves requests, too: the run lock keeps neither from the other', async () => {
    const watch = spawn(
      process.execPath,
      [main, 'csr', 'watch', '--for', '15m', '--yes', '-i', inventory, '-o', 'json'],
      { env: scene.env, cwd: scene.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [stdout, stderr] = ['', ''];
    watch.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    watch.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => void watch.on('close', resolve));
    // It has looked once when the change begins.
    await sleep(5000);
    const run = await scene.result<RunResult>(0, ['apply', ...tls, '--approve-csrs', ...swift]);
    expect(watch.exitCode, stderr).toBeNull();
    watch.kill('SIGINT');
    expect(await ended, stderr).toBe(130);
    expect(outcomes(run)).toEqual({ n1: 'confirmed', n3: 'confirmed' });
    for (const node of nodes) expect(verified(node), node).toBe('OK');
    const { requests } = JSON.parse(stdout) as { requests: { name: string; outcome?: string }[] };
    console.log(`the watch: ${requests.map(({ name, outcome = '-' }) => `${name} ${outcome}`).join(', ')}`);
    expect(requests.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const back = await scene.result<RunResult>(0, ['rollback', run.run.id, '-i', inventory, ...swift]);
    expect(outcomes(back)).toEqual({ n1: 'confirmed', n3: 'confirmed' });
  });

  it('costs nothing where the request is refused', async () => {
    const path = '/etc/kubernetes/kubelet.conf';
    const text = await readOn(lab, 'n1', path);
    await lab.on('n1', `sed -i 's#server: https://.*#server: https://127.0.0.1:1#' ${path}`);
    const run = await scene.result<RunResult>(4, ['apply', ...tls, '--approve-csrs', '-l', 'n1', ...swift]);
    await lab.on('n1', `cat >${path} <<'T'\n${text}T`);
    expect(hostOf(run, 'n1')).toMatchObject({ outcome: 'failed' });
    expect((await stateOf('n1'))[1]).toBe(before['n1']?.[1]);
    expect((await lab.on('n1', 'ls -A /var/lib/kubelatch 2>/dev/null || true')).stdout).not.toContain('serving');
  });
});
