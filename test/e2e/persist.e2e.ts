/** persist on the real API server: the ConfigMap is edited and nothing else of it, and kubeadm itself writes the hardened values from it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { run as runHere } from '../lab/node-access.js';
import { openScene, plantAll, readOn } from './scene.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(['n1', 'cp1']);
const configYaml = '/var/lib/kubelet/config.yaml';
const hash = 'sha256:0123456789abcdef';

const weak = `apiVersion: kubelet.config.k8s.io/v1beta1
# kept by the platform team
authentication:
  anonymous:
    enabled: true   # for the old dashboard
  webhook:
    enabled: false
authorization:
  mode: AlwaysAllow
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
kind: KubeletConfiguration
readOnlyPort: 10255
`;

interface ConfigMap {
  readonly metadata: { readonly resourceVersion: string; readonly annotations: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
}
interface Found {
  readonly rule: string;
  readonly status: string;
  readonly object: string | null;
  readonly evidence: readonly string[];
}
interface Persisted {
  readonly changes: readonly { readonly target: string; readonly outcome: string; readonly diff: string }[];
}

let minor = 0;
let name = '';
const read = async (): Promise<ConfigMap> =>
  JSON.parse((await lab.get(`/api/v1/namespaces/kube-system/configmaps/${name}`)).body) as ConfigMap;
const foundIn = (found: readonly Found[], status: string): (string | null)[] =>
  found.filter((one) => one.rule === 'setting-survives-upgrade' && one.status === status).map(({ object }) => object);
const audited = async (): Promise<readonly Found[]> =>
  (await scene.result<{ clusterFindings: readonly Found[] }>(0, ['audit', '-i', inventory])).clusterFindings;

async function kubectl(args: readonly string[], stdin = ''): Promise<string> {
  const done = await runHere(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args], { stdin });
  expect(done.code, done.stderr).toBe(0);
  return done.stdout;
}

const configMap = (of: string, data: Readonly<Record<string, string>>, namespace = 'kube-system'): object => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', data },
  metadata: { name: of, namespace, annotations: { 'kubeadm.kubernetes.io/component-config.hash': hash } },
});

const api = (): string => (minor >= 31 ? 'v1beta4' : minor >= 22 ? 'v1beta3' : 'v1beta2');

/** What kubeadm keeps in a cluster that it made. */
function kubeadmsOwn(): readonly object[] {
  const cluster = `apiVersion: kubeadm.k8s.io/${api()}
kind: ClusterConfiguration
kubernetesVersion: v1.${minor}.2
networking: {dnsDomain: cluster.local, serviceSubnet: 10.96.0.0/12}
`;
  const status = `apiVersion: kubeadm.k8s.io/${api()}\nkind: ClusterStatus\napiEndpoints: {}\n`;
  const proxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';
  return [
    configMap('kubeadm-config', { ClusterConfiguration: cluster, ...(minor < 22 ? { ClusterStatus: status } : {}) }),
    configMap('kube-proxy', { 'config.conf': proxy }),
    configMap('cluster-info', { kubeconfig: readFileSync(lab.kubeconfig, 'utf8') }, 'kube-public'),
    configMap(name, { kubelet: weak, other: 'left alone' }),
  ];
}

/** The file as kubeadm writes it on n1, which gets its own back. */
async function upgraded(flags = ''): Promise<Readonly<Record<string, unknown>>> {
  const done = await lab.on(
    'n1',
    `set -e
    cp -p ${configYaml} /root/config.kept
    trap 'cp -p /root/config.kept ${configYaml}; ip route replace unreachable default' EXIT
    # Older ones stumble over a default route without an interface.
    ip route replace default dev host0
    printf 'containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\\n' >/var/lib/kubelet/instance-config.yaml
    kubeadm upgrade node phase kubelet-config --kubeconfig /root/admin.conf ${flags} >&2
    cat ${configYaml}
    rm -f /var/lib/kubelet/instance-config.yaml`,
    { timeout: 120_000 },
  );
  expect(done.code, done.stderr).toBe(0);
  return parse(done.stdout) as Record<string, unknown>;
}

