/** The edit of the ConfigMap against an API server that conflicts, denies, changes other things, or does not answer. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { ApiRequest, ClusterError } from '../../src/cluster/gateway.js';
import { kubeadmSharedConfig as about } from '../../src/distros/kubeadm-shared-config.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import type { Run } from '../../src/pipeline/context.js';
import { editConfigMap, writeEdit } from '../../src/pipeline/persist-config-map.js';
import { persistenceFindings, sharedGroups } from '../../src/pipeline/shared-sources.js';
import { loadRules } from '../persistence/rules.js';
import { hostAudit, unreachable } from '../report/samples.js';

const weak = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n';
const hosts = [hostAudit('n1'), hostAudit('n2', { kubeletVersion: 'v1.30.1' }), hostAudit('s1', { distro: 'k3s' })];
const [group] = sharedGroups([...hosts, unreachable('n9')]);
if (group === undefined) throw new Error('no group');
const playbooks = [loadRules('baseline')];
const run = { playbooks } as unknown as Run;

interface Stored {
  kubelet: unknown;
  version: number;
  annotations: Record<string, string>;
}

/** An API server with one ConfigMap. `hook` may answer a request itself. */
function server(
  kubelet: unknown = weak,
  hook: (request: ApiRequest, stored: Stored) => Result<never, ClusterError> | undefined = () => undefined,
) {
  const stored: Stored = { kubelet, version: 7, annotations: { hash: 'sha256:1' } };
  const object = () => ({
    metadata: {
      ...{ name: 'kubelet-config', namespace: 'kube-system', resourceVersion: String(stored.version) },
      annotations: { ...stored.annotations },
    },
    data: { kubelet: stored.kubelet, other: 'x' },
  });
  const sent: ApiRequest[] = [];
  const api = {
    get: (path: string) => Promise.resolve(hook({ method: 'GET', path }, stored) ?? ok(object())),
    send(request: ApiRequest) {
      sent.push(request);
      const answered = hook(request, stored);
      if (answered !== undefined) return Promise.resolve(answered);
      const { metadata, data } = request.body as ReturnType<typeof object>;
      if (metadata.resourceVersion !== String(stored.version)) return Promise.resolve(fail(conflict));
      if (request.dryRun === true) return Promise.resolve(ok({ body: { ...object(), data }, date: undefined }));
      Object.assign(stored, { kubelet: data.kubelet, version: stored.version + 1 });
      return Promise.resolve(ok({ body: object(), date: undefined }));
    },
  };
  return { stored, sent, cluster: { api } as unknown as Cluster };
}

const conflict: ClusterError = { kind: 'refused', status: 409, message: 'HTTP 409: conflict' };
const forbidden: ClusterError = { kind: 'refused', status: 403, message: 'HTTP 403: forbidden' };
const silent: ClusterError = { kind: 'unreachable', message: 'no answer within 10 s' };

it('groups hosts by the ConfigMap that they get, with the newest version', () => {
  expect(group).toMatchObject({ name: 'kubelet-config', kubelets: { distro: 'kubeadm', version: 'v1.31.4' } });
  expect(group.hosts.map(({ host }) => host)).toEqual(['n1', 'n2']);
  const old = sharedGroups([hostAudit('o1', { kubeletVersion: 'v1.20.2' }), ...hosts]);
  expect(old.map(({ name }) => name)).toEqual(['kubelet-config-1.20', 'kubelet-config']);
});

it('asks first, then writes with the resourceVersion that was read', async () => {
  const { stored, sent, cluster } = server();
  const edit = await editConfigMap(group, run, cluster, undefined);
  expect(edit.change).toMatchObject({ outcome: 'pending', settings: [{ setting: 'readOnlyPort', value: 0 }] });
  expect(edit.change.diff).toContain('-readOnlyPort: 10255\n+readOnlyPort: 0');
  expect([stored.kubelet, stored.version]).toEqual([weak, 7]);
  expect(await writeEdit(edit, cluster)).toMatchObject({ outcome: 'written' });
  expect(sent.map(({ method, dryRun }) => [method, dryRun])).toEqual([
    ['PUT', true],
    ['PUT', false],
  ]);
  expect(stored).toEqual({ kubelet: weak.replace('10255', '0'), version: 8, annotations: { hash: 'sha256:1' } });
  expect((await editConfigMap(group, run, cluster, undefined)).change.outcome).toBe('unchanged');
});

