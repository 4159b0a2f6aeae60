/** Asks a kubelet with two tokens of service accounts: one without any right, and one that may read the metrics of this node alone. */
import { field, textOf } from '../cluster/api-object.js';
import type { ClusterError, Gateway } from '../cluster/gateway.js';
import { reviewAccess } from '../cluster/review-access.js';
import { monotonic, sleep } from '../lib/clock.js';
import { sha256Of } from '../lib/digest.js';
import { type Result, fail, ok } from '../lib/result.js';
import { type Check, type Origin, type Verdict, checkOf, unknownVerdict } from './check.js';
import { type Reply, askOne, replyText } from './ports.js';
import type { Vantage } from './vantage.js';
import { type Workspace, paths } from './workspace.js';

/** Small, of nodes/metrics, and there in every version. */
const path = '/metrics/resource';
/** Seconds; the shortest that the API server issues. */
const lifetime = 600;
/** Milliseconds until RBAC has to know a new binding. */
const bindingTimeout = 10_000;
/** Milliseconds for which a kubelet remembers a denial, and a second more. */
const denialCache = 31_000;

interface TokenPair {
  readonly without: string;
  readonly with: string;
  /** The cluster gives the right to every service account. */
  readonly everybody: boolean;
}

/** The port of a kubelet; `deadline`: milliseconds for one request. */
interface TokenTarget {
  readonly address: string;
  readonly port: number;
  readonly deadline: number;
}

export interface NodeTokens {
  /** Asks from one vantage point, and again after the kubelet's cache if a right is not honoured yet. */
  ask(vantage: Vantage, target: TokenTarget, stop: AbortSignal): Promise<Check[]>;
  remove(): Promise<void>;
}

/** The objects have to be there before the first request: a kubelet caches its answers. */
export async function createTokens(
  api: Gateway,
  workspace: Workspace,
  node: string,
): Promise<Result<NodeTokens, string>> {
  // No node's name is longer or has other characters in it than an object's name may.
  const id = sha256Of(node).slice(0, 12);
  const name = `${workspace.namespace}-${id}`;
  const accounts = paths.serviceAccounts(workspace.namespace);
  const remove = async (): Promise<void> => {
    await workspace.remove(paths.bindings, name);
    await workspace.remove(paths.roles, name);
    await workspace.remove(accounts, `with-${id}`);
    await workspace.remove(accounts, `without-${id}`);
  };
  const made = await createPair(api, workspace, node, id);
  if (!made.ok) {
    await remove();
    return made;
  }
  return ok({ remove, ask: (...asked) => askWith(made.value, ...asked) });
}

async function createPair(
  api: Gateway,
  workspace: Workspace,
  node: string,
  id: string,
): Promise<Result<TokenPair, string>> {
  const { namespace } = workspace;
  const accounts = paths.serviceAccounts(namespace);
  const name = `${namespace}-${id}`;
  const rbac = 'rbac.authorization.k8s.io';
  const account = (which: string) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    name: `${which}-${id}`,
    rest: { automountServiceAccountToken: false },
  });
  const steps = [
    () => workspace.create(accounts, account('without')),
    () => workspace.create(accounts, account('with')),
    () =>
      workspace.create(paths.roles, {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRole',
        name,
        rest: { rules: [{ apiGroups: [''], resources: ['nodes/metrics'], resourceNames: [node], verbs: ['get'] }] },
      }),
    () =>
      workspace.create(paths.bindings, {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        name,
        rest: {
          roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
          subjects: [{ kind: 'ServiceAccount', name: `with-${id}`, namespace }],
        },
      }),
  ];
  for (const step of steps) {
    const made = await step();
    if (!made.ok) return fail(noTokens(made.error));
  }
  const allowed = await waitUntilAllowed(api, namespace, `with-${id}`, node);
  if (!allowed.ok) return fail(noTokens(allowed.error));
  const [without, withRight, everybody] = [
    await requestToken(api, `${accounts}/without-${id}`),
    await requestToken(api, `${accounts}/with-${id}`),
    await mayRead(api, namespace, `without-${id}`, node),
  ];
  if (!without.ok) return fail(noTokens(without.error));
  if (!withRight.ok) return fail(noTokens(withRight.error));
  return ok({ without: without.value, with: withRight.value, everybody: everybody.ok && everybody.value });
}

const noTokens = ({ message }: ClusterError): string => `no tokens could be made: ${message}`;