describe.runIf(lab.kind === 'real')('persist', () => {
  beforeAll(async () => {
    await plantAll(lab, ['n1', 'cp1']);
    minor = Number(/v1\.(\d+)/.exec((await lab.on('n1', 'kubelet --version')).stdout)?.[1]);
    name = minor < 24 ? `kubelet-config-1.${minor}` : 'kubelet-config';
    const items = { apiVersion: 'v1', kind: 'List', items: kubeadmsOwn() };
    await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(items));
    const admin = await lab.on('n1', 'cat >/root/admin.conf', { stdin: readFileSync(lab.kubeconfig, 'utf8') });
    expect(admin.code).toBe(0);
  });
  afterAll(async () => {
    await lab.on('n1', 'rm -rf /root/admin.conf /root/config.kept /root/patches /root/join.yaml /root/dry');
    await kubectl(['-n', 'kube-system', 'delete', 'configmap', name, 'kubeadm-config', 'kube-proxy']);
    await lab.plant('n1');
  });

  it('tells what an upgrade would bring back, with its line', async () => {
    const found = await audited();
    const weakOnes = foundIn(found, 'fail');
    expect(weakOnes).toContain(`ConfigMap kube-system/${name}: readOnlyPort`);
    expect(weakOnes).toContain(`ConfigMap kube-system/${name}: authorization.mode`);
    const port = found.find(({ object }) => object?.endsWith(': readOnlyPort') === true);
    expect(port?.evidence[0]).toBe('line 14 of data.kubelet: readOnlyPort: 10255');
  });

  it('shows the edit and the places, and writes nothing', async () => {
    const before = await read();
    const shown = await scene.kubelatch(['persist', '-i', inventory]);
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('-readOnlyPort: 10255');
    expect(shown.stdout).toContain('--to drop-in');
    expect(await read()).toEqual(before);
  });

  it('refuses without a terminal and without --yes', async () => {
    expect((await scene.kubelatch(['persist', '--to', 'configmap', '-i', inventory])).code).toBe(64);
  });

  it('edits data.kubelet alone: comments, order, the other key and the hash stay', async () => {
    const before = await read();
    const args = ['persist', '--to', 'configmap', '--yes', '-i', inventory];
    const { changes } = await scene.result<Persisted>(0, args);
    expect(changes).toMatchObject([{ target: `ConfigMap kube-system/${name}`, outcome: 'written' }]);
    const after = await read();
    expect(after.metadata.annotations).toEqual(before.metadata.annotations);
    expect(after.data['other']).toBe('left alone');
    expect(after.data['kubelet']).toBe(
      weak
        .replace('enabled: true   # for', 'enabled: false   # for')
        .replace('webhook:\n    enabled: false', 'webhook:\n    enabled: true')
        .replace('AlwaysAllow', 'Webhook')
        .replace('10255', '0'),
    );
    const again = await scene.result<Persisted>(0, args);
    expect(again.changes).toMatchObject([{ outcome: 'unchanged', diff: '' }]);
    expect((await read()).metadata.resourceVersion).toBe(after.metadata.resourceVersion);
    const found = await audited();
    expect([foundIn(found, 'fail'), foundIn(found, 'pass')]).toEqual([[], [`ConfigMap kube-system/${name}`]]);
  });

  it('is what kubeadm upgrade node writes to a node', async () => {
    expect(await upgraded()).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
      rotateCertificates: true,
    });
    // Go leaves out a port that is 0, and with --config that is the default.
    expect((await upgraded())['readOnlyPort'] ?? 0).toBe(0);
    expect(await readOn(lab, 'n1', configYaml)).toContain('readOnlyPort: 10255');
  });

  it('is what kubeadm join writes to a node', async () => {
    // Older ones start the kubelet in this phase even in a dry run.
    if (minor < 25) return;
    const config = `apiVersion: kubeadm.k8s.io/${api()}
kind: JoinConfiguration
discovery: {file: {kubeConfigPath: /root/admin.conf}}
nodeRegistration: {name: n9, criSocket: 'unix:///run/containerd/containerd.sock'}
`;
    const done = await lab.on(
      'n1',
      `mkdir -p /root/dry && cat >/root/join.yaml && cd /root &&
      KUBEADM_JOIN_DRYRUN_DIR=/root/dry kubeadm join phase kubelet-start --config join.yaml --dry-run >&2; find /root/dry -name config.yaml -exec cat {} +`,
      { stdin: config, timeout: 120_000 },
    );
    expect(parse(done.stdout), done.stderr).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
    });
  });

  it('a patch folder reaches a node through kubeadm', async () => {
    const folder = join(scene.folder, 'patches');
    const args = ['persist', '--to', 'patches', '--folder', folder, '-p', 'cis-1.12', '-i', inventory];
    if (minor < 25) {
      expect((await scene.result<Persisted>(1, args)).changes).toMatchObject([{ outcome: 'refused' }]);
      return;
    }
    expect((await scene.result<Persisted>(0, args)).changes).toMatchObject([{ outcome: 'written' }]);
    expect((await scene.result<Persisted>(0, args)).changes).toMatchObject([{ outcome: 'unchanged' }]);
    const file = 'kubeletconfiguration0+strategic.yaml';
    const stdin = readFileSync(join(folder, file), 'utf8');
    await lab.on('n1', `mkdir -p /root/patches && cat >/root/patches/${file}`, { stdin });
    expect(await upgraded('--patches /root/patches')).toMatchObject({
      readOnlyPort: 0,
      podPidsLimit: 4096,
      seccompDefault: true,
      authorization: { mode: 'Webhook' },
    });
  });

  it('prints a drop-in where the kubelets take one', async () => {
    const shown = await scene.kubelatch(['persist', '--to', 'drop-in', '-i', inventory]);
    expect(shown.code).toBe(minor < 30 ? 1 : 0);
    expect(shown.stdout).toMatch(minor < 30 ? /it needs Kubernetes\s+1\.30 or\s+newer/ : /^readOnlyPort: 0$/m);
  });

  it('takes no ConfigMap that holds no KubeletConfiguration', async () => {
    const now = await read();
    await kubectl([
      '-n',
      'kube-system',
      'patch',
      'configmap',
      name,
      '-p',
      JSON.stringify({ data: { kubelet: '- a' } }),
    ]);
    const args = ['persist', '--to', 'configmap', '--yes', '-i', inventory];
    expect((await scene.result<Persisted>(1, args)).changes).toMatchObject([{ outcome: 'refused' }]);
    expect(foundIn(await audited(), 'unknown')).toEqual([`ConfigMap kube-system/${name}`]);
    const back = JSON.stringify({ data: { kubelet: now.data['kubelet'] } });
    await kubectl(['-n', 'kube-system', 'patch', 'configmap', name, '-p', back]);
  });
});
