/** One ConfigMap: read, and written back with the text of one key replaced and nothing else. */
import { type Result, fail, ok } from '../lib/result.js';
import { field, isRecord, textOf } from './api-object.js';
import type { ClusterError, Gateway } from './gateway.js';

export interface ConfigMap {
  /** As the API server returned it. */
  readonly object: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly resourceVersion: string;
  /** The texts of its keys. */
  readonly data: ReadonlyMap<string, string>;
}

/** A normal one has a few thousand bytes; the API server allows 1 MiB. */
const cap = 4 * 1024 * 1024;

const pathOf = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;

/** Fails with status 404 if there is none. */
export async function readConfigMap(
  gateway: Gateway,
  namespace: string,
  name: string,
): Promise<Result<ConfigMap, ClusterError>> {
  const answer = await gateway.get(pathOf(namespace, name), { bytes: cap });
  return answer.ok ? configMapOf(answer.value, name) : answer;
}

/**
 * Writes `text` to `key`. Fails with status 409 if the ConfigMap changed since it was read. With `dryRun` the API server checks the
 * request, its admission plugins included, and stores nothing. After `unreachable` it may be written or not.
 */
export async function writeConfigMap(
  gateway: Gateway,
  { object, name }: ConfigMap,
  { key, text, dryRun }: { readonly key: string; readonly text: string; readonly dryRun: boolean },
): Promise<Result<ConfigMap, ClusterError>> {
  const namespace = textOf(field(object['metadata'], 'namespace'));
  const data = isRecord(object['data']) ? object['data'] : {};
  // The object goes back as it came, resourceVersion and annotations included.
  const body = { ...object, data: { ...data, [key]: text } };
  const answer = await gateway.send({ method: 'PUT', path: pathOf(namespace, name), body, dryRun });
  return answer.ok ? configMapOf(answer.value.body, name) : answer;
}

/** What `after` has other than `before`, except the text of `key` and what the API server counts itself; undefined if nothing. */
export function otherChange(before: ConfigMap, after: ConfigMap, key: string): string | undefined {
  const rest = ({ object, data }: ConfigMap): Readonly<Record<string, string>> => ({
    data: JSON.stringify([...data].filter(([name]) => name !== key).sort()),
    binaryData: JSON.stringify(object['binaryData'] ?? {}),
    labels: JSON.stringify(field(object['metadata'], 'labels') ?? {}),
    annotations: JSON.stringify(field(object['metadata'], 'annotations') ?? {}),
  });
  const [old, now] = [rest(before), rest(after)];
  return Object.keys(old).find((part) => old[part] !== now[part]);
}

function configMapOf(object: unknown, name: string): Result<ConfigMap, ClusterError> {
  const metadata = field(object, 'metadata');
  const resourceVersion = textOf(field(metadata, 'resourceVersion'));
  if (!isRecord(object) || textOf(field(metadata, 'name')) !== name || resourceVersion === '')
    return fail({ kind: 'malformed', message: `the API server did not return the ConfigMap ${name}` });
  const data = isRecord(object['data']) ? object['data'] : {};
  const texts = Object.entries(data).flatMap(([key, text]): [string, string][] =>
    typeof text === 'string' ? [[key, text]] : [],
  );
  return ok({ object, name, resourceVersion, data: new Map(texts) });
}
