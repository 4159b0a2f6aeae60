import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readObjects } from '../../src/consumers/read-objects.js';
import { scanObjects } from '../../src/consumers/scan.js';
import { type TemplateParts, apiServer, configMap, daemonSets, deployments, pod, workload } from './objects.js';

interface Shown {
  readonly port: string;
  readonly evidence: string;
  readonly fix: string;
}

/** What is found of one DaemonSet, and of the ConfigMap `settings` that it mounts. */
async function hitsOf(
  parts: TemplateParts,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<readonly Shown[]> {
  const lists = {
    [daemonSets]: [workload('agent', { ...parts, configMap: 'settings' })],
    '/api/v1/pods': [],
    '/api/v1/configmaps': [configMap('settings', settings)],
  };
  return scanObjects(await readObjects(apiServer({ lists }), false));
}

const arg = (image: string, ...args: string[]): TemplateParts => ({ image, args });
const variable = (image: string, name: string, value: string): TemplateParts => ({ image, env: { [name]: value } });

const templates: readonly (readonly [string, TemplateParts, string, RegExp])[] = [
  [
    'metrics-server',
    arg('k8s.gcr.io/metrics-server:v0.3', '--kubelet-port=10255'),
    'read-only',
    /--kubelet-use-node-status-port/,
  ],
  [
    'metrics-server, in two words',
    arg('k8s.gcr.io/metrics-server:v0.3', '--kubelet-port', '10255'),
    'read-only',
    /--kubelet-use-node-status-port/,
  ],
  [
    'metrics-server, insecure',
    arg('metrics-server-amd64', '--deprecated-kubelet-completely-insecure'),
    'read-only',
    /remove --deprecated/,
  ],
  [
    'Datadog',
    variable('gcr.io/datadoghq/agent:7', 'DD_KUBERNETES_HTTP_KUBELET_PORT', '10255'),
    'read-only',
    /hostCAPath/,
  ],
  [
    'New Relic',
    variable('newrelic/nri-kubernetes:3', 'NRI_KUBERNETES_KUBELET_PORT', '10255'),
    'read-only',
    /kubelet.scheme: https/,
  ],
  [
    'heapster',
    arg('k8s.gcr.io/heapster-amd64:v1.5', '--source=kubernetes:https://kubernetes.default'),
    'read-only',
    /metrics-server/,
  ],
  ['any shell', arg('busybox', 'wget -qO- http://$(HOST_IP):10255/metrics'), 'read-only', /^$/],
  ['any variable', variable('acme/agent', 'KUBELET_PORT', '10255'), 'read-only', /^$/],
  ['any address on 10250', arg('acme/agent', '--kubelet=https://$(HOST_IP):10250'), 'kubelet', /^$/],
];

const configs: readonly (readonly [string, string, string, string, RegExp])[] = [
  ['Telegraf', 'telegraf:1.30', '[[inputs.kubernetes]]\n  url = "http://127.0.0.1:10255"\n', 'read-only', /tls_ca/],
  [
    'Metricbeat',
    'docker.elastic.co/beats/metricbeat:8',
    '- module: kubernetes\n  hosts: ["localhost:10255"]\n',
    'read-only',
    /\$\{NODE_NAME\}:10250/,
  ],
  [
    'OpenTelemetry',
    'otel/opentelemetry-collector-contrib',
    'receivers:\n  kubeletstats:\n    endpoint: http://${env:IP}:10255\n',
    'read-only',
    /serviceAccount/,
  ],
  [
    'OpenTelemetry, no credentials',
    'otel/opentelemetry-collector-contrib',
    'kubeletstats:\n  auth_type: "none"\n',
    'kubelet',
    /auth_type: serviceAccount/,
  ],
  [
    'Alloy',
    'grafana/alloy:v1',
    'discovery.kubelet "k" {\n  url = "http://localhost:10255"\n}\n',
    'read-only',
    /discovery.kubelet/,
  ],
  [
    'Fluent Bit',
    'fluent/fluent-bit:3',
    '[FILTER]\n    Use_Kubelet On\n    Kubelet_Port 10255\n',
    'read-only',
    /kubelet_port 10250/,
  ],
  ['Datadog', 'datadog/agent:7', 'kubernetes_http_kubelet_port: 10255\n', 'read-only', /hostCAPath/],
  ['New Relic', 'newrelic/nri-kubernetes:3', 'kubelet:\n  scheme: http\n', 'read-only', /caBundlePath/],
  ['any program', 'acme/agent', 'targets:\n  - node-1:10255\n', 'read-only', /^$/],
];

describe('a product that reads kubelets without credentials is found', () => {
  it.each(templates)('in its template: %s', async (_, parts, port, fix) => {
    const [hit, ...more] = await hitsOf(parts);
    expect(more.length).toBeLessThan(2);
    expect(hit).toMatchObject({ port, owner: { kind: 'DaemonSet', namespace: 'monitoring', name: 'agent' } });
    expect(hit?.fix).toMatch(fix);
    expect(hit?.evidence).toMatch(/^container main: /);
  });

  it.each(configs)('in its ConfigMap: %s', async (_, image, text, port, fix) => {
    const hits = await hitsOf({ image }, { 'agent.conf': text });
    expect(hits).toHaveLength(1);
    expect(hits[0]).toMatchObject({ port });
    expect(hits[0]?.fix).toMatch(fix);
    expect(hits[0]?.evidence).toMatch(/^ConfigMap monitoring\/settings, agent.conf:\d+: /);
  });
});

const clean: readonly (readonly [string, TemplateParts, Readonly<Record<string, string>>])[] = [
  [
    'metrics-server on its own port 10250',
    arg('metrics-server:v0.7', '--secure-port=10250', '--kubelet-use-node-status-port'),
    {},
  ],
  ['the Prometheus Operator’s webhook', arg('prometheus-operator:v0.80', '--web.listen-address=:10250'), {}],
  ['heapster with https', arg('heapster', '--source=kubernetes:?kubeletHttps=true&kubeletPort=10250'), {}],
  ['Datadog by its defaults', variable('datadog/agent', 'DD_KUBELET_TLS_VERIFY', 'false'), {}],
  ['a number that holds 10255', arg('acme/agent', '--limit=102550', '--version=1.10255.2'), {}],
  ['a comment', { image: 'telegraf' }, { 'telegraf.conf': '  # url = "http://127.0.0.1:10255"\n' }],
  ['a kubelet’s own configuration', { image: 'acme/join' }, { kubelet: 'readOnlyPort: 10255\n' }],
  ['a kubelet’s own flag', arg('acme/join', 'kubelet --read-only-port=10255'), {}],
];

it.each(clean)('is silent about %s', async (_, parts, settings) => {
  expect(await hitsOf(parts, settings)).toEqual([]);
});

it('leaves a ConfigMap alone that no pod uses, unless it holds scrape jobs', async () => {
  const jobs = 'scrape_configs:\n  - job_name: kubelet\n    static_configs: [{ targets: ["n1:10255"] }]\n';
  const lists = {
    '/api/v1/configmaps': [
      configMap('kubelet-config-1.20', { kubelet: 'port: 10255' }, 'kube-system'),
      configMap('dashboards', { 'a.json': '"http://n1:10255"' }),
      configMap('prometheus', { 'prometheus.yml': jobs }),
    ],
  };
  const hits = scanObjects(await readObjects(apiServer({ lists }), false));
  expect(hits.map(({ owner, evidence }) => [owner.name, evidence])).toEqual([
    ['prometheus', 'prometheus.yml: job kubelet: it reads n1:10255; no pod mounts it'],
  ]);
});

it('searches Secrets only when told to, and shows nothing of them', async () => {
  const data = {
    'agent.yaml': Buffer.from('password: hunter2\nurl: http://me:hunter2@n1:10255/\n').toString('base64'),
  };
  const jobs = 'scrape_configs:\n- job_name: kubelet\n  static_configs: [{ targets: ["n1:10255"] }]\n';
  const operator = { 'prometheus.yaml.gz': gzipSync(jobs).toString('base64') };
  const lists = {
    [deployments]: [
      workload('one', { image: 'acme/agent', secret: 'own' }),
      workload('two', { image: 'prom/prometheus:v3', secret: 'gz' }),
    ],
    '/api/v1/secrets': [configMap('own', data), configMap('gz', operator)],
  };
  expect(scanObjects(await readObjects(apiServer({ lists }), false))).toEqual([]);
  const hits = scanObjects(await readObjects(apiServer({ lists }), true));
  expect(hits.map(({ evidence }) => evidence)).toEqual([
    'Secret monitoring/own, agent.yaml:2: its value is not shown',
    'Secret monitoring/gz, prometheus.yaml.gz: job kubelet: it reads n1:10255 (Prometheus)',
  ]);
  expect(JSON.stringify(hits)).not.toContain('hunter2');
});

it('names a client by its workload, and a pod alone by itself', async () => {
  const parts = arg('acme/agent', 'http://n1:10255');
  const lists = {
    [deployments]: [workload('web', parts)],
    '/api/v1/pods': [
      pod('web-5d8-x', {
        ...parts,
        owner: { kind: 'ReplicaSet', name: 'web-5d8' },
        labels: { 'pod-template-hash': '5d8' },
      }),
      pod('cron-28000000-x', { ...parts, owner: { kind: 'Job', name: 'cron-28000000' } }),
      pod('alone', parts),
      pod('static-n1', { ...parts, owner: { kind: 'Node', name: 'n1' } }),
    ],
  };
  const hits = scanObjects(await readObjects(apiServer({ lists }), false));
  expect(hits.map(({ owner }) => `${owner.kind} ${owner.name}`)).toEqual([
    'Deployment web',
    'CronJob cron',
    'Pod alone',
    'Pod static-n1',
  ]);
});

it('tells what the API server does not give', async () => {
  const objects = await readObjects(apiServer({ lists: { '/api/v1/configmaps': 403, [daemonSets]: 500 } }), false);
  expect(objects.problems).toEqual([
    '/apis/apps/v1/daemonsets could not be listed: HTTP 500',
    '/api/v1/configmaps could not be listed: HTTP 403',
  ]);
});

describe('hostile objects', () => {
  const anyText = fc.oneof(
    fc.string(),
    fc.constantFrom('10255', 'scrape_configs:\n- ', '&a [*a]', '- job_name: {', '\u001b[31m'),
  );
  const anything = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      anyText,
      fc.constantFrom(null, 10255, true, NaN),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          ...[
            'metadata',
            'spec',
            'template',
            'containers',
            'args',
            'env',
            'volumes',
            'data',
            'endpoints',
            'name',
            'value',
          ],
        ),
        tie('any'),
        { maxKeys: 4 },
      ),
      fc.constantFrom({ toString: 'x', valueOf: 1 }, { metadata: { name: {}, labels: [] } }),
    ),
  })).any;
  const paths = [
    ...[daemonSets, deployments, '/apis/batch/v1/cronjobs', '/api/v1/pods', '/api/v1/configmaps', '/api/v1/secrets'],
    '/apis/monitoring.coreos.com/v1/servicemonitors',
    '/apis/monitoring.coreos.com/v1alpha1/scrapeconfigs',
    '/apis/monitoring.coreos.com/v1/probes',
  ];

  it('never throw, and come out as one line each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 3 }), async (items) => {
        const lists = Object.fromEntries(paths.map((path) => [path, items]));
        for (const { evidence } of scanObjects(await readObjects(apiServer({ lists }), true)))
          expect(evidence).not.toMatch(/[\u0000-\u001f\u007f]/);
      }),
      { numRuns: 200 },
    );
  });
});
