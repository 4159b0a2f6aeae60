/** Every command in README.md and docs/: kubelatch's own command line takes it, and npm scripts are there. test/cli/documented.test.ts runs those that need no host. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';
import { messageOf } from '../../src/lib/errors.js';
import { rememberInvocation } from '../../src/lib/next-command.js';
import { project } from '../source-file.js';
import { pages } from './markdown.js';
import { type DocumentedCommand, commandsOf, inlineCommandsOf } from './shell-commands.js';

const textOf = (page: string): string => readFileSync(join(project, page), 'utf8');
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };
/** Others' programs that pages tell to run. */
const others = new Set(['kubectl', 'helm', 'systemctl', 'ssh-keygen']);
const ownOfNpm = new Set(['ci', 'link', 'test']);

const home = mkdtempSync(join(tmpdir(), 'kubelatch-docs-'));
beforeAll(() => {
  // No settings of this machine: neither variables nor the user's own file.
  for (const name of Object.keys(process.env)) if (name.startsWith('KUBELATCH_')) vi.stubEnv(name, undefined);
  vi.stubEnv('XDG_CONFIG_HOME', home);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rememberInvocation({ choices: [], flagsOf: {} });
  rmSync(home, { recursive: true, force: true });
});

/** The verb that would run, with what is wrong with the words if something is. */
async function parsed(words: readonly string[]): Promise<{ readonly verb?: string; readonly problem?: string }> {
  let verb: string | undefined;
  const { program } = buildProgram('0.0.0', (found) => {
    verb = found.name;
    return Promise.resolve(0);
  });
  const silent = { writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined };
  const quiet = (command: typeof program): void => {
    command.configureOutput(silent).exitOverride();
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    if (words[0] === 'version') return { verb: 'version' };
    await program.parseAsync([...words], { from: 'user' });
    return { ...(verb === undefined ? { problem: 'no verb' } : { verb }) };
  } catch (error) {
    const problem = messageOf(error);
    // The reader's folders are not here.
    return / no such file or folder$/.test(problem) ? {} : { problem };
  }
}

/** A digest that the reader is to fill in. */
const filledIn = (word: string): string => word.replace(/^sha256:\.\.\.$/, `sha256:${'0'.repeat(64)}`);

async function problemOf({ words }: DocumentedCommand): Promise<string | undefined> {
  const [program = '', ...args] = words;
  if (program === 'kubelatch') return (await parsed(args.map(filledIn))).problem;
  if (program !== 'npm') return others.has(program) ? undefined : 'not a program that pages tell to run';
  const [verb = '', script = ''] = args;
  if (verb === 'run') return script in scripts ? undefined : `package.json has no script ${script}`;
  return ownOfNpm.has(verb) ? undefined : 'not a command of npm that pages tell to run';
}

describe.each(pages)('%s', (page) => {
  const text = textOf(page);
  it('its commands are taken', async () => {
    const problems: string[] = [];
    for (const command of [...commandsOf(text), ...inlineCommandsOf(text)]) {
      const problem = await problemOf(command);
      if (problem !== undefined) problems.push(`${page}:${command.line}: ${command.words.join(' ')}: ${problem}`);
    }
    expect(problems).toEqual([]);
  });
});

it('finds commands at all, and each form of them', () => {
  const all = pages.flatMap((page) => commandsOf(textOf(page)));
  expect(all.filter(({ words }) => words[0] === 'kubelatch').length).toBeGreaterThan(100);
  const page =
    '```sh\nA=1 kubelatch audit -o html >a.html # all\nnpm ci && npm run \\\n  build\n```\n\n```console\n$ kubelatch csr\nNAME\n```\n';
  expect(commandsOf(page)).toEqual([
    { line: 2, words: ['kubelatch', 'audit', '-o', 'html'] },
    { line: 3, words: ['npm', 'ci'] },
    { line: 3, words: ['npm', 'run', 'build'] },
    { line: 8, words: ['kubelatch', 'csr'] },
  ]);
});

it.each(['audti', 'audit --no-such-flag', 'audit -o pdf', 'apply --deadline 1s', 'runs show', 'explain'])(
  'kubelatch %s would be found',
  async (words) => expect((await parsed(words.split(' '))).problem).toBeDefined(),
);

it('the first ten minutes of README.md are those of docs/ten-minutes.md', () => {
  const [, start = ''] = /\n## Start: the first ten minutes\n([\s\S]*?)\n## /.exec(textOf('README.md')) ?? [];
  const linesOf = (page: string): string[] => commandsOf(page).map(({ words }) => words.join(' '));
  expect(linesOf(start).length).toBeGreaterThan(6);
  expect(linesOf(textOf('docs/ten-minutes.md'))).toEqual(expect.arrayContaining(linesOf(start)));
});
