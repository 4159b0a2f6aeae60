/** verify on kubelets: red for each planted weakness and green after the apply, from every vantage point; nothing stays in the cluster. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configYaml } from './planted.js';
import { type RunResult, outcomes } from './results.js';
import { main, openScene, plantAll, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);

interface Check {
  readonly check: string;
  readonly status: string;
  readonly from: string;
  readonly setting: string | null;
  readonly seen: string;
  readonly note?: string;
  readonly evidence: readonly string[];
}
interface Verified {
  readonly hosts: readonly { readonly host: string; readonly status: string; readonly checks: readonly Check[] }[];
  readonly notes: readonly string[];
  readonly summary: Readonly<Record<string, number>>;
}

const verify = (code: number, ...args: readonly string[]): Promise<Verified> =>
  scene.result<Verified>(code, ['verify', '-i', inventory, ...args]);
const checksOf = (result: Verified, host: string, check: string): readonly Check[] =>
  result.hosts.find((one) => one.host === host)?.checks.filter((one) => one.check === check) ?? [];
/** Status by vantage point. */
const statuses = (result: Verified, host: string, check: string): Readonly<Record<string, string>> =>
  Object.fromEntries(checksOf(result, host, check).map(({ from, status }) => [from, status]));
const streams = (status: string) => ({ node: status, controller: status, peer: status });

/** Names of every object that verify makes, in the whole cluster. */
async function leftInCluster(): Promise<readonly string[]> {
  const lists = [
    '/api/v1/namespaces',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  ];
  const answers = await Promise.all(lists.map((path) => lab.get(path)));
  return answers
    .flatMap(({ body }) => (JSON.parse(body) as { items: { metadata: { name: string } }[] }).items)
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('kubelatch-'));
}

beforeAll(() => plantAll(lab, nodes));
afterAll(() => plantAll(lab, nodes));

it('is red for every planted weakness, from every vantage point', async () => {
  const result = await verify(2, '--fail-on', 'critical');
  for (const node of nodes) {
    expect(statuses(result, node, 'anonymous-request-refused'), node).toMatchObject(streams('fail'));
    expect(statuses(result, node, 'read-only-port-closed'), node).toMatchObject({
      ...streams('fail'),
      'api-server': 'fail',
    });
    // Everybody may do everything, and no token is looked at.
    expect(statuses(result, node, 'token-without-right-refused'), node).toEqual(streams('fail'));
    const settings = checksOf(result, node, 'running-configuration').filter(({ status }) => status === 'fail');
    expect(settings.map(({ setting }) => setting).sort(), node).toEqual(
      [
        'authentication.anonymous.enabled',
        'authentication.webhook.enabled',
        'authorization.mode',
        'readOnlyPort',
      ].sort(),
    );
    expect(statuses(result, node, 'api-server-reaches-kubelet'), node).toEqual({ 'api-server': 'pass' });
  }
  expect(await leftInCluster()).toEqual([]);
});

it('is unknown, and never a pass, where the cluster is not asked', async () => {
  const result = await verify(0, '--no-cluster', '-l', 'n1');
  const through = result.hosts[0]?.checks.filter(({ from }) => from === 'api-server' || from === 'peer') ?? [];
  expect(through.length).toBeGreaterThan(5);
  expect(through.filter(({ status }) => status !== 'unknown')).toEqual([]);
  expect(statuses(result, 'n1', 'token-with-right-served')).toEqual(streams('unknown'));
  expect(statuses(result, 'n1', 'anonymous-request-refused')).toMatchObject({ node: 'fail', controller: 'fail' });
});

