/** An audit and a plan ask the API server for each object and each list once. */
import { expect, it, vi } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import type { Gateway } from '../../src/cluster/gateway.js';
import { fail, ok } from '../../src/lib/result.js';
import { audit } from '../../src/pipeline/audit.js';
import type { Run } from '../../src/pipeline/context.js';
import { plan } from '../../src/pipeline/plan.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { directExaminer } from './direct-examiner.js';
import { recordedHost } from './recorded-host.js';

let gateway: Gateway;
vi.mock(import('../../src/pipeline/open-cluster.js'), async (original) => ({
  ...(await original()),
  reachCluster: () => Promise.resolve(ok(createCluster(gateway))),
}));

const node = {
  metadata: { name: 'node1', labels: {} },
  status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] },
};
/** A Node for the host, and a right for somebody; all other lists are empty. */
const lists: Readonly<Record<string, readonly object[]>> = {
  '/api/v1/nodes': [node],
  '/apis/rbac.authorization.k8s.io/v1/clusterroles': [
    {
      metadata: { name: 'approver' },
      rules: [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['signers'],
          resourceNames: ['kubernetes.io/kubelet-serving'],
          verbs: ['approve'],
        },
      ],
    },
  ],
};

/** How often each path was asked for, pages without their tokens. */
function counting(): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  gateway = {
    get(path) {
      asked.set(path, (asked.get(path) ?? 0) + 1);
      const { pathname } = new URL(path, 'http://api');
      if (path.includes('limit=')) return Promise.resolve(ok({ items: lists[pathname] ?? [] }));
      return Promise.resolve(
        pathname.includes('/proxy/')
          ? ok({ kubeletconfig: {} })
          : fail({ kind: 'refused', status: 404, message: 'HTTP 404: not found' }),
      );
    },
    send: () => Promise.resolve(fail({ kind: 'refused', status: 403, message: 'HTTP 403: no' })),
    kubectl: () => Promise.reject(new Error('no kubectl')),
    close: () => Promise.resolve(),
  };
  return asked;
}

async function run(): Promise<Run> {
  const { host, connector } = recordedHost('kubeadm-weak');
  return {
    ...{ version: '0', examiner: directExaminer, forks: 1, timeout: 1000, editOptions: { moveArguments: false } },
    playbooks: [await loadPlaybook('baseline'), await loadPlaybook('tls')],
    inventory: { path: 'i', cluster: { name: 'c' }, hosts: [host] },
    hosts: [host],
    connector,
    clusterChoice: { use: true, kubectl: 'kubectl' },
    report: () => undefined,
  } as unknown as Run;
}

it.each([
  ['an audit', audit],
  ['a plan', async (given: Run) => plan(given, { waves: [] })],
] as const)('%s', async (_, read) => {
  const asked = counting();
  const { hosts, clusterFindings } = await read(await run());
  expect(hosts).toMatchObject([{ status: 'judged' }]);
  expect(clusterFindings.map(({ rule }) => rule)).toContain('serving-certificate-approver');
  const often = [...asked].filter(([, count]) => count > 1);
  expect(often).toEqual([]);
  const shared = ['/api/v1/pods', '/api/v1/configmaps', '/apis/apps/v1/deployments', '/apis/apps/v1/daemonsets'];
  const paths = [...asked.keys()].map((path) => new URL(path, 'http://api').pathname);
  expect(paths).toEqual(expect.arrayContaining([...shared, '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings']));
});
