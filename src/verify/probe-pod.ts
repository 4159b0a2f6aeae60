/** A pod in the pod network of one node that asks the ports of nodes, as any workload could. It is deleted afterwards. */
import { field, itemsOf, listOf, textOf } from '../cluster/api-object.js';
import type { Gateway } from '../cluster/gateway.js';
import { monotonic, sleep } from '../lib/clock.js';
import { sha256Of } from '../lib/digest.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import type { PortName, PortReply, Reply } from './ports.js';
import { type CreatedObject, type Workspace, paths } from './workspace.js';

export interface PodTarget {
  readonly name: PortName;
  readonly address: string;
  readonly port: number;
  readonly path: string;
}

export interface PodAnswer {
  readonly replies: readonly PortReply[];
  /** What the API server answered the pod. Without an answer, the pod has no network, and silence of a node proves nothing. */
  readonly control: Reply;
}

/** Milliseconds for the pod to start, ask and end; an image may have to be pulled. */
const podTimeout = 90_000;
/** Places that one pod asks: its answer has to fit into 4096 bytes. */
const maxTargets = 40;

/** Runs the pod on `node` and returns its answer, or why there is none. */
export async function askFromPod(
  api: Gateway,
  workspace: Workspace,
  ask: {
    readonly node: string;
    readonly image: string;
    readonly targets: readonly PodTarget[];
    readonly stop: AbortSignal;
  },
): Promise<Result<PodAnswer, string>> {
  const name = `probe-${sha256Of(ask.node).slice(0, 12)}`;
  const pods = paths.pods(workspace.namespace);
  const accounts = paths.serviceAccounts(workspace.namespace);
  const targets = ask.targets.slice(0, maxTargets);
  try {
    // The namespace's default account is made by a controller and may not exist yet.
    const account = await workspace.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', name });
    if (!account.ok) return fail(`no pod could be made: ${account.error.message}`);
    const made = await workspace.create(pods, podObject(name, { ...ask, targets }));
    if (!made.ok) return fail(`no pod could be made: ${made.error.message}`);
    const said = await waitForEnd(api, workspace.namespace, name, ask.stop);
    return said.ok ? readPodAnswer(said.value, targets) : said;
  } finally {
    await workspace.remove(pods, name);
    await workspace.remove(accounts, name);
  }
}

/** As the Pod Security Standard `restricted` wants it, without credentials, past the scheduler and every taint. */
export function podObject(
  name: string,
  { node, image, targets }: { readonly node: string; readonly image: string; readonly targets: readonly PodTarget[] },
): CreatedObject {
  const words = targets.map((one) => `${schemeOf(one.name)} ${bracketed(one.address)} ${one.port} ${one.path}`);
  const container = {
    name: 'probe',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', script('pod-probe'), 'sh', ...words],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
  const spec = {
    nodeName: node,
    serviceAccountName: name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    activeDeadlineSeconds: Math.ceil((podTimeout * 2) / 1000),
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_534,
      runAsGroup: 65_534,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container],
  };
  return { apiVersion: 'v1', kind: 'Pod', name, rest: { spec } };
}

const schemeOf = (name: PortName): 'http' | 'https' => (name === 'kubelet' ? 'https' : 'http');
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Reasons for which a container will not start. */
const hopeless: readonly string[] = [
  ...['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'],
  ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'],
];

/** The termination message of the container. */
async function waitForEnd(
  api: Gateway,
  namespace: string,
  name: string,
  stop: AbortSignal,
): Promise<Result<string, string>> {
  const end = monotonic() + podTimeout;
  let state = 'it was not seen';
  for (;;) {
    const pod = await api.get(`${paths.pods(namespace)}/${name}`);
    if (!pod.ok) state = pod.error.message;
    else {
      const seen = stateOf(pod.value);
      if (seen.ended !== undefined) return ok(seen.ended);
      if (seen.failed !== undefined) return fail(seen.failed);
      state = seen.waiting;
    }
    if (stop.aborted) return fail('cancelled');
    if (monotonic() > end) break;
    await sleep(1000, stop);
  }
  const why = await lastWarning(api, namespace, name);
  return fail(`the pod did not run within ${podTimeout / 1000} s: ${why === '' ? state : why}`);
}

interface PodState {
  readonly ended?: string | undefined;
  readonly failed?: string | undefined;
  readonly waiting: string;
}

export function stateOf(pod: unknown): PodState {
  const status = field(pod, 'status');
  const phase = oneLine(textOf(field(status, 'phase')), 40);
  const [container] = listOf(field(status, 'containerStatuses'));
  const state = field(container, 'state');
  const message = textOf(field(field(state, 'terminated'), 'message'));
  if (phase === 'Succeeded') return { ended: message, waiting: phase };
  const waiting = field(state, 'waiting');
  const reason = textOf(field(waiting, 'reason'));
  const why = [
    reason || textOf(field(status, 'reason')),
    textOf(field(waiting, 'message')) || message || textOf(field(status, 'message')),
  ];
  const text = oneLine(why.filter((one) => one !== '').join(': '), 200);
  if (phase === 'Failed' || hopeless.includes(reason))
    return { failed: `the pod did not run: ${text === '' ? phase : text}`, waiting: phase };
  return { waiting: text === '' ? `it is ${phase === '' ? 'not started' : phase}` : text };
}

/** What the kubelet said last of a pod that it does not start. */
async function lastWarning(api: Gateway, namespace: string, name: string): Promise<string> {
  const selector = encodeURIComponent(`involvedObject.name=${name},type=Warning`);
  const events = await api.get(`${paths.events(namespace)}?fieldSelector=${selector}`);
  if (!events.ok) return '';
  return oneLine(textOf(field(itemsOf(events.value).at(-1), 'message')), 200);
}

/** Lines of pod-probe.sh. A place without a line is one that was not asked. */
export function readPodAnswer(text: string, targets: readonly PodTarget[]): Result<PodAnswer, string> {
  const lines = text
    .trim()
    .split('\n')
    .slice(0, maxTargets + 2);
  if (lines.at(-1) !== 'done') return fail('the pod ended without an answer: its image needs sh, and curl or wget');
  const replies = new Map<string, Reply>();
  let control: Reply = { kind: 'unknown', reason: 'not asked' };
  for (const line of lines) {
    const [, place = '', path = '', word = '', code] =
      /^(\S+ \d+) (\S+) (status|refused|timeout|broken|unknown)(?: ([1-5]\d\d))?$/.exec(line) ?? [];
    const reply = replyOf(word, code);
    replies.set(`${place} ${path}`, reply);
    if (path === '/version') control = reply;
  }
  const unasked: Reply = { kind: 'unknown', reason: 'the pod did not tell' };
  return ok({
    control,
    replies: targets.map((one) => ({
      ...one,
      reply: replies.get(`${bracketed(one.address)} ${one.port} ${one.path}`) ?? unasked,
    })),
  });
}

function replyOf(word: string, code: string | undefined): Reply {
  if (word === 'status') return { kind: 'status', status: Number(code), body: '' };
  if (word === 'refused') return { kind: 'refused' };
  if (word === 'timeout') return { kind: 'filtered', reason: 'no answer in time' };
  if (word === 'broken') return { kind: 'broken', reason: 'no HTTP answer' };
  return { kind: 'unknown', reason: 'the image has neither curl nor wget' };
}
