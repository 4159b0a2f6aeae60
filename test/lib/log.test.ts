import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.js';

let folder: string;
let said: string[];
const say = (line: string): void => void said.push(line);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelatch-log-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('does not begin where the file cannot be written', () => {
  expect(() => createLog(join(folder, 'no', 'log'), say)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
  expect(said).toEqual([]);
});

it('goes on without a file that is lost on the way, says so once, and writes again once it can', () => {
  const path = join(folder, 'log');
  const log = createLog(path, say);
  rmSync(folder, { recursive: true });
  log({ event: 'a' });
  log({ event: 'b' });
  expect(said).toEqual([expect.stringMatching(/^--log-file .*no such file or folder/)]);
  mkdirSync(folder);
  log({ event: 'c' });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ event: 'c' });
  expect(said).toHaveLength(1);
});
