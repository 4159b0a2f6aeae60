// The lab's stand-in kubelet and API server, run as the lab runs them: what a tool must be able to see from outside.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  api,
  ask,
  at,
  closeTrial,
  configzOf,
  freePort,
  openTrial,
  out,
  ready,
  run,
  startKubelet,
  stop,
  until,
} from './lab/standin/trial.js';

beforeAll(openTrial, 60_000);
afterAll(closeTrial);

const x509 = (): string => `authentication:\n  x509: {clientCAFile: ${at('ca.crt')}}\n`;

describe('running programs', () => {
  test('a weak kubelet answers anyone, keeps its argv, and its node becomes Ready', async () => {
    const readOnly = await freePort();
    const weak = `  anonymous: {enabled: true}\n  webhook: {enabled: false}\nauthorization: {mode: AlwaysAllow}\nreadOnlyPort: ${readOnly}\n`;
    const { port, child, args } = await startKubelet(x509() + weak);
    await until('Ready', async () => (await ready()) === 'True');
    expect(await ask(port, '/pods')).toMatchObject({ status: 200 });
    expect((await ask(port, '/pods')).body).toContain('"kind":"PodList"');
    expect(await configzOf()).toMatchObject({ readOnlyPort: readOnly, authorization: { mode: 'AlwaysAllow' } });
    expect(
      readFileSync(`/proc/${child.pid ?? 0}/cmdline`, 'utf8')
        .split('\0')
        .slice(1, -1),
    ).toEqual(args);
    expect(await stop(child)).toBe(0);
    expect((await api('/api/v1/nodes/n1/proxy/configz')).status).toBe(503);
    await until('Unknown', async () => (await ready()) === 'Unknown');
  });

  test('a hardened kubelet refuses anonymous and unauthorized callers and lets the API server in', async () => {
    const { port, child } = await startKubelet(`${x509()}readonlyport: 10255\n`);
    expect(await ask(port, '/pods')).toEqual({ status: 401, body: 'Unauthorized' });
    const refused = 'Forbidden (user=system:node:n1, verb=get, resource=nodes, subresource=proxy)';
    expect(await ask(port, '/pods', { as: 'n1' })).toEqual({ status: 403, body: refused });
    await until('configz', async () => Object.keys(await configzOf()).length > 0);
    const shown = await configzOf();
    expect(shown).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m0s' } },
    });
    expect(shown).not.toHaveProperty('readOnlyPort');
    const lease = async (): Promise<string> =>
      (
        JSON.parse((await api('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1')).body) as {
          spec: { renewTime: string };
        }
      ).spec.renewTime;
    const before = await lease();
    await until('renewal', async () => (await lease()) > before);
    rmSync(at('cni/10-lab.conflist'));
    await until('NotReady', async () => (await ready()) === 'False');
    writeFileSync(at('cni/10-lab.conflist'), '{}');
    await stop(child);
  });

  test('serverTLSBootstrap serves nothing until its request is approved', async () => {
    const { child } = await startKubelet(`${x509()}serverTLSBootstrap: true\n`);
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    let name = '';
    await until('request', async () => {
      const list = JSON.parse((await api(path)).body) as {
        items: { metadata: { name: string } }[];
      };
      name = list.items[0]?.metadata.name ?? '';
      return name !== '';
    });
    await until('tls alert', async () =>
      (await api('/api/v1/nodes/n1/proxy/configz')).body.includes('remote error: tls: internal error'),
    );
    const body = { status: { conditions: [{ type: 'Approved', status: 'True' }] } };
    expect(await api(`${path}/${name}/approval`, { method: 'PATCH', body })).toMatchObject({
      status: 200,
    });
    await until('configz', async () => (await configzOf())['serverTLSBootstrap'] === true);
    await stop(child);
  });

  test.each([
    ['unknown flag: --bogus', '', ['--bogus=1']],
    ['unable to load client CA file /nope', 'authentication: {x509: {clientCAFile: /nope}}\n', []],
    ['unknown tls version \\"TLS1.2\\"', 'tlsMinVersion: TLS1.2\n', []],
    ['Cipher suite X not supported', 'tlsCipherSuites: [X]\n', []],
    ['cannot unmarshal string into Go struct field KubeletConfiguration.readOnlyPort', 'readOnlyPort: "zero"\n', []],
    ['unrecognized feature gate: Nope', 'featureGates: {Nope: true}\n', []],
  ])('dies with: %s', async (words, settings, flags) => {
    const file = at(`dies.yaml`);
    writeFileSync(file, `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${settings}`);
    const end = await run(join(out, 'kubelet'), [`--config=${file}`, ...flags]).catch(
      (thrown: unknown) => thrown as { code: number; stderr: string },
    );
    expect(end).toMatchObject({ code: 1 });
    expect(end.stderr).toContain(words);
  });

  test('the API server: conflicts, refusals, unknown objects', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const made = JSON.parse(
      (await api(path, { method: 'POST', body: { metadata: { name: 'a' }, data: { x: '1' } } })).body,
    ) as object;
    expect(await api(`${path}/a`, { method: 'PATCH', body: { data: { x: '2' } } })).toMatchObject({ status: 200 });
    expect(await api(`${path}/a`, { method: 'PUT', body: { ...made, data: {} } })).toMatchObject({
      status: 409,
    });
    expect(await api(path, { as: undefined })).toMatchObject({ status: 403 });
    expect(await api(`${path}/b`)).toMatchObject({ status: 404 });
  });

  // As kube-apiserver v1.20.2 was seen to answer.
  test('the API server: a Lease is written only over the version that was read', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
    interface Lease {
      readonly metadata: { readonly uid: string; readonly resourceVersion: string };
    }
    const put = async (metadata: object, spec: object): Promise<{ status: number; lease: Lease }> => {
      const { status, body } = await api(`${path}/a`, {
        method: 'PUT',
        body: { metadata: { name: 'a', ...metadata }, spec },
      });
      return { status, lease: JSON.parse(body) as Lease };
    };
    const create = (): ReturnType<typeof api> =>
      api(path, { method: 'POST', body: { metadata: { name: 'a' }, spec: { holderIdentity: 'x' } } });
    expect(await create()).toMatchObject({ status: 201 });
    expect(await create()).toMatchObject({ status: 409 });
    expect(await put({}, { holderIdentity: 'y' })).toMatchObject({ status: 422 });
    const { uid, resourceVersion } = (JSON.parse((await api(`${path}/a`)).body) as Lease).metadata;
    const both = await Promise.all(
      ['y', 'z'].map((holder) => put({ uid, resourceVersion }, { holderIdentity: holder })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const newest = both.find(({ status }) => status === 200)?.lease.metadata ?? { uid, resourceVersion };
    expect(newest.resourceVersion).not.toBe(resourceVersion);
    expect(await put({ ...newest, uid: 'other' }, {})).toMatchObject({ status: 409 });
    expect(await put(newest, { renewTime: '2026-11-23T08:00:00.000Z' })).toMatchObject({ status: 400 });
    expect(await put(newest, { leaseDurationSeconds: 0 })).toMatchObject({ status: 422 });
    const remove = (preconditions: object): ReturnType<typeof api> =>
      api(`${path}/a`, { method: 'DELETE', body: { kind: 'DeleteOptions', preconditions } });
    expect(await remove({ resourceVersion })).toMatchObject({ status: 409 });
    expect(await remove({ uid: newest.uid })).toMatchObject({ status: 200 });
    expect(await put(newest, { holderIdentity: 'y' })).toMatchObject({ status: 409 });
    expect(await put({ resourceVersion: newest.resourceVersion }, { holderIdentity: 'y' })).toMatchObject({
      status: 201,
    });
  });
});
