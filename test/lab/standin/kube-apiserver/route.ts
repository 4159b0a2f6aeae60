// A request's path taken apart: which resource, object and subresource it means, and what has to be allowed for it.
import type { Attributes } from './rbac.js';
import { findResource, type Resource } from './resources.js';

export interface Route {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource, with its leading slash. */
  readonly rest: string;
}

/** undefined for a path that names no known resource. */
export function routeOf(path: string): Route | undefined {
  const match = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(.+?)\/?$/.exec(path);
  if (!match) return undefined;
  const group = match[2] ?? '';
  const version = match[1] ?? match[3] ?? '';
  let parts = (match[4] ?? '').split('/');
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 2) {
    namespace = decodeURIComponent(parts[1] ?? '');
    parts = parts.slice(2);
  }
  const resource = findResource(group, version, parts[0] ?? '');
  if (resource === undefined) return undefined;
  const [, name = '', subresource = '', ...rest] = parts;
  const tail = rest.length === 0 ? '' : `/${rest.join('/')}`;
  return { resource, namespace, name: decodeURIComponent(name), subresource, rest: tail };
}

const changes: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

function verbOf(method: string, route: Route, query: URLSearchParams): string {
  if (method === 'GET' || method === 'HEAD') {
    if (['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
    return route.name === '' ? 'list' : 'get';
  }
  if (method === 'DELETE') return route.name === '' ? 'deletecollection' : 'delete';
  return changes[method] ?? method.toLowerCase();
}

export function attributesOf(
  method: string,
  path: string,
  route: Route | undefined,
  query: URLSearchParams,
): Attributes {
  if (route === undefined) {
    return { verb: method.toLowerCase(), group: '', resource: '', subresource: '', namespace: '', name: '', path };
  }
  const { resource, namespace, name, subresource } = route;
  const verb = verbOf(method, route, query);
  return { verb, group: resource.group, resource: resource.plural, subresource, namespace, name, path: undefined };
}
