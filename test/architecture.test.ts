/** The house rules: who may import whom, who alone may do what, and how a file looks. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, importsOf, project, readSources, type SourceFile } from './source-file.js';

interface Rule {
  /** Folders or files of src, and packages, whose values may be imported. */
  readonly values: readonly string[];
  /** Those of which only types may be. */
  readonly types?: readonly string[];
  /** Node's own modules without `node:`. */
  readonly builtins?: readonly string[];
}

const pure = ['crypto', 'path', 'util'];

/** By folder, or by file for those at the top. A folder may always import itself. */
const table: Readonly<Record<string, Rule>> = {
  lib: { values: ['yaml'], builtins: ['fs', 'os', 'timers/promises', ...pure] },
  // Files inside the single executable.
  'lib/shipped-file': { values: [], builtins: ['fs/promises', 'sea'] },
  'lib/heap': { values: [], builtins: ['v8'] },
  // The one way out: logs, journals and results are written there.
  'lib/output': { values: [], builtins: ['fs/promises'] },
  inventory: { values: ['lib', 'zod'], builtins: ['fs/promises', 'net', 'os', 'stream/consumers', ...pure] },
  ssh: {
    // Where sudo allows the node helper alone, a session asks it for a program by its name.
    values: ['lib', 'node/quote', 'node/sudo-program', 'ssh2'],
    types: ['inventory'],
    builtins: ['child_process', 'events', 'fs', 'fs/promises', 'net', 'os', 'stream', ...pure],
  },
  // The node helper has its own programs' sums in it.
  node: { values: ['lib'], builtins: ['crypto'] },
  facts: { values: ['lib', 'node', 'filter', 'yaml'], types: ['ssh'], builtins: ['http', 'tls', 'stream', ...pure] },
  // Only to tell an address from other text.
  'facts/field-rules': { values: [], builtins: ['net'] },
  // Text in, text out. Where a unit file's settings stand, the facts know.
  edit: { values: ['lib', 'yaml', 'facts/unit-file', 'facts/spanned'], types: ['facts'], builtins: pure },
  distros: { values: ['lib', 'facts', 'edit', 'filter', 'yaml'], builtins: pure },
  // The facts hold the table of the kubelet's settings, by which rules are checked and judged.
  // Files that keep others from a kubelet: text alone.
  filter: { values: ['lib'] },
  playbook: { values: ['lib', 'facts', 'filter', 'zod'], builtins: ['fs/promises', ...pure] },
  plan: {
    values: ['lib', 'facts', 'filter', 'playbook', 'diff', 'zod'],
    types: ['distros', 'inventory'],
    builtins: pure,
  },
  // Systems that own a node's kubelet: signs on the node and on its Node object.
  owners: { values: ['lib'], types: ['facts', 'playbook', 'cluster'] },
  // What upgrades and joins bring back: judged and edited as text.
  persistence: { values: ['lib', 'facts', 'edit', 'playbook'], types: ['distros'] },
  cluster: {
    values: ['lib', 'node'],
    types: ['ssh'],
    builtins: ['child_process', 'fs', 'fs/promises', 'http', 'net', 'os', 'stream', ...pure],
  },
  // Policies as data; what asks the API server gets a gateway.
  netpol: {
    values: ['lib', 'filter', 'cluster/api-object', 'cluster/list', 'plan/unified-diff', 'yaml'],
    types: ['cluster', 'playbook'],
    builtins: pure,
  },
  // What is said of clients comes from the API server and from the nodes.
  consumers: {
    values: ['lib', 'node', 'facts', 'cluster', 'yaml'],
    types: ['ssh', 'playbook'],
    builtins: ['zlib', ...pure],
  },
  gate: {
    // The gate reads configz and the ports by the same rules as the audit does.
    values: ['lib', 'node', 'facts'],
    types: ['ssh', 'cluster', 'plan'],
    builtins: pure,
  },
  verify: {
    // It asks ports as the audit does, and judges by the playbooks' wants.
    values: ['lib', 'node', 'facts', 'playbook', 'cluster', 'p-limit'],
    types: ['ssh'],
    // Handshakes with one version or one suite each, and a raw ClientHello for what OpenSSL does not speak.
    builtins: ['net', 'tls', 'stream', ...pure],
  },
  run: {
    values: ['lib', 'plan', 'cluster/lease'],
    types: ['cluster', 'gate', 'inventory'],
    builtins: ['fs/promises', 'os', ...pure],
  },
  'run/hook-process': { values: [], builtins: ['child_process'] },
  change: {
    values: ['lib', 'node', 'facts', 'plan', 'gate', 'run'],
    types: ['ssh', 'cluster', 'distros', 'inventory'],
    builtins: pure,
  },
  // Only to tell an address from a name.
  'change/serving': { values: [], builtins: ['net'] },
  // Requests for certificates, as the API server holds them.
  csr: {
    values: ['lib', 'facts/control-plane-program', 'cluster', 'asn1js'],
    types: ['inventory'],
    builtins: ['net', ...pure],
  },
  // A result's JSON is a schema's.
  report: {
    // Shards of an audit together may know what none of them knows.
    values: [
      ...['lib', 'zod', 'netpol/manifest-text', 'netpol/model', 'plan/rollout-time'],
      'playbook/not-in-inventory',
    ],
    types: ['inventory', 'playbook', 'plan', 'gate', 'run', 'change', 'netpol', 'verify'],
    builtins: ['util'],
  },
  // Lines break, and failures are grouped, on the screen as in the report; how long waves take, the plan says too.
  terminal: {
    values: [
      ...['lib', 'listr2', 'inquirer'],
      ...['report/layout', 'report/time', 'report/group', 'plan/rollout-time'],
    ],
    types: ['report', 'run', 'ssh/secrets'],
  },
  pipeline: {
    values: [
      'lib',
      'ssh',
      'node',
      'facts',
      'distros',
      'playbook',
      'plan',
      'cluster',
      'csr',
      'run',
      'change',
      'netpol',
      'consumers',
      'p-limit',
      'owners',
      'persistence',
      'verify',
    ],
    types: ['inventory', 'report'],
    builtins: ['crypto', 'os', 'worker_threads'],
  },
  // Findings are the same where their copies for another thread are.
  'pipeline/examine-wire': { values: [], builtins: ['v8'] },
  // Where files are read, connections are opened, and everything is put together.
  cli: {
    values: [
      'lib',
      'pipeline',
      'report',
      'terminal',
      'inventory',
      'playbook',
      'plan',
      'run',
      'change',
      'netpol',
      'commander',
    ],
    types: ['ssh'],
    builtins: ['fs', 'fs/promises'],
  },
  'cli/context': { values: ['ssh/connect'] },
  // Who signed a plan is asked before anything is opened.
  'cli/plan-file': { values: ['ssh/ssh-keygen'] },
  main: { values: ['lib', 'cli', 'commander'], builtins: ['fs', 'tty'] },
};

