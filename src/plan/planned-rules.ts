/** The rules that a plan must make pass, and how to check them: by judging the node as it will be. Pure. */
import { unique } from '../lib/lists.js';
import { configzValue, unknownDefaultReason, effectiveSetting } from '../facts/effective-kubelet.js';
import { flagText, holdsArgument } from '../facts/kubelet-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { differingSettings } from '../facts/running-flags.js';
import { sameSetting } from '../facts/same-setting.js';
import { settingByPath } from '../facts/settings.js';
import { type Finding, type NodeView, assess } from '../playbook/assess.js';
import type { Json, Playbook, Rule, SettingRule } from '../playbook/schema.js';

/** A value that configz must show after the change. */
export interface ExpectedSetting {
  readonly setting: string;
  readonly value: Json;
  /** A flag that configz does not show. The new kubelet's arguments prove it. */
  readonly argument?: string | undefined;
}

/** The node as it will be. */
export interface Draft {
  facts: NodeFacts;
  setup: KubeletSetup;
}

/** Rules about the network that are for this node. */
export const plannedGuards = (playbooks: readonly Playbook[], view: NodeView): Rule[] =>
  playbooks.flatMap((playbook) => {
    const findings = assess(view, playbook);
    return playbook.rules.filter(
      (rule, index) => rule.kind === 'network' && findings[index]?.status !== 'not-applicable',
    );
  });

/** Setting rules for this node that have a value to write. */
export function plannedRules(playbooks: readonly Playbook[], view: NodeView): SettingRule[] {
  return playbooks.flatMap((playbook) => {
    const findings = assess(view, playbook);
    return playbook.rules.filter(
      (rule, index): rule is SettingRule =>
        rule.kind === 'setting' &&
        rule.set !== undefined &&
        settingByPath.has(rule.setting) &&
        findings[index]?.status !== 'not-applicable',
    );
  });
}

/** Judges the node as it will be, without the running kubelet's current values. */
export function stillFails(view: NodeView, draft: Draft, rule: SettingRule): boolean {
  const playbook: Playbook = { source: '', name: '', title: '', description: '', rules: [rule] };
  const after: NodeView = {
    ...view,
    facts: draft.facts,
    setup: { ...draft.setup, running: undefined },
    configz: undefined,
  };
  const [finding]: (Finding | undefined)[] = assess(after, playbook);
  return finding?.status === 'fail';
}

export function expectations(setup: KubeletSetup, rules: readonly SettingRule[]): ExpectedSetting[] {
  return unique(rules.map((rule) => rule.setting)).flatMap((setting) => {
    const info = settingByPath.get(setting);
    if (info === undefined) return [];
    const found = effectiveSetting(setup.sources, info);
    const { value, source, flags } = found;
    // A default that the kubelet fills in, or that differs between versions, cannot be expected.
    const isFilledIn = info.filledIn === true && source.kind === 'default';
    if (isFilledIn || unknownDefaultReason(setup.sources, found) !== undefined) return [];
    const isHidden = info.notInConfigz === true && flags.length > 0;
    return [{ setting, value, ...(isHidden ? { argument: flagText(info, value) } : {}) }];
  });
}

export const differs = (view: NodeView, rules: readonly SettingRule[]): boolean =>
  isOutdated(view, expectations(view.setup, rules));

/** The running kubelet's value differs from its files, so it only needs a restart. */
export function isOutdated(view: NodeView, expect: readonly ExpectedSetting[]): boolean {
  const { configz } = view;
  if (configz === undefined) {
    const other = new Set(differingSettings(view.setup).map(({ info }) => info.path));
    return expect.some(({ setting }) => other.has(setting));
  }
  return expect.some(({ setting, value, argument }) => {
    const info = settingByPath.get(setting);
    if (argument !== undefined) return !isGiven(view, argument);
    return info !== undefined && !sameSetting(configzValue(configz, info), value);
  });
}

/** If a kubelet's arguments cannot be seen, assume that it has the flag: nothing suggests otherwise. */
const isGiven = ({ setup }: NodeView, argument: string): boolean =>
  setup.argumentsVisible === false || holdsArgument(setup.process?.argv ?? [], argument);
