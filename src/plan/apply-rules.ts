/** Edits a draft of a node, rule by rule, until each rule passes in it. Pure. */
import type { Distro, EditOptions } from '../distros/distro.js';
import { effectiveSetting } from '../facts/effective-kubelet.js';
import { sameSetting } from '../facts/same-setting.js';
import { settingByPath } from '../facts/settings.js';
import type { Rule } from '../playbook/schema.js';
import type { PlanRefusal, SkippedRule } from './host-plan.js';
import { applyGuard, guardObstacle } from './guard-plan.js';
import type { Draft } from './planned-rules.js';
import { servingObstacle } from './serving-plan.js';
import { idsOf, withMode, withText } from './simulate.js';

/** Limit on the steps for one setting, in case an edit has no effect. No node needs this many. */
const maxSteps = 12;

/** The rules that were applied, and those that need a step by hand first; or why none may be. */
export function applyRules(
  draft: Draft,
  distro: Distro,
  rules: readonly Rule[],
  options: EditOptions | undefined,
): { readonly changedRules: Set<Rule>; readonly skippedRules: Map<Rule, SkippedRule> } | PlanRefusal {
  const changedRules = new Set<Rule>();
  const skippedRules = new Map<Rule, SkippedRule>();
  for (const rule of rules) {
    const obstacle = obstacleOf(draft, distro, rule, options);
    if (obstacle !== undefined) {
      skippedRules.set(rule, { rule: rule.id, ...obstacle });
      continue;
    }
    const refused = applyRule(draft, distro, rule, options);
    if (refused !== undefined) return { ...refused, reason: `${rule.id}: ${refused.reason}` };
    changedRules.add(rule);
  }
  return { changedRules, skippedRules };
}

function applyRule(draft: Draft, distro: Distro, rule: Rule, options?: EditOptions): PlanRefusal | undefined {
  switch (rule.kind) {
    case 'setting':
      return applySetting(draft, distro, rule, options);
    case 'network':
      return applyGuard(draft, distro, rule.guard);
    case 'file':
      return applyMode(draft, rule);
    case 'manual':
      return undefined;
  }
}

/** What the user must do before a rule's value may be written. */
function obstacleOf(
  draft: Draft,
  distro: Distro,
  rule: Rule,
  options: EditOptions | undefined,
): PlanRefusal | undefined {
  if (rule.kind === 'network') return guardObstacle(draft, rule.guard);
  if (rule.kind !== 'setting' || rule.set === undefined) return undefined;
  const info = settingByPath.get(rule.setting);
  if (info === undefined) return undefined;
  const certificate =
    info.path === 'serverTLSBootstrap' && rule.set === true
      ? servingObstacle(draft.setup, options?.noApprover)
      : undefined;
  return certificate ?? distro.precondition?.(draft.facts, info, rule.set);
}

function applySetting(draft: Draft, distro: Distro, rule: Rule, options?: EditOptions): PlanRefusal | undefined {
  if (rule.kind !== 'setting' || rule.set === undefined) return undefined;
  const info = settingByPath.get(rule.setting);
  if (info === undefined) return undefined;
  for (let step = 0; step < maxSteps; step += 1) {
    if (sameSetting(effectiveSetting(draft.setup.sources, info).value, rule.set)) return undefined;
    const change = distro.change(draft.facts, draft.setup, info, rule.set, options);
    if (!change.ok) return { reason: change.error, hint: 'edit the file by hand, then plan again' };
    for (const one of change.value) draft.facts = withText(draft.facts, draft.setup.unit.name, one);
    const setup = distro.detect(draft.facts);
    const fault = setup?.sources.faults[0];
    if (setup === undefined) return { reason: 'the edit would make the unit unusable', hint: 'edit the unit by hand' };
    if (fault !== undefined) {
      const reason = `the kubelet would not start with ${JSON.stringify(rule.set)}: ${fault.path}: ${fault.message}`;
      return { reason, hint: `fix the value of ${rule.setting} in the playbook` };
    }
    draft.setup = setup;
  }
  return {
    reason: `found no edit that sets ${rule.setting} to ${JSON.stringify(rule.set)}`,
    hint: 'set it on the node by hand',
  };
}

function applyMode(draft: Draft, rule: Rule): PlanRefusal | undefined {
  if (rule.kind !== 'file') return undefined;
  const path = draft.setup.files[rule.file.path];
  const file = path === undefined ? undefined : draft.facts.files.get(path);
  if (path === undefined || file?.kind !== 'file') return undefined;
  const mode = rule.file.mode === undefined ? file.mode : tightened(file.mode, rule.file.mode.atMost);
  const owner = rule.file.owner ?? file.owner;
  if (owner !== file.owner && idsOf(draft.facts, owner) === undefined) {
    const reason = `${path}: the uid and gid of ${owner} on this node are unknown`;
    return { reason, hint: `run on the node: chown ${owner} ${path}; then plan again` };
  }
  draft.facts = withMode(draft.facts, path, mode, owner);
  return undefined;
}

/** Clears the bits of a mode that `atMost` forbids. */
const tightened = (mode: string, atMost: string): string =>
  (parseInt(mode, 8) & parseInt(atMost, 8)).toString(8).padStart(4, '0');
