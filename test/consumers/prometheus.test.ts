import { describe, expect, it } from 'vitest';
import { isScrapeConfig, monitorFaults, scrapeFaults } from '../../src/consumers/prometheus.js';

const config = (job: string): string =>
  `global: {}\nscrape_configs:\n  - job_name: kubelet\n${job.replace(/^/gm, '    ')}`;

const faulty: readonly (readonly [string, string, string, string])[] = [
  ['a fixed target', 'static_configs:\n- targets: [n1:10255, n2:10255]', 'read-only', 'it reads n1:10255'],
  [
    'relabelled to 10255',
    'kubernetes_sd_configs: [{role: node}]\nrelabel_configs:\n- source_labels: [__address__]\n  regex: (.*):10250\n  replacement: "${1}:10255"\n  target_label: __address__',
    'read-only',
    'it reads ${1}:10255',
  ],
  [
    'Nodes without credentials',
    'scheme: https\nkubernetes_sd_configs: [{role: node}]\ntls_config: {insecure_skip_verify: true}',
    'kubelet',
    'it reads every Node over https without credentials',
  ],
  [
    'a fixed target on 10250',
    'scheme: https\nstatic_configs: [{targets: ["n1:10250"]}]',
    'kubelet',
    'it reads n1:10250 over https without credentials',
  ],
];
const good: readonly (readonly [string, string])[] = [
  ['Nodes with a token', 'scheme: https\nbearer_token_file: /var/run/token\nkubernetes_sd_configs: [{role: node}]'],
  [
    'Nodes with authorization',
    'scheme: https\nauthorization: {credentials_file: /t}\nkubernetes_sd_configs: [{role: node}]',
  ],
  [
    'Nodes with a certificate',
    'scheme: https\ntls_config: {cert_file: /c, key_file: /k}\nkubernetes_sd_configs: [{role: node}]',
  ],
  [
    'node_exporter',
    'scheme: https\nkubernetes_sd_configs: [{role: node}]\nrelabel_configs: [{replacement: "${1}:9100", target_label: __address__}]',
  ],
  [
    'through the API server',
    'scheme: https\nkubernetes_sd_configs: [{role: node}]\nrelabel_configs: [{replacement: /api/v1/nodes/$1/proxy/metrics, target_label: __metrics_path__}]',
  ],
  ['pods', 'kubernetes_sd_configs: [{role: pod}]'],
  ['port 102550', 'static_configs: [{targets: ["n1:102550"]}]'],
];

describe('a scrape job', () => {
  it.each(faulty)('is found: %s', (_, job, port, what) => {
    expect(isScrapeConfig(config(job))).toBe(true);
    const [fault, ...others] = scrapeFaults(config(job));
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ port, what: `job kubelet: ${what}` });
    expect(fault?.fix).toContain('credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token');
  });
  it.each(good)('is left alone: %s', (_, job) => {
    expect(scrapeFaults(config(job))).toEqual([]);
  });
  it('is found in a list of jobs, too', () => {
    expect(scrapeFaults('- job_name: a\n  static_configs: [{targets: ["n1:10255"]}]\n')).toHaveLength(1);
  });
  it.each([
    'scrape_configs: [',
    'scrape_configs: &a [*a, *a]',
    'scrape_configs: 5',
    '{{ template }}',
    'a: b\na: c',
    '['.repeat(5000),
  ])('that is no YAML, or something else, is none: %#', (text) => {
    expect(scrapeFaults(text)).toEqual([]);
  });
});

const object = (spec: object, labels: object = {}): object => ({
  metadata: { name: 'm', namespace: 'monitoring', labels },
  spec,
});
const kubelets = { matchLabels: { 'k8s-app': 'kubelet' } };

describe('an object of the Prometheus Operator', () => {
  it('reads 10255 by the port of that name', () => {
    const monitor = object({
      selector: kubelets,
      endpoints: [{ port: 'http-metrics' }, { port: 'https-metrics', scheme: 'https', bearerTokenFile: '/t' }],
    });
    expect(monitorFaults('ServiceMonitor', monitor)).toMatchObject([
      { port: 'read-only', what: 'an endpoint with port: http-metrics, which is 10255' },
    ]);
  });
  it('names the value of its chart', () => {
    const monitor = object(
      { selector: { matchLabels: { 'app.kubernetes.io/name': 'kubelet' } }, endpoints: [{ port: 'http-metrics' }] },
      { 'helm.sh/chart': 'kube-prometheus-stack-77.0.0' },
    );
    expect(monitorFaults('ServiceMonitor', monitor)[0]?.fix).toMatch(/^set kubelet.serviceMonitor.https: true/);
  });
  it.each([
    ['ServiceMonitor', { selector: kubelets, endpoints: [{ port: 'https-metrics', scheme: 'https' }] }, 'kubelet'],
    ['ServiceMonitor', { selector: {}, endpoints: [{ targetPort: 10255 }] }, 'read-only'],
    ['PodMonitor', { podMetricsEndpoints: [{ relabelings: [{ replacement: '$1:10255' }] }] }, 'read-only'],
    ['ScrapeConfig', { staticConfigs: [{ targets: ['n1:10255'] }] }, 'read-only'],
    ['ScrapeConfig', { scheme: 'HTTPS', kubernetesSDConfigs: [{ role: 'Node' }] }, 'kubelet'],
    ['Probe', { targets: { staticConfig: { static: ['http://n1:10255/healthz'] } } }, 'read-only'],
  ] as const)('is found: %s %j', (kind, spec, port) => {
    const faults = monitorFaults(kind, object(spec));
    expect(faults).toMatchObject([{ port }]);
    expect(faults[0]?.fix).toContain(`in the ${kind}, use`);
  });
  it.each([
    ['ServiceMonitor', { selector: { matchLabels: { app: 'web' } }, endpoints: [{ port: 'http-metrics' }] }],
    [
      'ServiceMonitor',
      {
        selector: kubelets,
        endpoints: [{ port: 'https-metrics', scheme: 'https', authorization: { credentials: { name: 's' } } }],
      },
    ],
    [
      'ServiceMonitor',
      { selector: kubelets, endpoints: [{ port: 'https-metrics', scheme: 'https', bearerTokenSecret: { name: 's' } }] },
    ],
    ['PodMonitor', { podMetricsEndpoints: [{ port: 'metrics' }] }],
    [
      'ScrapeConfig',
      { scheme: 'HTTPS', kubernetesSDConfigs: [{ role: 'Node' }], authorization: { credentials: { name: 's' } } },
    ],
    ['Probe', { targets: { staticConfig: { static: ['https://example.com'] } } }],
    ['ServiceMonitor', { selector: kubelets, endpoints: [{ port: {}, targetPort: { toString: 'x' } }, null, 'x'] }],
  ] as const)('is left alone: %s %j', (kind, spec) => {
    expect(monitorFaults(kind, object(spec))).toEqual([]);
  });
});
