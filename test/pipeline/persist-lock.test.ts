/** persist writes the ConfigMap while it holds the run lock, and not without it. */
import { expect, it, vi } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { LeaseRefusal, RunLease } from '../../src/cluster/run-lease.js';
import type { ApiRequest } from '../../src/cluster/gateway.js';
import { fail, ok } from '../../src/lib/result.js';
import type { Run } from '../../src/pipeline/context.js';
import { persist } from '../../src/pipeline/persist.js';
import type { Surveyed } from '../../src/pipeline/survey.js';
import { loadRules } from '../persistence/rules.js';
import { hostAudit } from '../report/samples.js';

const weak = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n';
let cluster: Cluster;
vi.mock(import('../../src/pipeline/with-cluster.js'), () => ({
  withCluster: (_run, work) => work(cluster, undefined),
}));
vi.mock(import('../../src/pipeline/survey.js'), async (original) => ({
  ...(await original()),
  survey: () =>
    Promise.resolve([
      { host: { name: 'n1' }, result: ok({ draft: { host: hostAudit('n1') } }) } as unknown as Surveyed,
    ]),
}));

const run = {
  ...{ version: '0', playbooks: [loadRules('baseline')], hosts: [], inventory: { path: 'i', cluster: { name: 'c' } } },
  ...{ shutdown: new AbortController().signal, report: () => undefined },
} as unknown as Run;

/** An API server with the ConfigMap; all that was done, in order. */
function server(refusal?: LeaseRefusal, problem: RunLease['problem'] = () => undefined): string[] {
  const done: string[] = [];
  let kubelet = weak;
  const object = () => ({ metadata: { name: 'kubelet-config', resourceVersion: '7' }, data: { kubelet } });
  cluster = {
    api: {
      get: () => Promise.resolve(ok(object())),
      send: ({ method, dryRun = false, body }: ApiRequest) => {
        done.push(`${dryRun ? 'dry ' : ''}${method}`);
        if (!dryRun) kubelet = (body as ReturnType<typeof object>).data.kubelet;
        return Promise.resolve(ok({ body: dryRun ? body : object(), date: undefined }));
      },
    },
    lock: ({ run: verb }: { readonly run: string }) => {
      done.push(`lock for ${verb}`);
      const release = (): Promise<void> => Promise.resolve(void done.push('unlock'));
      return Promise.resolve(
        refusal === undefined ? ok({ identity: 'me@here persist/00', problem, release }) : fail(refusal),
      );
    },
  } as unknown as Cluster;
  return done;
}
const yes = (): Promise<boolean> => Promise.resolve(true);

it('takes the lock after the question, and gives it back', async () => {
  const done = server();
  const result = await persist(run, 'configmap', () => Promise.resolve(done.push('asked') > 0));
  expect(result?.changes).toMatchObject([{ outcome: 'written' }]);
  expect(done).toEqual(['dry PUT', 'asked', 'lock for persist', 'PUT', 'unlock']);
});

it('takes none where nothing is written', async () => {
  const done = server();
  await persist(run, undefined, yes);
  await persist(run, 'patches', yes);
  await persist(run, 'configmap', () => Promise.resolve(false));
  expect(done.filter((one) => one !== 'dry PUT')).toEqual([]);
});

it('writes nothing while another run holds it', async () => {
  const by = { identity: 'x', operator: 'eve@there', run: '20261123T050102Z-3fa4c1', age: 3000, duration: 20_000 };
  const done = server({ kind: 'held', by, renewed: true });
  await expect(persist(run, 'configmap', yes)).rejects.toThrow('eve@there (run 20261123T050102Z-3fa4c1) holds');
  expect(done).not.toContain('PUT');
});

it('writes nothing once the lock is lost', async () => {
  const done = server(undefined, () => ({ reason: 'the run lock was taken over by eve@there', final: true }));
  const result = await persist(run, 'configmap', yes);
  expect(result?.changes).toMatchObject([{ outcome: 'failed', reason: 'the run lock was taken over by eve@there' }]);
  expect(done).not.toContain('PUT');
});
