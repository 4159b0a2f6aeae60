// Who may ask the kubelet what: client certificate, TokenReview, anonymous; then AlwaysAllow or SubjectAccessReview.
import type { IncomingMessage } from 'node:http';
import { at, text, textsOf, type Json, type JsonObject } from '../json.js';
import * as klog from '../klog.js';
import { anonymous, authenticated, peerUser, type User } from '../x509.js';
import type { ApiClient } from '../api-client.js';
import { milliseconds } from './config.js';

interface Verdict {
  readonly status: 200 | 401 | 403 | 500;
  readonly body: string;
}

interface Kept<T> {
  readonly value: T;
  readonly until: number;
}

function cached<T>(store: Map<string, Kept<T>>, key: string): T | undefined {
  const kept = store.get(key);
  if (kept === undefined || kept.until > Date.now()) return kept?.value;
  store.delete(key);
  return undefined;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function subresource(path: string): string {
  const under = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (under('/stats')) return 'stats';
  if (under('/metrics')) return 'metrics';
  if (under('/logs')) return 'log';
  return under('/checkpoint') ? 'checkpoint' : 'proxy';
}

export type Gatekeeper = (request: IncomingMessage, path: string) => Promise<Verdict>;

/** Throws where the kubelet refuses to start with these settings. */
export function openGate(config: JsonObject, node: string, api: ApiClient | undefined): Gatekeeper {
  const anonymousAllowed = at(config, 'authentication', 'anonymous', 'enabled') === true;
  const webhook = at(config, 'authentication', 'webhook', 'enabled') === true;
  const mode = text(at(config, 'authorization', 'mode'));
  if (webhook && api === undefined) throw new Error('no client provided, cannot use webhook authentication');
  if (mode !== 'AlwaysAllow' && mode !== 'Webhook') throw new Error(`unknown authorization mode ${mode}`);
  if (mode === 'Webhook' && api === undefined) throw new Error('no client provided, cannot use webhook authorization');
  const tokenLife = milliseconds(config, 'authentication', 'webhook', 'cacheTTL');
  const allowedLife = milliseconds(config, 'authorization', 'webhook', 'cacheAuthorizedTTL');
  const deniedLife = milliseconds(config, 'authorization', 'webhook', 'cacheUnauthorizedTTL');
  const tokens = new Map<string, Kept<User | 'rejected'>>();
  const access = new Map<string, Kept<boolean>>();

  async function ask(kind: string, group: string, plural: string, spec: Json): Promise<Json | undefined> {
    if (api === undefined) throw new Error('no client');
    const answer = await api.call('POST', `/apis/${group}/v1/${plural}`, { apiVersion: `${group}/v1`, kind, spec });
    if (answer.status >= 300) throw new Error(text(at(answer.body, 'message'), `status ${answer.status}`));
    return at(answer.body, 'status');
  }

  async function tokenUser(token: string): Promise<User | 'rejected'> {
    const known = cached(tokens, token);
    if (known !== undefined) return known;
    const status = await ask('TokenReview', 'authentication.k8s.io', 'tokenreviews', { token });
    const name = text(at(status, 'user', 'username'));
    const user =
      at(status, 'authenticated') === true ? authenticated(name, textsOf(at(status, 'user', 'groups'))) : 'rejected';
    tokens.set(token, { value: user, until: Date.now() + tokenLife });
    return user;
  }

  async function whoIs(request: IncomingMessage): Promise<User | 'rejected'> {
    const peer = peerUser(request.socket);
    if (peer !== undefined) return peer;
    const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (webhook && token !== undefined) return tokenUser(token);
    return anonymousAllowed ? anonymous : 'rejected';
  }

  async function may(user: User, verb: string, part: string): Promise<boolean> {
    if (mode === 'AlwaysAllow') return true;
    const key = JSON.stringify([user, verb, part]);
    const known = cached(access, key);
    if (known !== undefined) return known;
    const resourceAttributes = { group: '', version: 'v1', resource: 'nodes', subresource: part, name: node, verb };
    const spec = { user: user.name, groups: [...user.groups], resourceAttributes };
    const allowed =
      at(await ask('SubjectAccessReview', 'authorization.k8s.io', 'subjectaccessreviews', spec), 'allowed') === true;
    access.set(key, { value: allowed, until: Date.now() + (allowed ? allowedLife : deniedLife) });
    return allowed;
  }

  return async (request, path) => {
    let user: User | 'rejected';
    try {
      user = await whoIs(request);
    } catch (thrown) {
      klog.error('server.go:325', 'Unable to authenticate the request due to an error', { err: klog.reason(thrown) });
      user = 'rejected';
    }
    if (user === 'rejected') return { status: 401, body: 'Unauthorized' };
    const verb = verbs[request.method ?? ''] ?? '';
    const part = subresource(path);
    const attributes = `user=${user.name}, verb=${verb}, resource=nodes, subresource=${part}`;
    try {
      if (await may(user, verb, part)) return { status: 200, body: '' };
    } catch (thrown) {
      klog.error('server.go:344', 'Authorization error', { user: user.name, verb, err: klog.reason(thrown) });
      return { status: 500, body: `Authorization error (${attributes})` };
    }
    return { status: 403, body: `Forbidden (${attributes})` };
  };
}
