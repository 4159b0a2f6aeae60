/** Whether a host's Node is its own: what a host, or its record of an earlier run, says of that is a claim. */
import type { Cluster } from '../cluster/cluster.js';
import { type HostIdentity, matchNode } from '../cluster/match-node.js';
import type { Host } from '../inventory/host.js';
import type { PlanRefusal } from '../plan/host-plan.js';
import type { HostPlanned } from '../report/model.js';
import type { Session } from '../ssh/session.js';

/** A host as the inventory and the connection know it. */
export const claimantOf = (
  { name, address, nodeName: pinned }: Host,
  { direct }: Pick<Session, 'direct'>,
): HostIdentity => ({ name, dialled: [address, ...(direct === undefined ? [] : [direct.address])], pinned });

/** Milliseconds for which the list of Nodes serves. */
const viewAge = 10_000;

/** Why the name of a Node must not be used for this host; undefined if the Node is the host's, or without the API server. */
export async function disputedClaim(
  claimed: string | undefined,
  host: Host,
  session: Session,
  cluster: Cluster | undefined,
): Promise<PlanRefusal | undefined> {
  if (claimed === undefined) return undefined;
  const view = await cluster?.view(viewAge);
  if (view?.ok !== true || !view.value.has(claimed)) return undefined;
  const owned = matchNode(view.value, { ...claimantOf(host, session), claimed });
  if (owned.kind === 'disputed') return owned;
  if (owned.kind === 'own' && owned.node.name === claimed) return undefined;
  const own = owned.kind === 'own' ? `Node ${owned.node.name}` : 'no Node of the cluster';
  return { reason: `the plan is for Node ${claimed}, but the host is ${own}`, hint: 'make a new plan, then apply it' };
}

/** A Node that two hosts are said to be is nobody's: neither may be changed by its name. */
export function refuseSharedNodes(hosts: readonly HostPlanned[]): HostPlanned[] {
  const named = new Map<string, string[]>();
  for (const { host, nodeName, status } of hosts) {
    if (status !== 'judged' || nodeName === undefined) continue;
    named.set(nodeName, [...(named.get(nodeName) ?? []), host]);
  }
  return hosts.map((host) => {
    const all = host.nodeName === undefined ? [] : (named.get(host.nodeName) ?? []);
    if (all.length < 2 || host.status !== 'judged' || host.refused !== undefined) return host;
    const others = all.filter((name) => name !== host.host).slice(0, 3);
    const reason = `this host and ${others.join(', ')} are the same Node ${host.nodeName ?? ''}`;
    const hint = 'keep only one of them in the inventory, or set nodeName for each';
    return { ...host, plan: undefined, refused: { reason, hint } };
  });
}
