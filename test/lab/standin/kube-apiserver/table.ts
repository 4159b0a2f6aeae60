// Tables as kubectl asks for them, for the few kinds whose columns people look at.
import { at, listOf, objectOf, text, type Json, type JsonObject } from '../json.js';
import type { Resource } from './resources.js';

type Columns = readonly (readonly [string, (object: JsonObject) => string])[];

function age(object: JsonObject): string {
  const seconds = Math.max(
    0,
    Math.floor((Date.now() - Date.parse(text(at(object, 'metadata', 'creationTimestamp')))) / 1000),
  );
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1440)}d`;
}

function nodeState(node: JsonObject): string {
  const ready = listOf(at(node, 'status', 'conditions')).find((item) => at(item, 'type') === 'Ready');
  const state = at(ready, 'status') === 'True' ? 'Ready' : ready === undefined ? 'Unknown' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function roles(node: JsonObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const names = Object.keys(objectOf(at(node, 'metadata', 'labels'))).filter((label) => label.startsWith(prefix));
  return names.length === 0 ? '<none>' : names.map((label) => label.slice(prefix.length)).join(',');
}

function address(node: JsonObject): string {
  return text(at(listOf(at(node, 'status', 'addresses'))[0], 'address'), '<none>');
}

function requestState(request: JsonObject): string {
  const types = listOf(at(request, 'status', 'conditions')).map((item) => text(at(item, 'type')));
  const issued = text(at(request, 'status', 'certificate')) === '' ? [] : ['Issued'];
  return types.length === 0 ? 'Pending' : [...types, ...issued].join(',');
}

const name = ['Name', (object: JsonObject) => text(at(object, 'metadata', 'name'))] as const;
const columns: Readonly<Record<string, Columns>> = {
  nodes: [
    name,
    ['Status', nodeState],
    ['Roles', roles],
    ['Age', age],
    ['Version', (node) => text(at(node, 'status', 'nodeInfo', 'kubeletVersion'))],
    ['Internal-IP', address],
  ],
  leases: [name, ['Holder', (lease) => text(at(lease, 'spec', 'holderIdentity'))], ['Age', age]],
  certificatesigningrequests: [
    name,
    ['Age', age],
    ['SignerName', (csr) => text(at(csr, 'spec', 'signerName'))],
    ['Requestor', (csr) => text(at(csr, 'spec', 'username'))],
    ['Condition', requestState],
  ],
};

/** undefined where plain objects are all there is. */
export function asTable(resource: Resource, objects: readonly JsonObject[], version: string): Json | undefined {
  const shown = columns[resource.plural];
  if (shown === undefined) return undefined;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: version },
    columnDefinitions: shown.map(([title]) => ({
      name: title,
      type: 'string',
      format: title === 'Name' ? 'name' : '',
      description: '',
      priority: title === 'Internal-IP' ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: shown.map(([, cell]) => cell(object)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object['metadata'] ?? {} },
    })),
  };
}
