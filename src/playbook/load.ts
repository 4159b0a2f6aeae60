/** Reads playbooks, built-in or a user's own, and reports every mistake in one at once, one line each. */
import { readFile } from 'node:fs/promises';
import { ToolError, messageOf } from '../lib/errors.js';
import { schemaProblems } from '../lib/schema-problems.js';
import { suggest } from '../lib/suggest.js';
import { formatProblems, readYaml } from '../lib/yaml-source.js';
import type { Problem, YamlSource } from '../lib/yaml-source.js';
import { builtinNames, builtinPath } from './builtin.js';
import { ruleProblems } from './rule-problems.js';
import { playbookJsonSchema, playbookSchema } from './schema.js';
import type { Playbook, PlaybookInput, Rule, RuleInput, Want } from './schema.js';

/** Loads a built-in by its name, or a file when the text holds a "/" or ends in .yaml or .yml. Throws ToolError `playbook`. */
export async function loadPlaybook(nameOrPath: string): Promise<Playbook> {
  if (nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath))
    return parsePlaybook(nameOrPath, await readText(nameOrPath));
  const names = await builtinNames();
  if (names.includes(nameOrPath)) return parsePlaybook(nameOrPath, await readText(builtinPath(nameOrPath)));
  const nearest = suggest(nameOrPath, names);
  throw new ToolError('playbook', `no playbook is named ${JSON.stringify(nameOrPath)}`, {
    hint: `${nearest === undefined ? '' : `Did you mean ${nearest}? `}There are ${names.join(', ')}; a file of yours is named by its path: ./mine.yaml`,
  });
}

/** Turns the text of a playbook into rules. Throws one ToolError `playbook` whose message has a line for every mistake. */
export function parsePlaybook(source: string, text: string): Playbook {
  // The kubelet reads its own files as YAML 1.1: `yes` in a rule must mean what it means there.
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
    throw new ToolError('playbook', `${path}: ${missing ? 'no such file' : messageOf(error)}`, { cause: error });
  }
}

function invalid(source: YamlSource, problems: readonly Problem[]): ToolError {
  return new ToolError('playbook', formatProblems(source, problems).join('\n'), {
    hint: 'playbooks/README.md describes every key; playbooks/playbook.schema.json checks them in an editor.',
  });
}

function toPlaybook(source: string, { metadata, rules }: PlaybookInput): Playbook {
  const { name, title, description = '' } = metadata;
  return { source, name, title, description, rules: rules.map(toRule) };
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
  return { ...base, kind: 'manual', look: input.look ?? '' };
}
