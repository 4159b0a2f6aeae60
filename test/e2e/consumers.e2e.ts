/** Clients of kubelets are found before a change turns them away, by what they do; a cluster without any raises no alarm. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callApi, createObject } from './api-objects.js';
import { type Audit, type ClusterFinding, type Plan, type RunResult, hostOf, outcomes } from './results.js';
import { openScene, plantAll, stateOf, swift } from './scene.js';
import { type Scraper, startScraper } from './scraper.js';

const scene = openScene({ observe: '5s' });
const { lab } = scene;
const nodes = ['n1', 'cp1'];
const inventory = scene.inventory(nodes);
const isReal = lab.kind === 'real';
const space = 'consumers-test';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const scrapers: Scraper[] = [];

const told = ({ clusterFindings }: Pick<Audit, 'clusterFindings'>): readonly ClusterFinding[] =>
  clusterFindings.filter(({ rule, status }) => rule.startsWith('consumer-') && status !== 'pass');
const named = (findings: readonly ClusterFinding[]): readonly string[] =>
  findings.map(({ rule, status, object }) => `${rule} ${status} ${object ?? ''}`).sort();

beforeAll(async () => {
  await cleanUp();
  await plantAll(lab, nodes);
});
afterAll(async () => {
  await Promise.all(scrapers.map((one) => one.stop()));
  await cleanUp();
});

async function cleanUp(): Promise<void> {
  await callApi(lab, 'DELETE', `${rbac}/clusterrolebindings/${space}`);
  await callApi(lab, 'DELETE', `${rbac}/clusterroles/${space}`);
  if (isReal) await callApi(lab, 'DELETE', `${definition}/servicemonitors.monitoring.coreos.com`);
  for (const path of ['pods/scraper-x', 'pods/anonymous-x', 'serviceaccounts/scraper', 'serviceaccounts/anonymous'])
    await callApi(lab, 'DELETE', `/api/v1/namespaces/${space}/${path}?gracePeriodSeconds=0`);
  for (const path of ['daemonsets/scraper', 'deployments/anonymous'])
    await callApi(lab, 'DELETE', `/apis/apps/v1/namespaces/${space}/${path}`);
}

const template = (name: string) => ({
  metadata: { labels: { app: name } },
  spec: {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    nodeSelector: { nobody: 'has-this-label' },
    containers: [{ name: 'main', image: `example.test/${name}:1` }],
  },
});

/** A pod that no node runs: its address is a scraper's. It has no controller, so that none deletes it. */
async function createPod(name: string, owner: object, address: string): Promise<void> {
  const { spec } = template(name);
  const metadata = { name: `${name}-x`, namespace: space, labels: { made: 'by-hand' }, ownerReferences: [owner] };
  const pods = `/api/v1/namespaces/${space}/pods`;
  await createObject(lab, pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { ...spec, schedulerName: 'nobody' },
  });
  const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }] };
  const patched = await callApi(lab, 'PATCH', `${pods}/${name}-x/status`, { status });
  expect(patched.status, patched.body).toBe(200);
}

async function createWorkload(kind: 'DaemonSet' | 'Deployment', name: string, address: string): Promise<void> {
  const accounts = `/api/v1/namespaces/${space}/serviceaccounts`;
  await createObject(lab, accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: space } });
  const selector = { matchLabels: { app: name } };
  const replicas = kind === 'Deployment' ? { replicas: 0 } : {};
  const spec = { selector, template: template(name), ...replicas };
  const path = `/apis/apps/v1/namespaces/${space}/${kind.toLowerCase()}s`;
  const body = { apiVersion: 'apps/v1', kind, metadata: { name, namespace: space }, spec };
  const { uid } = await createObject(lab, path, body);
  await createPod(name, { apiVersion: 'apps/v1', kind, name, uid }, address);
}

async function createHolder(): Promise<void> {
  const rules = [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }];
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: space };
  await createObject(lab, `${rbac}/clusterroles`, { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules });
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: space };
  const subjects = [{ kind: 'ServiceAccount', name: 'dashboard', namespace: space }];
  const body = { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef, subjects };
  await createObject(lab, `${rbac}/clusterrolebindings`, body);
}

/** The definition takes any fields: what counts is that the API server serves such objects. */
async function createMonitor(): Promise<void> {
  const group = 'monitoring.coreos.com';
  const names = { plural: 'servicemonitors', singular: 'servicemonitor', kind: 'ServiceMonitor' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const spec = { group, scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }] };
  const metadata = { name: `servicemonitors.${group}` };
  const kind = 'CustomResourceDefinition';
  await createObject(lab, definition, { apiVersion: 'apiextensions.k8s.io/v1', kind, metadata, spec });
  const path = `/apis/${group}/v1/namespaces/${space}/servicemonitors`;
  const selector = { matchLabels: { 'k8s-app': 'kubelet' } };
  const monitor = {
    ...{ apiVersion: `${group}/v1`, kind: 'ServiceMonitor', metadata: { name: 'kubelet', namespace: space } },
    spec: { selector, endpoints: [{ port: 'http-metrics' }] },
  };
  for (let tries = 0; tries < 40; tries++) {
    if ((await callApi(lab, 'POST', path, monitor)).status === 201) return;
    await sleep(500);
  }
  expect.fail('the API server does not serve ServiceMonitors');
}

