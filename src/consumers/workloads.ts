/** Pods and what owns them, as consumers are named: by Deployment, DaemonSet and the like, not by pod. Pure. */
import { field, isRecord, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { canonicalAddress } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';

export interface Owner {
  /** Such as `DaemonSet`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A pod template, or a pod that no template is known of. */
export interface Workload {
  readonly owner: Owner;
  readonly serviceAccount: string;
  readonly images: readonly string[];
  /** Commands, arguments and environment (`NAME=value`), one each, with the container they are of. */
  readonly words: readonly { readonly container: string; readonly text: string }[];
  /** Names that it mounts or takes its environment from, in its own namespace. */
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
  /** Labels of the object. */
  readonly labels: Readonly<Record<string, unknown>>;
}

/** Where a pod's connections come from. */
export interface PodPlace {
  readonly owner: Owner;
  readonly serviceAccount: string;
  readonly images: readonly string[];
  /** Its own addresses; empty where it shares those of its node. */
  readonly addresses: readonly string[];
  /** Its UID, and that of the file a static pod comes from: control groups are named after one of them. */
  readonly uids: readonly string[];
}

/** `DaemonSet monitoring/agent`. */
export const ownerText = ({ kind, namespace, name }: Owner): string => `${kind} ${namespace}/${name}`;

export const labelsOf = (object: unknown): Readonly<Record<string, unknown>> => {
  const labels = field(field(object, 'metadata'), 'labels');
  return isRecord(labels) ? labels : {};
};
const namespaceOf = (object: unknown): string => textOf(field(field(object, 'metadata'), 'namespace'));

/** A Deployment, DaemonSet, StatefulSet or CronJob. Undefined for what has no pod template. */
export function workloadOf(object: unknown, kind: string): Workload | undefined {
  const spec = field(object, 'spec');
  const template =
    kind === 'CronJob' ? field(field(field(spec, 'jobTemplate'), 'spec'), 'template') : field(spec, 'template');
  const podSpec = field(template, 'spec');
  const owner = { kind, namespace: namespaceOf(object), name: nameOf(object) };
  return isRecord(podSpec) && owner.name !== '' ? { owner, labels: labelsOf(object), ...partsOf(podSpec) } : undefined;
}

/** The same of a pod that no listed workload owns. */
export const workloadOfPod = (pod: unknown): Workload => ({
  owner: podOwner(pod),
  labels: labelsOf(pod),
  ...partsOf(field(pod, 'spec')),
});

export function podPlaceOf(pod: unknown): PodPlace | undefined {
  const status = field(pod, 'status');
  if (['Succeeded', 'Failed'].includes(textOf(field(status, 'phase')))) return undefined;
  const spec = field(pod, 'spec');
  const metadata = field(pod, 'metadata');
  const addresses = [field(status, 'podIP'), ...listOf(field(status, 'podIPs')).map((one) => field(one, 'ip'))];
  const uids = [field(metadata, 'uid'), field(field(metadata, 'annotations'), 'kubernetes.io/config.hash')];
  const { serviceAccount, images } = partsOf(spec);
  return {
    owner: podOwner(pod),
    serviceAccount,
    images,
    addresses:
      field(spec, 'hostNetwork') === true
        ? []
        : unique(
            addresses
              .map(textOf)
              .filter((one) => one !== '')
              .map(canonicalAddress),
          ),
    uids: uids
      .map((one) => textOf(one).toLowerCase())
      .filter((one) => one !== '')
      .map(dashed),
  };
}

/** A static pod's hash has no dashes. */
const dashed = (uid: string): string =>
  /^[0-9a-f]{32}$/.test(uid) ? uid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : uid;

/** The workload that a pod belongs to: a ReplicaSet and a Job have names that say whose they are. */
function podOwner(pod: unknown): Owner {
  const namespace = namespaceOf(pod);
  const owners = listOf(field(field(pod, 'metadata'), 'ownerReferences'));
  const owner = owners.find((one) => field(one, 'controller') === true) ?? owners[0];
  const kind = textOf(field(owner, 'kind'));
  const name = textOf(field(owner, 'name'));
  if (kind === '' || name === '' || kind === 'Node') return { kind: 'Pod', namespace, name: nameOf(pod) };
  const hash = textOf(labelsOf(pod)['pod-template-hash']);
  if (kind === 'ReplicaSet' && hash !== '' && name.endsWith(`-${hash}`) && name.length > hash.length + 1)
    return { kind: 'Deployment', namespace, name: name.slice(0, -hash.length - 1) };
  const [, cronJob] = kind === 'Job' ? (/^(.{1,230})-\d{8,10}$/.exec(name) ?? []) : [];
  return cronJob === undefined ? { kind, namespace, name } : { kind: 'CronJob', namespace, name: cronJob };
}

type Parts = Pick<Workload, 'serviceAccount' | 'images' | 'words' | 'configMaps' | 'secrets'>;

function partsOf(spec: unknown): Parts {
  const containers = [...listOf(field(spec, 'initContainers')), ...listOf(field(spec, 'containers'))];
  const volumes = listOf(field(spec, 'volumes'));
  const sources = [...volumes, ...volumes.flatMap((one) => listOf(field(field(one, 'projected'), 'sources')))];
  const environments = containers.flatMap((one) => [
    ...listOf(field(one, 'envFrom')),
    ...listOf(field(one, 'env')).map((variable) => field(variable, 'valueFrom')),
  ]);
  const named = (list: readonly unknown[], key: string): string[] =>
    list.flatMap((one) => [textOf(field(field(one, key), 'name')), textOf(field(field(one, key), 'secretName'))]);
  const namesAt = (...keys: readonly string[]): string[] =>
    unique(keys.flatMap((key) => named([...sources, ...environments], key)).filter((one) => one !== ''));
  return {
    serviceAccount: textOf(field(spec, 'serviceAccountName')) || textOf(field(spec, 'serviceAccount')) || 'default',
    images: containers.map((one) => textOf(field(one, 'image'))),
    words: containers.flatMap((one) => wordsOf(one).map((text) => ({ container: textOf(field(one, 'name')), text }))),
    configMaps: namesAt('configMap', 'configMapRef', 'configMapKeyRef'),
    secrets: namesAt('secret', 'secretRef', 'secretKeyRef'),
  };
}

/** Arguments, those in two words as one (`--port 10255` as `--port=10255`), and variables with a value. */
function wordsOf(container: unknown): string[] {
  const texts = [...listOf(field(container, 'command')), ...listOf(field(container, 'args'))].map(textOf);
  const joined = texts.flatMap((text, at) => {
    const next = texts[at + 1];
    const isBare = /^--?[\w.-]+$/.test(text) && next !== undefined && next !== '' && !next.startsWith('-');
    return isBare ? [`${text}=${next}`] : [text];
  });
  const variables = listOf(field(container, 'env')).flatMap((one) => {
    const value = textOf(field(one, 'value'));
    return value === '' ? [] : [`${textOf(field(one, 'name'))}=${value}`];
  });
  return [...joined, ...variables].filter((text) => text !== '');
}
