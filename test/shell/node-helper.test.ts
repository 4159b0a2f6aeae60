/** The node helper runs its own copies of the programs, and nothing that is brought to it. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { helperInput, helperProgram, helperVersion, otherVersion } from '../../src/node/sudo-program.js';
import { script } from '../../src/node/scripts.js';
import { nodeHelperText } from '../../src/pipeline/sudo-program.js';
import { shells } from './shells.js';

let root: string;
const b64 = (text: string): string => Buffer.from(text).toString('base64');

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelatch-helper-'));
  writeFileSync(join(root, 'helper'), nodeHelperText('deploy'));
  chmodSync(join(root, 'helper'), 0o755);
});
afterAll(() => rmSync(root, { recursive: true }));

describe.each(shells)('under $name', ({ command: [program, ...options] }) => {
  const run = (words: readonly string[], input: string): { code: number | null; stdout: string; stderr: string } => {
    const ran = spawnSync(program, [...options, join(root, 'helper'), ...words], { input, encoding: 'utf8' });
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  };
  const version = helperVersion();

  it('runs a program by its name, with arguments byte for byte', () => {
    const { code, stdout } = run([version, 'login'], helperInput([]));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^kubelatch-ready\nlogin \d+ \S+\n$/)]);
    const odd = join(root, "it's $(touch x)\n");
    writeFileSync(odd, 'x');
    expect(run([version, 'hashes'], helperInput([odd, '', '*'])).stdout).toBe(
      'kubelatch-ready\nsum 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\nsum -\nsum -\nend\n',
    );
  });

  it('says in one line that it is another version', () => {
    const { code, stderr } = run(['0123456789abcdef', 'login'], helperInput([]));
    expect([code, stderr]).toEqual([
      otherVersion,
      `kubelatch-node-helper: version ${version} is installed, 0123456789abcdef is asked for\n`,
    ]);
  });

  it.each([
    [['x']],
    [[helperVersion(), 'kubectl']],
    [[helperVersion(), 'lifeline']],
    [[helperVersion(), 'login; id']],
    [[helperVersion(), 'sh']],
    [[helperVersion(), 'login', '-c']],
    [[helperVersion(), '*']],
  ])('runs nothing for %j', (words) => {
    const { code, stdout } = run(words, helperInput([]));
    expect(code).toBeGreaterThan(63);
    expect(stdout).toBe('');
  });

  it('runs nothing where its input was cut, or is no base64', () => {
    for (const input of ['', `${b64('a')}\n`, `${b64('a')}\nen`, 'touch x\nend\n'])
      expect(run([version, 'login'], input)).toMatchObject({
        code: expect.any(Number) as number,
        stdout: 'kubelatch-ready\n',
      });
  });

  it('keeps no other program on the node, and restarts no other unit', () => {
    const words = (unit: string, kept: string): string[] => [
      'prepare',
      '../x',
      unit,
      'no',
      'no',
      '5',
      '-',
      '60',
      'n',
      '',
      '',
      b64(kept),
    ];
    const ask = (unit: string, kept: string): ReturnType<typeof run> =>
      run([version, 'txn'], helperInput(words(unit, kept)));
    expect(ask('sshd.service', script('txn'))).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('no unit of a kubelet') as string,
    });
    expect(ask('kubelet.service', 'touch x')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('wrong checksum') as string,
    });
    // What it takes, the program itself refuses for its name.
    for (const unit of ['kubelet.service', 'k3s-agent.service'])
      expect(ask(unit, script('txn'))).toMatchObject({ code: 97 });
    expect(existsSync('x')).toBe(false);
  });
});

it('knows a program by its text alone', () => {
  expect(helperProgram(script('probe'))).toBe('probe');
  expect([script('kubectl'), `${script('probe')}\nid`, 'id'].map(helperProgram)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('is one version for one set of programs, and names the line for sudoers', () => {
  const text = nodeHelperText('ops');
  expect(text).toContain("ops ALL=(root) NOPASSWD: /usr/local/sbin/kubelatch-node-helper'");
  expect(text).toContain(`VERSION=${helperVersion()}\n`);
});
