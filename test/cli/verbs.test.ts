/** The table of verbs: every row is short, whole and true of itself. */
import { expect, it } from 'vitest';
import { type Verb, verbs } from '../../src/cli/verbs.js';

const words = (text: string): number => text.split(' ').length;
const named = verbs.map((verb) => [verb.name, verb] as const);
const flagsOf = ({ options }: Verb): readonly string[] =>
  options
    .flatMap((group) => group.options.flatMap(({ short, long }) => [short, long]))
    .filter((one) => one !== undefined);

it('says which verbs change nodes', () => {
  expect(verbs.filter((verb) => verb.changesNodes).map(({ name }) => name)).toEqual([
    ...['apply', 'rollback', 'resume', 'csr approve', 'csr watch', 'uninstall', 'guided'],
  ]);
});

it.each(named)('%s: is said in ten words, and so is each of its options', (_, { summary, options }) => {
  const said = [summary, ...options.flatMap((group) => group.options.map(({ description }) => description))];
  // What a flag falls back to and that it repeats is no part of the sentence.
  const sentences = said.map((text) => text.replace(/( \(default: .*\)|[:;] .*)$/, ''));
  expect(sentences.filter((text) => words(text) > 10 || !/^[A-Z][^.]*[^.]$/.test(text))).toEqual([]);
});

it.each(named)('%s: has no flag twice, and its own before those of many', (_, verb) => {
  const flags = flagsOf(verb);
  expect(flags).toHaveLength(new Set(flags).size);
  const titles = verb.options.map(({ title }) => title);
  const common = titles.findIndex((title) => ['Hosts', 'Connection', 'API server', 'Output'].includes(title));
  expect(
    titles.slice(common).filter((title) => !['Hosts', 'Connection', 'API server', 'Output'].includes(title)),
  ).toEqual([]);
});

it.each(named)('%s: its examples are of verbs and flags that there are', (_, verb) => {
  if (verb.hidden !== true) expect(verb.examples).not.toEqual([]);
  for (const { command, does } of verb.examples) {
    expect(words(does), does).toBeLessThanOrEqual(10);
    const [program, ...rest] = command.split(' ');
    expect(program).toBe('kubelatch');
    const at = verbs.filter(({ name }) => `${rest.join(' ')} `.startsWith(`${name} `)).at(-1);
    expect(at?.name.split(' ')[0], command).toBe(verb.name.split(' ')[0]);
    const flags = rest.filter((word) => word.startsWith('-'));
    expect(flags.filter((flag) => at === undefined || !flagsOf(at).includes(flag))).toEqual([]);
  }
});

it('a subcommand comes after its command', () => {
  const names = verbs.map(({ name }) => name);
  for (const [at, name] of names.entries())
    if (name.includes(' ')) expect(names.slice(0, at)).toContain(name.split(' ')[0]);
});
