/** `--shard`: which verbs take it, what it takes, and why the others refuse it. */
import { CommanderError } from 'commander';
import { expect, it, vi } from 'vitest';
import { checkSettings } from '../../src/cli/check-settings.js';
import type { Flags } from '../../src/cli/options.js';
import { buildProgram } from '../../src/cli/program.js';
import { verbs } from '../../src/cli/verbs.js';
import { ToolError } from '../../src/lib/errors.js';

/** The flags that a verb would get, or the error, with what is said on stderr. */
async function parsed(...args: readonly string[]): Promise<{ flags?: Flags; error?: unknown; said: string }> {
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  let flags: Flags | undefined;
  try {
    const { program } = buildProgram('0', (_verb, given) => {
      flags = given;
      return Promise.resolve(0);
    });
    await program.parseAsync(['node', 'kubelatch', ...args]);
    return { ...(flags === undefined ? {} : { flags }), said: said.join('') };
  } catch (error) {
    return { error, said: said.join('') };
  } finally {
    write.mockRestore();
  }
}

it.each([['audit'], ['inventory'], ['inventory', 'check']])('%s %s takes it', async (...verb) => {
  const { flags } = await parsed(...verb, '--shard', '2/5');
  expect(flags?.shard).toEqual({ index: 2, count: 5 });
});

it.each(['0/3', '4/3', 'x'])('%s is refused in one line', async (value) => {
  const { error, said } = await parsed('audit', '--shard', value);
  expect(error).toBeInstanceOf(CommanderError);
  expect(said).toContain(`'${value}' is invalid: it must be a part and a number of parts, such as 2/5`);
  expect(said.trimEnd()).not.toContain('\n');
});

it.each(['apply', 'plan', 'rollback', 'resume', 'uninstall', 'verify'])('%s refuses it and says why', async (verb) => {
  for (const args of [
    [verb, '--shard', '1/2'],
    [verb, '--shard=1/2'],
  ]) {
    const { error } = await parsed(...args);
    expect(error).toBeInstanceOf(ToolError);
    const { message, hint, code } = error as ToolError;
    expect({ code, hint }).toEqual({ code: 'usage', hint: undefined });
    expect(message).toMatch(new RegExp(`^${verb} does not take --shard: .*(one run a cluster|--limit)$`));
  }
});

it('no verb that changes nodes has it, nor does any take it without a value', async () => {
  const shown = (options: (typeof verbs)[number]['options']) =>
    options.flatMap((group) => group.options.map((one) => one.long));
  expect(verbs.filter(({ options }) => shown(options).includes('--shard')).map(({ name }) => name)).toEqual([
    'audit',
    'inventory',
    'inventory check',
  ]);
  for (const { name } of verbs.filter(({ changesNodes, hidden }) => changesNodes && hidden !== true))
    expect((await parsed(...name.split(' '), '--shard')).error, name).toBeDefined();
});

it('a baseline is of the whole cluster', () => {
  expect(() => checkSettings({ shard: { index: 1, count: 2 }, baseline: 'b.json' })).toThrow('exclude each other');
});
