// Which objects a list or watch asks for, and the stream of a watch.
import type { ServerResponse } from 'node:http';
import { at, objectOf, text, type Json, type JsonObject } from '../json.js';
import type { Resource } from './resources.js';
import type { Change, Store } from './store.js';

export type Selector = (object: JsonObject) => boolean;

function labelTerm(term: string): (labels: JsonObject) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return (labels) => values.includes(text(labels[set[1] ?? ''], '\0')) === (set[2] === 'in');
  }
  const pair = /^([^=!]+)(!=|==?)(.*)$/.exec(term);
  if (pair) return (labels) => (text(labels[pair[1] ?? ''], '\0') === (pair[3] ?? '')) === (pair[2] !== '!=');
  return term.startsWith('!') ? (labels) => !(term.slice(1) in labels) : (labels) => term in labels;
}

export function selector(query: URLSearchParams): Selector {
  const labelTerms = (query.get('labelSelector') ?? '').split(/,(?![^(]*\))/).filter((term) => term !== '');
  const labelTests = labelTerms.map((term) => labelTerm(term.trim()));
  const fieldTests = (query.get('fieldSelector') ?? '')
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const [, path = '', sign = '=', value = ''] = /^([^=!]+)(!=|==?)(.*)$/.exec(term) ?? [];
      return (object: JsonObject) => (plain(at(object, ...path.split('.'))) === value) === (sign !== '!=');
    });
  return (object) =>
    labelTests.every((test) => test(objectOf(at(object, 'metadata', 'labels')))) &&
    fieldTests.every((test) => test(object));
}

function plain(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

export interface Watch {
  readonly resource: Resource;
  readonly namespace: string;
  readonly query: URLSearchParams;
  readonly render: (object: JsonObject) => Json;
}

/** Streams changes until the client leaves or timeoutSeconds are over. */
export function streamChanges(store: Store, watch: Watch, response: ServerResponse): void {
  const { resource, namespace, query, render } = watch;
  const wanted = selector(query);
  const from = query.get('resourceVersion') ?? '';
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  const send = (type: string, object: Json): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const pass = (change: Change): void => {
    if (change.resource !== resource || (namespace !== '' && at(change.object, 'metadata', 'namespace') !== namespace))
      return;
    if (wanted(change.object)) send(change.type, render(change.object));
  };
  if (from === '' || from === '0') {
    for (const object of store.list(resource, namespace).filter(wanted)) send('ADDED', render(object));
  } else {
    const missed = store.since(Number(from));
    if (missed === undefined) {
      const status = {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `too old resource version: ${from}`,
        reason: 'Expired',
        code: 410,
      };
      send('ERROR', status);
      response.end();
      return;
    }
    for (const change of missed) pass(change);
  }
  const leave = store.subscribe(pass);
  const seconds = Number(query.get('timeoutSeconds') ?? '0') || 1800;
  const timer = setTimeout(() => response.end(), seconds * 1000);
  response.on('close', () => {
    leave();
    clearTimeout(timer);
  });
}