it('a cluster that nobody reads kubelets of raises no alarm, although the ports are open', async () => {
  expect(named(told(await scene.result<Audit>(0, ['audit', '-i', inventory, '--fail-on-consumers'])))).toEqual([]);
  const shown = await scene.result<Plan>(0, ['plan', '-i', inventory, '--fail-on-consumers', '--observe', '2s']);
  expect(named(told(shown))).toEqual([]);
});

describe('with clients at work', () => {
  beforeAll(async () => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: space } };
    await callApi(lab, 'POST', '/api/v1/namespaces', body);
    const address = lab.nodes['n1']?.address ?? '';
    scrapers.push(await startScraper(lab, 'ro', 200, `http://${address}:10255/metrics`));
    scrapers.push(await startScraper(lab, 'anon', 201, `https://${address}:10250/pods`));
    const [readOnly, anonymous] = scrapers;
    await createWorkload('DaemonSet', 'scraper', readOnly?.address ?? '');
    await createWorkload('Deployment', 'anonymous', anonymous?.address ?? '');
    await createHolder();
    if (isReal) await createMonitor();
    await sleep(2000);
  });

  it('they get answers before the change', () => {
    expect(scrapers.map((one) => one.last())).toEqual(['200', '200']);
  });

  it('audit names each by its owner, with evidence of what it does', async () => {
    const findings = told(await scene.result<Audit>(2, ['audit', '-i', inventory, '--fail-on-consumers']));
    expect(named(findings)).toEqual([
      `consumer-anonymous fail Deployment ${space}/anonymous`,
      `consumer-nodes-proxy fail ServiceAccount ${space}/dashboard`,
      `consumer-read-only-port fail DaemonSet ${space}/scraper`,
      ...(isReal ? [`consumer-read-only-port fail ServiceMonitor ${space}/kubelet`] : []),
    ]);
    const of = (object: string): ClusterFinding | undefined => findings.find((one) => one.object === object);
    const scraper = of(`DaemonSet ${space}/scraper`);
    expect(scraper?.severity).toBe('high');
    // The first kind of evidence is the kubelet's counter, the second the connection.
    expect(scraper?.evidence[0]).toMatch(
      /^n1: the kubelet counted \d+ requests for \/metrics on port 10255 in [\d.]+ s, \d+ since it started$/,
    );
    expect(scraper?.evidence[1]).toBe(`n1: port 10255 is connected to ${scrapers[0]?.address ?? ''}`);
    const anonymous = of(`Deployment ${space}/anonymous`);
    expect(anonymous?.evidence.at(-1)).toBe(`n1: port 10250 is connected to ${scrapers[1]?.address ?? ''}`);
    expect(anonymous?.evidence.join('\n')).toMatch(/requests for \/pods on port 10250/);
    expect(anonymous?.fix).toContain(`--serviceaccount=${space}:anonymous`);
    expect(of(`ServiceAccount ${space}/dashboard`)?.fix).toContain(`in ClusterRole ${space}, replace it with`);
  });

  it('plan shows them before anybody agrees to anything', async () => {
    const shown = await scene.kubelatch(['plan', '-i', inventory, '-l', 'n1']);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(`consumer-read-only-port: DaemonSet ${space}/scraper`);
  });

  it('apply changes nothing when it is told to stop for them', async () => {
    const before = await stateOf(lab, ['n1']);
    const ran = await scene.kubelatch(['apply', '-i', inventory, '-l', 'n1', '--fail-on-consumers', ...swift]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('this change would break');
    expect(ran.stderr).toContain(`DaemonSet ${space}/scraper`);
    expect(await stateOf(lab, ['n1'])).toEqual(before);
  });

  it('apply asks for them again, and tells what became of them', async () => {
    const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, '-l', 'n1', ...swift]);
    expect(outcomes(result)).toEqual({ n1: 'confirmed' });
    const notes = result.notes.join('\n');
    expect(notes).toMatch(
      new RegExp(`^DaemonSet ${space}/scraper used the read-only port before the change, and was not seen`, 'm'),
    );
    expect(notes).toMatch(
      new RegExp(`^Deployment ${space}/anonymous still calls port 10250 of n1, and gets 401 or 403`, 'm'),
    );
    await sleep(1500);
    expect(scrapers.map((one) => one.last())).toEqual(['ECONNREFUSED', '401']);
  });

  it('afterwards only the holder of the right is left', async () => {
    const audit = await scene.result<Audit>(0, ['audit', '-i', inventory, '-l', 'n1', '--fail-on-consumers']);
    expect(hostOf(audit, 'n1').status).toBe('judged');
    expect(named(told(audit))).toEqual([`consumer-nodes-proxy fail ServiceAccount ${space}/dashboard`]);
  });
});
