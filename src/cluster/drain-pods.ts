/** Decides for each pod of a node whether a drain leaves it, evicts it, or refuses. Pure. */
import { oneLine } from '../lib/sanitize.js';
import { field, isRecord, listOf, nameOf, textOf } from './api-object.js';

export interface DrainPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Raw, for selectors of budgets. */
  readonly labels: Readonly<Record<string, unknown>>;
  /** Its deletion has begun. Seconds; undefined if the API server does not tell. */
  readonly deletion: { readonly grace: number | undefined; readonly finalizers: readonly string[] } | undefined;
  /** Its containers will not run again: phase Succeeded or Failed. */
  readonly finished: boolean;
  readonly controller: Controller | undefined;
  readonly isMirror: boolean;
  readonly hasLocalData: boolean;
}

/** The owner that would replace the pod. */
export interface Controller {
  readonly kind: string;
  readonly name: string;
}

/** `stays`: of a DaemonSet, static, or finished. `leaves`: evicted, or deleted already. */
type Fate = { readonly kind: 'stays' | 'leaves' } | { readonly kind: 'refused'; readonly why: string };

/** An object of a list of pods; undefined where it has no name, namespace or uid. */
export function readPod(object: unknown): DrainPod | undefined {
  const metadata = field(object, 'metadata');
  const [namespace, name, uid] = [textOf(field(metadata, 'namespace')), nameOf(object), textOf(field(metadata, 'uid'))];
  if (namespace === '' || name === '' || uid === '') return undefined;
  const labels = field(metadata, 'labels');
  const annotations = field(metadata, 'annotations');
  const owner = listOf(field(metadata, 'ownerReferences')).find((one) => field(one, 'controller') === true);
  const grace = field(metadata, 'deletionGracePeriodSeconds');
  return {
    namespace,
    name,
    uid,
    labels: isRecord(labels) ? labels : {},
    deletion:
      textOf(field(metadata, 'deletionTimestamp')) === ''
        ? undefined
        : {
            grace: typeof grace === 'number' ? grace : undefined,
            finalizers: listOf(field(metadata, 'finalizers')).map(textOf),
          },
    finished: ['Succeeded', 'Failed'].includes(textOf(field(field(object, 'status'), 'phase'))),
    controller:
      owner === undefined ? undefined : { kind: textOf(field(owner, 'kind')), name: textOf(field(owner, 'name')) },
    isMirror: isRecord(annotations) && 'kubernetes.io/config.mirror' in annotations,
    hasLocalData: listOf(field(field(object, 'spec'), 'volumes')).some((one) => isRecord(field(one, 'emptyDir'))),
  };
}

/** As kubectl drain decides, but that it leaves finished pods and their logs alone. `isGone`: the DaemonSet exists no more. */
export function fateOf(pod: DrainPod, isGone: (daemonSet: string) => boolean): Fate {
  if (pod.isMirror || pod.finished) return { kind: 'stays' };
  const { controller } = pod;
  const isOfDaemonSet = controller?.kind === 'DaemonSet';
  if (isOfDaemonSet && !isGone(keyOfDaemonSet(pod, controller))) return { kind: 'stays' };
  if (pod.deletion !== undefined) return { kind: 'leaves' };
  if (isOfDaemonSet) return { kind: 'refused', why: `is of DaemonSet ${oneLine(controller.name, 80)}, which is gone` };
  if (controller === undefined) return { kind: 'refused', why: 'is managed by no controller' };
  return pod.hasLocalData ? { kind: 'refused', why: 'has local data (emptyDir)' } : { kind: 'leaves' };
}

/** `NAMESPACE/NAME`, raw. */
export const keyOfDaemonSet = ({ namespace }: DrainPod, { name }: Controller): string => `${namespace}/${name}`;

/** `NAMESPACE/NAME`, safe to print. */
export const podName = ({ namespace, name }: Pick<DrainPod, 'namespace' | 'name'>): string =>
  oneLine(`${namespace}/${name}`, 120);

/** At most `most` of them: `a, b and 3 more`. */
export function listed(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}
