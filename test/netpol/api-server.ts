/** An API server for policies in memory: versions, dry runs, labels to select by, and fields that an old one drops. */
import type { ApiRequest, ClusterError, Gateway } from '../../src/cluster/gateway.js';
import { type Result, fail, ok } from '../../src/lib/result.js';

type Tree = Record<string, unknown>;
interface Held {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly spec?: unknown;
}

export class ApiServer {
  readonly objects = new Map<string, Held>();
  /** Requests that were to change something, with `dry` before dry runs. */
  readonly asked: string[] = [];
  /** What it makes of a spec. */
  keep: (spec: unknown) => unknown = (spec) => spec;
  /** Called before a request; what it returns is the answer. */
  before: (request: ApiRequest) => ClusterError | undefined = () => undefined;
  private version = 0;

  readonly gateway: Gateway = {
    get: (path) => Promise.resolve(this.read(path)),
    send: (request) => Promise.resolve(this.change(request)),
    kubectl: () => Promise.resolve(ok(undefined)),
    close: () => Promise.resolve(),
  };

  /** As somebody else would write it. */
  put(path: string, object: Held): void {
    this.version += 1;
    const metadata = { ...object.metadata, uid: `uid-${path}`, resourceVersion: String(this.version) };
    this.objects.set(path, { ...object, metadata });
  }

  private read(path: string): Result<unknown, ClusterError> {
    const [place = '', query] = path.split('?');
    if (query === undefined) {
      const found = this.objects.get(place);
      return found === undefined ? refused(404) : ok(found);
    }
    const [, kind = ''] = /\/([a-z]+)$/.exec(place) ?? [];
    const items = [...this.objects].filter(([at]) => at.split('/').at(-2) === kind).map(([, one]) => one);
    return ok({ items });
  }

  private change(request: ApiRequest): Result<{ body: unknown; date: undefined }, ClusterError> {
    const { method, path, dryRun = false } = request;
    this.asked.push(`${dryRun ? 'dry ' : ''}${method} ${path}`);
    const error = this.before(request);
    if (error !== undefined) return fail(error);
    const sent = request.body as Held & { metadata: { resourceVersion?: string }; preconditions?: Tree };
    if (method === 'DELETE') return this.remove(path, sent.preconditions ?? {});
    const at = method === 'POST' ? `${path}/${sent.metadata.name}` : path;
    const held = this.objects.get(at) as { metadata: { resourceVersion: string } } | undefined;
    if (method === 'POST' ? held !== undefined : held?.metadata.resourceVersion !== sent.metadata.resourceVersion)
      return refused(409);
    const object = { ...sent, spec: this.keep(sent.spec) };
    if (!dryRun) this.put(at, object);
    return ok({ body: object, date: undefined });
  }

  private remove(
    path: string,
    { uid, resourceVersion }: Tree,
  ): Result<{ body: unknown; date: undefined }, ClusterError> {
    const held = this.objects.get(path) as { metadata: Tree } | undefined;
    if (held === undefined) return refused(404);
    if (held.metadata['uid'] !== uid || held.metadata['resourceVersion'] !== resourceVersion) return refused(409);
    this.objects.delete(path);
    return ok({ body: {}, date: undefined });
  }
}

const refused = (status: number): { ok: false; error: ClusterError } =>
  fail({ kind: 'refused', status, message: `HTTP ${status}` });
