/** What a plan promises, and how it is seen whether that holds: judged on the node as it will be. Pure. */
import { configzValue, effectiveSetting } from '../facts/effective-kubelet.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { differingSettings } from '../facts/running-flags.js';
import { sameSetting } from '../facts/same-setting.js';
import { settingByPath } from '../facts/settings.js';
import { type Finding, type NodeView, assess } from '../playbook/assess.js';
import type { Json, Playbook, SettingRule } from '../playbook/schema.js';

/** A setting the plan promises, as configz must show it afterwards. */
export interface Expectation {
  readonly setting: string;
  readonly value: Json;
}

/** The node as it will be. */
export interface Draft {
  facts: NodeFacts;
  setup: KubeletSetup;
}

/** Setting rules with a value to write that are for this node. */
export function promises(playbooks: readonly Playbook[], view: NodeView): SettingRule[] {
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

/** Judged as the node will be, without what the running kubelet says today. */
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

export function expectations(setup: KubeletSetup, rules: readonly SettingRule[]): Expectation[] {
  return unique(rules.map((rule) => rule.setting)).flatMap((setting) => {
    const info = settingByPath.get(setting);
    if (info === undefined) return [];
    const { value, source } = effectiveSetting(setup.sources, info);
    // A default that the kubelet fills in, or that changed between versions, cannot be promised.
    return info.filledIn === true && source.kind === 'default' ? [] : [{ setting, value }];
  });
}

export const differs = (view: NodeView, rules: readonly SettingRule[]): boolean =>
  isOutdated(view, expectations(view.setup, rules));

/** The running kubelet has another value than the files already give: it only needs a restart. */
export function isOutdated(view: NodeView, expect: readonly Expectation[]): boolean {
  const { configz } = view;
  if (configz === undefined) {
    const other = new Set(differingSettings(view.setup).map(({ info }) => info.path));
    return expect.some(({ setting }) => other.has(setting));
  }
  return expect.some(({ setting, value }) => {
    const info = settingByPath.get(setting);
    return info !== undefined && !sameSetting(configzValue(configz, info), value);
  });
}

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];
