/** Suggested commands: what each repeats of the call that suggests it, and that no text builds one by itself. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Dispatch, buildProgram } from '../../src/cli/program.js';
import type { Flags } from '../../src/cli/options.js';
import { verbs } from '../../src/cli/verbs.js';
import {
  choosing,
  invocation,
  nextCommand,
  nextCommandForAll,
  rememberInvocation,
  shellWord,
} from '../../src/lib/next-command.js';
import { project } from '../source-file.js';

const nothing = { choices: [], flagsOf: {} };
afterEach(() => rememberInvocation(nothing));

/** The flags and arguments with which a verb would run. */
async function parsed(words: readonly string[]): Promise<{ verb: string; flags: Flags; args: readonly unknown[] }> {
  let seen: { verb: string; flags: Flags; args: readonly unknown[] } | undefined;
  const note: Dispatch = (verb, flags, args) => {
    seen = { verb: verb.name, flags, args };
    return Promise.resolve(0);
  };
  await buildProgram('0', note).program.parseAsync(words, { from: 'user' });
  if (seen === undefined) throw new Error('no verb ran');
  return seen;
}

/** As a shell splits what shellWord quoted. */
const split = (command: string): string[] =>
  [...command.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) => word.replaceAll(/'([^']*)'|\\(')/g, '$1$2'));

const call = [
  ...[
    'apply',
    '-i',
    "prod's hosts.yaml",
    '-l',
    'workers,!n7',
    '--exclude',
    'n9',
    '-p',
    'tls',
    '-p',
    './our rules.yaml',
  ],
  ...['--kubeconfig', '/k/config', '--context', 'prod-eu', '--kubectl', 'oc', '--move-arguments', '--no-approver'],
  // What confirms, paces or shows is for the person to say again.
  ...['--yes', '--waves', '1,100%', '-o', 'json', '--host-keys', 'accept-new', '--timeout', '9s'],
];
const hosts = "-i 'prod'\\''s hosts.yaml' -l 'workers,!n7' --exclude n9";
const cluster = '--kubeconfig /k/config --context prod-eu --kubectl oc';
const rules = "-p tls -p './our rules.yaml'";

