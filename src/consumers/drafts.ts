/** Brings together what is known of each client: what was counted, what was seen, what is set up. Pure. */
import { unique } from '../lib/lists.js';
import type { LiveClient, WatchedHost } from './clients.js';
import type { RequestGrowth } from './counters.js';
import { type ClientPort, productOf } from './products.js';
import { rightForPath } from './rbac.js';
import type { ConfigHit } from './scan.js';
import { ownerText } from './workloads.js';

/** Names of the hosts on which a change closes a way in; what closes nowhere is nobody's concern. */
export interface Closing {
  /** readOnlyPort becomes 0. */
  readonly readOnly: readonly string[];
  /** Requests without credentials are refused. */
  readonly anonymous: readonly string[];
  /** Rights are checked: authorization.mode becomes Webhook. */
  readonly webhook: readonly string[];
}

/** One client of one port. */
export interface Draft {
  readonly port: ClientPort;
  /** `DaemonSet monitoring/agent`. */
  readonly object: string;
  /** Undefined where it is unknown. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined;
  /** Hosts on which it was seen. */
  readonly hosts: readonly string[];
  /** Strongest first: counters, connections, configuration. */
  readonly evidence: readonly string[];
  /** Seen at work, and not only set up. */
  readonly isLive: boolean;
  /** Its configuration says that it sends no credentials. */
  readonly isSureAnonymous: boolean;
  /** A pod, or an object of the cluster: somebody whose configuration can be changed. */
  readonly isNamed: boolean;
  /** What to change in it; empty where nothing is known of it. */
  readonly fix: string;
  /** Rights that it needs on port 10250, such as `nodes/metrics`. */
  readonly rights: readonly string[];
}

interface Parts {
  readonly live: LiveClient[];
  readonly hits: ConfigHit[];
}

/** What was counted and nobody was found for, host by host. */
export interface Unexplained {
  readonly host: WatchedHost;
  readonly growth: readonly RequestGrowth[];
}

export interface Drafts {
  readonly drafts: readonly Draft[];
  readonly unexplained: readonly Unexplained[];
}

export function draftsOf(
  closing: Closing,
  hosts: readonly WatchedHost[],
  live: readonly LiveClient[],
  hits: readonly ConfigHit[],
): Drafts {
  const closes = (port: ClientPort): readonly string[] =>
    port === 'read-only' ? closing.readOnly : unique([...closing.anonymous, ...closing.webhook]);
  const byClient = new Map<string, Parts>();
  const partsOf = (port: ClientPort, object: string): Parts => {
    const key = JSON.stringify([port, object]);
    const parts = byClient.get(key) ?? { live: [], hits: [] };
    byClient.set(key, parts);
    return parts;
  };
  for (const one of live) if (closes(one.port).includes(one.host)) partsOf(one.port, one.object).live.push(one);
  for (const one of hits) if (closes(one.port).length > 0) partsOf(one.port, ownerText(one.owner)).hits.push(one);
  const drafts = [...byClient].map(([key, parts]) => {
    const [port, object] = JSON.parse(key) as [ClientPort, string];
    const suspects = port === 'read-only' ? closing.readOnly : [];
    return draftOf(port, object, parts, { hosts, suspects });
  });
  return { drafts, unexplained: unexplainedOn(closing, hosts, drafts) };
}

/** `suspects`: hosts whose counters may be of a client that was seen on none. */
function draftOf(
  port: ClientPort,
  object: string,
  { live, hits }: Parts,
  { hosts, suspects }: { readonly hosts: readonly WatchedHost[]; readonly suspects: readonly string[] },
): Draft {
  const seenOn = unique(live.map(({ host }) => host));
  const counted = hosts.filter(({ host }) => (seenOn.length > 0 ? seenOn : suspects).includes(host));
  const [pod] = live.flatMap((one) => one.pod ?? []);
  const [hit] = hits;
  const product = productOf(pod?.images ?? []);
  const paths = counted.flatMap((host) => grown(host, port).map(({ path }) => path));
  const rights = product?.rights ?? unique(paths.map(rightForPath)).filter((right) => right !== 'nodes/proxy');
  return {
    port,
    object,
    serviceAccount: accountOf(pod, hit),
    hosts: seenOn,
    evidence: unique([
      ...counted.flatMap((host) => growthTexts(host, port)),
      ...live.map(({ evidence }) => evidence),
      ...hits.map(({ evidence }) => evidence),
    ]),
    isLive: live.length > 0,
    isSureAnonymous: hits.some((one) => one.isSure),
    isNamed: pod !== undefined || hit !== undefined,
    fix: unique([...hits.map((one) => one.fix), product?.fix ?? '']).filter((text) => text !== '')[0] ?? '',
    rights: rights.length === 0 ? ['nodes/metrics'] : rights,
  };
}

function accountOf(pod: LiveClient['pod'], hit: ConfigHit | undefined): Draft['serviceAccount'] {
  if (pod !== undefined) return { namespace: pod.owner.namespace, name: pod.serviceAccount };
  if (hit?.serviceAccount === undefined) return undefined;
  return { namespace: hit.owner.namespace, name: hit.serviceAccount };
}

const serverOf = (port: ClientPort): RequestGrowth['server'] => (port === 'read-only' ? 'readonly' : 'readwrite');

/** Requests that were counted while this program looked on. */
export function grown({ watched: { counters } }: WatchedHost, port: ClientPort): readonly RequestGrowth[] {
  return counters.ok ? counters.value.filter((one) => one.server === serverOf(port) && one.count > 0) : [];
}

/** Most used first. */
export function growthTexts(host: WatchedHost, port: ClientPort): string[] {
  const number = (port === 'read-only' ? host.watched.readOnly : host.watched.kubelet)[0] ?? 0;
  return grown(host, port)
    .toSorted((one, other) => other.count - one.count)
    .slice(0, 3)
    .map(({ path, count, total }) => {
      const requests = `${count} ${count === 1 ? 'request' : 'requests'} for ${path.slice(0, 80)}`;
      return `${host.host}: the kubelet counted ${requests} on port ${number} in ${host.watched.seconds} s, ${total} since it started`;
    });
}

/** Paths that an earlier run of this program asked for, too. */
const ownPaths: readonly string[] = ['/pods'];

/** Of the read-only port alone: on 10250 the API server's own requests are counted, too. */
function unexplainedOn(closing: Closing, hosts: readonly WatchedHost[], drafts: readonly Draft[]): Unexplained[] {
  const known = drafts.filter(({ port }) => port === 'read-only');
  const hasSetUp = known.some(({ isLive, isNamed }) => !isLive && isNamed);
  return hosts.flatMap((host) => {
    const { counters } = host.watched;
    const isExplained = hasSetUp || known.some((one) => one.hosts.includes(host.host));
    if (!counters.ok || isExplained || !closing.readOnly.includes(host.host)) return [];
    const used = counters.value.filter(
      ({ server, path, count, total }) => server === 'readonly' && total > 0 && (count > 0 || !ownPaths.includes(path)),
    );
    return used.length === 0 ? [] : [{ host, growth: used }];
  });
}
