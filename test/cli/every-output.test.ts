/** Every -o of every verb of the table: stdout holds the result alone, valid by the validator of its format. */
import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dispatchVerb } from '../../src/cli/dispatch.js';
import { buildProgram } from '../../src/cli/program.js';
import { listenForSignals } from '../../src/cli/shutdown.js';
import { type Verb, verbs } from '../../src/cli/verbs.js';
import { ToolError } from '../../src/lib/errors.js';
import { type Format, formatsFor } from '../../src/report/format-table.js';
import { formatted } from '../../src/report/formats.js';
import { plainStyle } from '../../src/report/style.js';
import { everyKind } from '../report/every-kind.js';
import { expectValid } from '../report/valid.js';
import { closedPort, inventoryOf, openPlace } from './program.js';

const place = openPlace();
const run = '20261123T050100Z-3fa4c1';
const results = everyKind();
const how = { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' };
let inventory = '';
const stdout = vi.spyOn(process.stdout, 'write');
const stderr = vi.spyOn(process.stderr, 'write');

beforeAll(async () => {
  inventory = place.file('inventory.yaml', inventoryOf(await closedPort()));
  const state = join(place.folder, 'state');
  mkdirSync(join(state, 'kubelatch', 'runs'), { recursive: true });
  place.file('audit.json', formatted('json', { ...results.audit, hosts: results.audit.hosts.slice(0, 1) }, how));
  vi.stubEnv('HOME', join(place.folder, 'home'));
  vi.stubEnv('XDG_STATE_HOME', state);
  vi.stubEnv('KUBECONFIG', '/nonexistent');
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What a verb cannot do without. A verb that is new and needs something belongs here. */
const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  'runs show': [run],
  report: [join(place.folder, 'audit.json')],
  explain: ['anonymous-auth'],
  completion: ['bash'],
  'csr watch': ['--for', '1s'],
  ...Object.fromEntries(['apply', 'rollback', 'resume', 'uninstall', 'csr approve'].map((name) => [name, ['--yes']])),
};

const options = (verb: Verb) => verb.options.flatMap((group) => group.options);
const outputs = (verb: Verb): readonly Format[] =>
  (options(verb).find(({ long }) => long === '--output')?.argChoices ?? []) as readonly Format[];

/** In this process, which is quicker than a new one for each of some 200. */
async function stdoutOf(verb: Verb, format: Format): Promise<string> {
  const written: string[] = [];
  const take = (to: (text: string) => void) => (text: string | Uint8Array, done?: unknown) => {
    to(String(text));
    if (typeof done === 'function') (done as () => void)();
    return true;
  };
  stdout.mockImplementation(take((text) => written.push(text)));
  stderr.mockImplementation(take(() => undefined));
  const shutdown = listenForSignals(new EventEmitter() as NodeJS.Process, {
    say: () => undefined,
    exit: () => undefined,
  });
  const { program } = buildProgram('0.1.0', (one, flags, args) =>
    dispatchVerb(one, args, { flags, shutdown, version: '0.1.0' }),
  );
  const takesInventory = options(verb).some(({ long }) => long === '--inventory');
  const given = [
    ...verb.name.split(' '),
    ...(argumentsOf[verb.name] ?? []),
    ...(takesInventory ? ['-i', inventory] : []),
  ];
  try {
    await program.parseAsync([...given, '-o', format], { from: 'user' });
  } catch (error) {
    // A command line that was not understood has tested nothing.
    if (!(error instanceof ToolError)) throw error;
  } finally {
    stdout.mockReset();
    stderr.mockReset();
  }
  return written.join('');
}

const spoke = new Set<string>();

describe.each(verbs.filter((verb) => outputs(verb).length > 0).map((verb) => [verb.name, verb] as const))(
  '%s',
  (_, verb) => {
    it.each(outputs(verb))(
      '-o %s',
      async (format) => {
        const text = await stdoutOf(verb, format);
        // Without nodes and an API server some verbs have no result; what others have is tried below.
        if (text === '') return;
        spoke.add(verb.name);
        expectValid(format, text);
      },
      60_000,
    );
  },
);

it('most verbs had something to say', () => {
  expect([...spoke]).toEqual(
    expect.arrayContaining([
      'audit',
      'plan',
      'apply',
      'verify',
      'inventory',
      'inventory check',
      'rules',
      'explain',
      'report',
    ]),
  );
});

describe('a result with everything in it', () => {
  const kinds = Object.values(results).flatMap((result) =>
    formatsFor(result.kind).map((one) => [result, one] as const),
  );
  it.each(kinds.map(([result, format]) => [result.kind, format, result] as const))(
    '%s -o %s',
    (kind, format, result) => {
      // A checklist is for one host.
      const shown =
        kind === 'audit' && format === 'cklb' ? { ...results.audit, hosts: results.audit.hosts.slice(0, 1) } : result;
      expectValid(format, formatted(format, shown, how));
    },
  );
});
