/** What the program says of itself: help, version, and what it makes of words it does not know. */
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openPlace } from './program.js';

const place = openPlace();
const verbs = [
  'audit',
  'plan',
  'apply',
  'rollback',
  'resume',
  'inventory',
  'inventory check',
  'runs',
  'runs list',
  'runs show',
  'runs backups',
  'uninstall',
  'explain',
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
    [['adit'], 'no verb "adit", did you mean "audit"?'],
    [['rolback', 'x'], 'did you mean "rollback"?'],
    [['frobnicate'], 'no verb "frobnicate"\n  kubelatch --help shows them'],
    [['-o', 'json', 'audit'], 'flags stand after the verb: kubelatch audit'],
    [['audit', '--limitt', 'n1'], "unknown option '--limitt'\n(Did you mean --limit?)"],
    [['audit', '-o', 'yaml'], 'Allowed choices are table'],
    [['audit', 'n1'], 'too many arguments'],
    [['audit', '--forks', '0'], 'a number from 1 to 99999'],
    [['audit', '--timeout', '5'], 'a duration is a number with ms, s, m or h'],
    [['apply', '--waves', '1,x%'], 'a count such as 3, or a share such as 25%'],
    [['runs', 'show'], "missing required argument 'run'"],
    [['runs', 'show', '20260101T000000Z-abcdef'], 'no run 20260101T000000Z-abcdef on this machine'],
    [['rollback', '../x', '--yes'], '"../x" is no run'],
    [['resume', '../x', '--yes'], '"../x" is no run'],
    [['resume'], 'nobody can be asked here'],
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
    expect(await place.kubelatch(['runs'])).toEqual({ code: 0, stdout: '', stderr: 'No run yet.\n' });
  });

  it('explain: what a rule wants, why, and what it may break', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['explain', 'anonymous-auth']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [
      'anonymous-auth: ',
      'Severity',
      'Looks at',
      'authentication.anonymous.enabled',
      'Why',
      'May break',
    ])
      expect(stdout).toContain(part);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  it('explain: a misspelt rule', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['explain', 'anonymus-auth']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('no rule "anonymus-auth", did you mean "anonymous-auth"?');
  });
});