async function requestToken(api: Gateway, account: string): Promise<Result<string, ClusterError>> {
  // Without audiences it is for the API server, which is what a kubelet's TokenReview accepts.
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: lifetime } };
  const made = await api.send({ method: 'POST', path: `${account}/token`, body });
  if (!made.ok) return made;
  const token = textOf(field(field(made.value.body, 'status'), 'token'));
  // It goes into a header.
  return /^[\w.~+/=-]{8,8192}$/.test(token)
    ? ok(token)
    : fail({ kind: 'malformed', message: 'the API server issued no token' });
}

async function mayRead(
  api: Gateway,
  namespace: string,
  account: string,
  node: string,
): Promise<Result<boolean, ClusterError>> {
  const spec = {
    user: `system:serviceaccount:${namespace}:${account}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'metrics', name: node },
  };
  const review = await reviewAccess(api, 'SubjectAccessReview', spec);
  return review.ok ? ok(review.value === true) : review;
}

/** The authorizer learns of a binding a moment after it is created, and a kubelet that asks too early caches the denial. */
async function waitUntilAllowed(
  api: Gateway,
  namespace: string,
  account: string,
  node: string,
): Promise<Result<undefined, ClusterError>> {
  const end = monotonic() + bindingTimeout;
  for (;;) {
    const allowed = await mayRead(api, namespace, account, node);
    if (!allowed.ok) return allowed;
    if (allowed.value) return ok(undefined);
    if (monotonic() > end)
      return fail({ kind: 'refused', message: 'the API server does not honour a new ClusterRoleBinding' });
    await sleep(300);
  }
}

async function askWith(
  tokens: TokenPair,
  vantage: Vantage,
  { address, port, deadline }: TokenTarget,
  stop: AbortSignal,
): Promise<Check[]> {
  const ask = { scheme: 'https', host: address, port, path, deadline } as const;
  const without = await askOne(vantage, { ...ask, bearer: tokens.without });
  let withRight = await askOne(vantage, { ...ask, bearer: tokens.with });
  if (withRight.kind === 'status' && withRight.status === 403) {
    await sleep(denialCache, stop);
    if (!stop.aborted) withRight = await askOne(vantage, { ...ask, bearer: tokens.with });
  }
  return judgeTokens(vantage.origin, `${address}:${port}${path}`, { without, withRight, everybody: tokens.everybody });
}

export interface TokenReplies {
  readonly without: Reply;
  readonly withRight: Reply;
  readonly everybody: boolean;
}

export function judgeTokens(origin: Origin, place: string, { without, withRight, everybody }: TokenReplies): Check[] {
  return [
    checkOf('token-without-right-refused', origin, judgeWithout(without, everybody), {
      evidence: [`${place} with a token without a right: ${replyText(without)}`],
    }),
    checkOf('token-with-right-served', origin, judgeWith(withRight, isServed(without)), {
      evidence: [`${place} with a token that may get nodes/metrics: ${replyText(withRight)}`],
    }),
  ];
}

/** The token is valid: 401 tells of authentication, 403 of authorization. */
function judgeWithout(reply: Reply, everybody: boolean): Verdict {
  if (reply.kind !== 'status') return unknownVerdict(replyText(reply), 'no answer');
  const seen = String(reply.status);
  if (reply.status === 403) return { status: 'pass', seen };
  if (reply.status === 401)
    return unknownVerdict('the kubelet takes no tokens, so that authorization was not reached', seen);
  if (reply.status >= 500) return unknownVerdict('the kubelet could not ask the API server', seen);
  const note = everybody
    ? 'RBAC gives nodes/metrics to every service account: look for a binding of system:serviceaccounts or system:authenticated'
    : 'authorization is AlwaysAllow: every identity may do everything on the node';
  return { status: 'fail', seen, note };
}

const isServed = (reply: Reply): boolean =>
  reply.kind === 'status' && reply.status < 500 && ![401, 403].includes(reply.status);

/** `everybodyServed`: a token without a right is served, too. */
function judgeWith(reply: Reply, everybodyServed: boolean): Verdict {
  if (reply.kind !== 'status') return unknownVerdict(replyText(reply), 'no answer');
  const seen = String(reply.status);
  if (reply.status === 401)
    return {
      status: 'fail',
      seen,
      note: 'the kubelet takes no tokens: webhook authentication is off, or its TokenReview fails',
    };
  if (reply.status === 403)
    return { status: 'fail', seen, note: 'RBAC gives the right, and the kubelet refuses it also after its cache' };
  if (reply.status >= 500) return unknownVerdict('the kubelet could not ask the API server', seen);
  if (everybodyServed)
    return unknownVerdict('a token without a right is served, too, so that this proves nothing', seen);
  // Past authorization, whether or not this version serves the path.
  return { status: 'pass', seen };
}
