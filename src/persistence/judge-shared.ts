/** What the configuration that the cluster keeps for its nodes says on the settings that playbooks want. Pure. */
import { type Source, type Setting, effectiveSetting, kubeletSources } from '../facts/effective-kubelet.js';
import { parseConfigFile } from '../facts/config-file.js';
import { type SettingInfo, type Value, settingByPath } from '../facts/settings.js';
import { at } from '../facts/value.js';
import { type Result, fail, ok } from '../lib/result.js';
import { parseKubeVersion, satisfies } from '../lib/kube-version.js';
import type { SharedConfig } from '../distros/shared-config.js';
import { playbooksFor } from '../playbook/audience.js';
import type { Playbook, SettingRule } from '../playbook/schema.js';
import { settingMeets, wantText } from '../playbook/want.js';
import { isNodeValue } from './node-values.js';

/** One setting as the nodes would get it. */
export interface SharedSetting {
  readonly rule: SettingRule;
  /** What the distribution's commands write, defaults filled in. */
  readonly value: Value;
  /** Where the value comes from: a line of the text, or a default. */
  readonly source: Source;
  readonly meets: boolean;
  /** Its value belongs to one node, so it has no place in a configuration that all nodes share. */
  readonly nodeValue: boolean;
}

/** The kubelets that the configuration is for. */
export interface Kubelets {
  /** Name of their distribution, as playbooks have it. */
  readonly distro: string;
  /** Their newest version, such as `v1.31.4`. Undefined if none is known. */
  readonly version: string | undefined;
}

export const minorOf = (version: string | undefined): number | undefined =>
  version === undefined ? undefined : parseKubeVersion(version)?.minor;

/** Rules about fields of KubeletConfiguration that hold for these kubelets, each setting and want once. */
export function sharedRules(given: readonly Playbook[], { distro, version }: Kubelets): readonly SettingRule[] {
  const seen = new Set<string>();
  return playbooksFor(given, { distro, kubeletVersion: version })
    .playbooks.flatMap(({ rules }) => rules)
    .filter((rule): rule is SettingRule => {
      if (rule.kind !== 'setting' || infoOf(rule.setting) === undefined || rule.skip[distro] !== undefined)
        return false;
      const fits = rule.versions === undefined || (version !== undefined && satisfies(version, rule.versions) === true);
      const key = `${rule.setting} ${wantText(rule.want)}`;
      if (!fits || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

/** Judges the text of a KubeletConfiguration. Fails with a sentence if it cannot be read as the kubelet would. */
export function judgeShared(
  text: string,
  about: SharedConfig,
  kubelets: Kubelets,
  rules: readonly SettingRule[],
): Result<readonly SharedSetting[], string> {
  const minor = minorOf(kubelets.version);
  // The kubelet reads the first one, the distribution's commands look for the kind.
  if (/^---(\s|$)/m.test(text.replace(/^(\s*(#.*|---.*)?\n)*/, '')))
    return fail('it holds more than one YAML document');
  const { file, fault } = parseConfigFile('', text, { minor });
  if (file === undefined) {
    const line = fault?.line === undefined ? '' : `line ${fault.line}: `;
    return fail(`${line}${fault?.message ?? 'it is no KubeletConfiguration'}`);
  }
  const none = { command: [], flags: [], dropIns: [], faults: [], hidden: [] };
  const sources = kubeletSources({ ...none, config: file, hasConfig: true, minor });
  const [wrong] = sources.files.typeFaults;
  if (wrong !== undefined) return fail(`line ${wrong.place.line}: ${wrong.message}`);
  return ok(
    rules.flatMap((rule) => {
      const info = infoOf(rule.setting);
      if (info === undefined) return [];
      const found = written(about, effectiveSetting(sources, info));
      const gate = gateOf(rule.setting);
      const value = gate === undefined ? found.value : (at(found.value, gate) ?? null);
      const meets = settingMeets(rule.setting, rule.want, value);
      return [{ rule, value, source: found.source, meets, nodeValue: isNodeValue(rule.setting) }];
    }),
  );
}

/** The value after what the distribution's commands force and fill in. */
function written(about: SharedConfig, { info, value, source }: Setting): Pick<Setting, 'value' | 'source'> {
  const forced = about.forced.get(info.path);
  if (forced !== undefined)
    return { value: forced, source: { kind: 'default', detail: `always set by ${about.writers}` } };
  const filled = about.filledIn.get(info.path);
  if (filled === undefined || (source.kind !== 'default' && value !== '')) return { value, source };
  return { value: filled, source: { kind: 'default', detail: `filled in by ${about.writers}` } };
}

const gateOf = (setting: string): string | undefined => /^featureGates\.(.+)$/.exec(setting)?.[1];
const infoOf = (setting: string): SettingInfo | undefined =>
  settingByPath.get(gateOf(setting) === undefined ? setting : 'featureGates');
