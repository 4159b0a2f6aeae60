/** Scrape jobs of Prometheus that read a kubelet without credentials: in its own configuration, and as the Operator's objects. Pure. */
import { parse } from 'yaml';
import { field, isRecord, listOf, textOf } from '../cluster/api-object.js';
import { oneLine } from '../lib/sanitize.js';
import type { ClientPort } from './products.js';
import type { MonitorKind } from './read-objects.js';
import { labelsOf } from './workloads.js';

/** A job or an endpoint that stops working. */
export interface ScrapeFault {
  readonly port: ClientPort;
  /** Which job, and what of it. */
  readonly what: string;
  readonly fix: string;
}

interface Job {
  readonly targets: readonly string[];
  /** Of relabelling rules. */
  readonly replacements: readonly string[];
  readonly isHttps: boolean;
  /** It finds Nodes, at the port of their kubelet. */
  readonly findsNodes: boolean;
  readonly hasCredentials: boolean;
}

/** Whether a text is worth parsing: most ConfigMaps are not of Prometheus. */
export const isScrapeConfig = (text: string): boolean => /^\s*(- )?["']?scrape_configs["']?:|^- job_name:/m.test(text);

/** Of a text with `scrape_configs`, or a list of jobs. Text that is no YAML has no jobs: the generic scan reads it. */
export function scrapeFaults(text: string): readonly ScrapeFault[] {
  let tree: unknown;
  try {
    tree = parse(text, { maxAliasCount: 100, logLevel: 'silent' });
  } catch {
    return [];
  }
  const jobs = Array.isArray(tree) ? tree : listOf(field(tree, 'scrape_configs'));
  return jobs.flatMap((job) => {
    const name = oneLine(textOf(field(job, 'job_name')), 80);
    return faultsOf(jobOf(job)).map(({ port, what }) => ({
      port,
      what: `job ${name === '' ? '(without a name)' : name}: ${what}`,
      fix: `in job ${name}, use the kubelet's own port with credentials:\n${jobLines}`,
    }));
  });
}

const tokenFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
const jobLines = [
  'scheme: https # and port 10250, without a relabelling rule that makes it 10255',
  `authorization: { credentials_file: ${tokenFolder}/token }`,
  `tls_config: { ca_file: ${tokenFolder}/ca.crt } # insecure_skip_verify: true where kubelets sign their own certificates`,
].join('\n');

function jobOf(job: unknown): Job {
  const finders = listOf(field(job, 'kubernetes_sd_configs'));
  return {
    targets: listOf(field(job, 'static_configs')).flatMap((one) => listOf(field(one, 'targets')).map(textOf)),
    replacements: replacementsIn(field(job, 'relabel_configs')),
    isHttps: textOf(field(job, 'scheme')) === 'https',
    findsNodes: finders.some((one) => textOf(field(one, 'role')) === 'node'),
    hasCredentials: hasAny(job, credentialKeys) || hasAny(field(job, 'tls_config'), ['cert', 'cert_file']),
  };
}

const credentialKeys = [
  ...['bearer_token', 'bearer_token_file', 'authorization', 'basic_auth', 'oauth2'],
  ...['bearerTokenFile', 'basicAuth'],
];

/** A key with something in it. */
const hasAny = (object: unknown, keys: readonly string[]): boolean =>
  keys.some((key) => {
    const value = field(object, key);
    return isRecord(value) ? Object.keys(value).length > 0 : typeof value === 'string' && value !== '';
  });

const replacementsIn = (rules: unknown): string[] =>
  listOf(rules)
    .map((rule) => textOf(field(rule, 'replacement')))
    .filter((text) => text !== '');

function faultsOf(job: Job): readonly { readonly port: ClientPort; readonly what: string }[] {
  const { targets, replacements, isHttps, findsNodes, hasCredentials } = job;
  const weak = [...targets, ...replacements].find((text) => /(^|:)10255(?!\d)/.test(text));
  if (weak !== undefined) return [{ port: 'read-only', what: `it reads ${oneLine(weak, 100)}` }];
  if (!isHttps || hasCredentials) return [];
  // Through the API server, or moved to a port of something else.
  const isElsewhere = replacements.some((text) => /\/proxy\/|\.svc\b|:(?!10250(?!\d))\d{2,5}$/.test(text));
  const direct = targets.find((text) => /:10250(?!\d)/.test(text));
  if (direct === undefined && (!findsNodes || isElsewhere)) return [];
  const target = direct === undefined ? 'every Node' : oneLine(direct, 100);
  return [{ port: 'kubelet', what: `it reads ${target} over https without credentials` }];
}

/** Of one object of the Prometheus Operator. */
export function monitorFaults(kind: MonitorKind, object: unknown): readonly ScrapeFault[] {
  const spec = field(object, 'spec');
  const isChart = textOf(labelsOf(object)['helm.sh/chart']).startsWith('kube-prometheus-stack');
  const fix = (faults: ReturnType<typeof faultsOf>): readonly ScrapeFault[] =>
    faults.map((one) => ({ ...one, fix: isChart ? chartFix : endpointFix(kind) }));
  switch (kind) {
    case 'ServiceMonitor':
      return fix(listOf(field(spec, 'endpoints')).flatMap((one) => endpointFaults(one, selectsKubelet(spec))));
    case 'PodMonitor':
      return fix(listOf(field(spec, 'podMetricsEndpoints')).flatMap((one) => endpointFaults(one, false)));
    case 'ScrapeConfig':
      return fix(faultsOf(scrapeConfigOf(spec)));
    case 'Probe': {
      const fixed = field(field(spec, 'targets'), 'staticConfig');
      const targets = [...listOf(field(fixed, 'static')).map(textOf), textOf(field(field(spec, 'prober'), 'url'))];
      const replacements = replacementsIn(field(fixed, 'relabelingConfigs'));
      return fix(faultsOf({ targets, replacements, isHttps: false, findsNodes: false, hasCredentials: false }));
    }
  }
}

/** Labels of the Service that the Operator makes for kubelets. */
function selectsKubelet(spec: unknown): boolean {
  const labels = field(field(spec, 'selector'), 'matchLabels');
  return ['k8s-app', 'app.kubernetes.io/name'].some((key) => field(labels, key) === 'kubelet');
}

function endpointFaults(endpoint: unknown, ofKubelet: boolean): ReturnType<typeof faultsOf> {
  const port = textOf(field(endpoint, 'port'));
  const target = field(endpoint, 'targetPort');
  const rules = [
    ...replacementsIn(field(endpoint, 'relabelings')),
    ...replacementsIn(field(endpoint, 'relabelConfigs')),
  ];
  const weak = rules.find((text) => /(^|:)10255(?!\d)/.test(text));
  if (ofKubelet && port === 'http-metrics')
    return [{ port: 'read-only', what: 'an endpoint with port: http-metrics, which is 10255' }];
  if (target === 10255 || target === '10255')
    return [{ port: 'read-only', what: 'an endpoint with targetPort: 10255' }];
  if (weak !== undefined)
    return [{ port: 'read-only', what: `a relabelling rule that makes it ${oneLine(weak, 100)}` }];
  if (!ofKubelet || textOf(field(endpoint, 'scheme')).toLowerCase() !== 'https') return [];
  const hasToken =
    hasAny(endpoint, credentialKeys) || textOf(field(field(endpoint, 'bearerTokenSecret'), 'name')) !== '';
  const hasCertificate = hasAny(field(endpoint, 'tlsConfig'), ['cert', 'certFile']);
  if (hasToken || hasCertificate) return [];
  return [{ port: 'kubelet', what: `an endpoint with port: ${oneLine(port, 40)} and no credentials` }];
}

function scrapeConfigOf(spec: unknown): Job {
  const finders = listOf(field(spec, 'kubernetesSDConfigs'));
  return {
    targets: listOf(field(spec, 'staticConfigs')).flatMap((one) => listOf(field(one, 'targets')).map(textOf)),
    replacements: replacementsIn(field(spec, 'relabelings')),
    isHttps: textOf(field(spec, 'scheme')).toLowerCase() === 'https',
    findsNodes: finders.some((one) => textOf(field(one, 'role')).toLowerCase() === 'node'),
    hasCredentials: hasAny(spec, credentialKeys) || hasAny(field(spec, 'tlsConfig'), ['cert']),
  };
}

const chartFix =
  'set kubelet.serviceMonitor.https: true in the values of kube-prometheus-stack, and --kubelet-http-metrics=false for the operator';

const endpointFix = (kind: MonitorKind): string =>
  [
    `in the ${kind}, use the kubelet's own port with credentials:`,
    ...(kind === 'ServiceMonitor' ? ['port: https-metrics'] : []),
    `scheme: ${kind === 'ScrapeConfig' ? 'HTTPS' : 'https'} # port 10250`,
    ...(kind === 'ScrapeConfig' || kind === 'Probe'
      ? ['authorization: { credentials: { name: SECRET, key: token } }']
      : [`bearerTokenFile: ${tokenFolder}/token`]),
    `tlsConfig: { ${kind === 'ServiceMonitor' ? `caFile: ${tokenFolder}/ca.crt` : 'ca: { configMap: { name: kube-root-ca.crt, key: ca.crt } }'} }`,
  ].join('\n');