describe('nothing is written', () => {
  it.each([
    ['it may not be read', weak, forbidden, 'GET', /could not be read.*403/],
    ['there is none', weak, { ...forbidden, status: 404 }, 'GET', /no such ConfigMap/],
    ['the dry run is refused', weak, forbidden, 'PUT', /refuses the change.*403/],
    ['it has no text', undefined, undefined, 'GET', /no text in data\.kubelet/],
    ['its text is no string', 7, undefined, 'GET', /no text in data\.kubelet/],
    ['its text cannot be read', '- a', undefined, 'GET', /data\.kubelet: /],
  ] as const)('where %s', async (_, text, error, method, reason) => {
    const { stored, cluster } = server(text, (one) =>
      error !== undefined && one.method === method ? fail(error) : undefined,
    );
    stored.kubelet = text;
    const { change, draft } = await editConfigMap(group, run, cluster, undefined);
    expect(change.outcome).toBe('refused');
    expect(change.reason).toMatch(reason);
    expect(change.hint).not.toBe('');
    expect([draft, stored.version]).toEqual([undefined, 7]);
  });

  it('where a webhook would change something else', async () => {
    const { cluster } = server();
    const send = cluster.api.send.bind(cluster.api);
    const spoiled = {
      ...cluster.api,
      send: async (request: ApiRequest) => {
        const answer = await send(request);
        if (answer.ok)
          Object.assign((answer.value.body as { metadata: object }).metadata, { labels: { by: 'webhook' } });
        return answer;
      },
    };
    const { change } = await editConfigMap(group, run, { api: spoiled } as unknown as Cluster, undefined);
    expect(change).toMatchObject({ outcome: 'refused', reason: 'the API server would change its labels, too' });
  });

  it('where somebody was faster', async () => {
    const { stored, cluster } = server();
    const edit = await editConfigMap(group, run, cluster, undefined);
    Object.assign(stored, { kubelet: `${weak}podPidsLimit: 5\n`, version: 9 });
    const change = await writeEdit(edit, cluster);
    expect(change).toMatchObject({ outcome: 'failed', reason: 'somebody changed it after it was read' });
    expect(stored.kubelet).toBe(`${weak}podPidsLimit: 5\n`);
  });

  it('without the API server', async () => {
    const { change } = await editConfigMap(group, run, undefined, '--no-cluster was given');
    expect(change).toMatchObject({
      outcome: 'refused',
      reason: 'the API server was not asked: --no-cluster was given',
    });
  });
});

describe('a write without an answer', () => {
  it.each([
    ['that was made counts', true, 'written'],
    ['that was not made fails', false, 'failed'],
  ] as const)('%s', async (_, made, outcome) => {
    const { stored, cluster } = server(weak, ({ method, dryRun, body }, kept) => {
      if (method !== 'PUT' || dryRun === true) return undefined;
      if (made) kept.kubelet = (body as { data: { kubelet: string } }).data.kubelet;
      return fail(silent);
    });
    const change = await writeEdit(await editConfigMap(group, run, cluster, undefined), cluster);
    expect(change.outcome).toBe(outcome);
    expect(stored.kubelet === weak).toBe(!made);
  });

  it('is unknown where it cannot be read back', async () => {
    let down = false;
    const { cluster } = server(weak, ({ method, dryRun }) => {
      down ||= method === 'PUT' && dryRun !== true;
      return down ? fail(silent) : undefined;
    });
    const change = await writeEdit(await editConfigMap(group, run, cluster, undefined), cluster);
    expect(change.reason).toMatch(/^whether it was written is unknown: /);
  });
});

describe('findings', () => {
  it.each([
    ['fail', weak, undefined],
    ['pass', weak.replace('10255', '0'), undefined],
    ['unknown', '- a', undefined],
    ['unknown', weak, forbidden],
    ['unknown', weak, silent],
    ['not-applicable', weak, { ...forbidden, status: 404 }],
  ] as const)('%s', async (status, text, error) => {
    const { cluster } = server(text, () => (error === undefined ? undefined : fail(error)));
    const found = await persistenceFindings(hosts, playbooks, cluster);
    expect(found.map((one) => one.status)).toEqual([status]);
  });

  it('are none where no host gets its configuration from the cluster', async () => {
    const { cluster } = server();
    expect(
      await persistenceFindings([hostAudit('s1', { distro: 'k3s' }), unreachable('n9')], playbooks, cluster),
    ).toEqual([]);
  });
});

it('the ConfigMap is kubeadm’s', () => {
  expect(group.about).toBe(about);
});
