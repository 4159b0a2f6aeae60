/** Turns what was surveyed into results: findings per host, then what to change. Pure. */
import { isPending } from '../change/transaction.js';
import type { SavedPlan } from '../plan/saved-plan.js';
import type { Distro, EditOptions } from '../distros/distro.js';
import type { HostAudit, HostPlanned, PlanResult } from '../report/model.js';
import type { ClientCaEvidence } from '../plan/client-ca.js';
import { type HostPlan, type PlanDraft, type PlanRefusal, planHost, completePlan } from '../plan/host-plan.js';
import { unfixedRules } from '../plan/unfixed-rules.js';
import { type Finding, type NodeView, assess } from '../playbook/assess.js';
import { assessEffect, assessTransactions, assessLeftovers } from '../playbook/evidence.js';
import { assessExposure } from '../playbook/exposure.js';
import { assessServing } from '../playbook/serving.js';
import type { Playbook } from '../playbook/schema.js';
import type { SeenOwner } from '../owners/recognise.js';
import { ownerRefusal } from '../owners/report.js';
import type { Host, Role } from '../inventory/host.js';
import type { HostError } from '../ssh/errors.js';
import { describeOwner } from './transaction-notes.js';
import { nextCommand } from '../lib/next-command.js';

/** What the API server says about the node; `unasked` without access to it. */
export type Standing = 'ready' | 'not-ready' | 'no-such-node' | 'disputed' | 'unasked';

export interface SurveyedNode {
  readonly host: Host;
  readonly nodeName: string | undefined;
  readonly standing: Standing;
  /** Why the Node that it says it is cannot be taken for its own. */
  readonly dispute?: PlanRefusal | undefined;
  readonly distro: Distro;
  /** Systems that own its kubelet, or may; none unless told. */
  readonly owners?: readonly SeenOwner[] | undefined;
  readonly view: NodeView;
  /** What could not be asked although the node was read. */
  readonly notes: readonly string[];
}

/** All that one node alone decides. */
export interface HostDraft {
  readonly host: HostPlanned;
  /** Undecided until all nodes were read; undefined where nothing is. */
  readonly plan?: PlanDraft | undefined;
}

/** A host that was not read. */
export const unjudged = (host: Host, status: 'unreachable' | 'unreadable', error: HostError): HostAudit => ({
  host: host.name,
  role: host.role,
  nodeName: host.nodeName,
  distro: undefined,
  kubeletVersion: undefined,
  findings: [],
  notes: [],
  status,
  error,
});

export function judgeHost(node: SurveyedNode, playbooks: readonly Playbook[]): HostAudit {
  const { host, nodeName, view, notes } = node;
  return {
    host: host.name,
    role: roleOf(host, view),
    nodeName,
    distro: view.setup.distro,
    kubeletVersion: view.setup.kubeletVersion ?? view.kubeletVersion,
    status: 'judged',
    findings: findingsOf(node, playbooks),
    notes,
  };
}

/** A node that runs the control plane counts as such, even if the inventory says worker. */
const roleOf = ({ role }: Host, { setup }: NodeView): Role => (setup.server === true ? 'control-plane' : role);

/** The playbooks' findings, a check that several of them hold told once, then what is evident without any playbook. */
function findingsOf({ view }: SurveyedNode, playbooks: readonly Playbook[]): Finding[] {
  const seen = new Set<string>();
  const ofPlaybooks = playbooks
    .flatMap((playbook) => assess(view, playbook))
    .filter(({ rule, wantText }) => {
      const key = `${rule} ${wantText}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  const ofNode = [
    ...assessExposure(view),
    ...assessEffect(view),
    ...assessLeftovers(view),
    ...assessServing(view, playbooks),
  ];
  return [...assessTransactions(view), ...ofPlaybooks, ...ofNode];
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

/** The findings, and with `options` what to change. */
export function draftFor(
  node: SurveyedNode,
  playbooks: readonly Playbook[],
  options: EditOptions | undefined,
): HostDraft {
  const host = judgeHost(node, playbooks);
  if (options === undefined) return { host };
  const { nodeName, distro, view } = node;
  const named = { host: node.host.name, nodeName, role: roleOf(node.host, view) };
  const { after, ...plan } = planHost(named, view, distro, playbooks, options);
  const obstacle = obstacleTo(node);
  const changes = 'plan' in plan.planned && (plan.planned.plan.edits.length > 0 || plan.planned.plan.restart);
  // Refused for its own sake is refused; an unfinished change forbids even a look at what is left.
  if ('refused' in plan.planned) return { host, plan };
  if (obstacle === undefined || !(changes || obstacle.always)) {
    const unfixed = unfixedRules({ view, findings: host.findings, playbooks }, plan.planned.plan, after);
    return { host: { ...host, unfixed }, plan };
  }
  return { host, plan: { ...plan, planned: { refused: obstacle.refusal } } };
}

/** What prevents any change; `always`: also if none is needed. */
function obstacleTo({
  host,
  nodeName,
  view,
  standing,
  dispute,
  owners,
}: SurveyedNode): { readonly refusal: PlanRefusal; readonly always?: true } | undefined {
  // What it runs now may be reverted at any moment: neither changed nor unchanged.
  const pending = view.facts.transactions.find(({ state }) => isPending(state));
  if (pending !== undefined) {
    const reason = `${describeOwner(pending)} has an unfinished change on this node`;
    const hint = `wait for that run; if it died: ${nextCommand('resume', pending.id)}`;
    return { refusal: { reason, hint }, always: true };
  }
  if (dispute !== undefined) return { refusal: dispute };
  const owned = ownerRefusal(owners ?? []);
  if (owned !== undefined) return { refusal: owned };
  if (standing === 'not-ready') {
    const hint = 'make the node Ready first; kubelatch cannot verify a change on a NotReady node';
    return { refusal: { reason: 'the node is already NotReady', hint } };
  }
  if (standing !== 'no-such-node') return undefined;
  const reason = `the API server has no Node ${nodeName ?? host.name}, so a change could not be verified`;
  const hint = 'set nodeName for this host in the inventory, or check the cluster settings in the inventory';
  return { refusal: { reason, hint } };
}

/** A host with its plan, or with the reason why there is none. */
export function settled({ host, plan: draft }: HostDraft, evidence: ClientCaEvidence): HostPlanned {
  return draft === undefined ? host : { ...host, ...completePlan(draft, evidence) };
}
