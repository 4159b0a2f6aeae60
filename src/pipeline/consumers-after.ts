/** Asks for the same clients again once their ports are closed, and says what became of them. */
import type { Cluster } from '../cluster/cluster.js';
import { type LiveClient, type WatchedHost, liveClients } from '../consumers/clients.js';
import type { Draft } from '../consumers/drafts.js';
import { growthTexts } from '../consumers/drafts.js';
import { isBreaking } from '../consumers/findings.js';
import { readPods } from '../consumers/read-objects.js';
import { watchClients } from '../consumers/watch.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Outcome } from '../run/outcome.js';
import { type Consumers, knownOf } from './consumers.js';
import { type Run, hostNamed } from './context.js';
import { hostLimit } from './host-limit.js';

/** Hosts that are looked at again. A client of more nodes than that is on some of them. */
const maxHosts = 20;

/** One sentence for each client that was found before; empty where none was, or where no host was changed. */
export async function notesAfter(
  run: Run,
  cluster: Cluster | undefined,
  before: Consumers | undefined,
  outcomes: readonly Outcome[],
): Promise<readonly string[]> {
  if (cluster === undefined || before === undefined) return [];
  const changed = new Set(outcomes.filter(({ outcome }) => outcome === 'confirmed').map(({ host }) => host));
  const failing = new Set(before.findings.filter(isBreaking).map(({ object }) => object));
  const drafts = before.drafts.filter(({ object }) => failing.has(object));
  if (drafts.length === 0 || changed.size === 0) return [];
  const seenOn = new Set(drafts.flatMap(({ hosts }) => hosts));
  const again = before.hosts.filter(({ host }) => changed.has(host) && seenOn.has(host)).slice(0, maxHosts);
  const limit = hostLimit(run.forks);
  const looks = await Promise.all(
    again.map((one) => limit(hostNamed(run, one.host), () => watchAgain(run, cluster, one))),
  );
  const hosts = looks.flatMap((one) => (one.ok ? [one.value] : []));
  const live = liveClients(hosts, await knownOf(cluster, await readPods(cluster.api)));
  return [
    ...drafts.map((draft) => noteOf(draft, hosts, live, changed)),
    ...looks.flatMap((one) => (one.ok ? [] : [`clients could not be looked for again on ${one.error}`])),
  ];
}

async function watchAgain(run: Run, cluster: Cluster, before: WatchedHost): Promise<Result<WatchedHost, string>> {
  const { host, nodeName, watched } = before;
  const session = await run.connector.connect(hostNamed(run, host));
  if (!session.ok) return fail(`${host}: ${session.error.message}`);
  try {
    const { readOnly, api, unit } = watched;
    const how = { gateway: cluster.api, observe: run.consumers?.observe ?? 0, timeout: run.timeout };
    return ok({
      host,
      nodeName,
      watched: await watchClients(session.value, nodeName, { readOnly, kubelet: api, api, unit }, how),
    });
  } finally {
    await session.value.close();
  }
}

function noteOf(
  { object, port, hosts: seenOn, isLive }: Draft,
  hosts: readonly WatchedHost[],
  live: readonly LiveClient[],
  changed: ReadonlySet<string>,
): string {
  const what = port === 'read-only' ? 'the read-only port' : 'port 10250 without rights';
  if (!isLive) return `${object} is set up to use ${what}, which ${changed.size} changed hosts refuse now`;
  const looked = hosts.filter(({ host }) => seenOn.includes(host));
  const still = live.filter((one) => one.object === object && looked.some(({ host }) => host === one.host));
  const seconds = Math.max(0, ...looked.map(({ watched }) => watched.seconds));
  if (still.length === 0)
    return `${object} used ${what} before the change, and was not seen in ${seconds} s after it: it is shut out, or waits`;
  const onApi = still.filter((one) => one.port === 'kubelet');
  const names = [...new Set(still.map(({ host }) => host))].join(', ');
  if (onApi.length === 0) return `${object} still holds connections to ${what} of ${names}`;
  if (port === 'read-only') return `${object} used ${what} before the change, and uses port 10250 of ${names} now`;
  const counted = looked.flatMap((host) => growthTexts(host, 'kubelet')).slice(0, 1);
  const growth = counted.length === 0 ? '' : ` (${counted.join('')})`;
  return `${object} still calls port 10250 of ${names}, and gets 401 or 403 until it has credentials and rights${growth}`;
}
