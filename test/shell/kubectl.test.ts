import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpGet } from '../../src/cluster/gateway.js';
import { connect } from 'node:net';
import { script } from '../../src/node/scripts.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';
import { runText, shells } from './node-shell.js';

const fake = new URL('../cluster/fake-kubectl.mjs', import.meta.url).pathname;

describe.each(shells.filter((shell) => shell.onlyBusybox !== true))('kubectl.sh under $name', (shell) => {
  let dir: string;
  let env: Record<string, string>;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kubelatch-kubectl-'));
    mkdirSync(join(dir, 'bin'));
    symlinkSync(fake, join(dir, 'bin', 'kubectl-two'));
    const path = `${join(dir, 'bin')}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    env = { PATH: path, FAKE_CALLS: join(dir, 'calls') };
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const text = (...words: string[]): string => stdinOf(script('kubectl'), words);
  const calls = (): unknown => JSON.parse(readFileSync(join(dir, 'calls'), 'utf8').split('\n')[0] ?? '');
  const programs = 'kubectl-one kubectl-two';

  it('runs the first program that is there, with what it was given', () => {
    const ran = runText(shell, text('-', 'my ctx', '/nowhere', programs, 'run', 'cordon', "it's $HOME"), env);
    expect([ran.code, ran.stderr, calls()]).toEqual([0, '', ['--context=my ctx', 'cordon', "it's $HOME"]]);
    const refused = runText(shell, text('-', '-', '', programs, 'run', 'drain', 'n1'), {
      ...env,
      FAKE_MODE: 'refuses',
    });
    expect([refused.code, refused.stderr]).toEqual([1, 'error: cannot delete Pods with local storage\n']);
  });

  it('says what it did not find, and takes no other verb', () => {
    const ran = runText(shell, text('-', '-', '', 'kubectl-one kubectl-zero', 'run', 'x'), env);
    expect([ran.code, ran.stderr]).toEqual([3, 'kubectl was not found; tried: kubectl-one kubectl-zero\n']);
    expect(runText(shell, text('-', '-', '', programs, 'main', 'x'), env).code).toBe(97);
    expect(runText(shell, text('-'), env).code).toBe(97);
  });

  it('tells why it does not serve, and leaves nothing', () => {
    const folder = join(dir, 'served');
    const ran = runText(shell, text('-', '-', '', programs, 'serve', folder), { ...env, FAKE_MODE: 'dies' });
    expect([ran.code, existsSync(folder)]).toEqual([5, false]);
    expect(ran.stderr).toContain('error: context "nope" does not exist');
    mkdirSync(folder);
    expect(runText(shell, text('-', '-', '', programs, 'serve', folder), env).code).toBe(4);
    expect(existsSync(folder)).toBe(true);
  });

  it('serves in a private folder for as long as somebody listens', async () => {
    const folder = join(dir, 'served');
    const [program = '', ...options] = shell.argv;
    const child = spawn(program, options, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.end(text('-', '-', '', programs, 'serve', folder));
    await once(child.stdout, 'data');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const dial = () => Promise.resolve(connect(join(folder, 'api')));
    expect(await httpGet(dial, '/x')).toEqual({ ok: true, value: { path: '/x' } });
    child.stdout.destroy();
    await once(child, 'close');
    expect(existsSync(folder)).toBe(false);
  });
});
