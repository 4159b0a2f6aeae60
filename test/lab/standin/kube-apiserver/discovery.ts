// What this API server offers: group and resource lists, the version, and as much OpenAPI as kubectl asks for.
import type { Json, JsonObject } from '../json.js';
import { apiVersion, resources, reviews, type Resource } from './resources.js';

const all = [...resources, ...reviews];
const groupVersions = [...new Set(all.filter((item) => item.group !== '').map(apiVersion))];

function entry(resource: Resource): JsonObject[] {
  const { plural, singular, kind, namespaced, shortNames } = resource;
  const review = reviews.includes(resource);
  const verbs = review
    ? ['create']
    : ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
  };
  const sub = (name: string, what: readonly string[], of: JsonObject = { kind }): JsonObject => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...of,
    verbs: [...what],
  });
  const changes = ['get', 'patch', 'update'];
  return [
    main,
    ...(resource.status ? [sub('status', changes)] : []),
    ...(plural === 'nodes'
      ? [sub('proxy', ['create', 'delete', 'get', 'patch', 'update'], { kind: 'NodeProxyOptions' })]
      : []),
    ...(plural === 'certificatesigningrequests' ? [sub('approval', changes)] : []),
    ...(plural === 'pods' ? [sub('eviction', ['create'], { kind: 'Eviction', group: 'policy', version: 'v1' })] : []),
    ...(plural === 'serviceaccounts'
      ? [sub('token', ['create'], { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1' })]
      : []),
  ];
}

function group(name: string): JsonObject {
  const versions = groupVersions
    .filter((item) => item.startsWith(`${name}/`))
    .map((item) => ({ groupVersion: item, version: item.split('/')[1] ?? '' }));
  return { name, versions, preferredVersion: versions[0] ?? {} };
}

function pathOf(groupVersion: string): string {
  return groupVersion === 'v1' ? 'api/v1' : `apis/${groupVersion}`;
}

/** Paths with the fieldValidation parameter are all that kubectl looks for before it applies. */
function openApiV3(groupVersion: string): JsonObject {
  const paths: JsonObject = {};
  for (const resource of all.filter((item) => apiVersion(item) === groupVersion)) {
    const kind = { group: resource.group, version: resource.version, kind: resource.kind };
    const parameters = [{ name: 'fieldValidation', in: 'query', schema: { type: 'string', uniqueItems: true } }];
    const operation = { parameters, responses: {}, 'x-kubernetes-group-version-kind': kind };
    const place = resource.namespaced ? '/namespaces/{namespace}' : '';
    paths[`/${pathOf(groupVersion)}${place}/${resource.plural}/{name}`] = { patch: operation };
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.31.4' }, paths, components: {} };
}

const serverVersion: JsonObject = {
  major: '1',
  minor: '31',
  gitVersion: 'v1.31.4',
  gitCommit: 'a78aa47129b8539636eb86a9d00e31b2720fe06b',
  gitTreeState: 'clean',
  buildDate: '2024-12-10T18:00:00Z',
  goVersion: 'go1.22.9',
  compiler: 'gc',
  platform: 'linux/amd64',
};

/** The document at a discovery path, undefined where there is none. */
export function discover(path: string): Json | undefined {
  if (path === '/version' || path === '/version/') return serverVersion;
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  const names = [...new Set(groupVersions.map((item) => item.split('/')[0] ?? ''))];
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: names.map(group) };
  if (path === '/openapi/v3') {
    const known = ['v1', ...groupVersions].map(
      (item) => [pathOf(item), { serverRelativeURL: `/openapi/v3/${pathOf(item)}` }] as const,
    );
    return { paths: Object.fromEntries(known) };
  }
  for (const groupVersion of ['v1', ...groupVersions]) {
    if (path === `/openapi/v3/${pathOf(groupVersion)}`) return openApiV3(groupVersion);
    if (path === `/${pathOf(groupVersion)}`) {
      const list = all.filter((item) => apiVersion(item) === groupVersion).flatMap(entry);
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: list };
    }
  }
  const name = /^\/apis\/([^/]+)$/.exec(path)?.[1];
  return name !== undefined && names.includes(name)
    ? { kind: 'APIGroup', apiVersion: 'v1', ...group(name) }
    : undefined;
}
