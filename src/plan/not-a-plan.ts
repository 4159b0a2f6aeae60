/** What a file that was given as a saved plan is instead: one line with file and line, and what to do. Pure. */
import { ToolError } from '../lib/errors.js';
import { nextCommand } from '../lib/next-command.js';
import { oneLine } from '../lib/sanitize.js';
import { type SchemaIssue, schemaProblems } from '../lib/schema-problems.js';
import { type YamlSource, formatProblems, readYaml } from '../lib/yaml-source.js';

type Fields = Readonly<Record<string, unknown>>;

/** `data`: what JSON.parse made of it; undefined where it is no JSON. `issues`: what the schema of a plan says of it. */
export function notAPlan(path: string, content: string, data: unknown, issues: readonly SchemaIssue[]): ToolError {
  const source = readYaml(path, content);
  if (data === undefined) return startsAsJson(content) ? brokenJson(source, content) : otherText(source, content);
  const fields = fieldsOf(data);
  if (fields['kind'] !== 'kubelatch-plan') return otherFile(path, lookOf(fields, 'another JSON file'));
  if (fields['schemaVersion'] !== 1)
    return usageError(`${path}: this version of kubelatch cannot read a plan with this schemaVersion`, [
      `apply it with the version of kubelatch that made it, or ${toMake()}`,
    ]);
  const [problem] = schemaProblems(issues.slice(0, 1).map(inPlainWords), data, {});
  // The lines of a file that is too large to be searched are not known.
  const place = problem && source.problems.length === 0 ? formatProblems(source, [problem])[0] : undefined;
  return usageError(`${place ?? path}; the plan was edited or damaged`, [`find out who changed it, or ${toMake()}`]);
}

/** The words of a pattern help nobody. */
const inPlainWords = (issue: SchemaIssue): SchemaIssue =>
  issue.code === 'invalid_format' ? { ...issue, message: 'a plan cannot have this value here' } : issue;

const startsAsJson = (content: string): boolean => /^\s*[[{]/.test(content);

function brokenJson({ name, problems }: YamlSource, content: string): ToolError {
  if (/[\]}]\s*$/.test(content)) {
    const line = problems[0]?.position?.line;
    const place = line === undefined ? name : `${name}:${line}`;
    return usageError(`${place}: not a saved plan: its JSON is not valid`, [toMake()]);
  }
  const last = content.trimEnd().split('\n').length;
  return usageError(`${name}:${last}: the file ends in the middle, so the plan is not complete`, [
    `copy the whole file, or ${toMake()}`,
  ]);
}

function otherText({ name, value }: YamlSource, content: string): ToolError {
  if (content.trim() === '') return usageError(`${name}: not a saved plan: the file is empty`, [toMake()]);
  const isMapping = Object.keys(fieldsOf(value)).length > 0;
  return otherFile(name, lookOf(fieldsOf(value), isMapping ? 'a YAML file' : 'a text'));
}

interface Look {
  readonly what: string;
  /** What it may have been meant for. */
  readonly hint?: string;
}

function lookOf(fields: Fields, otherwise: string): Look {
  const { kind, tool, groups, cluster } = fields;
  if (tool === 'kubelatch' && typeof kind === 'string' && /^[a-z-]{1,30}$/.test(kind)) {
    const what = `the result of ${kind.replaceAll('-', ' ')} -o json`;
    return kind === 'plan' ? { what: `${what}, which has less than apply needs` } : { what };
  }
  if (kind === 'Playbook') return { what: 'a playbook', hint: 'give a playbook with -p FILE' };
  if (groups !== undefined && cluster !== undefined)
    return { what: 'an inventory', hint: 'give an inventory with -i FILE' };
  return { what: otherwise };
}

const otherFile = (path: string, { what, hint }: Look): ToolError =>
  usageError(`${path}: not a saved plan: it looks like ${what}`, [...(hint === undefined ? [] : [hint]), toMake()]);

const toMake = (): string => `make a plan: ${nextCommand('plan', '--out', 'FILE')}`;

const usageError = (message: string, hints: readonly string[]): ToolError =>
  new ToolError('usage', oneLine(message, 1000), { hint: `nothing was changed; ${hints.join('; ')}` });

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
