/** The manifests of deploy/: the rights are those that an audit makes use of, the pod is as restricted as it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createCluster } from '../src/cluster/cluster.js';
import type { ClusterError, Gateway } from '../src/cluster/gateway.js';
import { type Result, fail, ok } from '../src/lib/result.js';
import { audit } from '../src/pipeline/audit.js';
import type { Run } from '../src/pipeline/context.js';
import { loadPlaybook } from '../src/playbook/load.js';
import { openMetrics } from '../src/report/openmetrics.js';
import { compareAudits } from '../src/report/drift.js';
import type { AuditResult } from '../src/report/model.js';
import { readNode, recordedNodes } from './nodes/recorded-node.js';
import { directExaminer } from './pipeline/direct-examiner.js';
import { parseOpenMetrics } from './report/openmetrics-parser.js';
import { auditResult, hostAudit } from './report/samples.js';
import { project } from './source-file.js';
import { recordedHost } from './pipeline/recorded-host.js';

let gateway: Gateway;
vi.mock(import('../src/pipeline/open-cluster.js'), async (original) => ({
  ...(await original()),
  reachCluster: () => Promise.resolve(ok(createCluster(gateway))),
}));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const text = (name: string): string => readFileSync(join(project, name), 'utf8');
const manifests = (name: string): readonly Manifest[] =>
  parseAllDocuments(text(`deploy/${name}`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
const main = manifests('cronjob.yaml');
const optional = [...manifests('configz.yaml'), ...manifests('cluster-findings.yaml')];
const named = (kind: string, all = main): readonly Manifest[] => all.filter((one) => one.kind === kind);

/** `VERB GROUP/RESOURCE [in NAMESPACE]`, one for each right that is bound to the ServiceAccount of the CronJob. */
function rightsOf(all: readonly Manifest[]): string[] {
  return all
    .filter(({ subjects }) => subjects?.some((one) => one.name === 'kubelatch-audit' && one.namespace === 'kubelatch'))
    .flatMap(({ kind, metadata, roleRef }) => {
      const role = all.find((one) => one.kind === roleRef?.kind && one.metadata.name === roleRef.name);
      const place = kind === 'RoleBinding' ? ` in ${metadata.namespace ?? ''}` : '';
      return (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}${place}`)),
        ),
      );
    });
}

/** The right that the API server wants for a GET. */
function rightFor(path: string): string {
  const { pathname } = new URL(path, 'http://api');
  const [, group = '', rest = ''] = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(.+)$/.exec(pathname) ?? [];
  if (rest === '') return `get ${pathname}`;
  const parts = rest.split('/');
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts[1] : undefined;
  const [resource = '', name, sub] = namespace === undefined ? parts : parts.slice(2);
  const verb = name === undefined ? 'list' : 'get';
  return `${verb} ${group}/${[resource, sub].filter(Boolean).join('/')}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

const node = {
  metadata: { name: 'node1', labels: {} },
  status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] },
};

/** A CNI that enforces policies, and every kind of them; `calico`: its own API server, or its definitions alone. */
const daemonSet = { metadata: { name: 'cilium', namespace: 'kube-system' } };
const groupsWith = (calico: string) => ({
  groups: [
    {
      versions: [
        ...['networking.k8s.io/v1', 'cilium.io/v2', calico],
        ...['policy.networking.k8s.io/v1alpha1', 'policy.networking.k8s.io/v1alpha2'],
      ].map((groupVersion) => ({ groupVersion })),
    },
  ],
});

/** An audit of one host, with the paths that it asked for. `may`: whether the API server allows it. */
async function audited(
  may: (right: string) => boolean,
  recorded = 'kubeadm-weak',
  calico = 'projectcalico.org/v3',
): Promise<{ result: AuditResult; asked: readonly string[] }> {
  const asked = new Set<string>();
  const none: Result<never, ClusterError> = fail({ kind: 'refused', status: 404, message: 'HTTP 404: not found' });
  gateway = {
    get(path) {
      // Whoever is authenticated may ask what there is.
      if (path === '/apis') return Promise.resolve(ok(groupsWith(calico)));
      const right = rightFor(path);
      asked.add(right);
      if (path.endsWith('/cilium-config')) return Promise.resolve(ok({ data: {} }));
      if (!may(right)) return Promise.resolve(fail({ kind: 'refused', status: 403, message: `HTTP 403: ${right}` }));
      if (path.includes('/proxy/')) return Promise.resolve(ok({ kubeletconfig: {} }));
      const items = path.includes('/nodes') ? [node] : path.includes('/daemonsets') ? [daemonSet] : [];
      return Promise.resolve(right.startsWith('list') ? ok({ items }) : none);
    },
    send({ method, path }) {
      // Reviews are questions, though they are posted.
      if (method !== 'POST' || !path.endsWith('reviews')) throw new Error(`an audit writes nothing: ${method} ${path}`);
      const right = rightFor(path).replace('list', 'create');
      asked.add(right);
      return Promise.resolve(fail({ kind: 'refused', status: 403, message: `HTTP 403: ${right}` }));
    },
    kubectl: () => Promise.reject(new Error('an audit runs no kubectl')),
    close: () => Promise.resolve(),
  };
  const { host, connector } = recordedHost(recorded);
  const run = {
    ...{
      version: '0',
      playbooks: [await loadPlaybook('baseline'), await loadPlaybook('tls')],
      examiner: directExaminer,
      forks: 1,
      timeout: 1000,
    },
    inventory: { path: 'i', cluster: { name: 'c' }, hosts: [host] },
    hosts: [host],
    connector,
    clusterChoice: { use: true, kubectl: 'kubectl' },
    report: () => undefined,
  } as unknown as Run;
  return { result: await audit(run), asked: [...asked].sort() };
}

it('the rights are those that audits ask for, and no others', async () => {
  const all = new Set<string>();
  for (const name of recordedNodes.filter((one) => readNode(one).expected.noKubelet === undefined)) {
    const { result, asked } = await audited(() => true, name);
    expect(result.hosts).toMatchObject([{ status: 'judged' }]);
    for (const right of asked) all.add(right);
  }
  for (const right of (await audited(() => true, undefined, 'crd.projectcalico.org/v1')).asked) all.add(right);
  // Who may list all pods may list those of one namespace.
  const needed = [...all].filter((right) => !right.includes(' in ') || !all.has(right.replace(/ in .*/, '')));
  expect(rightsOf([...main, ...optional]).sort()).toEqual(needed.sort());
});

it('an audit does with the rights of cronjob.yaml alone, and says what it could not ask', async () => {
  const rights = rightsOf(main);
  const { result } = await audited((right) => rights.includes(right));
  expect(result.hosts).toMatchObject([{ status: 'judged', notes: [expect.stringContaining('HTTP 403') as string] }]);
  expect(result.notes).toEqual([]);
  expect(rights.every((right) => right.startsWith('list '))).toBe(true);
});

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly hostNetwork?: unknown;
  readonly hostPID?: unknown;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly securityContext: object;
    readonly resources: { readonly limits: object };
    readonly volumeMounts: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly readOnly?: boolean;
    }[];
  }[];
  readonly volumes: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
}
const job = named('CronJob')[0]?.spec as {
  readonly concurrencyPolicy: string;
  readonly jobTemplate: {
    readonly spec: { readonly backoffLimit: number; readonly template: { readonly spec: PodSpec } };
  };
};
const pod = job.jobTemplate.spec.template.spec;
const [container] = pod.containers;

