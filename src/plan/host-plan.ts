/** What to change on one node so that its playbooks' rules pass: exact edits, verified by judging the node as it will be. Pure. */
import { unique } from '../lib/lists.js';
import { type KubeletPorts, plannedPorts } from '../facts/kubelet-ports.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import type { Role } from '../inventory/host.js';
import { settingAt, unknownDefaultReason } from '../facts/effective-kubelet.js';
import { settingByPath } from '../facts/settings.js';
import type { Distro, EditOptions } from '../distros/distro.js';
import { type NodeView, assess } from '../playbook/assess.js';
import type { Playbook, Rule } from '../playbook/schema.js';
import { applyRules } from './apply-rules.js';
import { type ClientCaEvidence, type ClientCaCheck, clientCaProblem, clientCaCheck } from './client-ca.js';
import { type FileEdit, editsBetween } from './file-edit.js';
import { type GuardKind, guardKinds, overwrittenGuard } from './guard-plan.js';
import {
  type Draft,
  type ExpectedSetting,
  differs,
  expectations,
  isOutdated,
  plannedGuards,
  plannedRules,
  stillFails,
} from './planned-rules.js';
import { type ServingPlan, servingPlan } from './serving-plan.js';
import { pendingRefusal, pendingWarning, unprovenEdits } from './unproven-edits.js';

export interface HostPlan {
  readonly host: string;
  readonly distro: string;
  readonly unit: string;
  /** The name of the Node object, from the API server or the node itself. */
  readonly nodeName: string | undefined;
  readonly role: Role;
  readonly watch: WatchTarget;
  readonly ports: KubeletPorts;
  readonly edits: readonly FileEdit[];
  /** The kubelet must be restarted: its configuration changes, or it runs with older files. */
  readonly restart: boolean;
  /** Unit files change, so systemd must reload them first. */
  readonly reload: boolean;
  readonly expect: readonly ExpectedSetting[];
  /** Ids of the rules that fail now and pass after this plan. */
  readonly fixes: readonly string[];
  readonly mayBreak: readonly string[];
  /** What will overwrite the edits later. */
  readonly overwrittenBy: readonly string[];
  /** Worth checking before you continue, but nothing forbids it. */
  readonly warnings: readonly string[];
  /** Files that the restarted kubelet reads and that the plan does not change. A host is refused if one changed since. */
  readonly sources?: readonly PlanSource[] | undefined;
  /** The kubelet begins to serve a certificate of the cluster: it is requested before the node changes. */
  readonly serving?: ServingPlan | undefined;
  /** What keeps others from the kubelet after this plan: the gate checks that it is in effect. */
  readonly guards?: readonly GuardKind[] | undefined;
  /** Rules that keep failing until the user does something first. */
  readonly skippedRules?: readonly SkippedRule[] | undefined;
}

export interface PlanSource {
  readonly path: string;
  readonly sha256: string;
}

export interface SkippedRule extends PlanRefusal {
  readonly rule: string;
}

export interface PlanRefusal {
  readonly reason: string;
  readonly hint: string;
}

export type Planned = { readonly plan: HostPlan } | { readonly refused: PlanRefusal };

/** The part of a plan that one node alone determines. */
export interface PlanDraft {
  readonly planned: Planned;
  /** Can be decided only after all nodes were read. */
  readonly clientCa?: ClientCaCheck | undefined;
  /** The node as the plan leaves it; undefined where nothing changes. It is as large as all of the node's files. */
  readonly after?: Draft | undefined;
}

/** The final plan, given the certificate that the API server presents to kubelets. */
export function completePlan({ planned, clientCa }: PlanDraft, evidence: ClientCaEvidence): Planned {
  const { blocks, warning } = clientCa === undefined ? {} : clientCaProblem(clientCa, evidence);
  if (blocks !== undefined) return { refused: blocks };
  if (warning === undefined || 'refused' in planned) return planned;
  return { plan: { ...planned.plan, warnings: [...planned.plan.warnings, warning] } };
}

