/** What init asks on a terminal: every answer can be taken back, Ctrl-C writes nothing, and keys are added one by one. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { CliContext } from '../../src/cli/context.js';
import { makeInventory, writeNewInventory } from '../../src/cli/make-inventory.js';
import { readInventory } from '../../src/inventory/load.js';
import { ToolError } from '../../src/lib/errors.js';
import { invocation, rememberInvocation } from '../../src/lib/next-command.js';
import { WentBack } from '../../src/terminal/prompt.js';
import { createStyle } from '../../src/terminal/style.js';
import { openWorkshop } from '../ssh/sshd.js';
import { silent } from '../ssh/secrets-fake.js';
import { type InitHost, startInitHost } from './init-world.js';

const shop = openWorkshop();
let hosts: readonly InitHost[] = [];
let folder: string;
let told: string;
beforeAll(async () => {
  hosts = await Promise.all(['a', 'b'].map((name) => startInitHost(shop, name)));
});
afterAll(async () => {
  await Promise.all(hosts.map(({ server }) => server.stop()));
  shop.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelatch-init-'));
  told = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const ctrlC = Symbol('Ctrl-C');
const esc = Symbol('Escape');
const path = (): string => join(folder, 'inventory.yaml');

/** Answers in order: the beginning of a choice, a text, a list, or Ctrl-C. '' takes what is offered. */
function person(answers: readonly (string | readonly string[] | symbol)[], flags: object = {}): CliContext {
  const left = [...answers];
  const answer = (text: string): string | readonly string[] => {
    const next = left.shift();
    if (next === undefined) throw new Error(`nobody expected: ${text}`);
    if (next === esc) throw new WentBack();
    if (typeof next === 'symbol') throw new ToolError('interrupted', 'Cancelled.');
    return next;
  };
  const prompts = {
    select: async (text: string, choices: readonly { readonly name: string; readonly value: unknown }[]) => {
      const wanted = await Promise.resolve(String(answer(text)));
      const chosen = choices.find(({ name }) => name.startsWith(wanted));
      if (chosen === undefined)
        throw new Error(`${text} has no ${wanted}: ${choices.map(({ name }) => name).join(', ')}`);
      return chosen.value;
    },
    input: async (
      text: string,
      { initial = '', fault }: { initial?: string; fault?: (word: string) => string | undefined } = {},
    ) => {
      const typed = (await Promise.resolve(String(answer(text)))) || initial;
      const why = fault?.(typed);
      if (why !== undefined) throw new Error(`${text} ${typed}: ${why}`);
      return typed;
    },
    checkbox: async (text: string) => Promise.resolve(answer(text)),
    secrets: silent,
  };
  const aborts = { requested: new AbortController().signal, immediate: new AbortController().signal };
  return {
    ...{ env: { HOME: folder }, interactive: true, prompts, version: '0', log: () => undefined },
    flags: { inventory: path(), kubectl: 'kubectl', forks: 4, timeout: 10_000, output: 'table', verbose: 0, ...flags },
    progress: {
      phase: () => undefined,
      stop: async () => Promise.resolve(),
      onEvent: () => undefined,
      print: () => undefined,
    },
    shutdown: { ...aborts, onEvent: () => undefined, changesFinished: () => undefined },
    errText: { width: 80, style: createStyle(false) },
  } as unknown as CliContext;
}

it('takes typed hosts, the user and the bastion, and shows the file before it is written', async () => {
  const answers = ['Nowhere', 'cp1=10.0.0.1', 'node[1:3], edge', 'deploy', 'ops@gw', 'prod', 'Write'];
  expect(await writeNewInventory(person(answers))).toBe(true);
  const { cluster, hosts: written } = await readInventory(path());
  expect(cluster.name).toBe('prod');
  expect(written.map(({ name, role }) => `${name} ${role}`)).toEqual([
    ...['cp1 control-plane', 'node1 worker', 'node2 worker', 'node3 worker', 'edge worker'],
  ]);
  expect(written[0]?.ssh).toMatchObject({ user: 'deploy', jump: ['ops@gw'] });
  expect(told).toContain('    node[1:3]: {}\n');
});