it('the pod is restricted, and its job runs once at a time', () => {
  expect(job).toMatchObject({ concurrencyPolicy: 'Forbid', jobTemplate: { spec: { backoffLimit: 0 } } });
  expect(named('Namespace')[0]?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(pod).toMatchObject({
    serviceAccountName: 'kubelatch-audit',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  });
  expect([pod.hostNetwork, pod.hostPID]).toEqual([undefined, undefined]);
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(Object.keys(container?.resources.limits ?? {}).sort()).toEqual(['cpu', 'memory']);
  expect(pod.volumes.filter((one) => 'hostPath' in one)).toEqual([]);
  const writable = container?.volumeMounts.filter((one) => one.readOnly !== true).map(({ name }) => name);
  expect(writable).toEqual(['tmp']);
});

it('every path that is named is a mount, and every mount a volume', () => {
  const mounts = container?.volumeMounts ?? [];
  expect(mounts.map(({ name }) => name).sort()).toEqual(pod.volumes.map(({ name }) => name).sort());
  const config = named('ConfigMap').flatMap(({ data = {} }) => Object.values(data));
  const paths = [...(container?.args ?? []), ...config].flatMap((one) => one.match(/\/(etc|var)\/[\w./-]+/g) ?? []);
  expect(paths.length).toBeGreaterThan(5);
  for (const path of paths)
    expect(
      mounts.some((one) => path.startsWith(`${one.mountPath}/`)),
      path,
    ).toBe(true);
});

it('alerts and documentation name the metrics that there are', () => {
  const result = auditResult([hostAudit('n1')]);
  const drift = compareAudits(result, 'b', result, new Set(['n1']));
  const families = [...parseOpenMetrics(openMetrics({ ...result, drift })).keys()];
  const namesIn = (name: string): string[] => [...new Set(text(name).match(/\bkubelatch_[a-z_]+/g) ?? [])];
  expect(namesIn('docs/drift.md').sort()).toEqual(families.sort());
  const used = namesIn('deploy/prometheus-rule.yaml');
  expect(used.length).toBeGreaterThan(3);
  expect(used.filter((name) => !families.includes(name))).toEqual([]);
  const [rule] = manifests('prometheus-rule.yaml');
  expect(JSON.stringify(rule?.spec)).toContain('"expr"');
});
