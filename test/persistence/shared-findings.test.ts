/** What is said of a cluster's configuration: by version, by what kubeadm forces and fills in, and by what nodes hold. */
import { describe, expect, it } from 'vitest';
import { kubeadmSharedConfig as about } from '../../src/distros/kubeadm-shared-config.js';
import { editShared, settingsOnTop } from '../../src/persistence/edit-shared.js';
import { judgeShared, sharedRules } from '../../src/persistence/judge-shared.js';
import { type JudgedHost, sharedFindings } from '../../src/persistence/shared-findings.js';
import type { ClusterFinding } from '../../src/playbook/cluster-finding.js';
import { finding } from '../report/samples.js';
import { loadRules } from './rules.js';

const kubelets = { distro: 'kubeadm', version: 'v1.31.4' };
const baseline = sharedRules([loadRules('baseline')], kubelets);
const cis = sharedRules([loadRules('cis-1.12')], kubelets);
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const weak = `${head}authentication:
  anonymous:
    enabled: true # for the old dashboard
authorization:
  mode: AlwaysAllow
readOnlyPort: 10255
`;

function found(text: string, rules = baseline, hosts: readonly JudgedHost[] = []): readonly ClusterFinding[] {
  const judged = judgeShared(text, about, kubelets, rules);
  if (!judged.ok) throw new Error(judged.error);
  return sharedFindings('kubelet-config', about, judged.value, hosts);
}

const settingsIn = (findings: readonly ClusterFinding[]): string[] =>
  findings.filter(({ status }) => status === 'fail').map(({ object }) => object?.split(': ')[1] ?? '');

it('names each weak setting with its line, and what an upgrade takes from which node', () => {
  const port = (path: string, kind: 'file' | 'drop-in' | 'flag') =>
    finding({
      rule: 'read-only-port',
      setting: 'readOnlyPort',
      status: 'pass',
      got: 0,
      source: { kind, path, line: 2 },
    });
  const hosts = [
    { host: 'n1', findings: [port(about.path, 'file')] },
    { host: 'n2', findings: [port('/etc/kubernetes/kubelet.conf.d/90-kubelatch.conf', 'drop-in')] },
    { host: 'n3', findings: [finding({ rule: 'read-only-port', setting: 'readOnlyPort', status: 'fail' })] },
  ];
  const all = found(weak, baseline, hosts);
  expect(settingsIn(all)).toEqual(['authentication.anonymous.enabled', 'authorization.mode', 'readOnlyPort']);
  expect(all.at(-1)).toEqual({
    rule: 'setting-survives-upgrade',
    title: 'Upgrades and joins keep the hardened settings',
    severity: all.at(-1)?.severity,
    status: 'fail',
    object: 'ConfigMap kube-system/kubelet-config: readOnlyPort',
    message: 'kubeadm join and kubeadm upgrade write readOnlyPort: 10255 to nodes; read-only-port wants 0.',
    evidence: [
      'line 8 of data.kubelet: readOnlyPort: 10255',
      'held today in /var/lib/kubelet/config.yaml, which an upgrade overwrites: n1',
      'held today by a flag or a drop-in, which an upgrade keeps: n2',
    ],
    fix: 'kubelatch persist --to configmap, or see the other ways: kubelatch persist',
  });
});

it('is content with a ConfigMap that is as kubeadm writes it', () => {
  expect(found(head)).toMatchObject([{ status: 'pass', object: 'ConfigMap kube-system/kubelet-config' }]);
});

it('knows what kubeadm forces and fills in', () => {
  expect(settingsIn(found(`${head}rotateCertificates: false\n`, cis))).toEqual([
    'tlsCipherSuites',
    'podPidsLimit',
    'seccompDefault',
  ]);
  expect(settingsIn(found(head, cis))).not.toContain('authentication.x509.clientCAFile');
  expect(settingsIn(found(head, cis))).not.toContain('rotateCertificates');
});

describe('a value of one node', () => {
  const rules = sharedRules([loadRules('tls-cert-rules')], kubelets);
  const held = (path: string): JudgedHost[] => [
    {
      host: 'n1',
      findings: [finding({ rule: 'cert', setting: 'tlsCertFile', status: 'pass', source: { kind: 'file', path } })],
    },
  ];

  it('is missed only where a node would lose it, and is never for the ConfigMap', () => {
    expect(settingsIn(found(head, rules))).toEqual([]);
    const [lost, ...more] = found(head, rules, held(about.path));
    expect(more).toEqual([]);
    expect(lost).toMatchObject({ object: 'ConfigMap kube-system/kubelet-config: tlsCertFile', status: 'fail' });
    expect(lost?.fix).toBe('keep it in a patch folder or a drop-in of the node: kubelatch persist');
  });

  it('is left out of texts on top, too', () => {
    const made = settingsOnTop(rules, []);
    expect(made).toMatchObject({ value: { text: head, set: [], leftOut: [{}, {}] } });
  });
});

it.each([
  ['two documents', `${weak}---\n${weak}`],
  ['another kind', 'apiVersion: v1\nkind: ConfigMap\n'],
  ['a wrong type', `${head}readOnlyPort: none\n`],
  ['no YAML', '\t- {'],
  ['an empty text', ''],
])('%s is not judged and not edited', (_, text) => {
  expect(judgeShared(text, about, kubelets, baseline).ok).toBe(false);
  expect(editShared(text, about, kubelets, baseline).ok).toBe(false);
});

it('reads the ConfigMap that kubeadm of that version reads', () => {
  expect([20, 23, 24, 36, undefined].map((minor) => about.nameFor(minor))).toEqual([
    'kubelet-config-1.20',
    'kubelet-config-1.23',
    'kubelet-config',
    'kubelet-config',
    'kubelet-config',
  ]);
});

it('keeps a value of the cluster that a rule is content with, in a patch', () => {
  const text = `${head}podPidsLimit: 1024\n`;
  const judged = judgeShared(text, about, kubelets, cis);
  const made = settingsOnTop(cis, judged.ok ? judged.value : []);
  expect(made.ok && made.value.text).toContain('podPidsLimit: 1024\n');
  const alone = settingsOnTop(cis, []);
  expect(alone.ok && alone.value.text).toContain('podPidsLimit: 4096\n');
});

it('leaves out rules that are not for these kubelets', () => {
  const skipped = {
    ...loadRules('baseline'),
    rules: loadRules('baseline').rules.map((rule) => ({ ...rule, skip: { kubeadm: 'no' } })),
  };
  expect(sharedRules([skipped], kubelets)).toEqual([]);
  const newer = { ...skipped, rules: loadRules('baseline').rules.map((rule) => ({ ...rule, versions: '>=1.32' })) };
  expect(sharedRules([newer], kubelets)).toEqual([]);
  expect(sharedRules([newer], { ...kubelets, version: undefined })).toEqual([]);
  expect(sharedRules([newer], { ...kubelets, version: 'v1.33.0' }).length).toBeGreaterThan(3);
});
