// The objects: kept in memory, versioned, watched, and saved to one file so that a restart finds them again.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { at, equal, isObject, objectOf, parseJson, text, without, type JsonObject } from '../json.js';
import { warning } from '../klog.js';
import { apiVersion, resources, type Resource } from './resources.js';
import { alreadyExists, conflict, invalid, notFound } from './status.js';

type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';
export interface Change {
  readonly type: ChangeType;
  readonly resource: Resource;
  readonly object: JsonObject;
  readonly version: number;
}

export interface Store {
  version(): number;
  list(resource: Resource, namespace: string): JsonObject[];
  find(resource: Resource, namespace: string, name: string): JsonObject | undefined;
  get(resource: Resource, namespace: string, name: string): JsonObject;
  create(resource: Resource, namespace: string, object: JsonObject, dryRun?: boolean): JsonObject;
  /** Replaces; a resourceVersion in the new object must be the current one. */
  update(resource: Resource, namespace: string, name: string, object: JsonObject, dryRun?: boolean): JsonObject;
  remove(resource: Resource, namespace: string, name: string, dryRun?: boolean): JsonObject;
  /** Changes after a version, undefined when they are no longer known. */
  since(version: number): readonly Change[] | undefined;
  subscribe(listener: (change: Change) => void): () => void;
  flush(): void;
}

const historyLength = 2000;

export function openStore(file: string): Store {
  const objects = new Map<string, JsonObject>();
  const listeners = new Set<(change: Change) => void>();
  let history: Change[] = [];
  let version = 1;
  let firstKnown = 1;
  let saving: NodeJS.Timeout | undefined;

  const folder = (resource: Resource, namespace: string): string =>
    `${resource.group}/${resource.plural}/${resource.namespaced ? `${namespace}/` : ''}`;

  function load(): void {
    if (file === '') return;
    let source: string;
    try {
      source = readFileSync(file, 'utf8');
    } catch {
      return;
    }
    const saved = parseJson(source);
    version = Number(at(saved, 'version') ?? 1);
    firstKnown = version;
    for (const [key, object] of Object.entries(objectOf(at(saved, 'objects'))))
      if (isObject(object)) objects.set(key, object);
  }

  function flush(): void {
    clearTimeout(saving);
    saving = undefined;
    if (file === '') return;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify({ version, objects: Object.fromEntries(objects) }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      warning('store.go:1', 'cannot save objects', { err: String(thrown) });
    }
  }

  function commit(type: ChangeType, resource: Resource, key: string, object: JsonObject): JsonObject {
    version += 1;
    const kept = { ...object, metadata: { ...objectOf(object['metadata']), resourceVersion: String(version) } };
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, kept);
    const change: Change = { type, resource, object: kept, version };
    history.push(change);
    if (history.length > historyLength * 2) {
      history = history.slice(-historyLength);
      firstKnown = history[0]?.version ?? version;
    }
    for (const listener of listeners) listener(change);
    saving ??= setTimeout(flush, 200);
    return kept;
  }

  function find(resource: Resource, namespace: string, name: string): JsonObject | undefined {
    return objects.get(folder(resource, namespace) + name);
  }

  function get(resource: Resource, namespace: string, name: string): JsonObject {
    const found = find(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  load();
  return {
    version: () => version,
    find,
    get,
    list(resource, namespace) {
      const prefix = namespace === '' ? `${resource.group}/${resource.plural}/` : folder(resource, namespace);
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.map((key) => objects.get(key)).filter((object) => object !== undefined);
    },
    create(resource, namespace, object, dryRun = false) {
      const metadata = objectOf(object['metadata']);
      const generated = text(metadata['generateName']);
      const name =
        text(metadata['name']) || (generated === '' ? '' : generated + randomUUID().replaceAll('-', '').slice(0, 5));
      if (name === '') throw invalid(resource, '', 'metadata.name: Required value: name or generateName is required');
      const key = folder(resource, namespace) + name;
      if (objects.has(key)) throw alreadyExists(resource, name);
      const full: JsonObject = {
        ...object,
        apiVersion: apiVersion(resource),
        kind: resource.kind,
        metadata: {
          ...without(metadata, 'resourceVersion', 'managedFields'),
          name,
          ...(resource.namespaced ? { namespace } : {}),
          uid: randomUUID(),
          generation: 1,
          creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
        },
      };
      return dryRun ? full : commit('ADDED', resource, key, full);
    },
    update(resource, namespace, name, object, dryRun = false) {
      const before = get(resource, namespace, name);
      const meta = objectOf(before['metadata']);
      const claimed = text(at(object, 'metadata', 'resourceVersion'));
      if (claimed !== '' && claimed !== meta['resourceVersion']) throw conflict(resource, name);
      const generation = Number(meta['generation'] ?? 1) + (equal(before['spec'], object['spec']) ? 0 : 1);
      const fixed = { name, uid: meta['uid'] ?? '', creationTimestamp: meta['creationTimestamp'] ?? '', generation };
      const place = resource.namespaced ? { namespace } : {};
      const full: JsonObject = {
        ...object,
        apiVersion: apiVersion(resource),
        kind: resource.kind,
        metadata: {
          ...objectOf(object['metadata']),
          ...fixed,
          ...place,
          resourceVersion: meta['resourceVersion'] ?? '',
        },
      };
      if (dryRun || equal(full, before)) return full;
      return commit('MODIFIED', resource, folder(resource, namespace) + name, full);
    },
    remove(resource, namespace, name, dryRun = false) {
      const before = get(resource, namespace, name);
      if (dryRun) return before;
      const removed = commit('DELETED', resource, folder(resource, namespace) + name, before);
      if (resource.plural !== 'namespaces') return removed;
      for (const inside of resources.filter((item) => item.namespaced)) {
        const prefix = folder(inside, name);
        for (const [key, object] of [...objects]) if (key.startsWith(prefix)) commit('DELETED', inside, key, object);
      }
      return removed;
    },
    since: (from) => (from < firstKnown ? undefined : history.filter((change) => change.version > from)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush,
  };
}