interface Owned {
  readonly what: string;
  readonly sign: RegExp;
  /** Folders or files; a comment says why where it is more than the design names. */
  readonly owners: readonly string[];
}

const owned: readonly Owned[] = [
  { what: 'the end of the process', sign: /\bprocess \. (exit|abort|reallyExit) /, owners: ['main'] },
  { what: 'the exit code', sign: /\bprocess \. exitCode =/, owners: [] },
  { what: 'the console', sign: /\bconsole \./, owners: [] },
  {
    what: 'the streams of the process',
    sign: /\bprocess \. (stdout|stderr)\b|\bstd(out|err)\b[^;]*} = process\b/,
    owners: ['main', 'cli'],
  },
  // Its types let nothing out that was not redacted.
  {
    what: 'the way out: texts for a person, a log, a journal or a result',
    sign: /\bstd(out|err) \. write\b|\b(append|write)File(Sync)?\b|\bcreateWriteStream\b|\bwriteSync\b|\bas SafeText\b/,
    owners: [
      'lib/output',
      // Keys of hosts that were accepted.
      'ssh/host-key',
      'ssh/host-certificate',
      // A saved plan holds the files that are to be written; only its owner may read it.
      'cli/plan-file',
      // Writes what lib/output hands it, in nobody else's file.
      'lib/own-file',
      // The mark of its process.
      'lib/temp-folder',
      // Turns the cursor on.
      'main',
    ],
  },
  // `-i -` is the inventory on stdin.
  {
    what: 'stdin',
    sign: /\bprocess \. stdin\b|\bstdin\b[^;]*} = process\b/,
    owners: ['main', 'cli/context', 'inventory/load'],
  },
  { what: 'the environment', sign: /\bprocess \. env\b|\benv\b[^;]*} = process\b/, owners: ['cli'] },
  {
    what: 'child processes',
    sign: /'(node:)?child_process'/,
    owners: [
      ...['ssh/openssh', 'ssh/openssh-master', 'ssh/host-certificate', 'ssh/ssh-keygen', 'cluster/local-gateway'],
      // The operator's own programs, named by a flag.
      'run/hook-process',
    ],
  },
  {
    what: 'the clock',
    sign: /\bDate \. now\b|\bnew Date \( \)|\bperformance \. now\b|\bhrtime\b/,
    owners: ['lib/clock'],
  },
  { what: 'randomness', sign: /\bMath \. random\b|\brandom(Bytes|UUID|Int|FillSync)\b/, owners: ['lib/clock'] },
  {
    what: 'timers',
    // A deadline is cleared where the answer comes in, so it stands beside what it waits for.
    sign: /\bset(Timeout|Interval) \(|'node:timers/,
    owners: [
      'lib/clock',
      'ssh',
      'cluster',
      'facts/node-http',
      'verify/vantage',
      'verify/tls-offer',
      'pipeline/examiner',
      'terminal/live-line',
      'run/hook-process',
      'cli/shutdown',
    ],
  },
  // In the single executable there is none.
  { what: 'the place of the program', sign: /\bimport \. meta\b/, owners: ['lib/shipped-file'] },
  // Its name is a value of the inventory, too.
  { what: 'ssh2', sign: /\b(from|import( \()?) 'ssh2'/, owners: ['ssh'] },
  { what: 'listr2', sign: /'listr2'/, owners: ['terminal'] },
  { what: 'inquirer', sign: /'inquirer'/, owners: ['terminal'] },
  {
    what: 'commander',
    sign: /'commander'/,
    owners: [
      'main',
      'cli/program',
      'cli/options',
      'cli/option-groups',
      'cli/option-values',
      'cli/shard-option',
      'cli/window-options',
      'cli/help',
      'cli/config-file',
      'cli/remember-flags',
    ],
  },
  {
    what: 'the name of a distribution',
    sign: /kubeadm|k3s|rke2|k0s|microk8s|kubespray|talos/i,
    // A table of systems that kubelatch does not change.
    owners: ['distros', 'owners/table'],
  },
];

/** What is the same for the same input, at any time: no waiting in it. */
const withoutWaiting = [
  'edit',
  'owners',
  'persistence',
  'distros',
  'plan',
  'report',
  'playbook/assess',
  'playbook/want',
  'playbook/evidence',
  'playbook/exposure',
];

const sources = readSources();
const nameOf = (file: SourceFile): string => file.path.replace(/\.(ts|sh)$/, '');
const isIn = (name: string, places: readonly string[]): boolean =>
  places.some((place) => name === place || name.startsWith(`${place}/`));
const folderOf = (name: string): string => name.split('/')[0] ?? name;

/** Why an import may not stand, or undefined. */
function objection(name: string, { target, typeOnly }: { target: string; typeOnly: boolean }): string | undefined {
  const folder = folderOf(name);
  const rules = [table[folder], table[name]].filter((rule) => rule !== undefined);
  if (rules.length === 0) return `${folder} is not in the table`;
  if (target.startsWith('node:')) {
    const known = rules.some((rule) => rule.builtins?.includes(target.slice(5)));
    return known || typeOnly ? undefined : `${name} imports ${target}`;
  }
  if (folderOf(target) === folder) return undefined;
  if (rules.some((rule) => isIn(target, rule.values))) return undefined;
  if (typeOnly && rules.some((rule) => isIn(target, rule.types ?? []))) return undefined;
  return `${name} imports ${typeOnly ? 'a type of ' : ''}${target}`;
}

const ownersBroken = ({ sign, owners }: Owned, files: readonly SourceFile[]): string[] =>
  files.filter((file) => !isIn(nameOf(file), owners) && sign.test(file.code)).map((file) => file.path);

describe('imports', () => {
  it('are those of the table', () => {
    const found = sources.flatMap((file) => file.imports.map((one) => objection(nameOf(file), one)));
    expect(found.filter((one) => one !== undefined)).toEqual([]);
  });

  it('would be refused otherwise', () => {
    const plan = `import { a } from '../ssh/connect.js';\nimport type { B } from '../terminal/style.js';
      const c = await import('node:fs');\nexport * from '../lib/errors.js';\ntype D = import('../facts/parse.js').D;`;
    expect(importsOf('plan/x.ts', plan).map((one) => objection('plan/x', one))).toEqual([
      'plan/x imports ssh/connect',
      'plan/x imports a type of terminal/style',
      'plan/x imports node:fs',
      undefined,
      undefined,
    ]);
    expect(objection('network/policy', { target: 'lib/errors', typeOnly: false })).toContain('not in the table');
    expect(objection('ssh/hop', { target: 'inventory/host', typeOnly: false })).toBe('ssh/hop imports inventory/host');
  });
});

describe('one owner each', () => {
  it.each(owned)('$what', (rule) => {
    expect(ownersBroken(rule, sources)).toEqual([]);
  });

  it.each(owned.filter((rule) => rule.owners.length > 0))('$what: every owner makes use of it', ({ sign, owners }) => {
    const idle = owners.filter((owner) => !sources.some((file) => isIn(nameOf(file), [owner]) && sign.test(file.code)));
    expect(idle).toEqual([]);
  });

  it('a word in a comment is no use of it, one in code is', () => {
    const file = { path: 'lib/x.ts', text: '', lines: 1, imports: [] };
    const code = codeOf("/* Math.random() */ const a = 1; // kubeadm\nconst b = `${Math.random()} 'k3s'`;");
    const broken = owned.filter((rule) => ownersBroken(rule, [{ ...file, code }]).length > 0);
    expect(broken.map((rule) => rule.what)).toEqual(['randomness', 'the name of a distribution']);
    expect(codeOf('/* Math.random() */ const a = 1; // kubeadm')).toBe('const a = 1 ;');
  });

  it('planning and judging wait for nothing', () => {
    const waiting = sources.filter(
      (file) => isIn(nameOf(file), withoutWaiting) && /\b(async|await|Promise)\b/.test(file.code),
    );
    expect(waiting.map((file) => file.path)).toEqual([]);
  });
});

describe('files', () => {
  it('say in their first line what they own', () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?(\/\*\* \S.{15,}|\/\/ \S.{15,}|# \S.{15,})/.test(text));
    expect(silent.map((file) => file.path)).toEqual([]);
  });

  it('have 250 lines at most', () => {
    const long = sources.filter((file) => file.lines > 250).map((file) => file.path);
    expect(long).toEqual([]);
  });

  it('have a name in kebab-case that says something', () => {
    const odd = sources.filter(
      ({ path }) =>
        !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.(ts|sh)$/.test(path) ||
        /(^|[/-])(utils?|helpers?|manager|service|common|misc)\b/.test(path),
    );
    expect(odd.map((file) => file.path)).toEqual([]);
  });

  it('of tests leave none out', () => {
    const tests = readdirSync(join(project, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(test|e2e)\.ts$/.test(path))
      .filter((path) =>
        /\b(it|test|describe)( \. each \(.*?\))? \. (skip|only|todo|fails)\b/.test(
          codeOf(readFileSync(join(project, 'test', path), 'utf8')),
        ),
      );
    expect(tests).toEqual([]);
  });
});
