import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ownMark } from '../../src/lib/process-mark.js';
import { createTempFolder, sweepTempFolders } from '../../src/lib/temp-folder.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'temp-folder-'));
  vi.stubEnv('TMPDIR', dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

it('sweeps what a dead process left, and nothing else', () => {
  const alive = createTempFolder();
  const base = dirname(alive);
  expect(statSync(base).mode & 0o777).toBe(0o700);
  const dead = join(base, 'run-dead');
  mkdirSync(dead);
  const { pid } = spawnSync('true');
  writeFileSync(join(dead, 'owner.json'), JSON.stringify({ ...ownMark(), pid }));
  const unmarked = join(base, 'run-new');
  mkdirSync(unmarked);
  const elsewhere = join(dir, 'precious');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(base, 'run-link'));
  sweepTempFolders();
  expect([alive, dead, unmarked, elsewhere].map((path) => existsSync(path))).toEqual([true, false, true, true]);
});

it('uses no folder that is a link', () => {
  mkdirSync(join(dir, 'other'));
  symlinkSync(join(dir, 'other'), join(dir, `kubelatch-${process.getuid?.()}`));
  expect(dirname(createTempFolder())).toBe(dir);
});
