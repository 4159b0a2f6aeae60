/** Rules that fail or are unknown now and stay so after a plan, each with the reason and the next step. Pure. */
import { settingAt } from '../facts/effective-kubelet.js';
import { nextCommand } from '../lib/next-command.js';
import { type Finding, type NodeView, assess } from '../playbook/assess.js';
import { assessEffect, assessLeftovers } from '../playbook/evidence.js';
import { ownRules } from '../playbook/own-rules.js';
import type { Playbook, Rule } from '../playbook/schema.js';
import { assessServing } from '../playbook/serving.js';
import type { HostPlan, PlanRefusal } from './host-plan.js';
import type { Draft } from './planned-rules.js';

export interface UnfixedRule extends PlanRefusal {
  readonly rule: string;
  readonly title: string;
  readonly severity: Finding['severity'];
  /** What it stays. */
  readonly status: 'fail' | 'unknown';
}

/** `findings`: of the node now. `after`: the node as the plan leaves it; undefined if the plan changes nothing. */
export function unfixedRules(
  { view, findings, playbooks }: { view: NodeView; findings: readonly Finding[]; playbooks: readonly Playbook[] },
  plan: Pick<HostPlan, 'fixes' | 'skippedRules'>,
  after: Draft | undefined,
): UnfixedRule[] {
  const later = after === undefined ? findings : findingsAfter(view, after, playbooks);
  return findings.flatMap((finding): UnfixedRule[] => {
    const { rule: id, title, severity } = finding;
    if (!isLeft(finding)) return [];
    const left = after === undefined ? finding : leftOf(finding, later, { view, after });
    const rule = playbooks.find(({ name }) => name === finding.playbook)?.rules.find((one) => one.id === id);
    if (left === undefined || (rule?.kind === 'network' && plan.fixes.includes(id))) return [];
    const why = plan.skippedRules?.find((one) => one.rule === id) ?? whyUnfixed(left, rule);
    return [{ rule: id, title, severity, status: left.status, reason: why.reason, hint: why.hint }];
  });
}

type Left = Finding & { readonly status: 'fail' | 'unknown' };

/** The node's findings once its kubelet runs with the planned files. */
function findingsAfter(view: NodeView, { facts, setup }: Draft, playbooks: readonly Playbook[]): Finding[] {
  const process = setup.process && {
    ...setup.process,
    argv: setup.sources.command,
    startedAt: Number.MAX_SAFE_INTEGER,
  };
  const unit = { ...setup.unit, needsReload: false };
  const restarted = { ...setup, unit, process, running: undefined };
  const settled: NodeView = { ...view, facts, setup: restarted, configz: undefined, exposed: undefined };
  return [
    ...playbooks.flatMap((playbook) => assess(settled, playbook)),
    ...assessEffect(settled),
    ...assessLeftovers(settled),
    ...assessServing(settled, playbooks),
  ];
}

/** What is left of a finding; undefined where the plan ends it. */
function leftOf(
  finding: Left,
  later: readonly Finding[],
  { view, after }: { readonly view: NodeView; readonly after: Draft },
): Left | undefined {
  if (finding.rule === 'revert-failed') return finding;
  const closed = isClosed(finding.rule, after);
  if (closed !== undefined) return closed ? undefined : finding;
  const alike = later.filter((one) => keyOf(one) === keyOf(finding));
  // Several lines of a file may be misspelt in the same way.
  const same = alike.find(({ note }) => note === finding.note) ?? alike[0];
  // Without a kubelet that runs, nothing can be told of one that was restarted.
  const known = view.setup.process === undefined && finding.status === 'unknown' ? finding : same;
  return known !== undefined && isLeft(known) ? known : undefined;
}

const isLeft = (finding: Finding): finding is Left => finding.status === 'fail' || finding.status === 'unknown';

const keyOf = ({ rule, playbook, wantText, setting, source }: Finding): string =>
  JSON.stringify(playbook === 'kubelatch' ? [rule, setting, source?.path] : [rule, playbook, wantText]);

/** Whether a port is closed by the planned configuration; undefined for every other rule. */
function isClosed(rule: string, { setup: { sources } }: Draft): boolean | undefined {
  const value = (path: string): unknown => settingAt(sources, path)?.value;
  if (rule === 'read-only-port-closed') return value('readOnlyPort') === 0;
  if (rule !== 'anonymous-request-refused') return undefined;
  return value('authentication.anonymous.enabled') === false || value('authorization.mode') !== 'AlwaysAllow';
}

function whyUnfixed({ rule: id, note, status }: Left, rule: Rule | undefined): PlanRefusal {
  const explain = nextCommand('explain', id);
  if (rule === undefined) {
    const own = ownRules[id];
    return { reason: note ?? 'no edit of this plan changes it', hint: own?.fix ?? `what it wants: ${explain}` };
  }
  if (rule.kind === 'manual') return { reason: 'only a person can judge it', hint: rule.look };
  if (status === 'unknown') {
    const hint = `find out by hand; what the rule wants: ${explain}`;
    return { reason: note ?? 'it could not be checked', hint };
  }
  const byHand = `set it by hand; what the rule wants, and why: ${explain}`;
  if (rule.kind === 'setting' && rule.set === undefined)
    return { reason: 'audit only: the playbook has no value to write', hint: byHand };
  if (rule.kind === 'file' && !rule.fix)
    return { reason: 'audit only: the playbook leaves the mode and owner of this file', hint: byHand };
  return { reason: note ?? 'no edit of this plan changes it', hint: byHand };
}
