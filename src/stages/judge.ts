/** Turns what was surveyed into results: findings per host, then what to change. Pure. */
import { isPending } from '../apply/node-transaction.js';
import type { SavedPlan } from '../plan/saved-plan.js';
import type { Wishes } from '../distros/distro.js';
import type { HostAudit, HostPlanned, PlanResult } from '../report/model.js';
import type { ClientCaEvidence } from '../plan/client-ca.js';
import { type HostPlan, planHost } from '../plan/host-plan.js';
import { type Finding, type NodeView, assess } from '../playbook/assess.js';
import { assessDoors, assessEffect, assessKept, assessLeftovers } from '../playbook/evidence.js';
import type { Playbook } from '../playbook/schema.js';
import type { Host, Role } from '../inventory/host.js';
import { whose } from './kept-notes.js';
import type { Surveyed, SurveyedNode } from './survey.js';

export function judgeHost({ host, result }: Surveyed, playbooks: readonly Playbook[]): HostAudit {
  const base = { name: host.name, role: host.role };
  if (!result.ok) {
    const { status, error } = result.error;
    const nothing = { nodeName: host.nodeName, distro: undefined, kubeletVersion: undefined, findings: [], notes: [] };
    return { ...base, ...nothing, status, error };
  }
  const { nodeName, view, notes } = result.value;
  return {
    ...base,
    role: roleOf(host, view),
    nodeName,
    distro: view.setup.distro,
    kubeletVersion: view.setup.kubeletVersion ?? view.kubeletVersion,
    status: 'judged',
    findings: findingsOf(result.value, playbooks),
    notes,
  };
}

/** A server is one whatever the inventory calls it. */
const roleOf = ({ role }: Host, { setup }: NodeView): Role => (setup.server === true ? 'control-plane' : role);

/** The playbooks' findings, a check that several of them hold told once, then what is evident without any playbook. */
function findingsOf({ view }: SurveyedNode, playbooks: readonly Playbook[]): Finding[] {
  const seen = new Set<string>();
  const ofPlaybooks = playbooks
    .flatMap((playbook) => assess(view, playbook))
    .filter(({ rule, want }) => {
      const key = `${rule} ${want}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  const ofNode = [...assessDoors(view), ...assessEffect(view), ...assessLeftovers(view)];
  return [...assessKept(view), ...ofPlaybooks, ...ofNode];
}

/** Plans that change something, in the order of the hosts. */
export const changingPlans = (hosts: readonly HostPlanned[]): HostPlan[] =>
  hosts.flatMap(({ plan, refused }) =>
    plan !== undefined && refused === undefined && (plan.edits.length > 0 || plan.restart) ? [plan] : [],
  );

/** What apply needs of a plan, to carry out just this later. */
export const savedPlanOf = ({ cluster, playbooks, startedAt, hosts }: PlanResult): SavedPlan => ({
  kind: 'kubelatch-plan',
  schemaVersion: 1,
  cluster,
  madeAt: startedAt,
  playbooks,
  hosts: changingPlans(hosts),
});

/** A host with its plan, or with the reason why there is none. */
export function planFor(
  surveyed: Surveyed,
  playbooks: readonly Playbook[],
  evidence: ClientCaEvidence,
  wishes?: Wishes,
): HostPlanned {
  const audit = judgeHost(surveyed, playbooks);
  const { host, result } = surveyed;
  if (!result.ok) return audit;
  const { nodeName, distro, view, standing } = result.value;
  const role = roleOf(host, view);
  const planned = planHost({ host: host.name, nodeName, role }, view, distro, playbooks, evidence, wishes);
  if ('refused' in planned) return { ...audit, refused: planned.refused };
  const { plan } = planned;
  // What it runs now may be put back any moment: neither changed nor unchanged.
  const pending = view.facts.transactions.find(({ state }) => isPending(state));
  if (pending !== undefined) {
    const reason = `the change of ${whose(pending)} is unfinished on this node`;
    const hint = `wait for that run; if it is lost: kubelatch resume ${pending.id}`;
    return { ...audit, refused: { reason, hint } };
  }
  if (plan.edits.length === 0 && !plan.restart) return { ...audit, plan };
  if (standing === 'not-ready') {
    const hint = 'bring it back first: a change there could not be proved healthy';
    return { ...audit, refused: { reason: 'the node is NotReady before any change', hint } };
  }
  if (standing === 'no-such-node') {
    const reason = `the API server knows no Node ${nodeName ?? host.name}: a change could not be proved healthy`;
    return {
      ...audit,
      refused: { reason, hint: 'set nodeName in the inventory, or check that cluster names the right one' },
    };
  }
  return { ...audit, plan };
}
