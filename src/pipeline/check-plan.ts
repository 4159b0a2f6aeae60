/** Holds a saved plan against its nodes before anything is changed: each is read again, and its part of the plan has to fit. */
import { type Consumers, findConsumers } from './consumers.js';
import type { Closing } from '../consumers/drafts.js';
import { webhookRefusal } from '../consumers/api-server-identity.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Outcome } from '../run/outcome.js';
import type { Host } from '../inventory/host.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { Goal } from './examine.js';
import { hostOutcome } from '../run/outcome.js';
import { outcomeWithoutChange } from './results.js';
import type { Run } from './context.js';
import { type Surveyed, survey } from './survey.js';

export interface CheckedPlans {
  /** Those that may be carried out. */
  readonly plans: readonly HostPlan[];
  /** Of the other hosts, on which nothing is done. */
  readonly outcomes: readonly Outcome[];
  /** Undefined without the API server. */
  readonly consumers: Consumers | undefined;
}

export async function checkPlans(
  plans: readonly HostPlan[],
  run: Run,
  cluster: Cluster | undefined,
): Promise<CheckedPlans> {
  const wanted = new Map(plans.map((plan) => [plan.host, plan]));
  const hosts = run.hosts.filter(({ name }) => wanted.has(name));
  const goalOf = ({ name }: Host): Goal => ({ playbooks: [], plan: undefined, saved: wanted.get(name) });
  const surveyed = await survey(hosts, goalOf, { ...run, cluster });
  const outcomes = surveyed.flatMap(refusalOf);
  const refused = new Set(outcomes.map(({ host }) => host));
  const left = plans.filter(({ host }) => !refused.has(host));
  const closing = closingOf(left, surveyed, (run.consumers?.observe ?? 0) > 0);
  const consumers = cluster && (await findConsumers(run, surveyed, closing, cluster));
  const lacking = webhookRefusal(consumers?.findings ?? []);
  const shut = lacking === undefined ? [] : left.filter(({ host }) => closing.webhook.includes(host));
  const more = shut.map(({ host }) => hostOutcome(host, 'refused', lacking?.reason, lacking?.hint));
  return { plans: left.filter((one) => !shut.includes(one)), outcomes: [...outcomes, ...more], consumers };
}

/** The ports that plans close and that are open now; if it is unknown what is open, every port that they close. */
function closingOf(plans: readonly HostPlan[], surveyed: readonly Surveyed[], wasWatched: boolean): Closing {
  const watched = new Map(
    surveyed.map(({ host, result }) => [host.name, result.ok ? result.value.watched : undefined]),
  );
  const expecting = (setting: string, value: unknown, port: 'readOnly' | 'kubelet'): string[] =>
    plans
      .filter(({ host, expect }) => {
        const isOpen = !wasWatched || (watched.get(host)?.[port] ?? []).length > 0;
        return isOpen && expect.some((one) => one.setting === setting && one.value === value);
      })
      .map(({ host }) => host);
  return {
    readOnly: expecting('readOnlyPort', 0, 'readOnly'),
    anonymous: expecting('authentication.anonymous.enabled', false, 'kubelet'),
    webhook: expecting('authorization.mode', 'Webhook', 'kubelet'),
  };
}

function refusalOf({ host, result }: Surveyed): Outcome[] {
  if (!result.ok) return outcomeWithoutChange(result.error);
  const why = result.value.mismatch;
  return why === undefined ? [] : [hostOutcome(host.name, 'refused', why.reason, why.hint)];
}
