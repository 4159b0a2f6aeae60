/** Who approves and who signs, as clusters show it. */
import { describe, expect, it } from 'vitest';
import { approversOf, pastApprovals } from '../../src/csr/approvers.js';
import { kubeletAuthorities, programsInPods, signingOf } from '../../src/csr/control-plane.js';
import { readRequest } from '../../src/csr/serving-request.js';
import type { ControlPlaneProgram } from '../../src/facts/control-plane-program.js';
import { filed } from './make-request.js';

const role = (name: string, ...rules: object[]): object => ({ metadata: { name }, rules });
const rule = (
  resources: string[],
  verbs: string[],
  resourceNames?: string[],
  apiGroups = ['certificates.k8s.io'],
): object => ({ apiGroups, resources, verbs, ...(resourceNames && { resourceNames }) });
const binding = (name: string, ...subjects: object[]): object => ({
  metadata: { name },
  roleRef: { kind: 'ClusterRole', name },
  subjects,
});
const account = (name: string): object => ({ kind: 'ServiceAccount', namespace: 'kube-system', name });
const deployment = (name: string, image: string, readyReplicas = 1): object => ({
  kind: 'Deployment',
  metadata: { namespace: 'kube-system', name },
  spec: { template: { spec: { serviceAccountName: name, containers: [{ image }] } } },
  status: { readyReplicas },
});
const update = rule(['certificatesigningrequests/approval'], ['update']);
const approve = (...names: string[]): object => rule(['signers'], ['approve'], names.length === 0 ? undefined : names);
const serving = 'kubernetes.io/kubelet-serving';

describe('approvers', () => {
  it('are found by rights, with what runs as them and what it does not check', () => {
    const found = approversOf({
      clusterRoles: [role('csr', update, approve(serving))],
      clusterRoleBindings: [binding('csr', account('kubelet-csr-approver'))],
      workloads: [deployment('kubelet-csr-approver', 'ghcr.io/postfinance/kubelet-csr-approver:v1@sha256:00')],
    });
    expect(found).toMatchObject([
      {
        subject: 'ServiceAccount kube-system/kubelet-csr-approver',
        roles: ['csr'],
        workloads: ['Deployment kube-system/kubelet-csr-approver'],
      },
    ]);
    expect(found[0]?.holes.join()).toContain('node1 gets node10');
  });

  it.each([
    ['for client certificates', [update, approve('kubernetes.io/kube-apiserver-client-kubelet')], 0],
    ['without the right to update', [approve(serving)], 0],
    ['for everything, as administrators have', [rule(['*'], ['*'], undefined, ['*'])], 0],
    ['for all signers', [update, approve()], 1],
    ['for all of Kubernetes’ signers', [update, approve('kubernetes.io/*')], 1],
    ['that are no rules', ['x', { verbs: 'approve' }, null], 0],
  ])('rights %s', (_name, rules, number) => {
    const objects = {
      clusterRoles: [role('r', ...(rules as object[]))],
      clusterRoleBindings: [binding('r', account('a'))],
      workloads: [],
    };
    expect(approversOf(objects)).toHaveLength(number);
  });

  it('whose workload has no ready pod run nothing', () => {
    const [found] = approversOf({
      clusterRoles: [role('r', update, approve(serving))],
      clusterRoleBindings: [binding('r', account('a'))],
      workloads: [deployment('a', 'x/a', 0)],
    });
    expect(found?.workloads).toEqual([]);
  });

  it('in history are those that no person is', () => {
    const by = (reason: string, signerName = serving) =>
      readRequest(filed({ signerName, status: { conditions: [{ type: 'Approved', reason }] } }));
    const all = [
      by('KubectlApprove'),
      by('KubelatchApprove'),
      by('AutoApproved', 'kubernetes.io/kube-apiserver-client-kubelet'),
      by('Policy'),
    ];
    expect(pastApprovals(all).map(({ reason }) => reason)).toEqual(['Policy']);
  });
});

const program = (name: ControlPlaneProgram['name'], ...argv: string[]): ControlPlaneProgram => ({
  name,
  source: 'x',
  argv,
});
const manager = (...argv: string[]) => signingOf([program('kube-controller-manager', ...argv)]).kind;

describe('the control plane', () => {
  it('signs with a CA of its own, or not at all', () => {
    expect(manager('--cluster-signing-cert-file=/ca.crt', '--cluster-signing-key-file=/ca.key')).toBe('signs');
    expect(manager('--cluster-signing-cert-file', '/ca.crt', '--cluster-signing-key-file', '/ca.key')).toBe('signs');
    expect(manager('--cluster-signing-cert-file=', '--cluster-signing-key-file=')).toBe('signs-nothing');
    expect(
      manager(
        '--cluster-signing-kubelet-serving-cert-file=/k.crt',
        '--cluster-signing-kubelet-serving-key-file=/k.key',
        '--cluster-signing-cert-file=',
      ),
    ).toBe('signs');
    expect(
      manager(
        '--controllers=*,-csrsigning',
        '--cluster-signing-cert-file=/ca.crt',
        '--cluster-signing-key-file=/ca.key',
      ),
    ).toBe('signs-nothing');
    expect(
      manager('--controllers=csrsigning', '--cluster-signing-cert-file=/ca.crt', '--cluster-signing-key-file=/ca.key'),
    ).toBe('signs');
    expect(manager()).toBe('unknown');
    expect(signingOf([]).kind).toBe('unknown');
  });

  it('verifies kubelets by the last flag', () => {
    const pod = (...command: unknown[]): object => ({
      metadata: { namespace: 'kube-system', name: 'api' },
      spec: { containers: [{ command }] },
    });
    const programs = programsInPods([
      pod('kube-apiserver', '--kubelet-certificate-authority=/a', '--kubelet-certificate-authority=/b'),
      pod('/usr/bin/kube-apiserver', '--x'),
      pod('other', 1, null),
      null,
    ]);
    expect(kubeletAuthorities(programs).map(({ authority }) => authority)).toEqual(['/b', '']);
  });
});
