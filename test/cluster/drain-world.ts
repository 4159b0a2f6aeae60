/** An API server with the pods of a few nodes, their budgets and their kubelets, in virtual time. */
import type { ApiRequest, ClusterError, Gateway } from '../../src/cluster/gateway.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import { monotonic } from '../change/virtual-time.js';

export interface WorldPod {
  readonly name: string;
  readonly namespace?: string;
  readonly node?: string;
  /** `ReplicaSet/web`; none for a pod that nobody manages. */
  readonly owner?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly phase?: string;
  readonly isMirror?: boolean;
  readonly hasLocalData?: boolean;
  /** Milliseconds from its deletion to its end; Infinity for one that does not end. */
  readonly ends?: number;
  readonly finalizers?: readonly string[];
  /** Seconds. */
  readonly grace?: number;
}

export interface WorldBudget {
  readonly name: string;
  readonly namespace?: string;
  readonly selector: {
    readonly matchLabels?: Readonly<Record<string, string>>;
    readonly matchExpressions?: readonly object[];
  } | null;
  /** When it lets a pod go, in milliseconds of the world. */
  readonly opensAt?: number;
}

interface LivePod extends WorldPod {
  readonly uid: string;
  deletedAt: number | undefined;
}

type Answer = Result<unknown, ClusterError>;
const refuse = (status: number, message: string): { ok: false; error: ClusterError } =>
  fail({ kind: 'refused', status, message: `HTTP ${status}: ${message}` });
const blocked = "Cannot evict pod as it would violate the pod's disruption budget.";

export class DrainWorld {
  readonly pods: LivePod[] = [];
  readonly budgets: WorldBudget[] = [];
  /** `METHOD path` with the time of the world, in order. */
  readonly asked: { readonly at: number; readonly what: string; readonly deadline: number | undefined }[] = [];
  /** What the server answers instead. */
  fault: (what: string, at: number) => ClusterError | undefined = () => undefined;
  /** DaemonSets that exist, as NAMESPACE/NAME. */
  daemonSets: readonly string[] = [];
  /** Versions of Eviction that the server knows. */
  evictions: readonly string[] = ['policy/v1', 'policy/v1beta1'];
  /** Group versions in which it serves budgets. */
  policies: readonly string[] = ['v1'];
  private readonly start = monotonic();
  private made = 0;

  add(...pods: readonly WorldPod[]): void {
    for (const pod of pods) this.pods.push({ ...pod, uid: `uid-${(this.made += 1)}`, deletedAt: undefined });
  }

  now(): number {
    return monotonic() - this.start;
  }

  /** Names of the pods that were evicted, in order. */
  evicted(): string[] {
    return this.asked.flatMap(({ what }) => /^POST .*\/pods\/([^/]+)\/eviction$/.exec(what)?.[1] ?? []);
  }

  gateway(): Gateway {
    return {
      get: (path, limits) => Promise.resolve(this.answer({ method: 'GET', path }, limits?.deadline)),
      send: (request, deadline) => {
        const answer = this.answer(request, deadline);
        return Promise.resolve(answer.ok ? ok({ body: answer.value, date: undefined }) : answer);
      },
      kubectl: () => Promise.reject(new Error('kubectl drains nothing')),
      close: () => Promise.resolve(),
    };
  }

  private answer(request: ApiRequest, deadline: number | undefined): Answer {
    const what = `${request.method} ${request.path}`;
    this.asked.push({ at: this.now(), what, deadline });
    const fault = this.fault(what, this.now());
    if (fault !== undefined) return fail(fault);
    const url = new URL(request.path, 'http://api');
    if (url.pathname === '/api/v1/pods') return this.list(url.searchParams.get('fieldSelector') ?? '');
    const daemonSet = /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/daemonsets\/([^/]+)$/.exec(url.pathname);
    if (daemonSet) {
      const key = `${daemonSet[1] ?? ''}/${daemonSet[2] ?? ''}`;
      return this.daemonSets.includes(key) ? ok({ metadata: {} }) : refuse(404, 'not found');
    }
    const budgets = /^\/apis\/policy\/([^/]+)\/namespaces\/([^/]+)\/poddisruptionbudgets$/.exec(url.pathname);
    if (budgets) return this.policies.includes(budgets[1] ?? '') ? this.listBudgets(budgets[2]) : refuse(404, 'none');
    const pod = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(url.pathname);
    return pod && request.method === 'POST'
      ? this.evict(pod[1] ?? '', pod[2] ?? '', request.body as Record<string, unknown>)
      : refuse(404, 'the server could not find the requested resource');
  }

  private list(selector: string): Answer {
    const node = /^spec\.nodeName=(.*)$/.exec(selector)?.[1];
    const alive = this.pods.filter(({ deletedAt, ends = 2000 }) => !(this.now() >= (deletedAt ?? Infinity) + ends));
    return ok({ items: alive.filter((pod) => node === undefined || (pod.node ?? 'n1') === node).map(objectOf) });
  }

  private listBudgets(namespace: string | undefined): Answer {
    const own = this.budgets.filter((one) => (one.namespace ?? 'shop') === namespace);
    const status = { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 };
    return ok({ items: own.map(({ name, selector }) => ({ metadata: { name }, spec: { selector }, status })) });
  }

  private evict(namespace: string, name: string, body: Readonly<Record<string, unknown>>): Answer {
    if (!this.evictions.includes(String(body['apiVersion']))) return refuse(400, 'no kind "Eviction" is registered');
    const pod = this.pods.find((one) => (one.namespace ?? 'shop') === namespace && one.name === name);
    if (pod === undefined || this.now() >= (pod.deletedAt ?? Infinity) + (pod.ends ?? 2000)) return refuse(404, 'gone');
    const options = body['deleteOptions'] as { preconditions?: { uid?: string } } | undefined;
    if (options?.preconditions?.uid !== pod.uid) return refuse(409, 'the UID in the precondition does not match');
    const own = this.budgets.filter((one) => (one.namespace ?? 'shop') === namespace && covers(one, pod));
    if (own.length > 1) return refuse(500, 'This pod has more than one PodDisruptionBudget, which is not supported.');
    if (own.some(({ opensAt = Infinity }) => this.now() < opensAt)) return refuse(429, blocked);
    pod.deletedAt ??= this.now();
    return ok({ kind: 'Status', status: 'Success' });
  }
}

/** The world's own, simpler notion of a selector. */
function covers({ selector }: WorldBudget, { labels = {} }: WorldPod): boolean {
  const exact = selector?.matchLabels ?? {};
  return selector !== null && Object.entries(exact).every(([key, value]) => labels[key] === value);
}

function objectOf(pod: LivePod): object {
  const { name, namespace = 'shop', uid, node = 'n1', owner, labels = {}, phase = 'Running', grace = 30 } = pod;
  const [kind = '', ownerName = ''] = owner?.split('/') ?? [];
  const deletion =
    pod.deletedAt === undefined
      ? {}
      : { deletionTimestamp: '2026-11-29T12:00:00Z', deletionGracePeriodSeconds: grace, finalizers: pod.finalizers };
  return {
    metadata: {
      ...{ name, namespace, uid, labels, ...deletion },
      ...(owner === undefined ? {} : { ownerReferences: [{ kind, name: ownerName, controller: true }] }),
      ...(pod.isMirror === true ? { annotations: { 'kubernetes.io/config.mirror': 'abc' } } : {}),
    },
    spec: { nodeName: node, volumes: pod.hasLocalData === true ? [{ name: 'tmp', emptyDir: {} }] : [] },
    status: { phase },
  };
}
