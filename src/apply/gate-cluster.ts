/** What the gate asks of the API server: lease, Ready, and the kubelet's own configuration through it. */
import type { Cluster } from '../cluster/cluster.js';
import { configzValue } from '../facts/effective-kubelet.js';
import { sameSetting } from '../facts/same-setting.js';
import { settingByPath } from '../facts/settings.js';
import { monotonic } from '../lib/clock.js';
import { oneLine } from '../lib/sanitize.js';
import type { Expectation } from '../plan/promises.js';
import type { Check, GateOptions, Looker } from './gate-check.js';

const renewalsWanted = 2;
/** Milliseconds for which nodes that are gated at the same time share one list. */
const viewAge = 400;

export function clusterChecks(options: GateOptions): Looker[] {
  const { cluster, nodeName, expect, settle } = options;
  const names = ['lease', 'ready', 'configz', ...(options.controlPlane ? ['api-server-readyz', 'etcd'] : [])];
  if (cluster === undefined || nodeName === undefined) {
    return names.map((check) => {
      const state: Check = {
        check,
        expected: 'proof by the API server',
        seen: 'no access to the API server',
        passed: false,
        unchecked: true,
      };
      return { state, look: () => Promise.resolve() };
    });
  }
  const lease: Check = {
    check: 'lease',
    expected: `renewed ${renewalsWanted} times since the restart`,
    seen: 'not seen',
    passed: false,
  };
  const ready: Check = { check: 'ready', expected: `Ready for ${settle / 1000} s`, seen: 'not seen', passed: false };
  const renewals = new Set<string>();
  let readySince: number | undefined;
  const view: Looker = {
    state: lease,
    async look() {
      // The first look must not be shared: a list from before the restart would count one renewal too many.
      const answer = await cluster.view(renewals.size === 0 ? 0 : viewAge);
      const node = answer.ok ? answer.value.get(nodeName) : undefined;
      if (!answer.ok || node === undefined) {
        readySince = undefined;
        const seen = answer.ok ? 'no such node' : answer.error.message;
        Object.assign(ready, { passed: false, seen });
        Object.assign(lease, { seen });
        return;
      }
      if (node.leaseRenewed !== undefined) renewals.add(node.leaseRenewed);
      // The first time seen may be from before the restart: only those after it count.
      const counted = Math.max(0, renewals.size - 1);
      Object.assign(lease, { passed: counted >= renewalsWanted, seen: `renewed ${counted} times` });
      readySince = node.ready === 'True' ? (readySince ?? monotonic()) : undefined;
      const held = readySince === undefined ? 0 : monotonic() - readySince;
      const seen =
        readySince === undefined ? `Ready=${node.ready}: ${node.reason}` : `Ready for ${Math.round(held / 1000)} s`;
      Object.assign(ready, { passed: readySince !== undefined && held >= settle, seen });
    },
  };
  return [
    view,
    { state: ready, look: () => Promise.resolve() },
    configzCheck(cluster, nodeName, expect),
    ...(options.controlPlane ? [readyzCheck(cluster), etcdCheck(cluster)] : []),
  ];
}

function configzCheck(cluster: Cluster, nodeName: string, expect: readonly Expectation[]): Looker {
  const expected =
    expect.length === 0
      ? 'the API server reaches the kubelet'
      : `the API server reads the ${expect.length} planned settings`;
  const state: Check = { check: 'configz', expected, seen: 'not asked', passed: false };
  return {
    state,
    async look() {
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

function readyzCheck(cluster: Cluster): Looker {
  const state: Check = { check: 'api-server-readyz', expected: 'ok', seen: 'not asked', passed: false };
  return {
    state,
    async look() {
      const answer = await cluster.readyz();
      Object.assign(state, { passed: answer.ok, seen: answer.ok ? 'ok' : answer.error.message });
    },
  };
}

/** HTTP statuses of an API server that has no such check, or does not let these credentials see it. */
const untold = [403, 404];

/** The database by name: with members enough for a majority it takes writes, and the API server says so. */
function etcdCheck(cluster: Cluster): Looker {
  const state: Check = { check: 'etcd', expected: 'ok by the API server', seen: 'not asked', passed: false };
  return {
    state,
    async look() {
      const answer = await cluster.readyz('etcd');
      const seen = answer.ok ? 'ok' : answer.error.message;
      const unchecked = !answer.ok && untold.includes(answer.error.status ?? 0);
      Object.assign(state, { passed: answer.ok, seen, unchecked });
    },
  };
}
