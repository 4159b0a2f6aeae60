/** Edits the text of a KubeletConfiguration that the cluster keeps, and writes texts that go on top of it. Pure. */
import type { SharedConfig } from '../distros/shared-config.js';
import { setYamlValue } from '../edit/yaml-edit.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Json, SettingRule } from '../playbook/schema.js';
import { type Kubelets, type SharedSetting, judgeShared } from './judge-shared.js';
import { isNodeValue } from './node-values.js';

export interface SharedEdit {
  readonly text: string;
  readonly set: readonly WrittenSetting[];
  readonly leftOut: readonly LeftOut[];
}

export interface WrittenSetting {
  readonly rule: SettingRule;
  readonly value: Json;
}

/** A setting that stays as it is. */
export interface LeftOut {
  readonly rule: SettingRule;
  readonly reason: string;
}

/**
 * The text with the values that rules want and it does not have. Nothing else changes: comments, order and unknown keys stay.
 * Fails with a sentence if it cannot be edited so, or if rules contradict each other.
 */
export function editShared(
  text: string,
  about: SharedConfig,
  kubelets: Kubelets,
  rules: readonly SettingRule[],
): Result<SharedEdit, string> {
  const before = judgeShared(text, about, kubelets, rules);
  if (!before.ok) return before;
  const failing = before.value.filter(({ meets }) => !meets);
  const wanted = failing
    .filter((one) => whyNot(one) === undefined)
    .map(({ rule }): WrittenSetting => ({ rule, value: rule.set ?? null }));
  const leftOut = failing.flatMap((one) => {
    const reason = whyNot(one);
    return reason === undefined ? [] : [{ rule: one.rule, reason }];
  });
  const edited = withSettings(text, wanted);
  if (!edited.ok) return edited;
  const after = judgeShared(edited.value, about, kubelets, rules);
  if (!after.ok) return after;
  const asked = new Set(wanted.map(({ rule }) => rule));
  const broken = after.value.find(
    ({ rule, meets }) => !meets && (asked.has(rule) || before.value.some((one) => one.rule === rule && one.meets)),
  );
  if (broken !== undefined)
    return fail(`${broken.rule.id} would still fail after the edit, possibly because two rules contradict each other`);
  return ok({ text: edited.value, set: wanted, leftOut });
}

function whyNot({ rule, nodeValue }: Pick<SharedSetting, 'rule' | 'nodeValue'>): string | undefined {
  if (nodeValue) return 'its value belongs to one node; keep it in a patch folder or a drop-in of that node';
  return rule.set === undefined ? 'the rule has no value to write; set it by hand' : undefined;
}

function withSettings(text: string, settings: readonly WrittenSetting[]): Result<string, string> {
  let edited = text;
  for (const { rule, value } of settings) {
    const next = setYamlValue(edited, rule.setting.split('.'), value);
    if (!next.ok) return fail(`${rule.setting}: ${next.error}`);
    edited = next.value;
  }
  return ok(edited);
}

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

/**
 * A KubeletConfiguration with just what the rules write, for a patch folder or a drop-in. A value that the cluster's configuration
 * gives and that its rule is content with is kept, for there may be a reason for it.
 */
export function settingsOnTop(
  rules: readonly SettingRule[],
  shared: readonly SharedSetting[],
): Result<SharedEdit, string> {
  const known = new Map(shared.map((one) => [one.rule, one]));
  const each = rules.map((rule) => ({ rule, reason: whyNot({ rule, nodeValue: isNodeValue(rule.setting) }) }));
  const set = each
    .filter(({ reason }) => reason === undefined)
    .map(({ rule }): WrittenSetting => {
      const now = known.get(rule);
      const isKept = now?.meets === true && now.source.kind === 'file';
      return { rule, value: isKept ? now.value : (rule.set ?? null) };
    });
  const text = withSettings(head, set);
  const leftOut = each.flatMap(({ rule, reason }) => (reason === undefined ? [] : [{ rule, reason }]));
  return text.ok ? ok({ text: text.value, set, leftOut }) : text;
}
