/** API objects as clusters have them, and an API server that lists them. */
import type { Gateway } from '../../src/cluster/gateway.js';
import { type Result, fail, ok } from '../../src/lib/result.js';

export interface TemplateParts {
  readonly image: string;
  readonly args?: readonly unknown[];
  readonly env?: Readonly<Record<string, string>>;
  readonly configMap?: string;
  readonly secret?: string;
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
}

const podSpec = ({ image, args, env, configMap, secret, serviceAccount, hostNetwork }: TemplateParts): object => ({
  serviceAccountName: serviceAccount,
  hostNetwork,
  containers: [{ name: 'main', image, args, env: Object.entries(env ?? {}).map(([name, value]) => ({ name, value })) }],
  volumes: [
    ...(configMap === undefined ? [] : [{ name: 'config', configMap: { name: configMap } }]),
    ...(secret === undefined ? [] : [{ name: 'secret', secret: { secretName: secret } }]),
  ],
});

export const workload = (name: string, parts: TemplateParts, namespace = 'monitoring'): object => ({
  metadata: { name, namespace, labels: {} },
  spec: { template: { spec: podSpec(parts) } },
});

export interface PodParts extends TemplateParts {
  readonly ip?: string;
  readonly uid?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly labels?: Readonly<Record<string, string>>;
  readonly phase?: string;
}

export const pod = (name: string, parts: PodParts, namespace = 'monitoring'): object => ({
  metadata: {
    name,
    namespace,
    uid: parts.uid,
    labels: parts.labels ?? {},
    ownerReferences: parts.owner === undefined ? [] : [{ ...parts.owner, controller: true }],
  },
  spec: podSpec(parts),
  status: {
    phase: parts.phase ?? 'Running',
    podIP: parts.ip,
    podIPs: parts.ip === undefined ? [] : [{ ip: parts.ip }],
  },
});

export const configMap = (name: string, data: Readonly<Record<string, unknown>>, namespace = 'monitoring'): object => ({
  metadata: { name, namespace },
  data,
});

/** By the path of a list, without its query. What is not there is answered by 404. */
export interface ApiAnswers {
  readonly lists?: Readonly<Record<string, readonly unknown[] | number>>;
  readonly objects?: Readonly<Record<string, unknown>>;
  /** Whether `user` may `verb` nodes/`subresource`. */
  readonly allows?: (user: string, verb: string, subresource: string) => boolean | undefined;
}

export function apiServer({ lists = {}, objects = {}, allows = () => false }: ApiAnswers): Gateway {
  const get = (path: string): Promise<Result<unknown, { kind: 'refused'; status: number; message: string }>> => {
    const [plain = ''] = path.split('?');
    const list = lists[plain];
    if (typeof list === 'number')
      return Promise.resolve(fail({ kind: 'refused', status: list, message: `HTTP ${list}` }));
    if (list !== undefined) return Promise.resolve(ok({ items: list, metadata: {} }));
    const object = objects[plain];
    if (object !== undefined) return Promise.resolve(ok(object));
    return Promise.resolve(fail({ kind: 'refused', status: 404, message: 'not found' }));
  };
  const send: Gateway['send'] = ({ body }) => {
    const { spec } = body as { spec: { user: string; resourceAttributes: { verb: string; subresource: string } } };
    const { verb, subresource } = spec.resourceAttributes;
    const allowed = allows(spec.user, verb, subresource);
    if (allowed === undefined) return Promise.resolve(fail({ kind: 'refused', status: 403, message: 'forbidden' }));
    return Promise.resolve(ok({ body: { status: { allowed } }, date: undefined }));
  };
  const kubectl = (): never => {
    throw new Error('kubectl is not asked');
  };
  return { get, send, kubectl, close: () => Promise.resolve() };
}

export const daemonSets = '/apis/apps/v1/daemonsets';
export const deployments = '/apis/apps/v1/deployments';