export function planHost(
  { host, nodeName, role }: { readonly host: string; readonly nodeName: string | undefined; readonly role: Role },
  view: NodeView,
  distro: Distro,
  playbooks: readonly Playbook[],
  options?: EditOptions,
): PlanDraft {
  const fault = view.setup.sources.faults[0];
  if (fault !== undefined) {
    const place = fault.line === undefined ? fault.path : `${fault.path}:${fault.line}`;
    return refuse({ reason: `${place}: ${fault.message}`, hint: 'fix it by hand, then plan again' });
  }
  const failing = playbooks.flatMap((playbook) => failingRules(view, playbook));
  if (view.setup.unchangeable !== undefined && (failing.length > 0 || differs(view, plannedRules(playbooks, view)))) {
    return refuse(view.setup.unchangeable);
  }
  const draft: Draft = { facts: view.facts, setup: view.setup };
  const applied = applyRules(draft, distro, failing, options);
  if ('reason' in applied) return refuse(applied);
  const { changedRules, skippedRules } = applied;
  const edits = editsBetween(view.facts, draft.facts, view.showValues);
  const twice = edits.find((edit, index) => edits.findIndex(({ path }) => path === edit.path) < index);
  if (twice !== undefined) {
    const reason = `${twice.path} has two names through links, and both would be edited`;
    return refuse({ reason, hint: 'edit the file by hand, then plan again' });
  }
  const plannedSettings = plannedRules(playbooks, view).filter((rule) => !skippedRules.has(rule));
  const guardRules = plannedGuards(playbooks, view).filter((rule) => !skippedRules.has(rule));
  const broken = plannedSettings.find((rule) => stillFails(view, draft, rule)) ?? overwrittenGuard(draft, guardRules);
  if (broken !== undefined) {
    const reason = `${broken.id} would still fail after the edits, possibly because two rules contradict each other`;
    return refuse({ reason, hint: 'use only one of the playbooks, or fix the rule' });
  }
  const expect = expectations(draft.setup, plannedSettings);
  const contentChanged = edits.some((edit) => edit.action !== 'mode');
  const restart = contentChanged || isOutdated(view, expect) || guardKinds(changedRules).length > 0;
  const [first] = skippedRules.values();
  if (first !== undefined && edits.length === 0 && !restart) {
    return refuse({ reason: `${first.rule}: ${first.reason}`, hint: first.hint });
  }
  const hazard = restart ? view.setup.restartHazard : undefined;
  if (hazard !== undefined)
    return refuse({ reason: hazard, hint: 'first set KillMode=process in a drop-in of the unit' });
  // Problems that no option can lift come first: nobody should add an option only to be refused again.
  const clientCa = restart ? clientCaCheck(draft.facts, draft.setup) : undefined;
  const pending = restart ? unprovenEdits(view, draft, expect) : [];
  const [edit, ...others] = pending;
  if (edit !== undefined && options?.acceptPendingEdits !== true) {
    return { planned: { refused: pendingRefusal([edit, ...others], view.showValues) }, clientCa };
  }
  const plan: HostPlan = {
    host,
    nodeName,
    role,
    watch: view.setup.watch,
    ports: plannedPorts(view, draft.setup),
    distro: view.setup.distro,
    unit: view.setup.unit.name,
    edits,
    restart,
    reload:
      edits.some((edit) => /\.(service|conf)$/.test(edit.path) && edit.path.includes('/systemd/')) ||
      view.setup.unit.needsReload,
    expect,
    fixes: [...changedRules].map((rule) => rule.id),
    mayBreak: unique([...changedRules].flatMap((rule) => rule.mayBreak ?? [])),
    overwrittenBy: distro.overwrittenBy(view.setup, edits),
    warnings: pending.map((one) => pendingWarning(one, view.showValues)),
    sources: restart ? untouchedSources(view, edits) : [],
    serving: servingPlan(view.setup, draft.setup),
    guards: restart ? guardKinds(guardRules) : [],
    skippedRules: [...skippedRules.values()],
  };
  return { planned: { plan }, clientCa, after: edits.length > 0 || restart ? draft : undefined };
}

const refuse = (refused: PlanRefusal): PlanDraft => ({ planned: { refused } });

/** Files that the restarted kubelet reads and that these edits do not change. */
export function untouchedSources({ facts, setup }: NodeView, edits: readonly FileEdit[]): PlanSource[] {
  return unique(setup.configPaths).flatMap((path) => {
    const file = facts.files.get(path);
    if (file?.kind !== 'file' || file.sha256 === undefined) return [];
    const isEdited = edits.some((edit) => edit.path === (file.linkTarget ?? path));
    return isEdited ? [] : [{ path, sha256: file.sha256 }];
  });
}

/** Failing rules that apply can fix. A rule that could not be judged is only reported. */
function failingRules(view: NodeView, playbook: Playbook): Rule[] {
  const findings = assess(view, playbook);
  return playbook.rules.filter((rule, index) => {
    const status = findings[index]?.status;
    return (status === 'fail' || (status === 'unknown' && dependsOnVersion(view, rule))) && isFixable(rule);
  });
}

/** If the default is unknown, the value is written explicitly. */
function dependsOnVersion({ setup: { sources } }: NodeView, rule: Rule): boolean {
  const setting = rule.kind === 'setting' ? settingAt(sources, rule.setting) : undefined;
  return setting !== undefined && unknownDefaultReason(sources, setting) !== undefined;
}

const isFixable = (rule: Rule): boolean =>
  (rule.kind === 'setting' && rule.set !== undefined && settingByPath.has(rule.setting)) ||
  (rule.kind === 'file' && rule.fix) ||
  rule.kind === 'network';
