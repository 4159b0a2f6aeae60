/** Asks each port of a node without credentials, on each of its addresses, from one vantage point. */
import pLimit from 'p-limit';
import { type HttpAnswer, type PortRequest, requestOn } from '../facts/node-http.js';
import { canonicalAddress, hostAndPort, isEveryAddress, isLoopback } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';
import { oneLine } from '../lib/sanitize.js';
import type { Vantage } from './vantage.js';

export type Reply =
  | Exclude<HttpAnswer, { kind: 'broken' }>
  | { readonly kind: 'filtered' | 'no-route' | 'broken'; readonly reason: string }
  /** TLS alert 80: the kubelet has no certificate to show. */
  | { readonly kind: 'no-certificate' };

export type PortName = 'kubelet' | 'read-only' | 'health';

export interface PortReply {
  readonly port: number;
  readonly name: PortName;
  readonly address: string;
  readonly path: string;
  readonly reply: Reply;
}

/** The ports of one kubelet; 0 is no port. */
export interface NodePorts {
  readonly kubelet: readonly number[];
  readonly readOnly: readonly number[];
  readonly health: number;
}

export interface PortAsk {
  readonly ports: NodePorts;
  readonly addresses: readonly string[];
  /** Milliseconds to connect, and again to get an answer. */
  readonly deadline: number;
  /** Asked beside /pods on the read-only port. */
  readonly readOnlyPaths?: readonly string[] | undefined;
  readonly stop: AbortSignal;
}

/** Connections from one vantage point to one node at a time. */
const atOnce = 4;
/** Addresses of one node that are asked. */
export const maxAddresses = 16;

/** Connects to every port on every address, and sends a GET without credentials where one is open. */
export async function askPorts(vantage: Vantage, ask: PortAsk): Promise<PortReply[]> {
  const limit = pLimit(atOnce);
  const { ports, readOnlyPaths = [] } = ask;
  const wanted = ask.addresses
    .slice(0, maxAddresses)
    .flatMap((address) => [
      ...ports.kubelet.map((port) => ({ name: 'kubelet' as const, address, port, path: '/pods' })),
      ...ports.readOnly.flatMap((port) =>
        ['/pods', ...readOnlyPaths].map((path) => ({ name: 'read-only' as const, address, port, path })),
      ),
      ...(ports.health === 0 ? [] : [{ name: 'health' as const, address, port: ports.health, path: '/healthz' }]),
    ]);
  return Promise.all(
    wanted.map((one) =>
      limit(async () => {
        const scheme = one.name === 'kubelet' ? 'https' : 'http';
        const reply = ask.stop.aborted
          ? ({ kind: 'unknown', reason: 'cancelled' } as const)
          : await askOne(vantage, {
              scheme,
              host: one.address,
              port: one.port,
              path: one.path,
              deadline: ask.deadline,
            });
        return { ...one, reply };
      }),
    ),
  );
}

/** One GET, with the bearer token of `ask` if it has one. */
export async function askOne(vantage: Vantage, ask: PortRequest): Promise<Reply> {
  const opened = await vantage.open(ask.host, ask.port, ask.deadline);
  if (opened.kind === 'open') return replyOf(await requestOn(opened.stream, ask));
  // A token in the arguments of a program would be seen by every process of the node.
  if (opened.kind !== 'unknown' || vantage.requestWithoutStream === undefined || ask.bearer !== undefined)
    return opened;
  return replyOf(await vantage.requestWithoutStream(ask));
}

function replyOf(answer: HttpAnswer): Reply {
  if (answer.kind !== 'broken') return answer;
  if (isInternalError(answer.code)) return { kind: 'no-certificate' };
  return { kind: 'broken', reason: oneLine(answer.reason, 120) };
}

/** OpenSSL's name of TLS alert 80, whose prefix differs by its version. */
const isInternalError = (code: string | undefined): boolean => /_ALERT_INTERNAL_ERROR$/.test(code ?? '');

/** `10.0.0.1:10250/pods: 401`. */
export const evidenceOf = ({ address, port, path, reply }: PortReply): string =>
  `${hostAndPort(address, port)}${path}: ${replyText(reply)}`;

export function replyText(reply: Reply): string {
  switch (reply.kind) {
    case 'status':
      return String(reply.status);
    case 'refused':
      return 'refused';
    case 'filtered':
      return 'no answer';
    case 'no-route':
      return `no route (${reply.reason})`;
    case 'no-certificate':
      return 'TLS alert 80, no certificate';
    case 'broken':
      return `it listens, but the exchange failed (${reply.reason})`;
    case 'unknown':
      return `not asked (${reply.reason})`;
  }
}

/** Addresses that are asked on the node itself: both loopback addresses, and every one of its own. */
export const addressesOnNode = (own: readonly string[]): string[] =>
  unique(['127.0.0.1', '::1', ...own.map(canonicalAddress).filter((one) => !isLinkLocal(one))]);

/** Addresses that are asked from other machines. A node's word for an address is taken only for one that it can have. */
export const addressesFromOutside = (own: readonly string[]): string[] =>
  unique(own.map(canonicalAddress).filter((one) => isAddress(one) && !isLocalOnly(one)));

const isAddress = (text: string): boolean => /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*)$/.test(text);
const isLinkLocal = (address: string): boolean => /^(169\.254\.|fe[89ab][0-9a-f]:)/.test(address);
const isLocalOnly = (address: string): boolean =>
  isLoopback(address) || isEveryAddress(address) || isLinkLocal(address) || /^(2(2[4-9]|[3-5]\d)\.|ff)/.test(address);
