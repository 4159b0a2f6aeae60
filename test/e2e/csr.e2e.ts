/** Requests for serving certificates on a real API server: forgeries stay pending, a kubelet's own is approved, issued and served, and renewals during a watch. */
import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pemOfDer } from '../../src/csr/request.js';
import { element, extension, newKeys, requestDer, sanOf, sequence, subjectOf } from '../csr/make-request.js';
import type { Lab } from '../lab/lab.js';
import { kubeletMinor } from './kubelet-node.js';
import { configYaml } from './planted.js';
import { main, openScene, plantAll } from './scene.js';

interface Row {
  readonly name: string;
  readonly node: string | null;
  readonly state: string;
  readonly verdict: string;
  readonly reasons: readonly { readonly check: string; readonly message: string }[];
  readonly outcome?: string;
  readonly notes: readonly string[];
}
interface Csr {
  readonly requests: readonly Row[];
}

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(['n1', 'n2', 'cp1']);
const address = (node: string): string => lab.nodes[node]?.address ?? '';
const manager = '/etc/systemd/system/kube-controller-manager.service';
const minor = await kubeletMinor(lab, 'n1');

const kubectl = (args: readonly string[], input = ''): string =>
  execFileSync(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args], { input, stdio: 'pipe' }).toString();

interface Forgery {
  readonly check: string;
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly signer?: string;
  readonly usages?: readonly string[];
  readonly seconds?: number;
  readonly pem?: string;
}
const pemOf = (
  subject = subjectOf('n1'),
  names: readonly string[] = ['n1', address('n1')],
  more: readonly Buffer[] = [],
): string => pemOfDer(requestDer({ keys: newKeys(), subject, extensions: [sanOf(names), ...more] }));
const named = (...names: readonly string[]): Partial<Forgery> => ({ pem: pemOf(subjectOf('n1'), names) });

/** By the number of the forgery; 16's age, 17's reuse and 19's race need a state that tests of the unit make. */
const forgeries: Readonly<Record<string, Forgery>> = {
  '1': { check: 'none', signer: 'kubernetes.io/kube-apiserver-client-kubelet' },
  '2': { check: 'username', user: 'somebody' },
  '3': { check: 'common-name', pem: pemOf(subjectOf('n2')) },
  '4': { check: 'groups', groups: ['system:authenticated'] },
  '5': {
    check: 'organization',
    pem: pemOf([
      ['O', 'system:nodes'],
      ['O', 'system:masters'],
      ['CN', 'system:node:n1'],
    ]),
  },
  '6': { check: 'usage-foreign', usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'] },
  '7': { check: 'usage-missing', usages: ['digital signature', 'key encipherment'] },
  '8': { check: 'address-foreign', ...named('n1', address('n1'), address('n2')) },
  '9': { check: 'addresses-only', ...named(address('n2')) },
  '10': { check: 'name-foreign', ...named('n1', 'n2', address('n1')) },
  '11': { check: 'name-reserved', ...named('n1', 'kubernetes.default.svc', address('n1')) },
  '12': { check: 'address-special', ...named('n1', address('n1'), '127.0.0.1') },
  '13': { check: 'name-form', ...named('n1', 'N1', address('n1')) },
  '14': {
    check: 'extension',
    pem: pemOf(undefined, undefined, [extension('2.5.29.19', sequence(element(0x01, Buffer.of(0xff))), true)]),
  },
  '15': { check: 'encoding', pem: pemOf() + pemOf(subjectOf('n2')) },
  '16': { check: 'node', user: 'system:node:n9', pem: pemOf(subjectOf('n9'), ['n9']) },
  '17': { check: 'key', pem: weakRequest() },
  '18': { check: 'lifetime', seconds: 315_360_000 },
  '20': { check: 'inventory', user: 'system:node:n3', pem: pemOf(subjectOf('n3'), ['n3', address('n3')]) },
};

function weakRequest(): string {
  const alternative = `subjectAltName=DNS:n1,IP:${address('n1')}`;
  const args = [
    'req',
    '-new',
    '-newkey',
    'rsa:1024',
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    '/O=system:nodes/CN=system:node:n1',
    '-addext',
    alternative,
  ];
  return execFileSync('openssl', args, { stdio: 'pipe' }).toString();
}

/** The API server's words if it refuses the request itself. */
function file(
  name: string,
  { user = 'system:node:n1', groups, signer, usages, seconds, pem = pemOf() }: Forgery,
): string | undefined {
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      signerName: signer ?? 'kubernetes.io/kubelet-serving',
      usages: usages ?? ['digital signature', 'key encipherment', 'server auth'],
      request: Buffer.from(pem).toString('base64'),
      ...(seconds === undefined ? {} : { expirationSeconds: seconds }),
    },
  };
  // Nodes may file requests by RBAC; who else is tried here is in a group that may.
  const all = groups ?? ['system:nodes', 'system:authenticated'];
  const as = [`--as=${user}`, ...all.map((group) => `--as-group=${group}`)];
  try {
    kubectl([...as, 'create', '--validate=false', '-f', '-'], JSON.stringify(object));
    return undefined;
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr);
  }
}

const clear = (): void => void kubectl(['delete', 'csr', '--all']);
const rowOf = (rows: readonly Row[], name: string): Row | undefined => rows.find((one) => one.name === name);
const listed = async (code = 0): Promise<readonly Row[]> =>
  (await scene.result<Csr>(code, ['csr', 'list', '-i', inventory])).requests;

