/** Checks that a schema cannot express: which keys go together, and that the value a rule sets satisfies the rule. */
import { settingByPath } from '../facts/settings.js';
import type { SettingInfo } from '../facts/settings.js';
import { parseKubeRange } from '../lib/kube-version.js';
import { didYouMean } from '../lib/suggest.js';
import type { Path, Problem } from '../lib/yaml-source.js';
import type { Json, Want } from './schema.js';
import { meetsWant, rankOf, wantText } from './want.js';

const kinds = ['setting', 'file', 'packetFilter', 'addressList', 'manual'] as const;
const companions = {
  setting: ['want', 'set'],
  file: ['fix'],
  packetFilter: [],
  addressList: [],
  manual: ['look'],
} as const;

/** Checks the rules of a playbook as written. Values of a wrong type are left to the schema. */
export function ruleProblems(playbook: unknown): readonly Problem[] {
  const rules = record(playbook)?.['rules'];
  if (!Array.isArray(rules)) return [];
  const ids = new Set<unknown>();
  return rules.flatMap((rule: unknown, i) => {
    const fields = record(rule);
    if (fields === undefined) return [];
    const path = ['rules', i];
    const { id } = fields;
    const again = ids.has(id);
    ids.add(id);
    return [
      ...(again ? [{ path: [...path, 'id'], message: `another rule already has the id ${JSON.stringify(id)}` }] : []),
      ...kindProblems(fields, path),
      ...settingProblems(fields, path),
      ...fileProblems(fields, path),
      ...versionProblems(fields, path),
    ];
  });
}

type Fields = Readonly<Record<string, unknown>>;

function kindProblems(rule: Fields, path: Path): readonly Problem[] {
  const present = kinds.filter((kind) => rule[kind] !== undefined);
  const [kind] = present;
  if (kind === undefined || present.length > 1) {
    const message =
      kind === undefined
        ? 'needs one of setting, file, packetFilter, addressList, manual'
        : `has ${present.join(' and ')}, but a rule has only one of them`;
    return [{ path, message }];
  }
  const strays = kinds
    .filter((other) => other !== kind)
    .flatMap((other) => companions[other].map((key) => ({ key, other })))
    .filter(({ key }) => rule[key] !== undefined)
    .map(({ key, other }) => ({ path: [...path, key], message: `belongs in a rule with ${other}` }));
  const needed = kind === 'setting' ? 'want' : kind === 'manual' ? 'look' : undefined;
  const missing = needed !== undefined && rule[needed] === undefined;
  return missing ? [...strays, { path, message: `a rule with ${kind} needs ${needed}` }] : strays;
}

function settingProblems({ setting, want, set }: Fields, path: Path): readonly Problem[] {
  const wanted = readWant(want);
  const problems: Problem[] = [];
  const report = (key: string, message: string): void => void problems.push({ path: [...path, key], message });
  if (record(want) !== undefined && wanted === undefined)
    report('want', 'needs exactly one of equals, oneOf, atLeast, atMost, subsetOf, set, absent');
  if (typeof setting === 'string' && !isKnown(setting)) {
    report('setting', `${JSON.stringify(setting)} is not a known setting${didYouMean(setting, settingByPath.keys())}`);
  }
  const info = typeof setting === 'string' ? settingByPath.get(setting) : undefined;
  for (const value of wanted === undefined ? [] : wantedValues(wanted)) {
    const bound = wanted !== undefined && ('atLeast' in wanted || 'atMost' in wanted);
    if (bound && rankOf(value) === undefined)
      report('want', `${JSON.stringify(value)} cannot be compared; use a number, a duration or a TLS version`);
    else if (info !== undefined && !(bound || fits(info, value)))
      report('want', `${info.path} takes ${kindText[info.kind]}, not ${JSON.stringify(value)}`);
  }
  if (set === undefined) return problems;
  if (typeof setting === 'string' && setting.startsWith('flags.'))
    report('set', 'kubelatch cannot write a flag without a configuration field; remove set');
  if (info !== undefined && !fits(info, set))
    report('set', `${info.path} takes ${kindText[info.kind]}, not ${JSON.stringify(set)}`);
  if (wanted !== undefined && !meetsWant(wanted, set))
    report('set', `${JSON.stringify(set)} does not satisfy the rule's own want: ${wantText(wanted)}`);
  return problems;
}

function fileProblems({ file }: Fields, path: Path): readonly Problem[] {
  const fields = record(file);
  if (fields === undefined || fields['mode'] !== undefined || fields['owner'] !== undefined) return [];
  return [{ path: [...path, 'file'], message: 'needs mode, owner or both' }];
}

function versionProblems({ versions }: Fields, path: Path): readonly Problem[] {
  if (typeof versions !== 'string' || versions === '' || parseKubeRange(versions) !== undefined) return [];
  return [
    {
      path: [...path, 'versions'],
      message: `${JSON.stringify(versions)} is not a version range such as ">=1.29 <1.34"`,
    },
  ];
}

function isKnown(setting: string): boolean {
  return settingByPath.has(setting) || /^(flags|featureGates)\.[^.]+$/.test(setting);
}

/** A want with exactly one condition, whatever the types in it. Undefined otherwise. */
function readWant(want: unknown): Want | undefined {
  const fields = record(want) ?? {};
  const [[key, value] = ['', undefined], ...more] = Object.entries(fields);
  if (more.length > 0) return undefined;
  if (key === 'oneOf' || key === 'subsetOf') return Array.isArray(value) ? (fields as unknown as Want) : undefined;
  return ['equals', 'atLeast', 'atMost', 'set', 'absent'].includes(key) ? (fields as unknown as Want) : undefined;
}

/** The values that a want names. Null means not set and is allowed for every setting. */
function wantedValues(want: Want): readonly Json[] {
  if ('equals' in want) return [want.equals].filter((value) => value !== null);
  if ('oneOf' in want) return want.oneOf.filter((value) => value !== null);
  if ('atLeast' in want) return [want.atLeast];
  if ('atMost' in want) return [want.atMost];
  return 'subsetOf' in want ? [want.subsetOf] : [];
}

const kindText: Readonly<Record<SettingInfo['kind'], string>> = {
  boolean: 'true or false',
  integer: 'a whole number',
  string: 'a string',
  duration: 'a duration such as 5m',
  list: 'a list',
  map: 'a mapping',
};

function fits({ kind }: SettingInfo, value: unknown): boolean {
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value);
    case 'string':
      return typeof value === 'string';
    case 'duration':
      return typeof value === 'string' && rankOf(value)?.unit === 'duration';
    case 'list':
      return Array.isArray(value);
    case 'map':
      return record(value) !== undefined;
  }
}

function record(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
