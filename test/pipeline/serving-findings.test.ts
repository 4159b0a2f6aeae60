/** Findings about serving certificates: nothing on a cluster without them, and never a pass for what could not be read. */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/cluster/gateway.js';
import { readRequest } from '../../src/csr/serving-request.js';
import { controlPlanePrograms } from '../../src/facts/control-plane-program.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import {
  approverFinding,
  servingFindings,
  signerFinding,
  verificationFinding,
} from '../../src/pipeline/serving-findings.js';
import type { Surveyed } from '../../src/pipeline/survey.js';
import type { ControlPlaneProgram } from '../../src/facts/control-plane-program.js';
import { filed } from '../csr/make-request.js';
import { fileOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';

const program = (name: ControlPlaneProgram['name'], ...argv: string[]): ControlPlaneProgram => ({
  name,
  source: 'x',
  argv,
});
const signs = program('kube-controller-manager', '--cluster-signing-cert-file=/a', '--cluster-signing-key-file=/b');
const external = program('kube-controller-manager', '--cluster-signing-cert-file=', '--cluster-signing-key-file=');
const request = (status: object) => readRequest(filed({ status }));
const approvedAt = (lastUpdateTime: string) =>
  request({ conditions: [{ type: 'Approved', reason: 'KubectlApprove', lastUpdateTime }] });
const time = Date.parse('2026-11-29T12:10:00Z');

describe('who signs', () => {
  it.each([
    ['pass', [signs], []],
    ['fail', [external], []],
    ['unknown', [], []],
    ['fail', [], [approvedAt('2026-11-29T12:00:00Z')]],
    ['unknown', [], [approvedAt('2026-11-29T12:09:30Z')]],
    ['pass', [], [request({ certificate: 'eA==', conditions: [{ type: 'Approved' }] })]],
  ] as const)('%s', (status, programs, requests) => {
    expect(signerFinding(programs, ok(requests), time).status).toBe(status);
  });
});

describe('who approves', () => {
  const approver = {
    subject: 'ServiceAccount a/b',
    roles: ['r'],
    workloads: ['Deployment a/b'],
    images: ['b'],
    holes: ['none'],
  };
  const by = (reason: string) => request({ conditions: [{ type: 'Approved', reason }] });
  it.each([
    ['pass', ok([approver]), ok([])],
    ['pass', ok([]), ok([by('Policy')])],
    ['fail', ok([]), ok([by('KubectlApprove')])],
    ['fail', ok([{ ...approver, workloads: [] }]), ok([])],
    ['unknown', ok([{ ...approver, subject: 'User x', workloads: [] }]), ok([])],
    ['unknown', fail('HTTP 403'), ok([])],
    ['unknown', ok([]), fail('HTTP 403')],
  ] as const)('%s', (status, approvers, requests) => {
    expect(approverFinding(approvers, requests).status).toBe(status);
  });
});

describe('whether the API server verifies kubelets', () => {
  it.each([
    ['fail', [program('kube-apiserver')]],
    ['fail', [program('kube-apiserver', '--kubelet-certificate-authority=/a'), program('kube-apiserver')]],
    ['pass', [program('kube-apiserver', '--kubelet-certificate-authority=/a')]],
    ['unknown', [signs]],
  ] as const)('%s', (status, programs) => {
    expect(verificationFinding(programs).status).toBe(status);
  });
});

const answering = (answer: Result<unknown, { kind: 'refused'; message: string }>): Gateway & { asked: number } => {
  const gateway = {
    asked: 0,
    get() {
      gateway.asked++;
      return Promise.resolve(answer);
    },
    send: () => Promise.resolve(fail({ kind: 'refused' as const, message: 'no' })),
    kubectl: () => Promise.resolve(fail({ kind: 'refused' as const, message: 'no' })),
    close: () => Promise.resolve(),
  };
  return gateway;
};
const surveyed = (bootstrap: boolean): Surveyed[] => [
  {
    result: ok({ serving: { bootstrap, distro: 'x', programs: [], addresses: [], kubeletStartedAt: 0 } }),
  } as unknown as Surveyed,
];

it('a cluster without such certificates is not asked', async () => {
  const gateway = answering(ok({ items: [] }));
  expect(await servingFindings({ playbooks: [] }, surveyed(false), gateway)).toEqual([]);
  expect(gateway.asked).toBe(0);
});

it('what cannot be read is unknown', async () => {
  const found = await servingFindings(
    { playbooks: [] },
    surveyed(true),
    answering(fail({ kind: 'refused', message: 'HTTP 403' })),
  );
  expect(found.map(({ status }) => status)).toEqual(['unknown', 'unknown', 'unknown']);
});

it('a node tells the flags of its control plane that concern kubelets, and no others', () => {
  const { facts } = readNode('kubeadm-weak');
  const path = '/etc/kubernetes/manifests/kube-apiserver.yaml';
  const manifest = `apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --etcd-password=secret
    - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt
`;
  const read = (text: string) =>
    controlPlanePrograms({ ...facts, files: new Map(facts.files).set(path, fileOf(path, text)) });
  expect(read(manifest)).toEqual([
    { name: 'kube-apiserver', source: path, argv: ['--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt'] },
  ]);
  for (const text of ['', '[', 'spec: {containers: 1}', 'spec: {containers: [null, {command: [1]}]}'])
    expect(read(text)).toEqual([]);
});