beforeAll(async () => {
  await plantAll(lab, ['n1', 'n2', 'cp1']);
  kubectl(['apply', '-f', '-'], rights);
  clear();
});
afterAll(async () => {
  clear();
  kubectl(['delete', '--ignore-not-found', '-f', '-'], rights);
  await setSigning('');
  await Promise.all(['n1'].map((node) => lab.on(node, 'rm -f /var/lib/kubelet/pki/kubelet-server-*')));
  await lab.plant('n1');
});

/** Everybody may file requests, so that the forgeries reach the validator. */
const rights = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'csr-e2e' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'csr-e2e' },
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' },
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'csr-e2e' },
      rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] }],
    },
  ],
});

/** Sets the lifetime of issued certificates; an empty text is the default again. */
async function setSigning(duration: string): Promise<void> {
  const flag = minor < 22 ? '--experimental-cluster-signing-duration' : '--cluster-signing-duration';
  const set = duration === '' ? '' : `sed -i 's|^  --leader-elect=false|  ${flag}=${duration} \\\\\\n&|' ${manager}`;
  const done = await lab.on(
    'cp1',
    `sed -i '/cluster-signing-duration/d' ${manager}\n${set}\nsystemctl daemon-reload\nsystemctl restart kube-controller-manager`,
  );
  expect(done.code, done.stderr).toBe(0);
}

describe.runIf(lab.kind === 'real')('forgeries', () => {
  it.each(Object.entries(forgeries))('%s is refused', async (number, forgery) => {
    clear();
    const name = `forged-${number}`;
    const refusal = file(name, forgery);
    if (refusal !== undefined) {
      // The API server refused it itself, and says so.
      expect(refusal).toMatch(
        /Forbidden|Invalid|forbidden|invalid|can only create|not an approved|unable to parse|BadRequest/i,
      );
      return;
    }
    const ran = await scene.kubelatch(['csr', 'approve', '--yes', '-i', inventory, '-o', 'json']);
    const row = rowOf((JSON.parse(ran.stdout) as Csr).requests, name);
    if (forgery.check === 'none') expect(row).toBeUndefined();
    else if (number === '18' && minor < 22) expect(row?.reasons.map(({ check }) => check)).not.toContain('lifetime');
    else {
      expect({ code: ran.code, checks: row?.reasons.map(({ check }) => check) }).toEqual({
        code: 1,
        checks: expect.arrayContaining([forgery.check]) as unknown,
      });
      expect(row?.verdict).toBe('refused');
    }
    // Neither approved nor denied. A server that drops expirationSeconds makes 18 a valid request.
    const status = JSON.parse(kubectl(['get', 'csr', name, '-o', 'json'])) as { status?: { conditions?: unknown } };
    if (!(number === '18' && minor < 22)) expect(status.status?.conditions).toBeUndefined();
  });

  it('an older request of a node is left alone', async () => {
    clear();
    expect(file('older', { check: '' })).toBeUndefined();
    await sleep(1100);
    expect(file('newer', { check: '' })).toBeUndefined();
    const rows = await listed();
    expect(rowOf(rows, 'older')?.verdict).toBe('older');
    expect(rowOf(rows, 'newer')).toMatchObject({ verdict: 'valid', reasons: [] });
    clear();
  });
});

describe.runIf(lab.kind === 'real')('a kubelet with serverTLSBootstrap', () => {
  it('gets its certificate, and serves it', async () => {
    clear();
    await lab.on(
      'n1',
      `sed -i '/^serverTLSBootstrap:/d' ${configYaml}; echo 'serverTLSBootstrap: true' >>${configYaml}; rm -f /var/lib/kubelet/pki/kubelet-server-*; systemctl restart kubelet`,
    );
    const pending = await untilRow((row) => row.node === 'n1' && row.state === 'pending');
    expect(pending).toMatchObject({ verdict: 'valid', reasons: [] });
    const { requests } = await scene.result<Csr>(0, ['csr', 'approve', 'n1', '--yes', '-i', inventory]);
    expect(requests).toMatchObject([{ name: pending.name, state: 'issued', outcome: 'approved', notes: [] }]);
    const served = await servedIssuer(lab, 'n1');
    expect(served).toMatch(/issuer=.*CN ?= ?kubernetes/);
    await lab.waitReady('n1', { reachable: true });
  });

  it('is renewed while a watch runs', async () => {
    clear();
    // The signer takes 5 minutes off the start: this is about as short as it goes.
    await setSigning('12m');
    await lab.on('n1', `rm -f /var/lib/kubelet/pki/kubelet-server-*; systemctl restart kubelet`);
    const watch = spawn(
      process.execPath,
      [main, 'csr', 'watch', '--for', '15m', '--yes', '-i', inventory, '-o', 'json'],
      { env: scene.env, cwd: scene.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [stdout, stderr] = ['', ''];
    watch.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    watch.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => void watch.on('close', resolve));
    const deadline = Date.now() + 14 * 60_000;
    while (Date.now() < deadline && (stderr.match(/approved, issued and served/g) ?? []).length < 2) await sleep(1000);
    watch.kill('SIGINT');
    expect(await ended, stderr).toBe(130);
    const approved = (JSON.parse(stdout) as Csr).requests.filter(({ outcome }) => outcome === 'approved');
    expect(approved.length, stderr).toBeGreaterThanOrEqual(2);
  }, 900_000);
});

async function untilRow(fits: (row: Row) => boolean): Promise<Row> {
  for (let left = 30; left > 0; left--) {
    const found = (await listed()).find(fits);
    if (found !== undefined) return found;
    await sleep(1000);
  }
  return expect.fail('no such request was filed');
}

async function servedIssuer(scope: Lab, node: string): Promise<string> {
  const { stdout } = await scope.on(
    'cp1',
    `echo | openssl s_client -connect ${address(node)}:10250 2>/dev/null | openssl x509 -noout -issuer -subject`,
  );
  return stdout;
}
