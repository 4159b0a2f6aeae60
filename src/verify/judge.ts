/** Tables from what ports answered to verdicts: exposed ports, requests without credentials, CVE-2025-0426. Pure. */
import { isLoopback } from '../lib/ip-address.js';
import { parseKubeVersion, satisfies } from '../lib/kube-version.js';
import { type Check, type Origin, type Verdict, checkOf, unknownVerdict } from './check.js';
import { type Expected, rulesOn } from './expectations.js';
import { type PortName, type PortReply, type Reply, evidenceOf, replyText } from './ports.js';

export interface PortsSeen {
  readonly origin: Origin;
  readonly replies: readonly PortReply[];
  /** Addresses beyond the limit, which were not asked. */
  readonly unasked?: readonly string[] | undefined;
  readonly kubeletVersion: string | undefined;
  readonly expected: readonly Expected[];
}

/** The checks of the ports from one vantage point. */
export function judgePorts(seen: PortsSeen): Check[] {
  const { origin } = seen;
  const of = (name: PortName, path?: string): PortReply[] =>
    seen.replies.filter((one) => one.name === name && (path === undefined || one.path === path));
  const kubelet = of('kubelet');
  const readOnly = of('read-only', '/pods');
  const health = of('health');
  const [rule] = rulesOn('authentication.anonymous.enabled', seen.expected);
  const [portRule] = rulesOn('readOnlyPort', seen.expected);
  const limited = (verdict: Verdict): Verdict => limitedTo(verdict, seen.unasked ?? []);
  return [
    checkOf('anonymous-request-refused', origin, limited(judgeAnonymous(kubelet, rule !== undefined)), {
      playbook: rule?.playbook,
      evidence: kubelet.map(evidenceOf),
    }),
    checkOf('read-only-port-closed', origin, limited(judgeReadOnly(readOnly)), {
      playbook: portRule?.playbook,
      evidence: readOnly.map(evidenceOf),
    }),
    checkOf('checkpoint-not-exposed', origin, limited(judgeCheckpoint(seen.replies, seen.kubeletVersion)), {
      evidence: of('read-only', checkpointPath).map(evidenceOf),
    }),
    checkOf('health-port-local', origin, limited(judgeHealth(health)), { evidence: health.map(evidenceOf) }),
  ];
}

/** A pass needs every address. */
const limitedTo = (verdict: Verdict, unasked: readonly string[]): Verdict =>
  unasked.length === 0 || verdict.status !== 'pass'
    ? verdict
    : unknownVerdict(`the node has ${unasked.length} more addresses than are asked`, verdict.seen);

const statusOf = ({ reply }: PortReply): number | undefined => (reply.kind === 'status' ? reply.status : undefined);
const kindOf = (replies: readonly PortReply[], ...kinds: readonly Reply['kind'][]): PortReply | undefined =>
  replies.find(({ reply }) => kinds.includes(reply.kind));

/** 401: anonymous access is off. 403: it is on, and authorization refuses system:anonymous. Anything else is served. */
export function judgeAnonymous(replies: readonly PortReply[], wantsOff: boolean): Verdict {
  const served = replies.find((one) => ![undefined, 401, 403].includes(statusOf(one)));
  if (served !== undefined) return { status: 'fail', seen: replyText(served.reply), note: 'the request was served' };
  const forbidden = replies.find((one) => statusOf(one) === 403);
  const note = 'anonymous access is on; only authorization refuses the request';
  if (forbidden !== undefined) return { status: wantsOff ? 'fail' : 'pass', seen: '403', note };
  const refused = replies.find((one) => statusOf(one) === 401);
  const bad = kindOf(replies, 'unknown', 'broken', 'no-certificate');
  if (bad !== undefined)
    return unknownVerdict(`${bad.address}: ${replyText(bad.reply)}`, refused === undefined ? 'no answer' : '401');
  if (refused === undefined) return unreached(replies);
  const silent = kindOf(replies, 'filtered', 'no-route');
  return {
    status: 'pass',
    seen: '401',
    note: silent === undefined ? undefined : `${silent.address} cannot be reached from here`,
  };
}

function unreached(replies: readonly PortReply[]): Verdict {
  const silent = kindOf(replies, 'filtered', 'no-route');
  if (silent !== undefined)
    return unknownVerdict(
      'no address answers from here: a firewall drops packets, or there is no route',
      replyText(silent.reply),
    );
  return replies.length === 0
    ? unknownVerdict('no address is known')
    : unknownVerdict('nothing listens on the port', 'refused');
}

