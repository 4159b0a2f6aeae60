import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holderFindings } from '../../src/consumers/findings.js';
import { byVersion, holderText, proxyHolders, rightForPath } from '../../src/consumers/rbac.js';
import { podPlaceOf } from '../../src/consumers/workloads.js';
import { pod } from './objects.js';

const role = (name: string, ...rules: object[]): object => ({ metadata: { name }, rules });
const rule = (resources: string[], verbs: string[] = ['get'], apiGroups: string[] = ['']): object => ({
  apiGroups,
  resources,
  verbs,
});
const account = (name: string, namespace = 'monitoring'): object => ({ kind: 'ServiceAccount', name, namespace });
const binding = (roleName: string, subjects: object[], metadata: object = {}): object => ({
  metadata: { name: `${roleName}-binding`, ...metadata },
  roleRef: { kind: 'ClusterRole', name: roleName },
  subjects,
});
const holdersOf = (...given: readonly (readonly [object, object])[]): string[] =>
  proxyHolders(
    given.map(([one]) => one),
    given.map(([, one]) => one),
  ).map(holderText);

describe('holders of nodes/proxy', () => {
  it.each([
    ['by name', rule(['nodes/proxy'])],
    ['by every subresource of nodes', rule(['nodes/*'])],
    ['by proxy of everything', rule(['pods', '*/proxy'])],
    ['by everything, read-only', rule(['*'], ['get', 'list'], ['*'])],
    ['by create alone', rule(['nodes/proxy'], ['create'])],
    ['by every verb', rule(['nodes/proxy'], ['*'])],
  ])('are found: %s', (_, granted) => {
    const user = { kind: 'User', name: 'ann' };
    const given = [role('r', granted), binding('r', [account('agent'), user])] as const;
    expect(holdersOf(given)).toEqual(['ServiceAccount monitoring/agent', 'User ann']);
  });

  it.each([
    ['finer rights', role('r', rule(['nodes/metrics', 'nodes/stats'])), binding('r', [account('agent')])],
    ['another group', role('r', rule(['nodes/proxy'], ['get'], ['metrics.k8s.io'])), binding('r', [account('agent')])],
    [
      'verbs that do nothing there',
      role('r', rule(['nodes/proxy'], ['list', 'watch'])),
      binding('r', [account('agent')]),
    ],
    ['an administrator', role('cluster-admin', rule(['*'], ['*'], ['*'])), binding('cluster-admin', [account('helm')])],
    ['an administrator by another role', role('root', rule(['*'], ['*'], ['*'])), binding('root', [account('helm')])],
    ['a role that is gone', role('other'), binding('r', [account('agent')])],
    [
      'the API server',
      role('system:kubelet-api-admin', rule(['nodes/proxy'], ['*'])),
      binding('system:kubelet-api-admin', [{ kind: 'User', name: 'kube-apiserver' }]),
    ],
    [
      'a controller of the cluster',
      role('system:controller:namespace-controller', rule(['*'], ['get'], ['*'])),
      binding('system:controller:namespace-controller', [account('namespace-controller', 'kube-system')], {
        name: 'system:controller:namespace-controller',
        labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
      }),
    ],
  ])('are not: %s', (_, one, bound) => {
    expect(holdersOf([one, bound])).toEqual([]);
  });

  it('are told with who uses it, and the finer rights of its product', () => {
    const holders = proxyHolders([role('fluent', rule(['nodes/proxy']))], [binding('fluent', [account('fluent')])]);
    const own = pod('f-1', {
      image: 'fluent/fluent-bit:3',
      serviceAccount: 'fluent',
      owner: { kind: 'DaemonSet', name: 'fluent' },
    });
    const [old] = holderFindings(
      holders,
      [podPlaceOf(own)].flatMap((one) => one ?? []),
      'v1.29.4',
      false,
    );
    expect(old).toMatchObject({
      rule: 'consumer-nodes-proxy',
      severity: 'medium',
      object: 'ServiceAccount monitoring/fluent',
      evidence: [
        'ClusterRole fluent has get on nodes/proxy, bound by ClusterRoleBinding fluent-binding',
        'used by DaemonSet monitoring/fluent',
      ],
    });
    expect(old?.fix).toContain('nodes/pods work on kubelets from 1.33 (the oldest here is v1.29.4)');
    const [recent] = holderFindings(holders, [], 'v1.33.0', true);
    expect(recent?.fix).toContain('replace it with those of nodes/metrics, nodes/stats, nodes/pods that are needed');
    expect(recent?.fix).toContain('need nodes/proxy in every version');
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.anything()), fc.array(fc.anything()), (roles, bindings) => {
        proxyHolders(roles, bindings);
      }),
    );
  });
});

it.each([
  ['/metrics/cadvisor', 'nodes/metrics'],
  ['/stats/summary', 'nodes/stats'],
  ['/logs', 'nodes/log'],
  ['/pods', 'nodes/pods'],
  ['/configz', 'nodes/configz'],
  ['/exec', 'nodes/proxy'],
])('%s needs %s', (path, right) => {
  expect(rightForPath(path)).toBe(right);
});

it('knows which rights every kubelet knows', () => {
  expect(byVersion(['nodes/pods', 'nodes/stats'])).toEqual({ always: ['nodes/stats'], from133: ['nodes/pods'] });
});
