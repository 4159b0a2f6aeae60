/** The values that kubelatch computes held against those of a kubelet. */
import type { NodeFacts, UnitFact } from '../../src/facts/node-facts.js';
import { type KubeletSources, type Setting, effectiveSetting } from '../../src/facts/effective-kubelet.js';
import { fields } from '../../src/facts/kubelet-fields.js';
import { sameSetting } from '../../src/facts/same-setting.js';
import { hardeningSettings, settings, zeroOf } from '../../src/facts/settings.js';
import { type Value, isRecord } from '../../src/facts/value.js';
import { type Answer, sourcesOf, versionOnly } from './kubelet-node.js';

/** What a kubelet's own log holds under another name than its files. */
const goNames: Readonly<Record<string, string>> = { resolvConf: 'resolverConfig' };
const unordered = new Set(fields.filter(({ type }) => type === 'objects').map(({ path }) => path));
const hardening = new Set(hardeningSettings.map(({ path }) => path));

/** In Go's names, which differ by their capitals; undefined where there is no such field. */
function loggedAt(configuration: Value, path: string): Value | undefined {
  let value: Value | undefined = configuration;
  for (const name of (goNames[path] ?? path).split('.')) {
    if (!isRecord(value)) return undefined;
    const key: string | undefined = Object.keys(value).find((one) => one.toLowerCase() === name.toLowerCase());
    value = key === undefined ? undefined : value[key];
  }
  return isRecord(value) && typeof value['Duration'] === 'number' ? `${value['Duration']}ns` : value;
}

/** What kubelatch says otherwise than the kubelet; nothing where they agree. Without a version it may know less, and nothing else. */
export function disagreements(facts: NodeFacts, unit: UnitFact, answer: Answer, minor: number): string[] {
  return [versionOnly(facts), ...(minor < 29 ? [] : [undefined])].flatMap((process) => {
    const sources = sourcesOf(facts, unit, process);
    const faults = sources.faults.map(({ path, line, message }) => `${path}:${line ?? 1}: ${message}`);
    if ('refusal' in answer) return faults.length > 0 || process === undefined ? [] : [`not told: ${answer.refusal}`];
    if (faults.length > 0 || answer.configuration === undefined) return faults;
    return differences(sources, answer.configuration);
  });
}

/** `path: ours, theirs` for each that differs. */
function differences(sources: KubeletSources, configuration: Value): string[] {
  return settings.flatMap((info) => {
    const setting = effectiveSetting(sources, info);
    const logged = loggedAt(configuration, info.path);
    if (logged === undefined || !isTold(sources, setting)) return [];
    const [ours, theirs] = [setting.value ?? zeroOf[info.kind], logged ?? zeroOf[info.kind]];
    return sameSetting(ours, theirs) ? [] : [`${info.path}: ${JSON.stringify(ours)}, ${JSON.stringify(theirs)}`];
  });
}

/** Defaults that are not the same in all versions are not claimed; those of versions before the table only where they count. */
function isTold({ minor }: KubeletSources, { info, source }: Setting): boolean {
  if (unordered.has(info.path)) return false;
  if (info.notInConfigz === true) return false;
  if (source.kind !== 'default') return true;
  return info.filledIn !== true && ((minor ?? 29) >= 29 || hardening.has(info.path));
}
