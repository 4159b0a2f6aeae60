/** What a node tells of connections with the kubelet's ports (src/node/connections.sh). Its words are not trusted. Pure. */
import { kernelEndpoint } from '../lib/ip-address.js';
import { oneLine } from '../lib/sanitize.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A client of one of the node's own ports. */
export interface Incoming {
  readonly port: number;
  readonly peer: Endpoint;
}

/** A connection that a process in the node's own network began: of a pod with hostNetwork, or of the node itself. */
export interface Outgoing {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Undefined where it had ended before it could be found. */
  readonly process: LocalProcess | undefined;
}

export interface LocalProcess {
  readonly pid: number;
  readonly name: string;
  /** Of the pod whose container it is in. */
  readonly podUid: string | undefined;
  /** The systemd unit that it belongs to, if it is in no pod. */
  readonly unit: string | undefined;
}

export interface Connections {
  readonly incoming: readonly Incoming[];
  readonly outgoing: readonly Outgoing[];
}

/** Undefined where the answer does not end as it should. */
export function parseConnections(text: string): Connections | undefined {
  const lines = text.split('\n');
  if (lines.at(-2) !== 'end' || lines.at(-1) !== '') return undefined;
  const incoming: Incoming[] = [];
  const outgoing = new Map<string, Outgoing>();
  for (const line of lines) {
    const [word, first = '', second = '', ...rest] = line.split(' ');
    const local = kernelEndpoint(first);
    const remote = kernelEndpoint(second);
    if (local === undefined || remote === undefined) continue;
    if (word === 'in') incoming.push({ port: local.port, peer: remote });
    if (word === 'out' && !outgoing.has(`${first} ${second}`))
      outgoing.set(`${first} ${second}`, { local, remote, process: undefined });
    if (word === 'from') outgoing.set(`${first} ${second}`, { local, remote, process: parseProcess(rest) });
  }
  return { incoming, outgoing: [...outgoing.values()] };
}

const decode = (text: string): string => Buffer.from(text.replace(/\.$/, ''), 'base64').toString('utf8');

function parseProcess([pid = '', name = '', cgroup = '']: readonly string[]): LocalProcess | undefined {
  if (!/^[1-9]\d{0,9}$/.test(pid)) return undefined;
  const group = decode(cgroup).slice(0, 8192);
  const podUid = podUidIn(group);
  const unit = podUid === undefined ? unitIn(group) : undefined;
  return { pid: Number(pid), name: oneLine(decode(name), 40), podUid, unit };
}

/** `kubepods/burstable/pod<UID>/…` or, by systemd, `kubepods-burstable-pod<UID with underscores>.slice`. */
function podUidIn(group: string): string | undefined {
  const found = /\/kubepods[^\n]{0,200}?[/-]pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?=[./\n]|$)/i.exec(
    group,
  );
  return found?.[1]?.replaceAll('_', '-').toLowerCase();
}

/** The innermost unit by systemd's own hierarchy, or the unified one. */
function unitIn(group: string): string | undefined {
  const path = /^(?:\d{1,3}:name=systemd|0:):(\/[^\n]{0,1000})$/m.exec(group)?.[1] ?? '';
  return path
    .split('/')
    .toReversed()
    .find((part) => /^[\w@.:\\-]{1,100}\.(service|scope)$/.test(part));
}
