/** What makes a change one that a person confirms by typing the name of the cluster; none for an ordinary change. Pure. */
import { isBreaking } from '../consumers/findings.js';
import { unique } from '../lib/lists.js';
import type { PlanResult } from '../report/model.js';
import { changingPlans } from './judge.js';

export interface Danger {
  readonly because: string;
  /** The hosts or clients that it concerns; empty where it concerns all. */
  readonly names: readonly string[];
}

/** `waves`: hosts of each wave. `missing`: why the API server is not asked. */
export function dangersOf(
  { hosts, clusterFindings }: Pick<PlanResult, 'hosts' | 'clusterFindings'>,
  waves: readonly (readonly string[])[],
  missing: string | undefined,
): readonly Danger[] {
  const plans = changingPlans(hosts);
  const servers = plans.filter(({ role }) => role === 'control-plane').map(({ host }) => host);
  const clients = unique(clusterFindings.filter(isBreaking).map(({ object }) => object ?? 'a client'));
  const warned = plans.filter(({ warnings }) => warnings.length > 0).map(({ host }) => host);
  const [first = []] = waves;
  const all: readonly (Danger & { readonly holds: boolean })[] = [
    { holds: clients.length > 0, because: 'clients of kubelets lose access', names: clients },
    {
      holds: missing !== undefined,
      because: 'without the API server, kubelatch cannot check that nodes are Ready',
      names: [],
    },
    {
      holds: waves.length === 1 && first.length > 1,
      because: 'all hosts change in one wave, so no host is tried first',
      names: [],
    },
    { holds: warned.length > 0, because: 'the plan warns about some hosts', names: warned },
  ];
  return [
    ...serverDangers(servers),
    ...all.filter(({ holds }) => holds).map(({ because, names }) => ({ because, names })),
  ];
}

/** Where there is no plan to judge, as before a rollback. `servers`: control-plane hosts that are changed. */
export const serverDangers = (servers: readonly string[]): readonly Danger[] =>
  servers.length === 0 ? [] : [{ because: 'it changes control-plane nodes', names: servers }];
