/** What a kubelet's ports answer to a client without credentials, on every address they listen on. */
import { canonicalAddress, isEveryAddress, isLoopback } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';
import type { Direct, Session } from '../ssh/session.js';
import { type PortsView, probeAddresses, knownPorts, portsOf, readOnlyPorts } from './kubelet-ports.js';
import type { NodeFacts } from './node-facts.js';
import { type PortRequest, type HttpAnswer, requestDirectly, requestThroughNode } from './node-http.js';

export interface AnonymousAnswer {
  readonly port: number;
  /** The address that received the request. */
  readonly host: string;
  /** Where the request came from: the node itself, or the machine that runs kubelatch. */
  readonly from: 'node' | 'here';
  readonly answer: HttpAnswer;
}

export interface ExposedPort {
  readonly port: number;
  /** The addresses the port listens on, as the node lists them, each with its answer. */
  readonly listening: readonly { readonly address: string; readonly answer: HttpAnswer }[];
  /** All requests made, including those in `listening`. */
  readonly answers: readonly AnonymousAnswer[];
}

export interface ExposedPorts {
  readonly kubelet: readonly ExposedPort[];
  readonly readOnly: readonly ExposedPort[];
  /** True if the node lists its listening ports. Otherwise there may be more addresses than those probed. */
  readonly listed: boolean;
}

/** Limit on probed addresses per port. A kubelet uses one or two. */
const maxAddresses = 16;
/** Milliseconds for a request from this machine. A firewall that drops packets must not slow down the whole run. */
const directDeadline = 2000;

/** The ports to probe, and what the node reports about them. */
export interface PortsToProbe {
  readonly kubelet: readonly number[];
  readonly readOnly: readonly number[];
  /** The address that the kubelet's files bind it to. */
  readonly address: string | undefined;
  /** The listeners on these ports. */
  readonly listening: NodeFacts['listening'];
  /** The node's own addresses, as it reports them. */
  readonly addresses: readonly string[];
  /** True if the node lists its listening ports. Otherwise there may be more addresses than those probed. */
  readonly listed: boolean;
}

export function portsToProbe(view: PortsView): PortsToProbe {
  const ports = portsOf(view);
  const api = knownPorts(view, 'port');
  const kubelet = api.length === 0 ? [ports.kubelet] : api;
  const readOnly = readOnlyPorts(ports);
  const { listening, addresses = [] } = view.facts;
  const asked = new Set([...kubelet, ...readOnly]);
  return {
    kubelet,
    readOnly,
    address: ports.address,
    listening: listening.filter(({ port }) => asked.has(port)),
    addresses,
    listed: listening.length > 0,
  };
}

interface Asked extends PortsToProbe {
  readonly session: Session;
  readonly deadline: number;
}

/** Requests the list of pods without credentials. `deadline` in milliseconds per request. */
export async function probePorts(session: Session, questions: PortsToProbe, deadline: number): Promise<ExposedPorts> {
  const asked = { ...questions, session, deadline };
  const [kubelet, readOnly] = await Promise.all([
    Promise.all(questions.kubelet.map((port) => probePort(asked, 'https', port))),
    Promise.all(questions.readOnly.map((port) => probePort(asked, 'http', port))),
  ]);
  return { kubelet, readOnly, listed: questions.listed };
}

async function probePort(asked: Asked, scheme: PortRequest['scheme'], port: number): Promise<ExposedPort> {
  const { session, address, deadline } = asked;
  const bound = unique(asked.listening.filter((one) => one.port === port).map((one) => one.address));
  const ask = { scheme, port, path: '/pods' };
  const direct = ownAddress(session, asked);
  const fromNode = async (hosts: readonly string[]): Promise<AnonymousAnswer> => {
    const own = hosts.filter((host) => isOwn(asked, host));
    let last: AnonymousAnswer = { port, host: hosts[0] ?? '', from: 'node', answer: notOwn };
    for (const host of own) {
      last = { port, host, from: 'node', answer: await requestThroughNode(session, { ...ask, host, deadline }) };
      if (last.answer.kind !== 'refused') break;
    }
    return last;
  };
  const fromHere = async (way: Direct): Promise<AnonymousAnswer> => {
    const answer = await requestDirectly(way, { ...ask, deadline: Math.min(deadline, directDeadline) });
    return { port, host: way.address, from: 'here', answer };
  };
  // If the node lists no listener on the port, probe the addresses a kubelet would normally use.
  const expected = address === undefined || isEveryAddress(address) ? [] : [[canonicalAddress(address)]];
  const groups =
    bound.length > 0 ? bound.slice(0, maxAddresses).map(probeAddresses) : [['127.0.0.1'], ['::1'], ...expected];
  const reached = direct !== undefined && (bound.length === 0 || bound.some((one) => isSeenAt(one, direct.address)));
  const [ofGroups, ofAddress, here] = await Promise.all([
    Promise.all(groups.map(fromNode)),
    reached && !groups.flat().includes(direct.address) ? fromNode([direct.address]) : undefined,
    reached ? fromHere(direct) : undefined,
  ]);
  const listening = bound.map((one, at) => ({ address: one, answer: ofGroups[at]?.answer ?? tooMany }));
  return { port, listening, answers: [...ofGroups, ofAddress, here].filter((one) => one !== undefined) };
}

const notOwn: HttpAnswer = { kind: 'unknown', reason: "not probed, because it is not one of the node's own addresses" };
const tooMany: HttpAnswer = {
  kind: 'unknown',
  reason: `not probed, because only the first ${maxAddresses} addresses are`,
};

/** A listener bound to `address` also answers on `seen`. */
const isSeenAt = (address: string, seen: string): boolean => isEveryAddress(address) || address === seen;

/** Only the node's own addresses are probed: a node could otherwise make us send requests to other machines. */
function isOwn({ addresses }: PortsToProbe, host: string): boolean {
  return addresses.length === 0 || isLoopback(host) || addresses.includes(host);
}

/**
 * A direct connection to the node without SSH. Only if SSH connected to one of the node's own addresses, not through a jump
 * host or NAT.
 */
function ownAddress({ direct }: Session, { addresses }: PortsToProbe): Direct | undefined {
  return direct !== undefined && !isLoopback(direct.address) && addresses.includes(direct.address) ? direct : undefined;
}
