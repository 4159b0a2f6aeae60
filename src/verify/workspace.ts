/** What verify creates in the cluster for as long as it runs: one namespace and objects that carry its label. Nothing stays behind. */
import { field, nameOf, textOf } from '../cluster/api-object.js';
import type { ApiRequest, ClusterError, Gateway } from '../cluster/gateway.js';
import { listAll } from '../cluster/list.js';
import { monotonic, randomHex, sleep } from '../lib/clock.js';
import { type ProcessMark, ownMark, stillRunning } from '../lib/process-mark.js';
import { type Result, ok } from '../lib/result.js';

const prefix = 'kubelatch-verify-';
const partLabel = 'kubelatch.dev/part';
const ownerAnnotation = 'kubelatch.dev/owner';
/** Milliseconds after which objects of a run on another machine are certainly left over. */
const longestRun = 6 * 3600 * 1000;
/** Milliseconds for the deletion of the namespace: its controller removes what is in it. */
const removalTimeout = 30_000;

const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const namespaces = '/api/v1/namespaces';

export interface Workspace {
  readonly namespace: string;
  /** Creates an object; it is removed with the workspace at the latest. `path` is the one of its list. */
  create(path: string, object: CreatedObject): Promise<Result<undefined, ClusterError>>;
  /** Removes one object that `create` made. */
  remove(path: string, name: string): Promise<void>;
  /** Removes everything. Why something is left, or undefined. */
  close(): Promise<string | undefined>;
}

export interface CreatedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly rest?: Readonly<Record<string, unknown>> | undefined;
}

/** Creates the namespace. Its pods have to keep to the Pod Security Standard `restricted`. */
export async function openWorkspace(api: Gateway): Promise<Result<Workspace, ClusterError>> {
  const namespace = `${prefix}${randomHex(4)}`;
  const open = new Map<string, { readonly path: string; readonly name: string }>();
  const send = (request: ApiRequest): ReturnType<Gateway['send']> => api.send(request);
  const create: Workspace['create'] = async (path, { apiVersion, kind, name, rest }) => {
    const metadata = { name, ...marks(namespace) };
    // Noted before the request: an answer that is lost may have created it.
    open.set(`${path}/${name}`, { path, name });
    const made = await send({ method: 'POST', path, body: { apiVersion, kind, metadata, ...rest } });
    return made.ok ? ok(undefined) : made;
  };
  const remove: Workspace['remove'] = async (path, name) => {
    if (await isRemoved(api, path, name)) open.delete(`${path}/${name}`);
  };
  const restricted = Object.fromEntries(
    ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  );
  const { labels, annotations } = marks(namespace);
  const metadata = { name: namespace, labels: { ...labels, ...restricted }, annotations };
  const made = await send({
    method: 'POST',
    path: namespaces,
    body: { apiVersion: 'v1', kind: 'Namespace', metadata },
  });
  if (!made.ok && made.error.kind !== 'unreachable') return made;
  const workspace: Workspace = {
    namespace,
    create,
    remove,
    async close() {
      for (const { path, name } of [...open.values()].reverse()) await remove(path, name);
      const left = [...open.values()].map(({ name }) => name);
      if (!(await removeNamespace(api, namespace))) left.push(`namespace ${namespace}`);
      return left.length === 0 ? undefined : `not removed from the cluster: ${left.join(', ')}`;
    },
  };
  if (made.ok) return ok(workspace);
  await workspace.close();
  return made;
}

const marks = (namespace: string) => ({
  labels: { 'app.kubernetes.io/managed-by': 'kubelatch', [partLabel]: 'verify', 'kubelatch.dev/run': namespace },
  annotations: { [ownerAnnotation]: JSON.stringify(ownMark()) },
});

/** Where a pod is deleted, it need not end in order first. */
const deletion = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, propagationPolicy: 'Background' };

async function isRemoved(api: Gateway, path: string, name: string): Promise<boolean> {
  const request = { method: 'DELETE', path: `${path}/${encodeURIComponent(name)}`, body: deletion } as const;
  for (const pause of [500, 2000, 0]) {
    const gone = await api.send(request);
    if (gone.ok || gone.error.status === 404) return true;
    if (gone.error.kind !== 'unreachable') return false;
    if (pause > 0) await sleep(pause);
  }
  return false;
}

async function removeNamespace(api: Gateway, namespace: string): Promise<boolean> {
  const path = `${namespaces}/${namespace}`;
  const end = monotonic() + removalTimeout;
  if (!(await isRemoved(api, namespaces, namespace))) return false;
  for (;;) {
    const left = await api.get(path);
    if (!left.ok && left.error.status === 404) return true;
    if (monotonic() > end) return false;
    await sleep(500);
  }
}

/** Removes what earlier runs of verify left behind because they were killed. Returns one sentence for each object. */
export async function removeLeftovers(api: Gateway): Promise<readonly string[]> {
  const now = await serverTime(api);
  const notes: string[] = [];
  for (const [kind, path] of [
    ['ClusterRoleBinding', bindings],
    ['ClusterRole', roles],
    ['namespace', namespaces],
  ] as const) {
    const found = await listAll(api, `${path}?labelSelector=${encodeURIComponent(`${partLabel}=verify`)}`);
    if (!found.ok) continue;
    for (const object of found.value) {
      const name = nameOf(object);
      // A label alone must not be enough to have somebody's namespace deleted.
      if (!/^kubelatch-verify-[0-9a-f]{8}(-[0-9a-f]{1,32})?$/.test(name) || !isLeftOver(object, now)) continue;
      const gone = kind === 'namespace' ? await removeNamespace(api, name) : await isRemoved(api, path, name);
      notes.push(`${gone ? 'removed' : 'could not remove'} ${kind} ${name}, which an earlier run left behind`);
    }
  }
  return notes;
}

/** Of a process that is gone on this machine, or older than any run. */
function isLeftOver(object: unknown, now: number | undefined): boolean {
  const metadata = field(object, 'metadata');
  const owner = ownerIn(textOf(field(field(metadata, 'annotations'), ownerAnnotation)));
  const lives = owner === undefined ? 'elsewhere' : stillRunning(owner);
  if (lives !== 'elsewhere') return lives === 'no';
  const created = Date.parse(textOf(field(metadata, 'creationTimestamp')));
  return now !== undefined && now - created > longestRun;
}

function ownerIn(text: string): ProcessMark | undefined {
  try {
    const mark: unknown = JSON.parse(text);
    const [machine, pid, started] = [field(mark, 'machine'), field(mark, 'pid'), field(mark, 'started')];
    if (typeof machine !== 'string' || typeof pid !== 'number' || typeof started !== 'string') return undefined;
    const namespace = field(mark, 'namespace');
    return { machine, pid, started, namespace: typeof namespace === 'string' ? namespace : undefined };
  } catch {
    return undefined;
  }
}

/** By the API server's clock; undefined where it does not tell. */
async function serverTime(api: Gateway): Promise<number | undefined> {
  const answer = await api.send({ method: 'GET', path: '/version' });
  return answer.ok ? answer.value.date : undefined;
}

/** Of the lists that its objects are in. */
export const paths = {
  roles,
  bindings,
  serviceAccounts: (namespace: string): string => `${namespaces}/${namespace}/serviceaccounts`,
  pods: (namespace: string): string => `${namespaces}/${namespace}/pods`,
  events: (namespace: string): string => `${namespaces}/${namespace}/events`,
};
