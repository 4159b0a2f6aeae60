/** Verdicts on what a pod was answered: a port that a policy hides from pods is closed to them. Pure. */
import { type Check, type Verdict, checkOf, podChecks, unaskedChecks, unknownVerdict } from './check.js';
import { type Expected, rulesOn } from './expectations.js';
import { judgeAnonymous } from './judge.js';
import { type PortName, type PortReply, type Reply, evidenceOf, replyText } from './ports.js';
import type { PodAnswer } from './probe-pod.js';

/** `via`: the host whose pod asked. */
export function judgePod(via: string, { replies, control }: PodAnswer, expected: readonly Expected[]): Check[] {
  const origin = { from: 'pod', via } as const;
  if (control.kind !== 'status') return unaskedChecks(podChecks, origin, whyNoControl(control));
  const of = (name: PortName): PortReply[] => replies.filter((one) => one.name === name);
  const controlText = `the API server, as a control: ${replyText(control)}`;
  const evidence = (name: PortName): readonly string[] => [...of(name).map(evidenceOf), controlText];
  const wantsOff = rulesOn('authentication.anonymous.enabled', expected).length > 0;
  return [
    checkOf('anonymous-request-refused', origin, blocked(of('kubelet')) ?? judgeAnonymous(of('kubelet'), wantsOff), {
      evidence: evidence('kubelet'),
    }),
    checkOf('read-only-port-closed', origin, blocked(of('read-only')) ?? opened(of('read-only')), {
      evidence: evidence('read-only'),
    }),
    checkOf('health-port-local', origin, blocked(of('health')) ?? opened(of('health')), {
      evidence: evidence('health'),
    }),
  ];
}

/** Why a pod that gets no answer from the API server proves nothing. */
function whyNoControl(control: Reply): string {
  if (control.kind === 'unknown') return control.reason;
  if (control.kind === 'broken')
    return 'the pod gets no HTTPS answer from the API server: its image needs curl, or a wget with TLS and -T';
  return `the pod does not reach the API server either (${replyText(control)}), so it has no network to test with`;
}

/** Nothing was reached, on any address. */
function blocked(replies: readonly PortReply[]): Verdict | undefined {
  const isClosed = ({ reply }: PortReply): boolean => ['refused', 'filtered', 'no-route'].includes(reply.kind);
  if (replies.length === 0 || !replies.every(isClosed)) return undefined;
  const silent = replies.some(({ reply }) => reply.kind !== 'refused');
  return {
    status: 'pass',
    seen: silent ? 'no answer' : 'refused',
    note: silent ? 'pods cannot reach the port' : undefined,
  };
}

function opened(replies: readonly PortReply[]): Verdict {
  const open = replies.find(({ reply }) => reply.kind === 'status');
  if (open !== undefined)
    return { status: 'fail', seen: replyText(open.reply), note: `pods reach it on ${open.address}` };
  const [bad] = replies.filter(({ reply }) => reply.kind === 'broken' || reply.kind === 'unknown');
  return unknownVerdict(
    bad === undefined ? 'no address is known' : `${bad.address}: ${replyText(bad.reply)}`,
    'no answer',
  );
}
