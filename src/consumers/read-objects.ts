/** Reads from the API server where clients of kubelets may be configured: workloads, ConfigMaps, the Prometheus Operator's objects. */
import { gunzipSync } from 'node:zlib';
import { field, isRecord, nameOf, textOf } from '../cluster/api-object.js';
import type { Gateway } from '../cluster/gateway.js';
import { listEach } from '../cluster/list.js';
import { oneLine } from '../lib/sanitize.js';
import { type PodPlace, type Workload, ownerText, podPlaceOf, workloadOf, workloadOfPod } from './workloads.js';

/** Texts of a ConfigMap or a Secret. */
export interface ConfigTexts {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
  readonly texts: readonly { readonly key: string; readonly text: string }[];
}

export interface ClusterObjects {
  readonly workloads: readonly Workload[];
  readonly pods: readonly PodPlace[];
  readonly configs: readonly ConfigTexts[];
  /** Of the Prometheus Operator, by kind. */
  readonly monitors: readonly { readonly kind: MonitorKind; readonly object: unknown }[];
  /** What could not be listed and why, one line each. */
  readonly problems: readonly string[];
}

export type MonitorKind = 'ServiceMonitor' | 'PodMonitor' | 'Probe' | 'ScrapeConfig';

/** Characters of one text that are searched. */
const textCap = 1024 * 1024;

const workloadLists = [
  ['Deployment', '/apis/apps/v1/deployments'],
  ['DaemonSet', '/apis/apps/v1/daemonsets'],
  ['StatefulSet', '/apis/apps/v1/statefulsets'],
  ['CronJob', '/apis/batch/v1/cronjobs'],
  // Kubernetes before 1.21 has them here alone, and both give the same objects where there are both.
  ['CronJob', '/apis/batch/v1beta1/cronjobs'],
] as const;
const monitorLists: readonly (readonly [MonitorKind, string])[] = [
  ['ServiceMonitor', '/apis/monitoring.coreos.com/v1/servicemonitors'],
  ['PodMonitor', '/apis/monitoring.coreos.com/v1/podmonitors'],
  ['Probe', '/apis/monitoring.coreos.com/v1/probes'],
  ['ScrapeConfig', '/apis/monitoring.coreos.com/v1alpha1/scrapeconfigs'],
];

/** A list that the API server does not have is empty; one that it does not give is a problem. */
export async function readObjects(gateway: Gateway, scanSecrets: boolean): Promise<ClusterObjects> {
  const problems: string[] = [];
  const list = async <T>(path: string, take: (object: unknown) => T): Promise<readonly T[]> => {
    const answer = await listEach(gateway, path, take);
    if (answer.ok) return answer.value;
    if (answer.error.status !== 404)
      problems.push(`${path} could not be listed: ${oneLine(answer.error.message, 160)}`);
    return [];
  };
  const workloads: Workload[] = [];
  for (const [kind, path] of workloadLists)
    workloads.push(...(await list(path, (one) => workloadOf(one, kind))).filter((one) => one !== undefined));
  const pods = await list('/api/v1/pods', (one) => ({ workload: workloadOfPod(one), place: podPlaceOf(one) }));
  const known = new Set(workloads.map(({ owner }) => ownerText(owner)));
  const alone = pods.map(({ workload }) => workload).filter(({ owner }) => !known.has(ownerText(owner)));
  const configs = [
    ...(await list('/api/v1/configmaps', (one) => configTexts('ConfigMap', one))),
    ...(scanSecrets ? await list('/api/v1/secrets', (one) => configTexts('Secret', one)) : []),
  ];
  const monitors: ClusterObjects['monitors'][number][] = [];
  for (const [kind, path] of monitorLists) monitors.push(...(await list(path, (object) => ({ kind, object }))));
  return {
    workloads: firstOfEach([...workloads, ...alone]),
    pods: pods.flatMap(({ place }) => place ?? []),
    configs,
    monitors,
    problems,
  };
}

/** Only where pods are, for another look. An error is no pods: who was known keeps its address. */
export async function readPods(gateway: Gateway): Promise<readonly PodPlace[]> {
  const pods = await listEach(gateway, '/api/v1/pods', podPlaceOf);
  return pods.ok ? pods.value.filter((one) => one !== undefined) : [];
}

const firstOfEach = (workloads: readonly Workload[]): Workload[] => {
  const byOwner = new Map<string, Workload>();
  for (const one of workloads) if (!byOwner.has(ownerText(one.owner))) byOwner.set(ownerText(one.owner), one);
  return [...byOwner.values()];
};

/** Text is data; in a Secret it is base64, and the Prometheus Operator compresses it. */
function configTexts(kind: ConfigTexts['kind'], object: unknown): ConfigTexts {
  const data = field(object, 'data');
  const entries = isRecord(data) ? Object.entries(data) : [];
  const texts = entries.map(([key, value]) => {
    const text = textOf(value);
    return { key, text: (kind === 'Secret' ? decoded(text) : text).slice(0, textCap) };
  });
  return { kind, namespace: textOf(field(field(object, 'metadata'), 'namespace')), name: nameOf(object), texts };
}

function decoded(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: 4 * textCap }).toString('utf8');
  } catch {
    return '';
  }
}
