// Reads and changes of stored objects: get, list, create, update, patch, delete, and the subresources with rules of their own.
import { at, isObject, listOf, objectOf, text, without, type Json, type JsonObject } from '../json.js';
import { requestSubject, type User } from '../x509.js';
import { applyPatch } from './patch.js';
import { checkLease, checkPreconditions, isLease } from './preconditions.js';
import { apiVersion, mustFind, type Resource } from './resources.js';
import type { Route } from './route.js';
import { badRequest, invalid, noSuchPath, notFound } from './status.js';
import type { Store } from './store.js';
import { selector } from './watch.js';

export interface Change {
  readonly method: string;
  readonly contentType: string;
  readonly query: URLSearchParams;
  readonly body: Json;
  readonly user: User;
}

const clusterRequests = 'certificatesigningrequests';

async function admitted(resource: Resource, object: JsonObject, user: User): Promise<JsonObject> {
  if (resource.plural !== clusterRequests) return object;
  const pem = Buffer.from(text(at(object, 'spec', 'request')), 'base64').toString('utf8');
  try {
    await requestSubject(pem);
  } catch {
    throw invalid(
      resource,
      text(at(object, 'metadata', 'name')),
      'spec.request: Invalid value: unable to parse certificate request',
    );
  }
  if (text(at(object, 'spec', 'signerName')) === '') throw invalid(resource, '', 'spec.signerName: Required value');
  return {
    ...object,
    spec: { ...objectOf(object['spec']), username: user.name, groups: [...user.groups] },
    status: {},
  };
}

async function create(store: Store, route: Route, change: Change): Promise<JsonObject> {
  const { resource, namespace } = route;
  if (!isObject(change.body)) throw badRequest('the request has no object in it');
  const kind = text(change.body['kind'], resource.kind);
  if (kind !== resource.kind)
    throw badRequest(
      `${kind} in version ${JSON.stringify(text(change.body['apiVersion']))} cannot be handled as a ${resource.kind}`,
    );
  if (resource.namespaced && namespace === '') throw noSuchPath();
  if (resource.namespaced) store.get(mustFind('namespaces'), '', namespace);
  const dryRun = change.query.get('dryRun') === 'All';
  checkLease(resource, change.body);
  return store.create(resource, namespace, await admitted(resource, change.body, change.user), dryRun);
}

/** What a write through a subresource may change, laid over what is stored. */
function merged(resource: Resource, subresource: string, before: JsonObject, after: JsonObject): JsonObject {
  const version = at(after, 'metadata', 'resourceVersion') ?? '';
  if (subresource === '') {
    if (!resource.status) return after;
    return 'status' in before ? { ...after, status: before['status'] ?? {} } : without(after, 'status');
  }
  const kept = { ...before, metadata: { ...objectOf(before['metadata']), resourceVersion: version } };
  if (subresource === 'status') return { ...kept, status: after['status'] ?? {} };
  if (subresource === 'approval') {
    const conditions = listOf(at(after, 'status', 'conditions')).map((item) => ({ status: 'True', ...objectOf(item) }));
    return { ...kept, status: { ...objectOf(before['status']), conditions } };
  }
  throw noSuchPath();
}

async function write(store: Store, route: Route, change: Change): Promise<{ code: number; object: JsonObject }> {
  const { resource, namespace, name, subresource } = route;
  const dryRun = change.query.get('dryRun') === 'All';
  const before = store.find(resource, namespace, name);
  const uid = text(at(change.body, 'metadata', 'uid'));
  const creates =
    change.contentType.startsWith('application/apply-patch') || (change.method === 'PUT' && isLease(resource));
  if (before !== undefined || creates) checkPreconditions(resource, name, before, { uid, version: '' });
  if (before === undefined) {
    if (!creates || subresource !== '') throw notFound(resource, name);
    const object = await create(store, route, {
      ...change,
      body: { ...objectOf(change.body), metadata: { ...objectOf(at(change.body, 'metadata')), name } },
    });
    return { code: 201, object };
  }
  let after: JsonObject;
  if (change.method === 'PATCH') {
    after = applyPatch(change.contentType, before, change.body);
    // A patch that says no version is made against the newest.
    if (text(at(change.body, 'metadata', 'resourceVersion')) === '')
      after = { ...after, metadata: without(objectOf(after['metadata']), 'resourceVersion') };
  } else {
    after = objectOf(change.body);
    if (isLease(resource) && text(at(after, 'metadata', 'resourceVersion')) === '')
      throw invalid(resource, name, 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
  }
  checkLease(resource, after);
  const object = store.update(resource, namespace, name, merged(resource, subresource, before, after), dryRun);
  return { code: 200, object };
}

function remove(store: Store, route: Route, change: Change): JsonObject {
  const dryRun = change.query.get('dryRun') === 'All';
  const { resource, namespace, name } = route;
  if (name === '') {
    const wanted = selector(change.query);
    for (const object of store.list(resource, namespace).filter(wanted)) {
      store.remove(resource, text(at(object, 'metadata', 'namespace')), text(at(object, 'metadata', 'name')), dryRun);
    }
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
  }
  const [uid, version] = ['uid', 'resourceVersion'].map((one) => text(at(change.body, 'preconditions', one)));
  checkPreconditions(resource, name, store.get(resource, namespace, name), { uid: uid ?? '', version: version ?? '' });
  const removed = store.remove(resource, namespace, name, dryRun);
  const details = { name, group: resource.group, kind: resource.plural, uid: at(removed, 'metadata', 'uid') ?? '' };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/** The answer to a change: its HTTP status and object. Throws a StatusError. */
export async function changeObject(
  store: Store,
  route: Route,
  change: Change,
): Promise<{ code: number; object: JsonObject }> {
  if (change.method === 'DELETE' && route.subresource === '')
    return { code: 200, object: remove(store, route, change) };
  if (change.method === 'POST' && route.name === '') return { code: 201, object: await create(store, route, change) };
  if (change.method === 'POST' && route.subresource === 'eviction') {
    store.remove(route.resource, route.namespace, route.name);
    return { code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
  }
  if (change.method === 'PUT' || change.method === 'PATCH') return write(store, route, change);
  throw noSuchPath();
}

export function listObjects(store: Store, route: Route, query: URLSearchParams): JsonObject[] {
  return store.list(route.resource, route.namespace).filter(selector(query));
}

export function listDocument(resource: Resource, items: readonly JsonObject[], version: string): JsonObject {
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersion(resource),
    metadata: { resourceVersion: version },
    items: [...items],
  };
}
