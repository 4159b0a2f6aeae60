/** Configurations that a kubelet was started with: what kubelatch computes from the files is what configz shows, and no edit is pending. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { detectDistro, probeRequest } from '../../src/distros/index.js';
import { configzValue, effectiveSetting } from '../../src/facts/effective-kubelet.js';
import { pendingEdits } from '../../src/facts/pending-edits.js';
import { isComparable } from '../../src/facts/running-differences.js';
import { sameSetting } from '../../src/facts/same-setting.js';
import { hardeningSettings, settings } from '../../src/facts/settings.js';
import { attachLab } from '../lab/lab.js';
import { kubeletMinor } from './kubelet-node.js';
import { factsOf, must } from './systemd-node.js';

const lab = attachLab();
const node = 'n1';
const config = '/var/lib/kubelet/config.yaml';
const folder = '/etc/kubelet-test.d';
const minor = await kubeletMinor(lab, node);

beforeAll(() => lab.plant(node));
afterAll(async () => {
  await lab.on(node, `rm -rf ${folder}`);
  await lab.plant(node);
});

interface Case {
  readonly name: string;
  /** Behind the planted file: of keys that are there twice, these count. */
  readonly config: string;
  readonly arguments?: string;
  readonly dropIns?: Readonly<Record<string, string>>;
}

const ca = '/etc/kubernetes/pki/ca.crt';
const cases: readonly Case[] = [
  {
    name: 'values in YAML of many kinds',
    config: `authentication: {anonymous: {enabled: no}, webhook: {enabled: yes, cacheTTL: 1m30s}, x509: {clientCAFile: ${ca}}}
authorization: {mode: "Webhook", webhook: {cacheAuthorizedTTL: "0"}}
maxPods: 0156
eventRecordQPS: 0
streamingConnectionIdleTimeout: 1.5h
makeIPTablesUtilChains: off
tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
featureGates: {RotateKubeletServerCertificate: true}
MaxPods: 5
`,
  },
  {
    name: 'flags over a file with a relative path and nulls',
    config: `authentication: {x509: {clientCAFile: ../../..${ca}}, anonymous: null}
readOnlyPort: null
clusterDNS: [9.9.9.9]
featureGates: {RotateKubeletServerCertificate: true}
`,
    arguments:
      '--event-qps=7 --cluster-dns=1.1.1.1 --cluster-dns=2.2.2.2,3.3.3.3 --feature-gates=AllAlpha=false --pod-max-pids 100 --streaming-connection-idle-timeout=5m',
  },
  {
    name: 'drop-ins',
    config: 'featureGates: {RotateKubeletServerCertificate: true}\nmaxPods: 50\n',
    arguments: `--config-dir=${folder}`,
    dropIns: {
      // The stand-in says that it is of 1.31, and does with null as 1.32 and later do.
      '10.conf': `${lab.kind === 'real' ? 'authentication: null\n' : ''}maxPods: 10\n`,
      '10/a.conf': `authentication: {x509: {clientCAFile: /nowhere}}\nmaxPods: 11\nfeatureGates: {AllAlpha: false}\n`,
      // The empty list of --config is lost in the merge.
      '20.conf': `authentication: {x509: {clientCAFile: ${ca}}}\neventRecordQPS: 3\nreadOnlyPort: 0\nenforceNodeAllocatable: []\n`,
    },
  },
];
const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const folderSince = lab.kind === 'standin' ? 29 : 30;

it.each(cases.filter(({ dropIns }) => dropIns === undefined || minor > folderSince))('$name', async (one) => {
  await lab.plant(node);
  await must(lab, node, `cat >>${config}`, { stdin: one.config });
  for (const [name, text] of Object.entries(one.dropIns ?? {})) {
    const path = `${folder}/${name}`;
    await must(lab, node, `mkdir -p "$(dirname ${path})" && cat >${path}`, { stdin: header + text });
  }
  await lab.extraArgs(node, one.arguments ?? '');
  const answer = await lab.get(`/api/v1/nodes/${node}/proxy/configz`);
  expect(answer.status).toBe(200);
  const { kubeletconfig } = JSON.parse(answer.body) as { kubeletconfig: Record<string, unknown> };

  const facts = await factsOf(lab, node, [], probeRequest());
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  expect(setup.sources.faults).toEqual([]);
  const compared = (minor < 29 ? hardeningSettings : settings)
    .map((info) => effectiveSetting(setup.sources, info))
    .filter((setting) => isComparable(setting, kubeletconfig));
  const different = compared.flatMap(({ info, value }) => {
    const shown = configzValue(kubeletconfig, info);
    return sameSetting(value, shown) ? [] : [`${info.path}: ${JSON.stringify(value)}, ${JSON.stringify(shown)}`];
  });
  expect(compared.length).toBeGreaterThan(15);
  expect(different).toEqual([]);
  expect(pendingEdits(facts, setup, kubeletconfig)).toEqual([]);
});
