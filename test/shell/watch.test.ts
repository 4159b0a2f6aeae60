import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { script } from '../../src/node/scripts.js';
import { runScript, shells } from './shells.js';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
let root: string;
let fakelet: ChildProcess;
const at = (name: string): string => join(root, name);

const program = (name: string, body: string): void => {
  writeFileSync(at(name), `#!/bin/sh\n${body}\n`);
  chmodSync(at(name), 0o755);
};

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'watch-')));
  program('wfakelet', 'read -r _');
  program('systemctl', `case "$*" in *ActiveState*) echo ActiveState=active ;; *) echo MainPID=${process.pid} ;; esac`);
  program('journalctl', `echo "journal: $*"; echo 'it'"'"'s "over"'`);
  writeFileSync(at('log'), 'one\ntwo\nthree\n');
  fakelet = spawn(at('wfakelet'), { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(fakelet, 'spawn');
});
afterAll(async () => {
  const gone = once(fakelet, 'exit');
  fakelet.stdin?.end();
  await gone;
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
    expect(pids.sort()).toEqual([String(process.pid), String(fakelet.pid)].sort());
    const [, stat = ''] = lines.find((line) => line.startsWith(`process=${fakelet.pid ?? 0} `))?.split(' ') ?? [];
    expect(Buffer.from(stat, 'base64').toString()).toMatch(new RegExp(`^${fakelet.pid ?? 0} \\(wfakelet\\) `));
    expect(lines.at(-1)).toBe('end=');
  });

  it('adds the last lines of the journal, or of a log file', () => {
    const said = `journal: --no-pager -q -o cat -n 5 -u kubelet.service\nit's "over"`;
    expect(watch('kubelet.service', 'none', '5', '-')).toContain(`log=${b64(said)}`);
    expect(watch('kubelet.service', 'none', '2', at('log'))).toContain(`log=${b64('two\nthree')}`);
    expect(watch('kubelet.service', 'none', '2', at('no-log'))).toContain('log=');
  });
});
