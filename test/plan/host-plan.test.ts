import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { FileStat, NodeFacts } from '../../src/facts/node-facts.js';
import type { ClientCaEvidence } from '../../src/plan/client-ca.js';
import { type HostPlan, type Planned, planHost, completePlan } from '../../src/plan/host-plan.js';
import { withText } from '../../src/plan/simulate.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import type { Playbook } from '../../src/playbook/schema.js';
import { factsOf, fileOf, processOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';

const config = '/var/lib/kubelet/config.yaml';
const unit = '/etc/systemd/system/kubelet.service';
const caPath = '/etc/kubernetes/pki/ca.crt';
const noEvidence: ClientCaEvidence = { clientCertificates: [], clusterCa: undefined };
const baseline = parsePlaybook(
  'baseline',
  readFileSync(new URL('../../playbooks/baseline.yaml', import.meta.url), 'utf8'),
);

const playbookOf = (...rules: string[]): Playbook =>
  parsePlaybook(
    'mine',
    `apiVersion: kubelatch.dev/v1\nkind: Playbook\nmetadata: {name: mine, title: t}\nrules:\n${rules
      .map((rule, index) => `  - {id: r${index}, title: t, severity: low, why: w, ${rule}}`)
      .join('\n')}\n`,
  );

function planFor(facts: NodeFacts, playbooks: readonly Playbook[] = [baseline], evidence = noEvidence): Planned {
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error('no kubelet');
  const view = { facts, setup: detected.setup, configz: undefined, kubeletVersion: undefined };
  const named = { host: 'n1', nodeName: 'n1', role: 'worker' } as const;
  return completePlan(planHost(named, view, detected.distro, playbooks), evidence);
}

function planned(outcome: Planned): HostPlan {
  if ('refused' in outcome) throw new Error(outcome.refused.reason);
  return outcome.plan;
}
const refusal = (outcome: Planned): string => ('refused' in outcome ? outcome.refused.reason : 'not refused');

/** A plain node whose config file says `text`; `files` replaces or adds what the probe saw. */
function nodeWith(text: string, files: Readonly<Record<string, FileStat | undefined>> = {}): NodeFacts {
  const argv = ['/usr/bin/kubelet', `--config=${config}`];
  const facts = factsOf({
    [unit]: `[Service]\nExecStart=${argv.join(' ')}\n`,
    [config]: text,
    [caPath]: pem['ca'] ?? '',
  });
  const all = new Map(facts.files);
  for (const [path, file] of Object.entries(files)) all.set(path, file ?? { kind: 'absent', path });
  return { ...facts, files: all, processes: [processOf(argv, { startedAt: 4e9 })] };
}

const kubeletConfig = (more = ''): string =>
  `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  x509:\n    clientCAFile: ${caPath}\n${more}`;

const pem: Record<string, string> = {};
beforeAll(() => {
  const dir = mkdtempSync(join(tmpdir(), 'kubelatch-pki-'));
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  for (const ca of ['ca', 'foreign'])
    openssl('req', '-x509', ...key, '-keyout', `${ca}.key`, '-out', `${ca}.crt`, '-subj', '/CN=kubernetes');
  openssl('req', ...key.slice(0, 5), '-keyout', 'c.key', '-out', 'c.csr', '-subj', '/CN=kube-apiserver-kubelet-client');
  writeFileSync(join(dir, 'x'), '');
  openssl('x509', '-req', '-in', 'c.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'client.crt');
  for (const name of ['ca', 'foreign', 'client']) pem[name] = readFileSync(join(dir, `${name}.crt`), 'utf8');
  rmSync(dir, { recursive: true });
});

describe('the client CA', () => {
  const client = (): ClientCaEvidence => ({ clientCertificates: [pem['client'] ?? ''], clusterCa: pem['ca'] });
  const weak = (): string => kubeletConfig('readOnlyPort: 10255\n');

  it('that signed the API server’s client certificate lets the plan pass without a word', () => {
    expect(planned(planFor(nodeWith(weak()), [baseline], client())).warnings).toEqual([]);
  });

  it('blocks where it would lock the API server out, though it has the same name', () => {
    const facts = nodeWith(weak(), { [caPath]: fileOf(caPath, pem['foreign'] ?? '') });
    expect(refusal(planFor(facts, [baseline], client()))).toMatch(/did not sign the API server’s kubelet client/);
    const bundle = fileOf(caPath, `${pem['foreign'] ?? ''}${pem['ca'] ?? ''}`);
    expect(planned(planFor(nodeWith(weak(), { [caPath]: bundle }), [baseline], client())).warnings).toEqual([]);
  });

  it.each<[string, () => FileStat | undefined, RegExp]>([
    ['is absent', () => undefined, /does not exist; the kubelet would not start/],
    ['contains no certificate', () => fileOf(caPath, 'hello'), /contains no certificate/],
    [
      'holds a broken one',
      () => fileOf(caPath, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
      /contains no/,
    ],
    ['was not read', () => ({ ...fileOf(caPath, ''), content: undefined }), /could not be read/],
  ])('blocks where it %s', (_, file, reason) => {
    expect(refusal(planFor(nodeWith(weak(), { [caPath]: file() })))).toMatch(reason);
  });

  it('is reported before an edit that a flag could accept', () => {
    const text = weak().replace(/ {4}clientCAFile.*\n/, '    clientCAFile: ""\n');
    const facts = nodeWith('', { [config]: fileOf(config, text, { mtime: 4e9 + 60 }) });
    expect(refusal(planFor(facts))).toMatch(/no client CA is set/);
  });

  it('is only a warning where nothing can prove it either way', () => {
    expect(planned(planFor(nodeWith(weak()))).warnings).toEqual([expect.stringContaining('could not be checked')]);
    const foreign = { clientCertificates: [], clusterCa: pem['foreign'] };
    const plan = planned(planFor(nodeWith(weak()), [baseline], foreign));
    expect(plan.warnings).toEqual([expect.stringContaining("is not the cluster's client CA")]);
  });
});

describe('modes and owners', () => {
  const fileRule = (mode: string, owner?: string): Playbook =>
    playbookOf(
      `file: {path: kubelet-config, mode: {atMost: "${mode}"}${owner === undefined ? '' : `, owner: '${owner}'`}}, fix: true`,
    );
  const loose = (over: Partial<FileStat>): NodeFacts =>
    nodeWith(kubeletConfig(), { [config]: fileOf(config, kubeletConfig(), over) });

  it('are edits of their own, without a restart', () => {
    const plan = planned(planFor(loose({ mode: '0666' }), [fileRule('0600')]));
    expect(plan).toMatchObject({ restart: false, edits: [{ action: 'mode', path: config, after: { mode: '0600' } }] });
    expect(plan.edits[0]?.text).toBeUndefined();
  });

  it('stand in the diff of a file whose text changes too', () => {
    const text = kubeletConfig('readOnlyPort: 10255\n');
    const facts = nodeWith(text, { [config]: fileOf(config, text, { mode: '0666' }) });
    const { edits } = planned(planFor(facts, [baseline, fileRule('0600')]));
    expect(edits).toMatchObject([{ action: 'edit', path: config, after: { mode: '0600' } }]);
    expect(edits[0]?.diff).toMatch(
      new RegExp(`^${config}: mode 0666 -> 0600, owner root:root -> root:root\n--- ${config}`),
    );
    expect(planned(planFor(nodeWith(text), [baseline])).edits[0]?.diff).toMatch(/^--- /);
  });

  it('only ever take bits away', () => {
    expect(planned(planFor(loose({ mode: '0444' }), [fileRule('0600')])).edits[0]?.after.mode).toBe('0400');
    expect(planned(planFor(loose({ mode: '4755' }), [fileRule('0644')])).edits[0]?.after.mode).toBe('0644');
  });

  it('go to root by number', () => {
    const facts = loose({ mode: '0600', owner: 'bob:staff', uid: 1000, gid: 50 });
    const [edit] = planned(planFor(facts, [fileRule('0600', 'root:root')])).edits;
    expect(edit?.after).toMatchObject({ uid: 0, gid: 0, owner: 'root:root' });
  });

  it('go to others only where the node showed their numbers', () => {
    const rule = fileRule('0600', 'root:kube');
    expect(refusal(planFor(loose({ mode: '0600' }), [rule]))).toMatch(
      /the uid and gid of root:kube on this node are unknown/,
    );
    const facts = loose({ mode: '0600' });
    const known = new Map(facts.files).set('/x', fileOf('/x', '', { owner: 'bob:kube', uid: 7, gid: 998 }));
    const [edit] = planned(planFor({ ...facts, files: known }, [rule])).edits;
    expect(edit?.after).toMatchObject({ uid: 0, gid: 998, owner: 'root:kube' });
  });
});

describe('what cannot be done well is refused', () => {
  it('two playbooks that want the contrary of each other', () => {
    const on = 'readOnlyPort, want: {equals: 10255}, set: 10255';
    const off = 'readOnlyPort, want: {equals: 0}, set: 0';
    const facts = nodeWith(kubeletConfig('readOnlyPort: 1\n'));
    const outcome = planFor(facts, [playbookOf(`setting: ${on}`), playbookOf(`setting: ${off}`)]);
    expect(refusal(outcome)).toMatch(/would still fail after the edits, possibly because two rules contradict/);
  });

  it('a config file that cannot be read as YAML', () => {
    for (const facts of [nodeWith('a: [\n'), readNode('kubeadm-malformed-yaml').facts]) {
      expect(refusal(planFor(facts))).toMatch(/\/config\.yaml:\d+: not valid YAML/);
    }
  });

  it('a value that no kubelet would start with', () => {
    const rule = 'setting: tlsCipherSuites, want: {subsetOf: [TLS_OF_TOMORROW]}, set: [TLS_OF_TOMORROW]';
    const outcome = planFor(nodeWith(kubeletConfig()), [playbookOf(rule)]);
    expect(refusal(outcome)).toMatch(
      /the kubelet would not start with \["TLS_OF_TOMORROW"\]: .*config\.yaml: .+TLS_OF_TOMORROW/,
    );
  });

  it('one file under two names', () => {
    const target = '/srv/kubelet.yaml';
    const text = kubeletConfig('readOnlyPort: 1\n');
    const over = { linkTarget: target, mode: '0666' };
    const facts = nodeWith(text, {
      [config]: fileOf(config, text, over),
      [unit]: {
        ...fileOf(unit, `[Service]\nExecStart=/usr/bin/kubelet --config=${config}\n`, { mode: '0666' }),
        linkTarget: target,
      },
    });
    const rules = [
      'setting: readOnlyPort, want: {equals: 0}, set: 0',
      'file: {path: kubelet-unit, mode: {atMost: "0600"}}, fix: true',
    ];
    expect(refusal(planFor(facts, [playbookOf(...rules)]))).toMatch(/\/srv\/kubelet.yaml has two names through links/);
  });
});

it('edits a linked file where its bytes lie', () => {
  const text = kubeletConfig('readOnlyPort: 1\n');
  const facts = nodeWith(text, { [config]: fileOf(config, text, { linkTarget: '/srv/k.yaml', mode: '0640' }) });
  const [edit] = planned(planFor(facts)).edits;
  expect(edit).toMatchObject({
    path: '/srv/k.yaml',
    action: 'edit',
    before: { mode: '0640' },
    after: { mode: '0640' },
  });
});

it('shows unified diffs, and asks for a reload where units change', () => {
  const plan = planned(planFor(nodeWith(kubeletConfig('# kept\nreadOnlyPort: 1 # was asked for\n'))));
  const [edit] = plan.edits;
  expect(edit?.diff).toMatch(/^--- \S+\n\+\+\+ \S+\n@@ -/);
  expect(edit?.diff).not.toMatch(/Index:|^=+$/m);
  // The comment stays in the file; in what is shown a comment may be anything.
  expect(edit?.text).toContain('\nreadOnlyPort: 0 # was asked for\n');
  expect(edit?.diff).toContain('\n+readOnlyPort: 0 # ***\n');
  expect(plan.reload).toBe(false);
  const { facts } = readNode('systemd-flags-only');
  const flags = planned(planFor(facts));
  expect(flags.reload).toBe(true);
  const created = flags.edits.find((one) => one.action === 'create');
  expect(created).toMatchObject({ before: null, after: { mode: '0644', uid: 0, gid: 0 } });
  expect(created?.diff).toMatch(/^--- \/dev\/null\s*\n\+\+\+ \/etc\/systemd\//);
});

it('plans a restart alone where the running kubelet is older than its files', () => {
  const facts = nodeWith(kubeletConfig());
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error('no kubelet');
  const rule = playbookOf('setting: readOnlyPort, want: {equals: 0}, set: 0');
  const x509 = { clientCAFile: '/etc/kubernetes/pki/ca.crt' };
  const live = { readOnlyPort: 10255, authentication: { x509 } };
  const view = { facts, setup: detected.setup, configz: live, kubeletVersion: undefined };
  const host = { host: 'n1', nodeName: 'n1', role: 'worker' } as const;
  const outcome = completePlan(planHost(host, view, detected.distro, [rule]), noEvidence);
  expect(planned(outcome)).toMatchObject({ edits: [], restart: true, expect: [{ setting: 'readOnlyPort', value: 0 }] });
});

it('has nothing more to do once it is done', () => {
  let facts = nodeWith(kubeletConfig('readOnlyPort: 10255\nserializeImagePulls: false # ours\n'));
  const { edits, expect: promised } = planned(planFor(facts));
  expect(promised.length).toBeGreaterThan(3);
  for (const edit of edits) facts = withText(facts, 'kubelet.service', { path: edit.path, text: edit.text ?? '' });
  expect(planned(planFor(facts))).toMatchObject({ edits: [], restart: false, fixes: [] });
});

describe('suites of TLS 1.3', () => {
  const tls = parsePlaybook('tls', readFileSync(new URL('../../playbooks/tls.yaml', import.meta.url), 'utf8'));
  const good = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'];
  const withSuites = (...names: readonly string[]): NodeFacts =>
    nodeWith(
      kubeletConfig(
        `rotateCertificates: true\nserverTLSBootstrap: true\ntlsMinVersion: VersionTLS12\ntlsCipherSuites: [${names.join(', ')}]\n`,
      ),
    );

  it('beside good ones are no reason for an edit', () => {
    const facts = withSuites(...good, 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384');
    expect(planned(planFor(facts, [tls]))).toMatchObject({ edits: [], restart: false });
  });

  it('alone are: the kubelet would have none of TLS 1.2', () => {
    const { edits, fixes } = planned(planFor(withSuites('TLS_AES_128_GCM_SHA256'), [tls]));
    expect([edits.map(({ path }) => path), fixes]).toEqual([[config], ['tls-cipher-suites']]);
  });
});