it('goes back from each question, and keeps what was typed', async () => {
  const answers = [
    ...['In an Ansible', esc, 'Nowhere', esc, 'Nowhere', 'cp1', esc, 'cp2', 'n1'],
    // The user, back to the hosts; then the bastion, back to the user, which is offered again.
    ...[esc, 'cp3', 'n2', 'ops', esc, '', '', 'prod', esc, 'Nowhere', 'cp4', '', '', '', '', 'Write'],
  ];
  expect(await writeNewInventory(person(answers))).toBe(true);
  expect((await readInventory(path())).hosts.map(({ name }) => name)).toEqual(['cp4']);
});

it('leaves without a file', async () => {
  expect(await writeNewInventory(person(['Quit']))).toBe(false);
  expect(await writeNewInventory(person(['Nowhere', 'n1', '', '', '', '', 'Quit']))).toBe(false);
  expect(told).toContain('Nothing was written.\n');
  expect(existsSync(path())).toBe(false);
});

it.each([
  ['at the first question', [ctrlC]],
  ['at a name', ['Nowhere', ctrlC]],
  ['at the last question', ['Nowhere', 'n1', '', '', '', '', ctrlC]],
])('Ctrl-C %s writes nothing and says so', async (_, answers) => {
  await expect(writeNewInventory(person(answers))).rejects.toMatchObject({
    ...{ code: 'interrupted', message: 'Cancelled. Nothing was written.' },
  });
  expect(existsSync(path())).toBe(false);
});

it('asks which groups of an Ansible inventory are nodes, and says what is wrong with a file', async () => {
  const ini = join(folder, 'hosts.ini');
  writeFileSync(ini, '[a]\nn1\n[b]\nn2 ansible_user=ops\n[c]\nn3\n');
  const wrong = join(folder, 'wrong.ini');
  writeFileSync(wrong, '[a\n');
  const answers = [
    ...['In an Ansible', wrong, 'Try', ini, 'Some', esc, 'Some', ['a', 'b'], esc, 'Some', ['a', 'b']],
    ...['Others', esc, 'Others', ['b']],
    ...['', 'prod', 'Write'],
  ];
  await writeNewInventory(person(answers));
  expect(told).toContain(`! ${wrong}:1: `);
  expect((await readInventory(path())).hosts).toMatchObject([
    { name: 'n1', role: 'worker' },
    { name: 'n2', role: 'control-plane', ssh: { user: 'ops' } },
  ]);
});

const ofServers = (): readonly string[] => {
  writeFileSync(
    join(folder, 'hosts.ini'),
    hosts
      .map(({ server }, i) => `n${i} ansible_host=127.0.0.1 ansible_port=${server.port} ansible_user=root\n`)
      .join(''),
  );
  return ['In an Ansible', join(folder, 'hosts.ini'), '', '', 'prod', 'Write'];
};
const known = (): string => {
  const file = join(folder, 'known');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

it('adds the keys that a person compared, one by one, with a way back', async () => {
  const answers = [...ofServers(), 'Compare', 'No', 'Back', 'Yes', 'No'];
  const given = { choices: [{ flag: '--context', words: ['--context', 'prod'] }], flagsOf: {} };
  rememberInvocation(given);
  expect(await makeInventory(person(answers, { knownHosts: join(folder, 'known') }))).toBe(true);
  expect(known()).toContain(hosts[0]?.server.hostKey);
  expect(known()).not.toContain(hosts[1]?.server.hostKey);
  expect(told).toContain(hosts[1]?.fingerprint);
  expect(told).toContain('1 host key added to known_hosts.\n');
  expect(told).toContain(
    'No connection yet to n1: nobody confirmed their host keys, or those of bastions on the way.\n',
  );
  expect(told).toContain('+ n0: connected as root\n! n1: ');
  // The guided mode goes on with its own flags.
  expect(invocation()).toBe(given);
  rememberInvocation({ choices: [], flagsOf: {} });
});

it('Ctrl-C at the keys adds none, and says what is there and how to go on', async () => {
  const answers = [...ofServers(), 'Compare', 'Yes', ctrlC];
  await expect(makeInventory(person(answers, { knownHosts: join(folder, 'known') }))).rejects.toMatchObject({
    ...{ code: 'interrupted', message: 'Cancelled. No host key was added.' },
    hint: expect.stringMatching(/inventory\.yaml is there; to go on: kubelatch inventory enrol/) as string,
  });
  expect(known()).toBe('');
  expect(existsSync(path())).toBe(true);
});
