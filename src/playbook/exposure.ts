/** Findings on what a kubelet's ports answer to anonymous requests. Reported with every playbook. Pure. */
import { type Source, settingAt } from '../facts/effective-kubelet.js';
import type { AnonymousAnswer, ExposedPort } from '../facts/exposed-ports.js';
import { isEveryAddress, isLoopback } from '../lib/ip-address.js';
import type { Finding, FindingStatus, NodeView } from './assess.js';

interface Verdict {
  readonly status: FindingStatus;
  readonly got: string | undefined;
  readonly source?: Source | undefined;
  readonly note?: string | undefined;
}

const denials: readonly number[] = [401, 403];

export function assessExposure(view: NodeView): Finding[] {
  const { exposed } = view;
  if (exposed === undefined) return [];
  const portsIn = (list: readonly ExposedPort[]): string =>
    `${list.length > 1 ? 'ports' : 'port'} ${list.map(({ port }) => port).join(' and ')}`;
  const api = portsIn(exposed.kubelet);
  return [
    finding(
      'anonymous-request-refused',
      `${api.charAt(0).toUpperCase()}${api.slice(1)} ${exposed.kubelet.length > 1 ? 'refuse' : 'refuses'} an anonymous request`,
      '401 or 403',
      judgeApi(view, exposed.kubelet),
    ),
    finding(
      'read-only-port-closed',
      `Nothing listens on ${portsIn(exposed.readOnly)}`,
      'refused',
      judgeReadOnly(view, exposed.readOnly),
    ),
  ];
}

/** Passes only if each address with a listener refused. Without any listener there is no proof of a refusal. */
function judgeApi(view: NodeView, ports: readonly ExposedPort[]): Verdict {
  const answers = ports.flatMap((one) => one.answers);
  const listening = ports.flatMap((one) => one.listening);
  const served = answers.filter(({ answer }) => answer.kind === 'status' && !denials.includes(answer.status));
  if (served.length > 0) return exposed(view, served, answers);
  const unjudged = unjudgedBy(view, answers);
  if (unjudged !== undefined) return unjudged;
  if (listening.length === 0) {
    if (!servesApi(view))
      return { status: 'pass', got: 'refused', note: 'enableServer is false, so this port is not used' };
    return unknown('refused', 'the kubelet runs, but nothing listens on this port');
  }
  const open = listening.find(({ answer }) => answer.kind !== 'status');
  if (open !== undefined) return unknown(open.answer.kind, noAnswer(open.address, open.answer));
  const unreached = answers.some(({ from, answer }) => from === 'here' && answer.kind !== 'status');
  return { status: 'pass', got: gotOf(answers), note: unreached ? notReachable : undefined };
}

function judgeReadOnly(view: NodeView, ports: readonly ExposedPort[]): Verdict {
  const answers = ports.flatMap((one) => one.answers);
  const served = answers.filter(({ answer }) => answer.kind === 'status');
  if (served.length > 0) return exposed(view, served, answers);
  const unjudged = unjudgedBy(view, answers);
  if (unjudged !== undefined) return unjudged;
  const [open] = ports.flatMap((one) => one.listening);
  if (open !== undefined) return unknown(open.answer.kind, noAnswer(open.address, open.answer));
  const isUnreached = ({ from, answer }: AnonymousAnswer): boolean => from === 'here' && answer.kind === 'unknown';
  const unanswered = answers.find((one) => one.answer.kind !== 'refused' && !isUnreached(one));
  if (unanswered !== undefined) return unknown(unanswered.answer.kind, noAnswer(unanswered.host, unanswered.answer));
  return { status: 'pass', got: 'refused', note: answers.some(isUnreached) ? notReachable : undefined };
}

/** Why answers other than an open port prove nothing: the listeners are unknown, or no kubelet runs. */
function unjudgedBy({ exposed: ports, setup }: NodeView, answers: readonly AnonymousAnswer[]): Verdict | undefined {
  if (setup.process === undefined) return unknown(gotOf(answers), 'no kubelet is running');
  if (ports?.listed !== true) return unknown(gotOf(answers), 'the node does not report its listening addresses');
  return undefined;
}

function exposed(view: NodeView, served: readonly AnonymousAnswer[], all: readonly AnonymousAnswer[]): Verdict {
  const verdict = { status: 'fail', got: gotOf(served) } as const;
  // An answer on the loopback address is the plain case and needs no note.
  if (served.some(({ from, host }) => from === 'node' && isLoopback(host))) return verdict;
  const [first] = served.filter(({ from }) => from === 'node');
  if (first === undefined) {
    const refused = all.every(
      ({ from, answer }) => from === 'here' || answer.kind === 'status' || answer.kind === 'refused',
    );
    const onNode = refused ? ', but refused a request from the node itself' : '';
    return { ...verdict, note: `answered a request from this machine${onNode}` };
  }
  const elsewhere = all.some(({ from, host }) => from === 'node' && isLoopback(host))
    ? ', but not on the loopback address'
    : '';
  // Same wording on every node, so that findings can be grouped although addresses differ.
  const own = view.facts.addresses?.includes(first.host) === true ? "the node's own address" : first.host;
  return { ...verdict, source: sourceOfAddress(view), note: `answered on ${own}${elsewhere}` };
}

/** Where the kubelet's bind address is set. Undefined if it listens on every address. */
function sourceOfAddress({ setup }: NodeView): Source | undefined {
  const setting = settingAt(setup.sources, 'address');
  return typeof setting?.value === 'string' && !isEveryAddress(setting.value) ? setting.source : undefined;
}

/** Whether the kubelet is configured to serve its API, according to the running kubelet or its files. */
function servesApi({ setup: { sources }, configz }: NodeView): boolean {
  const configured = configz === undefined ? settingAt(sources, 'enableServer')?.value : configz['enableServer'];
  return configured !== false;
}

/** The port with an open read-only server, or 0 if it is closed. Undefined if unknown. */
export function readOnlyPortSeen(view: NodeView): number | undefined {
  const ports = view.exposed?.readOnly ?? [];
  const { status } = ports.length === 0 ? unknown(undefined, '') : judgeReadOnly(view, ports);
  if (status === 'pass') return 0;
  const served = ports.flatMap(({ answers }) => answers).find(({ answer }) => answer.kind === 'status');
  return status === 'fail' ? served?.port : undefined;
}

const unknown = (got: string | undefined, reason: string): Verdict => ({
  status: 'unknown',
  got,
  note: `not judged: ${reason}`,
});

const noAnswer = (host: string, answer: AnonymousAnswer['answer']): string =>
  'reason' in answer ? `${host}: ${answer.reason}` : `${host}: the port has a listener, but the connection was refused`;

/** For example because of a firewall. That proves nothing and is not a fault. */
const notReachable = 'probed from the node itself, because the port is not reachable from this machine';

/** The first status, else the kind of the first answer. */
function gotOf(answers: readonly AnonymousAnswer[]): string | undefined {
  for (const { answer } of answers) if (answer.kind === 'status') return String(answer.status);
  return answers[0]?.answer.kind;
}

function finding(rule: string, title: string, wantText: string, { status, got, source, note }: Verdict): Finding {
  return {
    ...{ rule, playbook: 'kubelatch', title, severity: 'critical', status, got, source, note },
    ...{ setting: undefined, want: undefined, wantText },
    references: { cis: {}, stig: [], docs: [] },
  };
}