describe('after the apply', () => {
  beforeAll(async () => {
    const applied = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
    expect(outcomes(applied)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'confirmed' });
  });

  it('is green from every vantage point, and leaves nothing behind', async () => {
    const result = await verify(0, '--fail-on', 'low');
    expect(
      result.hosts.flatMap(({ host, checks }) =>
        checks.filter(({ status }) => status === 'fail').map((one) => [host, one]),
      ),
    ).toEqual([]);
    for (const node of nodes) {
      expect(statuses(result, node, 'anonymous-request-refused'), node).toMatchObject(streams('pass'));
      expect(
        checksOf(result, node, 'anonymous-request-refused')
          .filter(({ from }) => from !== 'pod')
          .map(({ seen }) => seen),
      ).toEqual(['401', '401', '401']);
      expect(statuses(result, node, 'read-only-port-closed'), node).toMatchObject({
        ...streams('pass'),
        'api-server': 'pass',
      });
      expect(statuses(result, node, 'checkpoint-not-exposed'), node).toEqual(streams('pass'));
      expect(statuses(result, node, 'token-without-right-refused'), node).toEqual(streams('pass'));
      expect(statuses(result, node, 'token-with-right-served'), node).toEqual(streams('pass'));
      expect(checksOf(result, node, 'running-configuration').filter(({ status }) => status !== 'pass')).toEqual([]);
      // Self-signed, which no rule of the baseline forbids.
      expect(statuses(result, node, 'serving-certificate-chain'), node).toEqual(streams('not-applicable'));
      expect(statuses(result, node, 'serving-certificate-present'), node).toEqual(streams('pass'));
    }
    expect(await leftInCluster()).toEqual([]);
  });

  it('creates nothing with --read-only', async () => {
    const before = (JSON.parse((await lab.get('/api/v1/namespaces')).body) as { metadata: { resourceVersion: string } })
      .metadata;
    const result = await verify(0, '--read-only', '-l', 'n1,n2');
    expect(checksOf(result, 'n1', 'token-with-right-served').map(({ note }) => note)).toEqual(
      Array.from({ length: 3 }, () => '--read-only was given'),
    );
    expect(before).toBeDefined();
    expect(await leftInCluster()).toEqual([]);
  });

  it('a pod that cannot run is unknown with its reason, and gone', async () => {
    const result = await verify(0, '--probe-image', 'registry.invalid/probe:1', '-l', 'n1,n2');
    const pods = result.hosts.flatMap(({ checks }) => checks.filter(({ from }) => from === 'pod'));
    expect(pods.length).toBeGreaterThan(0);
    expect(pods.filter(({ status }) => status !== 'unknown')).toEqual([]);
    expect(pods.map(({ note }) => note).join('\n')).toMatch(/the pod did not run/);
    expect(await leftInCluster()).toEqual([]);
  });
});

describe('TLS', () => {
  /** The planted kubelet of n1 with a newer or older TLS than it should have. */
  const remake = async (lines: string): Promise<void> => {
    await lab.plant('n1');
    const restartedAt = Date.now();
    const made = await lab.on('n1', `cat >>${configYaml} && systemctl restart kubelet`, { stdin: lines });
    expect(made).toMatchObject({ code: 0 });
    await lab.waitReady('n1', { reachable: true, restartedAt });
  };
  const tls = (code: number) => verify(code, '-p', 'tls', '-l', 'n1', '--read-only', '--fail-on', 'medium');

  it('old versions and weak suites are seen, 3DES and RC4 among them', async () => {
    const suites = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA'];
    const weak = lab.kind === 'real' ? ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'TLS_RSA_WITH_RC4_128_SHA'] : [];
    await remake(`tlsMinVersion: VersionTLS10\ntlsCipherSuites: [${[...suites, ...weak].join(', ')}]\n`);
    const result = await tls(2);
    expect(statuses(result, 'n1', 'tls-versions')).toMatchObject({ node: 'fail', controller: 'fail' });
    const [seen] = checksOf(result, 'n1', 'tls-versions');
    expect(seen?.seen).toBe('TLSv1, TLSv1.1, TLSv1.2, TLSv1.3');
    for (const check of checksOf(result, 'n1', 'tls-suites').filter(({ from }) => from !== 'peer')) {
      expect(check).toMatchObject({ status: 'fail' });
      expect(check.seen.split(', ').sort()).toEqual([...suites, ...weak].sort());
    }
  });

  it('TLS 1.3 alone is green', async () => {
    await remake('tlsMinVersion: VersionTLS13\n');
    // The planted client certificate is not renewed, which is another rule of that playbook.
    const result = await verify(0, '-p', 'tls', '-l', 'n1', '--read-only');
    for (const check of ['tls-versions', 'tls-suites'])
      expect(statuses(result, 'n1', check), check).toMatchObject({ node: 'pass', controller: 'pass' });
    expect(checksOf(result, 'n1', 'tls-suites')[0]?.seen).toBe('only those of TLS 1.3');
  });
});

describe('a run that is ended', () => {
  const start = () =>
    spawn(process.execPath, [main, 'verify', '-i', inventory], { env: scene.env, cwd: scene.folder, stdio: 'ignore' });
  const ended = (child: ReturnType<typeof start>): Promise<number | null> =>
    new Promise((done) => child.on('close', done));
  const untilCreated = () => expect.poll(leftInCluster, { timeout: 60_000, interval: 50 }).not.toEqual([]);

  it('by Ctrl-C removes what it created', async () => {
    const child = start();
    const end = ended(child);
    await untilCreated();
    child.kill('SIGINT');
    expect(await end).toBe(130);
    expect(await leftInCluster()).toEqual([]);
  });

  it('by SIGKILL leaves it to the next one, which does not touch the objects of others', async () => {
    const child = start();
    const end = ended(child);
    await untilCreated();
    child.kill('SIGKILL');
    await end;
    expect(await leftInCluster()).not.toEqual([]);
    const result = await verify(0, '-l', 'n1');
    expect(result.notes.join('\n')).toMatch(
      /removed namespace kubelatch-verify-[0-9a-f]{8}, which an earlier run left behind/,
    );
    expect(await leftInCluster()).toEqual([]);
  });
});
