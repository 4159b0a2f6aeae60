/** The cipher list against the key of the certificate that a cluster issues: only where there is such a certificate. */
import { expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import type { Playbook } from '../../src/playbook/schema.js';
import { assessServing } from '../../src/playbook/serving.js';
import { fileOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';

const path = '/var/lib/kubelet/config.yaml';

function foundWith(text: string, playbooks: readonly Playbook[] = []) {
  const { facts, configz } = readNode('kubeadm-weak');
  const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
  const found = { ...facts, files: new Map(facts.files).set(path, fileOf(path, header + text)) };
  const setup = detectDistro(found)?.setup;
  if (setup === undefined) throw new Error('not recognised');
  return assessServing({ facts: found, setup, configz, kubeletVersion: undefined }, playbooks);
}

const on = 'serverTLSBootstrap: true\n';
const rsa = 'tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n';

it('a list for RSA keys alone fails', () => {
  expect(foundWith(on + rsa)).toMatchObject([
    { rule: 'serving-cipher-suites', severity: 'high', status: 'fail', source: { kind: 'file', path, line: 4 } },
  ]);
});

it.each([
  ['serverTLSBootstrap is off', rsa],
  ['there is no list', on],
  ['the list has a suite for ECDSA keys', `${on}tlsCipherSuites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n`],
  ['only TLS 1.3 is offered', `${on}${rsa}tlsMinVersion: VersionTLS13\n`],
])('nothing is told where %s', (_name, text) => {
  expect(foundWith(text)).toEqual([]);
});

it('a playbook that turns it on and leaves the list alone is told before', async () => {
  const tls = await loadPlaybook('tls');
  const [rule] = tls.rules.filter((one) => one.kind === 'setting');
  if (rule === undefined) throw new Error('no rule');
  const bootstrap = { ...rule, setting: 'serverTLSBootstrap', set: true, skip: {} };
  expect(foundWith(rsa, [{ ...tls, rules: [bootstrap] }])).toHaveLength(1);
  expect(foundWith(rsa, [{ ...tls, rules: [{ ...bootstrap, skip: { kubeadm: 'no' } }] }])).toEqual([]);
  const suites = { ...rule, setting: 'tlsCipherSuites', set: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] };
  expect(foundWith(rsa, [{ ...tls, rules: [bootstrap, suites] }])).toEqual([]);
});
