/** What the gate asks of the API server: lease, Ready, and the kubelet's own configuration through it. */
import type { Cluster } from '../cluster/cluster.js';
import type { NodeStatus } from '../cluster/nodes.js';
import { configzValue } from '../facts/effective-kubelet.js';
import { sameSetting } from '../facts/same-setting.js';
import { settingByPath } from '../facts/settings.js';
import { monotonic } from '../lib/clock.js';
import { oneLine } from '../lib/sanitize.js';
import type { ExpectedSetting } from '../plan/planned-rules.js';
import type { Check, GateOptions, GateProbe } from './check.js';
import { interval } from './poll-all.js';

const renewalsWanted = 2;
/** Milliseconds for which nodes that are gated at the same time share one list, unless the cluster is large. */
const viewAge = interval;
/** Of the time that a lease holds: a kubelet renews it after a quarter, so that three renewals are missing then. */
const leaseShare = 0.75;

export function clusterProbes(options: GateOptions): GateProbe[] {
  const { cluster, nodeName, expect, controlPlane, timing } = options;
  const names = ['lease', 'ready', 'configz', ...(controlPlane ? ['api-server-readyz', 'etcd'] : [])];
  if (cluster === undefined || nodeName === undefined) {
    const seen = { expected: 'a check through the API server', seen: 'no access to the API server', passed: false };
    return [{ checks: names.map((check) => ({ check, ...seen, unchecked: true })), poll: () => Promise.resolve() }];
  }
  return [
    nodeProbe(cluster, nodeName, timing.settle),
    configzProbe(cluster, nodeName, expect),
    ...(controlPlane ? [readyzProbe(cluster), etcdProbe(cluster)] : []),
  ];
}

/** One read of the Node answers both: whether the kubelet renews its lease, and whether it stays Ready. */
function nodeProbe(cluster: Cluster, nodeName: string, settle: number): GateProbe {
  const lease: Check = {
    check: 'lease',
    expected: `renewed ${renewalsWanted} times since the restart`,
    seen: 'not checked yet',
    passed: false,
  };
  const ready: Check = {
    check: 'ready',
    expected: `Ready for ${settle / 1000} s`,
    seen: 'not checked yet',
    passed: false,
  };
  const renewals = new Set<string>();
  let readySince: number | undefined;
  let seenAt = 0;
  const judgeLease = ({ leaseRenewed, leaseSeconds }: NodeStatus): void => {
    if (leaseRenewed !== undefined) renewals.add(leaseRenewed);
    // The first time seen may be from before the restart: only those after it count.
    const counted = Math.max(0, renewals.size - 1);
    const isStale = leaseRenewed !== undefined && leaseSeconds !== undefined && counted === 0;
    const denied = isStale ? { atLeast: leaseSeconds * 1000 * leaseShare } : undefined;
    Object.assign(lease, { passed: counted >= renewalsWanted, seen: `renewed ${counted} times`, denied });
  };
  const judgeReady = (node: NodeStatus): void => {
    readySince = node.ready === 'True' ? (readySince ?? monotonic()) : undefined;
    if (readySince === undefined) {
      const seen = `Ready=${node.ready}: ${node.reason}`;
      Object.assign(ready, { passed: false, seen, held: undefined, denied: { atLeast: 0 } });
      return;
    }
    const ms = monotonic() - readySince;
    const seen = `Ready for ${Math.round(ms / 1000)} s`;
    Object.assign(ready, { passed: ms >= settle, seen, held: { ms, of: settle }, denied: undefined });
  };
  return {
    checks: [lease, ready],
    async poll() {
      // The first list is not from before the restart, which would count one renewal too many; no list is judged twice.
      const sinceLast = Math.max(0, monotonic() - seenAt - 1);
      const answer = await cluster.node(nodeName, renewals.size === 0 ? 0 : Math.min(viewAge, sinceLast));
      seenAt = monotonic();
      const node = answer.ok ? answer.value : undefined;
      if (node !== undefined) {
        judgeLease(node);
        judgeReady(node);
        return;
      }
      readySince = undefined;
      const seen = answer.ok ? 'the API server has no such Node' : answer.error.message;
      Object.assign(ready, { passed: false, seen, held: undefined, denied: answer.ok ? { atLeast: 0 } : undefined });
      Object.assign(lease, { seen, denied: undefined });
    },
  };
}

function configzProbe(cluster: Cluster, nodeName: string, promised: readonly ExpectedSetting[]): GateProbe {
  const expect = promised.filter(({ argument }) => argument === undefined);
  const expected = expect.length === 0 ? 'readable through the API server' : `the ${expect.length} planned settings`;
  const state: Check = { check: 'configz', expected, seen: 'not checked yet', passed: false };
  return {
    checks: [state],
    async poll() {
      const answer = await cluster.configz(nodeName);
      if (!answer.ok) {
        Object.assign(state, { passed: false, seen: answer.error.message, definite: false });
        return;
      }
      const wrong = expect.flatMap(({ setting, value }) => {
        const info = settingByPath.get(setting);
        const live = info === undefined ? undefined : configzValue(answer.value, info);
        return sameSetting(live, value)
          ? []
          : [`${setting} is ${oneLine(JSON.stringify(live), 80)}, not ${JSON.stringify(value)}`];
      });
      const seen = wrong.length === 0 ? 'as planned' : wrong.join('; ');
      Object.assign(state, { passed: wrong.length === 0, seen, definite: true });
    },
  };
}

function readyzProbe(cluster: Cluster): GateProbe {
  const state: Check = { check: 'api-server-readyz', expected: 'ok', seen: 'not checked yet', passed: false };
  return {
    checks: [state],
    async poll() {
      const answer = await cluster.readyz();
      Object.assign(state, { passed: answer.ok, seen: answer.ok ? 'ok' : answer.error.message });
    },
  };
}

/** HTTP statuses of an API server that has no such check, or does not show it with these credentials. */
const untold = [403, 404];
/** Not every version of the API server reports etcd under each of these. */
const etcdEndpoints = ['readyz', 'livez', 'healthz'] as const;

/** The health of etcd, as the API server reports it: etcd accepts writes while a majority of its members is up. */
function etcdProbe(cluster: Cluster): GateProbe {
  const state: Check = { check: 'etcd', expected: 'ok', seen: 'not checked yet', passed: false };
  return {
    checks: [state],
    async poll() {
      const told: string[] = [];
      for (const endpoint of etcdEndpoints) {
        const answer = await cluster.readyz('etcd', endpoint);
        if (answer.ok || !untold.includes(answer.error.status ?? 0)) {
          Object.assign(state, { passed: answer.ok, seen: answer.ok ? 'ok' : answer.error.message, unchecked: false });
          return;
        }
        told.push(`/${endpoint}/etcd: ${answer.error.message}`);
      }
      Object.assign(state, { passed: false, seen: told.join('; '), unchecked: true });
    },
  };
}