/** Refused is proof; silence is not, as a firewall may let others through. */
export function judgeReadOnly(replies: readonly PortReply[]): Verdict {
  const open = replies.find((one) => statusOf(one) !== undefined);
  if (open !== undefined)
    return { status: 'fail', seen: replyText(open.reply), note: 'every pod of the node can be read there' };
  const bad = kindOf(replies, 'broken', 'no-certificate', 'unknown');
  if (bad !== undefined)
    return unknownVerdict(
      `${bad.address}: ${replyText(bad.reply)}`,
      bad.reply.kind === 'unknown' ? 'not asked' : 'listens',
    );
  const silent = kindOf(replies, 'filtered');
  if (silent !== undefined)
    return unknownVerdict(
      `${silent.address} does not answer from here: a firewall may let others through`,
      'no answer',
    );
  if (kindOf(replies, 'refused') === undefined) return unreached(replies);
  const unrouted = kindOf(replies, 'no-route');
  return {
    status: 'pass',
    seen: 'refused',
    note: unrouted === undefined ? undefined : `there is no route to ${unrouted.address} from here`,
  };
}

/** The loopback address is where it belongs: it says that the kubelet lives. */
export function judgeHealth(replies: readonly PortReply[]): Verdict {
  if (replies.length === 0) return { status: 'not-applicable', seen: 'no health port' };
  const far = replies.filter(({ address }) => !isLoopback(address));
  const open = far.find((one) => statusOf(one) !== undefined);
  if (open !== undefined) return { status: 'fail', seen: replyText(open.reply), note: `it answers on ${open.address}` };
  const bad = kindOf(far, 'broken', 'unknown', 'filtered', 'no-certificate');
  if (bad !== undefined) return unknownVerdict(`${bad.address}: ${replyText(bad.reply)}`, 'no answer');
  if (far.length === 0) return unknownVerdict('no address is known');
  return kindOf(far, 'refused') === undefined ? unreached(far) : { status: 'pass', seen: 'refused' };
}

/** A path below which a POST makes a checkpoint. It is asked by GET, which never makes one. */
export const checkpointPath = '/checkpoint/kubelatch/none/none';

/** Kubelets that make checkpoints for everybody on their read-only port, by the versions of CVE-2025-0426. */
export function hasCheckpointFlaw(version: string): boolean | undefined {
  if (parseKubeVersion(version) === undefined) return undefined;
  const ranges = ['>=1.25 <1.29', '>=1.29 <1.29.14', '>=1.30 <1.30.10', '>=1.31 <1.31.6', '>=1.32 <1.32.2'];
  return ranges.some((range) => satisfies(version, range) === true);
}

/** 404: the path is not served. 405 with this text: served on 10250 only. Any other 405: a POST would be served. */
const disabledText = 'Debug endpoints are disabled';

export function judgeCheckpoint(replies: readonly PortReply[], version: string | undefined): Verdict {
  const port = judgeReadOnly(replies.filter(({ name, path }) => name === 'read-only' && path === '/pods'));
  if (port.status === 'pass') return { status: 'pass', seen: 'the read-only port is closed' };
  const flawed = version === undefined ? undefined : hasCheckpointFlaw(version);
  const of = version === undefined ? 'the version is not known' : `the version is ${version}`;
  if (flawed === false) return { status: 'pass', seen: 'a version without the flaw', note: of };
  const asked = replies.filter(({ name, path }) => name === 'read-only' && path === checkpointPath);
  const answers = asked.flatMap(({ reply }) => (reply.kind === 'status' ? [reply] : []));
  const isClosed = ({ status, body }: { readonly status: number; readonly body: string }): boolean =>
    status === 404 || (status === 405 && body.includes(disabledText));
  if (answers.length > 0 && answers.every(isClosed))
    return { status: 'pass', seen: String(answers[0]?.status), note: `${of}; the port does not serve the path` };
  const [first] = answers;
  if (first?.status === 405)
    return {
      status: 'fail',
      seen: '405',
      note: `${of}; the port serves the path to everybody: update the kubelet or close the port`,
    };
  if (port.status === 'fail' && flawed === true)
    return {
      status: 'fail',
      seen: first === undefined ? 'open' : String(first.status),
      note: `${of}, and the read-only port is open`,
    };
  return unknownVerdict(port.status === 'fail' ? `${of}, and the port does not tell` : (port.note ?? of), port.seen);
}
