/** What the chosen playbooks want of one kubelet: the setting rules that apply to its distribution and version. Pure. */
import { satisfies } from '../lib/kube-version.js';
import { type KubeletKind, playbooksFor } from '../playbook/audience.js';
import type { Playbook, SettingRule, Want } from '../playbook/schema.js';

export interface Expected {
  readonly playbook: string;
  readonly rule: SettingRule;
}

/** Without rules that are not for this kubelet; a rule that several playbooks hold counts once. */
export function expectationsFor(given: readonly Playbook[], kubelet: KubeletKind): readonly Expected[] {
  const seen = new Set<string>();
  return playbooksFor(given, kubelet).playbooks.flatMap(({ name: playbook, rules }) =>
    rules.flatMap((rule) => {
      if (rule.kind !== 'setting' || !isFor(rule, kubelet)) return [];
      const key = JSON.stringify([rule.setting, rule.want]);
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ playbook, rule }];
    }),
  );
}

function isFor({ skip, versions }: SettingRule, { distro, kubeletVersion }: KubeletKind): boolean {
  if (distro !== undefined && skip[distro] !== undefined) return false;
  if (versions === undefined) return true;
  return kubeletVersion !== undefined && satisfies(kubeletVersion, versions) === true;
}

export const rulesOn = (setting: string, expected: readonly Expected[]): readonly Expected[] =>
  expected.filter(({ rule }) => rule.setting === setting);

/** The suites that a rule allows; undefined for a rule that allows any. */
export function allowedSuites(want: Want): ReadonlySet<string> | undefined {
  const lists =
    'subsetOf' in want ? [want.subsetOf] : 'equals' in want ? [want.equals] : 'oneOf' in want ? want.oneOf : [];
  const names = lists
    .flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : []))
    .filter((one) => typeof one === 'string');
  return names.length === 0 ? undefined : new Set(names.map(canonicalSuite));
}

/** Go has two names for a ChaCha20 suite. */
const canonicalSuite = (name: string): string => name.replace(/_CHACHA20_POLY1305$/, '_CHACHA20_POLY1305_SHA256');
