/** What the program says of itself: help, version, and what it makes of words it does not know. */
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expectConforms } from '../report/conforms.js';
import type { RulesResult } from '../../src/report/rules-model.js';
import { openPlace } from './program.js';

const place = openPlace();
const verbs = [
  'audit',
  'plan',
  'apply',
  'persist',
  'verify',
  'rollback',
  'resume',
  'inventory',
  'inventory check',
  'runs',
  'runs list',
  'runs show',
  'runs backups',
  'csr',
  'csr list',
  'csr approve',
  'csr watch',
  'uninstall',
  'explain',
  'rules',
  'node-helper',
  'completion',
  'version',
];
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('--help', () => {
  it.each(['', ...verbs])('%s: fits 80 columns', async (verb) => {
    const { code, stdout, stderr } = await place.kubelatch([...verb.split(' ').filter(Boolean), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: kubelatch/);
    expect(stdout).not.toContain('\u001b');
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  it('names every verb and every exit code', async () => {
    const { stdout } = await place.kubelatch(['--help']);
    for (const verb of verbs.filter((one) => !one.includes(' ')))
      expect(stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
    for (const code of [0, 1, 2, 3, 4, 5, 64, 130, 143]) expect(stdout).toMatch(new RegExp(`\\b${code}\\b`));
    expect(stdout).not.toMatch(/^ {2}guided/m);
  });

  it.each(verbs)('%s: has no flag for a secret', async (verb) => {
    const { stdout } = await place.kubelatch([...verb.split(' '), '--help']);
    expect(stdout).not.toMatch(/--\S*(pass|secret|token)/i);
  });

  it.each(['--password=x', '--become-password', '--ssh-pass', '--passphrase'])('%s is refused', async (flag) => {
    const { code, stderr } = await place.kubelatch(['audit', flag]);
    expect(code).toBe(64);
    expect(stderr).toContain('unknown option');
  });

  it('is read without the SSH library, the screen or the schemas', async () => {
    const hooks = place.file(
      'hooks.mjs',
      `import { writeSync } from 'node:fs';
       export async function load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context); }`,
    );
    const trace = place.file(
      'trace.mjs',
      `import { register } from 'node:module'; register(${JSON.stringify(pathToFileURL(hooks))});`,
    );
    const { code, stderr } = await place.kubelatch(['--help'], { node: ['--import', trace] });
    expect(code).toBe(0);
    expect(stderr).toContain('/dist/cli/program.js');
    expect(stderr).toContain('/node_modules/commander/');
    expect(stderr).not.toMatch(
      /node_modules\/(ssh2|listr2|inquirer|@inquirer|zod|diff)\/|dist\/(ssh|terminal|apply)\//,
    );
  });
});

describe('a word that is not known', () => {
  it('without a verb and without a terminal: short help and 64', async () => {
    const { code, stdout, stderr } = await place.kubelatch([]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('Commands:');
  });

  it.each([
    [['adit'], 'unknown verb "adit", did you mean "audit"?'],
    [['rolback', 'x'], 'did you mean "rollback"?'],
    [['frobnicate'], 'unknown verb "frobnicate"\n  to list the verbs: kubelatch --help'],
    [['-o', 'json', 'audit'], 'put flags after the verb: kubelatch audit'],
    [['audit', '--limitt', 'n1'], "unknown option '--limitt'\n(Did you mean --limit?)"],
    [['audit', '-o', 'yaml'], 'Allowed choices are table'],
    [['audit', 'n1'], 'too many arguments'],
    [['audit', '--forks', '0'], "'0' is invalid: it must be a number from 1 to 99999"],
    [['audit', '--timeout', '5'], 'it must be a duration above 0, such as 500ms, 30s or 5m'],
    [['apply', '--waves', '1,x%'], 'it must be a count such as 3, or a share such as 25% (at most 100%)'],
    [['apply', '--waves', '0'], 'it must be above 0'],
    [['apply', '--waves', '1,0%'], 'it must be above 0'],
    [['plan', '--waves', '10%,5%'], 'so far: 5% comes after 10%'],
    [['rollback', '--waves', '5,3,100%'], 'so far: 3 comes after 5'],
    [['apply', '--waves', '100%,5'], 'so far: 5 comes after 100%'],
    [['audit', '--timeout', '5ms'], 'it must be at least 1s'],
    [
      ['apply', '--settle', '5m', '--deadline', '1m', '--yes'],
      '--deadline 1m is too short: 5s to restart the kubelet + 5m to stay Ready (--settle) = 305s\n' +
        '  use --deadline 305s or more, or a shorter --settle',
    ],
    [['rollback', '--deadline', '1s', '--yes'], '--deadline 1s is too short: 5s to restart the kubelet + 10s to stay'],
    [
      ['resume', '--settle', '1s', '--deadline', '9s', '--yes'],
      'a node counts no deadline below 10s\n  use --deadline 10s',
    ],
    [
      ['apply', 'plan.json', '-p', 'tls', '--yes'],
      '--playbook cannot change the saved plan plan.json: it holds the edits already\n  leave out --playbook',
    ],
    [['apply', 'plan.json', '--rule', 'read-only-port'], '--rule cannot change the saved plan plan.json'],
    [['apply', 'plan.json', '--move-arguments'], '--move-arguments cannot change the saved plan plan.json'],
    [['apply', 'plan.json', '--no-approver'], '--no-approver cannot change the saved plan plan.json'],
    [['runs', 'shw'], 'unknown verb "runs shw", did you mean "show"?\n  to list the verbs: kubelatch runs --help'],
    [['inventory', 'frobnicate'], 'unknown verb "inventory frobnicate"\n  to list the verbs'],
    [['runs', 'show'], "missing required argument 'run'\n  to list the runs: kubelatch runs\n"],
    [['explain'], "missing required argument 'rule'\n  to list the rules: kubelatch rules\n"],
    [['runs', 'show', '20260101T000000Z-abcdef'], 'no run 20260101T000000Z-abcdef on this machine'],
    [['runs', 'show', 'last'], 'no run last on this machine: it has no runs'],
    [['audit', '-i', '-', '--output-file', 'none/x.json'], '--output-file none/x.json: no such file or folder'],
    [['plan', '-i', '-', '--out', 'none/x.json'], 'no such file or folder\n  make the folder first: mkdir -p none'],
    [['rollback', '../x', '--yes'], '"../x" is not a run'],
    [['resume', '../x', '--yes'], '"../x" is not a run'],
    [['resume'], 'this needs confirmation, but there is no terminal'],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await place.kubelatch(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr).toMatch(/^kubelatch: /);
    expect(stderr).not.toMatch(/\bat .*\.js:\d+/);
  });
});

describe('small verbs', () => {
  it.each([['version'], ['--version'], ['-V']])('%s', async (word) => {
    const { code, stdout, stderr } = await place.kubelatch([word]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^kubelatch \d+\.\d+\.\d+\n$/);
  });

  it('runs: where there are none, stdout is empty', async () => {
    expect(await place.kubelatch(['runs'])).toEqual({ code: 0, stdout: '', stderr: 'No runs yet.\n' });
  });

  it.each(['4.2.1', 'V-242391', 'v-242391'])('explain %s: the rule of a control', async (control) => {
    const { code, stdout } = await place.kubelatch(['explain', control, '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { kind: 'rule', rule: { id: 'anonymous-auth' } }]);
  });

  it('explain: what a rule wants, why, and what it may break', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['explain', 'anonymous-auth']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [
      'anonymous-auth: ',
      'Severity',
      'Checks',
      'authentication.anonymous.enabled',
      'Why',
      'May break',
    ])
      expect(stdout).toContain(part);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  it.each([
    ['declared-not-in-effect', 'Checks      each host'],
    ['node-not-in-inventory', 'Checks      the cluster as a whole'],
  ])('explain %s: a rule that no playbook holds', async (id, about) => {
    const { code, stdout } = await place.kubelatch(['explain', id]);
    expect(code).toBe(0);
    for (const part of [`${id}: `, 'Severity    at most ', about, 'Why', 'To do', 'judged with every playbook'])
      expect(stdout).toContain(part);
    const whole = await place.kubelatch(['explain', id, '-o', 'json']);
    expectConforms(whole.stdout);
    expect(JSON.parse(whole.stdout)).toMatchObject({ rule: { id, kind: 'built-in' }, playbooks: [] });
  });

  it('rules: every rule with its playbooks and controls; -p lists fewer', async () => {
    const all = await place.kubelatch(['rules', '-o', 'json']);
    expectConforms(all.stdout);
    const { rules, playbooks } = JSON.parse(all.stdout) as RulesResult;
    expect(playbooks.map(({ name }) => name)).toEqual(expect.arrayContaining(['baseline', 'cis-1.12', 'stig']));
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(rules.find(({ id }) => id === 'anonymous-auth')).toMatchObject({
      severity: 'critical',
      playbooks: ['baseline', 'cis-1.11', 'cis-1.12', 'k3s-cis', 'rke2-cis', 'stig'],
      references: { cis: { 'cis-1.11': '4.2.1', 'cis-1.12': '4.2.1' }, stig: ['V-242391'] },
    });
    expect(rules.find(({ id }) => id === 'leftover-configuration')).toMatchObject({ kind: 'built-in', playbooks: [] });
    const stig = await place.kubelatch(['rules', '-p', 'stig']);
    expect(stig.stdout).toMatch(/^PLAYBOOK +RULES +TITLE\nstig /);
    expect(stig.stdout).toMatch(/^anonymous-auth +critical +stig$/m);
    expect(stig.stdout).not.toContain('leftover-configuration');
    expect(widest(stig.stdout)).toBeLessThanOrEqual(80);
    const csv = await place.kubelatch(['rules', '-p', 'tls', '-o', 'csv']);
    expect(csv.stdout).toMatch(/^rule,severity,title,kind,playbooks,controls\r?\n/);
    const markdown = await place.kubelatch(['rules', '-p', 'tls', '-o', 'markdown']);
    expect(markdown.stdout).toMatch(/^# kubelatch rules\n[^]*tls-min-version/);
  });

  it('explain: a misspelt rule', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['explain', 'anonymus-auth']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('unknown rule "anonymus-auth", did you mean "anonymous-auth"?');
  });
});
