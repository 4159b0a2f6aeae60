/** Reads playbooks, built-in or the user's own, and reports all mistakes of one at once, one line each. */
import { readFile } from 'node:fs/promises';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { memoize } from '../lib/memoize.js';
import { schemaProblems } from '../lib/schema-problems.js';
import { suggest } from '../lib/suggest.js';
import { formatProblems, readYaml } from '../lib/yaml-source.js';
import type { Problem, YamlSource } from '../lib/yaml-source.js';
import { builtinFamilies, builtinNames, builtinText } from './builtin.js';
import { ruleProblems } from './rule-problems.js';
import { playbookJsonSchema, playbookSchema } from './schema.js';
import type { Playbook, PlaybookInput, Rule, RuleInput, Want } from './schema.js';

/** As {@link loadPlaybook}, for names that may also be a family of built-ins, such as `cis`: all of its playbooks. Each playbook once. */
export async function loadPlaybooks(given: readonly string[]): Promise<Playbook[]> {
  const all = await Promise.all([...new Set(given)].map((one) => loadNamed(one)));
  return eachOnce(all.flat());
}

/** A playbook may be there by itself and as a member of its family. */
export function eachOnce(flat: readonly Playbook[]): Playbook[] {
  // A playbook that is named itself counts on every node.
  const isTwice = ({ source, byFamily }: Playbook): boolean =>
    byFamily === true && flat.some((one) => one.source === source && one.byFamily === undefined);
  return flat.filter((one) => !isTwice(one));
}

async function loadNamed(name: string): Promise<readonly Playbook[]> {
  const members = (await builtinFamilies()).get(name);
  return members === undefined ? [await loadPlaybook(name)] : members.map(memberOfFamily);
}

/** A built-in as a member of its family: it counts only on nodes that it fits. */
export const memberOfFamily = (name: string): Playbook => ({ ...builtin(name), byFamily: true });

const builtin = memoize((name: string) => parsePlaybook(name, builtinText(name)), 100);

/** Loads a built-in by name, or a file if the text contains a "/" or ends in .yaml or .yml. Throws ToolError `playbook`. */
export async function loadPlaybook(nameOrPath: string): Promise<Playbook> {
  if (nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath))
    return parsePlaybook(nameOrPath, await readText(nameOrPath));
  const names = await builtinNames();
  if (names.includes(nameOrPath)) return builtin(nameOrPath);
  const families = [...(await builtinFamilies()).keys()];
  const nearest = suggest(nameOrPath, [...names, ...families]);
  throw new ToolError('playbook', `there is no playbook named ${JSON.stringify(nameOrPath)}`, {
    hint: `${nearest === undefined ? '' : `Did you mean ${nearest}? `}Built-in playbooks: ${names.join(', ')}. ${families.join(', ')} takes the one that fits each node. For your own file, give its path: ./mine.yaml`,
  });
}

/** Converts the text of a playbook to rules. Throws one ToolError `playbook` with one line per mistake. */
export function parsePlaybook(source: string, text: string): Playbook {
  // The kubelet reads its files as YAML 1.1, so `yes` in a rule must mean the same as there.
  const yaml = readYaml(source, text, '1.1');
  if (yaml.problems.length > 0) throw invalid(yaml, yaml.problems);
  const parsed = playbookSchema.safeParse(yaml.value);
  const found = parsed.success ? [] : schemaProblems(parsed.error.issues, yaml.value, playbookJsonSchema());
  const problems = [...found, ...ruleProblems(yaml.value)];
  if (problems.length > 0 || !parsed.success) throw invalid(yaml, problems);
  return toPlaybook(source, parsed.data);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ToolError('playbook', `${path}: ${missing ? 'no such file' : fileErrorOf(error)}`, { cause: error });
  }
}

function invalid(source: YamlSource, problems: readonly Problem[]): ToolError {
  return new ToolError('playbook', formatProblems(source, problems).join('\n'), {
    hint: 'playbooks/README.md describes every key. Use playbooks/playbook.schema.json for checks in your editor.',
  });
}

function toPlaybook(source: string, { metadata, rules }: PlaybookInput): Playbook {
  const { name, title, description = '', appliesTo, family } = metadata;
  return { source, name, title, description, appliesTo, family, rules: rules.map(toRule) };
}

function toRule(input: RuleInput): Rule {
  const {
    id,
    title,
    severity,
    why,
    mayBreak,
    versions,
    skip = {},
    references: { cis = {}, stig = [], docs = [] } = {},
  } = input;
  const base = { id, title, severity, why, mayBreak, versions, skip, references: { cis, stig, docs } };
  if (input.setting !== undefined) {
    return { ...base, kind: 'setting', setting: input.setting, want: input.want as Want, set: input.set };
  }
  if (input.file !== undefined) return { ...base, kind: 'file', file: input.file, fix: input.fix ?? true };
  if (input.packetFilter !== undefined)
    return { ...base, kind: 'network', guard: { kind: 'packet-filter', filter: input.packetFilter } };
  if (input.addressList !== undefined)
    return { ...base, kind: 'network', guard: { kind: 'address-list', list: input.addressList } };
  return { ...base, kind: 'manual', look: input.look ?? '' };
}
