/** What a change needs at the API server, asked for before anything is changed. */
import pLimit from 'p-limit';
import type { Cluster } from '../cluster/cluster.js';
import type { Gateway } from '../cluster/gateway.js';
import { reviewAccess } from '../cluster/review-access.js';
import { ToolError } from '../lib/errors.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { RolloutFlags } from './context.js';

interface Need {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  /** What it is for, as the end of a sentence. */
  readonly purpose: string;
}

const readsConfiguration: Need = {
  verb: 'get',
  resource: 'nodes',
  subresource: 'proxy',
  purpose: 'to prove that each kubelet runs with the new configuration',
};
const cordons: Need = { verb: 'patch', resource: 'nodes', purpose: 'to cordon' };
const drains: readonly Need[] = [
  { verb: 'list', resource: 'pods', purpose: 'to drain' },
  { verb: 'create', resource: 'pods', subresource: 'eviction', purpose: 'to drain' },
];

/**
 * Throws ToolError `cluster` if a right is missing without which each node would only be reverted. An API server that does not answer
 * the review is no refusal: the gate finds out.
 */
export async function refuseWithoutRights(
  cluster: Cluster | undefined,
  plans: readonly Pick<HostPlan, 'nodeName' | 'restart'>[],
  { cordon, drain }: Pick<RolloutFlags, 'cordon' | 'drain'>,
): Promise<void> {
  const restarting = plans.filter(({ restart }) => restart);
  if (cluster === undefined || restarting.length === 0) return;
  const nodes = restarting.flatMap(({ nodeName }) => nodeName ?? []);
  const needs = [readsConfiguration, ...(cordon || drain ? [cordons] : []), ...(drain ? drains : [])];
  const missing = await Promise.all(needs.map(async (need) => ((await lacks(cluster.api, need, nodes)) ? [need] : [])));
  const [first] = missing.flat();
  if (first === undefined) return;
  const right = `${first.verb} ${first.resource}${first.subresource === undefined ? '' : `/${first.subresource}`}`;
  throw new ToolError(
    'cluster',
    `your account may not ${right}, which is needed ${first.purpose}; nothing was changed`,
    {
      hint: 'use an account with the roles of docs/rbac.md, or leave the API server out with --no-cluster',
    },
  );
}

/** True if a right is denied for every Node, and by name for one of `nodes`. */
async function lacks(api: Gateway, need: Need, nodes: readonly string[]): Promise<boolean> {
  if ((await isAllowed(api, need)) !== false) return false;
  if (need.resource !== 'nodes' || nodes.length === 0) return true;
  const limit = pLimit(8);
  const answers = await Promise.all(nodes.map((name) => limit(() => isAllowed(api, need, name))));
  return answers.includes(false);
}

/** Undefined: the API server did not answer. Every account may ask this about itself (the ClusterRole `system:basic-user`). */
async function isAllowed(api: Gateway, need: Need, name?: string): Promise<boolean | undefined> {
  const { verb, resource, subresource } = need;
  const resourceAttributes = { verb, group: '', resource, subresource, name };
  const review = await reviewAccess(api, 'SelfSubjectAccessReview', { resourceAttributes });
  return review.ok ? review.value : undefined;
}
