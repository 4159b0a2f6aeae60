import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { script } from '../../src/node/scripts.js';
import { runScript, shells } from './shells.js';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
let root: string;
let fakelet: ChildProcess;
let keeper: ChildProcess;
let deep = 0;
const at = (name: string): string => join(root, name);

const nameOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
};

const program = (name: string, body: string): void => {
  writeFileSync(at(name), `#!/bin/sh\n${body}\n`);
  chmodSync(at(name), 0o755);
};

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'watch-')));
  program('wfakelet', 'read -r _');
  program(
    'systemctl',
    `case "$*" in *ActiveState*) echo ActiveState=active; echo MainPID=$(cat '${at('main')}'); echo Result=success ;; esac`,
  );
  program('journalctl', `echo "journal: $*"; echo 'it'"'"'s "over"'`);
  writeFileSync(at('log'), 'one\ntwo\nthree\n');
  fakelet = spawn(at('wfakelet'), { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(fakelet, 'spawn');
  // A kubelet two levels below the main process, as where a supervisor starts it through a shell.
  const text = `(read -r _ <&3; exit) & sh -c '"${at('wfakelet')}" <&3 & echo $!; wait'`;
  keeper = spawn('sh', ['-c', text], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  const [line] = (await once(keeper.stdout ?? keeper, 'data')) as [Buffer];
  deep = Number(line.toString());
  await vi.waitUntil(() => nameOf(deep) === 'wfakelet', { timeout: 60_000 });
});
beforeEach(() => writeFileSync(at('main'), String(process.pid)));
afterAll(async () => {
  const gone = once(fakelet, 'exit');
  const ended = once(keeper, 'exit');
  fakelet.stdin?.end();
  for (const stream of keeper.stdio) if (stream instanceof Writable) stream.end();
  await Promise.all([gone, ended]);
  rmSync(root, { recursive: true });
});

describe.each(shells)('watch.sh under $name', (shell) => {
  const watch = (...args: readonly string[]): string[] => {
    const env = { PATH: `${root}${delimiter}${process.env['PATH'] ?? ''}` };
    const { code, stdout, stderr } = runScript(shell, script('watch'), args, env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  };

  it("shows the unit, its main process and the kubelet's", () => {
    const lines = watch('kubelet.service', 'wfakelet', '0', '-');
    expect(lines[0]).toBe('ActiveState=active');
    const pids = lines.flatMap((line) => /^process=(\d+) /.exec(line)?.[1] ?? []);
    expect(pids.sort()).toEqual([process.pid, fakelet.pid, deep].map(String).sort());
    const [, stat = ''] = lines.find((line) => line.startsWith(`process=${fakelet.pid ?? 0} `))?.split(' ') ?? [];
    expect(Buffer.from(stat, 'base64').toString()).toMatch(new RegExp(`^${fakelet.pid ?? 0} \\(wfakelet\\) `));
    expect(lines.at(-1)).toBe('end=');
  });

  const ownIn = (main: number | undefined, name = 'wfakelet'): number[] => {
    writeFileSync(at('main'), String(main ?? 0));
    const found = watch('kubelet.service', name, '0', '-').flatMap((line) => /^own=(\d+) (\S+)$/.exec(line) ?? []);
    return found.filter((_, index) => index % 3 === 1).map(Number);
  };
  const sorted = (...pids: readonly (number | undefined)[]): number[] =>
    pids.map(Number).sort((left, right) => left - right);

  it('tells which kubelets are the unit’s own: its main process, or below it at any depth', () => {
    expect(sorted(...ownIn(process.pid))).toEqual(sorted(fakelet.pid, deep));
    expect(ownIn(keeper.pid)).toEqual([deep]);
    expect(ownIn(fakelet.pid)).toEqual([fakelet.pid]);
    expect(ownIn(deep)).toEqual([deep]);
    expect(ownIn(process.pid, 'no-such-name')).toEqual([]);
  });

  it('calls none its own where the unit has no process, or one that is gone', () => {
    expect(ownIn(0)).toEqual([]);
    expect(ownIn(999_999_999)).toEqual([]);
  });

  it('adds the last lines of the journal, or of a log file', () => {
    const said = `journal: --no-pager -q -o cat -n 5 -u kubelet.service\nit's "over"`;
    expect(watch('kubelet.service', 'none', '5', '-')).toContain(`log=${b64(said)}`);
    expect(watch('kubelet.service', 'none', '2', at('log'))).toContain(`log=${b64('two\nthree')}`);
    expect(watch('kubelet.service', 'none', '2', at('no-log'))).toContain('log=');
  });
});
