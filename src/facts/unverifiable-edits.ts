/** Parts of a file other than kubelet settings. Neither configz nor arguments show whether the running kubelet has them. Pure. */
import { unique } from '../lib/lists.js';
import type { KubeletSetup } from './kubelet-setup.js';
import { type NodeFacts, textOf } from './node-facts.js';
import { unitPaths } from './unit-command.js';
import { parseUnitFile } from './unit-file.js';

/** Directives whose effect is visible in the arguments, or that do not affect how a restart ends. */
const ignoredDirectives = new Set([
  ...['ExecStart', 'Environment', 'EnvironmentFile', 'Description', 'Documentation', 'After', 'Before', 'Wants'],
  ...['WantedBy', 'Alias', 'Restart', 'RestartSec', 'StartLimitInterval', 'StartLimitIntervalSec', 'StartLimitBurst'],
]);

/** Keys of a supervisor's file that are compared elsewhere. */
const compared = new Set(['kubelet-arg']);

/** Names of the directives, variables or keys in one of the kubelet's files, without repeats. */
export function unverifiableIn(facts: NodeFacts, setup: KubeletSetup, path: string): string[] {
  const text = textOf(facts, path) ?? '';
  const { unit, sources } = setup;
  const configs = [sources.config, ...sources.dropIns].map((one) => one?.path);
  if (configs.includes(path)) return [];
  if (unitPaths(unit).includes(path)) return unique([...directivesIn(text), ...unusedIn(text, facts, setup)]);
  if (setup.argumentsVisible === false && /\.ya?ml$/i.test(path)) return keysIn(text);
  return unique(variablesIn(text).filter((name) => !isUsed(name, facts, setup)));
}

const directivesIn = (text: string): string[] =>
  parseUnitFile(text)
    .filter(({ key }) => !ignoredDirectives.has(key) && !key.startsWith('X-'))
    .map(({ key }) => `${key}=`);

/** Variables of Environment= that the command does not use. */
const unusedIn = (text: string, facts: NodeFacts, setup: KubeletSetup): string[] =>
  parseUnitFile(text)
    .filter(({ key }) => key === 'Environment')
    .flatMap(({ value }) => [...value.text.matchAll(/(?:^|[\s"'])([A-Za-z_]\w{0,99})=/g)].map(([, name = '']) => name))
    .filter((name) => /^[A-Z_]/.test(name) && !isUsed(name, facts, setup));

const variablesIn = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^\s*(?:export\s+)?([A-Za-z_]\w{0,99})=/.exec(line)?.[1] ?? []);

function isUsed(name: string, facts: NodeFacts, { unit }: KubeletSetup): boolean {
  const pattern = new RegExp(`\\$(?:${name}\\b|\\{${name}\\})`);
  return unitPaths(unit).some((path) => pattern.test(textOf(facts, path) ?? ''));
}

const keysIn = (text: string): string[] =>
  unique(text.split('\n').flatMap((line) => /^["']?([A-Za-z][\w-]{0,99})["']?\+?\s*:/.exec(line)?.[1] ?? [])).filter(
    (key) => !compared.has(key),
  );