describe('a suggested command', () => {
  it.each<[verb: string, words: readonly string[], command: string]>([
    ['apply', [], `apply ${hosts} ${rules} --move-arguments --no-approver ${cluster}`],
    ['plan', ['--out', 'FILE'], `plan --out FILE ${hosts} ${rules} --move-arguments --no-approver ${cluster}`],
    ['audit', ['-o', 'json'], `audit -o json ${hosts} ${rules} ${cluster}`],
    ['persist', ['--to', 'configmap'], `persist --to configmap ${hosts} ${rules} ${cluster}`],
    ['resume', ['r1'], `resume r1 ${hosts} ${rules} --move-arguments --no-approver ${cluster}`],
    ['rollback', ['r1'], `rollback r1 ${hosts} ${cluster}`],
    ['rollback', ['r1', '--limit', 'n[1:3]'], `rollback r1 --limit 'n[1:3]' -i 'prod'\\''s hosts.yaml' ${cluster}`],
    ['runs backups', [], `runs backups ${hosts} ${cluster}`],
    ['uninstall', [], `uninstall ${hosts} ${cluster}`],
    ['csr list', [], `csr list ${hosts} ${cluster}`],
    ['runs', [], 'runs'],
    ['explain', ['tls-min-version'], `explain tls-min-version ${rules}`],
    ['node-helper', [], 'node-helper'],
  ])('%s %j repeats what chose hosts, rules and cluster', async (verb, words, command) => {
    await parsed(call);
    expect(nextCommand(verb, ...words)).toBe(`kubelatch ${command}`);
  });

  it.each(verbs.filter(({ hidden }) => hidden !== true).map(({ name }) => name))(
    'of %s is one that the command line takes, and means the same',
    async (verb) => {
      const { flags } = await parsed(call);
      const needed = (verbs.find(({ name }) => name === verb)?.arguments ?? []).flatMap(({ name }) =>
        name.startsWith('<') ? ['X'] : [],
      );
      const again = await parsed(split(nextCommand(verb, ...needed)).slice(1));
      expect(again.verb).toBe(verb);
      const keys = ['inventory', 'limit', 'exclude', 'playbook', 'kubeconfig', 'context', 'kubectl'] as const;
      for (const key of keys) if (key in again.flags) expect([key, again.flags[key]]).toEqual([key, flags[key]]);
    },
  );

  it('of a saved plan has its proofs, and nothing that the plan has in it', async () => {
    await parsed([
      'apply',
      'my plan.json',
      '--digest',
      `sha256:${'a'.repeat(64)}`,
      '--signers',
      'people',
      '-i',
      'x.yaml',
    ]);
    const proofs = `--digest sha256:${'a'.repeat(64)} --signers people`;
    expect(nextCommand('apply', '--limit', 'n4')).toBe(`kubelatch apply 'my plan.json' --limit n4 -i x.yaml ${proofs}`);
    expect(nextCommand('plan', '--out', 'FILE')).toBe('kubelatch plan --out FILE -i x.yaml');
  });

  it('for all hosts repeats no selection, and a switch that is off is no choice', async () => {
    await parsed(['audit', '-l', 'n1', '--no-cluster', '-i', 'x.yaml']);
    expect(nextCommandForAll('inventory')).toBe('kubelatch inventory -i x.yaml --no-cluster');
    await parsed(['audit']);
    expect(nextCommand('apply')).toBe('kubelatch apply');
  });

  it('repeats what the environment set, and where the journals are', async () => {
    Object.assign(process.env, {
      KUBELATCH_INVENTORY: 'env.yaml',
      KUBELATCH_NO_CLUSTER: 'true',
      XDG_STATE_HOME: '/s t',
    });
    try {
      await parsed(['apply']);
    } finally {
      for (const name of ['KUBELATCH_INVENTORY', 'KUBELATCH_NO_CLUSTER', 'XDG_STATE_HOME'])
        Reflect.deleteProperty(process.env, name);
    }
    expect(nextCommand('resume', 'r1')).toBe("XDG_STATE_HOME='/s t' kubelatch resume r1 -i env.yaml --no-cluster");
    expect(nextCommand('apply')).toBe('kubelatch apply -i env.yaml --no-cluster');
  });

  it('follows what is chosen later', async () => {
    await parsed(['apply', '-l', 'n1,n2', '--exclude', 'n3', '-p', 'tls']);
    const later = choosing(invocation(), [
      { flag: '--playbook', words: ['-p', 'stig'] },
      { flag: '--limit', words: ['-l', 'n2'] },
      { flag: '--exclude', words: [] },
    ]);
    rememberInvocation(later);
    expect(nextCommand('plan')).toBe('kubelatch plan -p stig -l n2');
  });
});

it('a word is quoted where a shell would read it otherwise', () => {
  expect(['n1,n2', 'role:worker', 'a b', "it's", '!n1', '$(x)', '', '~/x', 'n*'].map(shellWord)).toEqual([
    ...['n1,n2', 'role:worker', "'a b'", "'it'\\''s'", "'!n1'", "'$(x)'", "''", "'~/x'", "'n*'"],
  ]);
});

it('no text in src has a command to copy that was not made by nextCommand', () => {
  const names = verbs.map(({ name }) => name).filter((name) => !name.includes(' '));
  const written = new RegExp(`kubelatch (${names.join('|')})\\b`);
  // Help and the table of verbs show examples; headers in files on nodes outlive the call; these name a verb in a sentence.
  const known = [
    ...[
      'cli/help.ts',
      'cli/verbs.ts',
      'cli/csr-verbs.ts',
      'cli/cluster-verbs.ts',
      'cli/local-verbs.ts',
      'cli/init-verbs.ts',
      'cli/option-groups.ts',
    ],
    ...['cli/completion-scripts.ts', 'report/oscal.ts', 'report/uninstall-text.ts'],
    ...['edit/systemd-drop-in.ts', 'distros/supervisor-edit.ts', 'distros/supervised-edits.ts'],
    ...[
      'cli/new-inventory.ts',
      'netpol/limits.ts',
      'owners/table.ts',
      'playbook/own-rules.ts',
      'playbook/check-rules.ts',
    ],
  ];
  const files = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' });
  const found = files.filter((path) => {
    if (!path.endsWith('.ts') || known.includes(path)) return false;
    const lines = readFileSync(join(project, 'src', path), 'utf8').split('\n');
    return lines.some((line) => !/^ *(\/\/|\/?\*)/.test(line) && written.test(line));
  });
  expect(found).toEqual([]);
});
