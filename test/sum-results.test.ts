/** The end of a whole run: which tests failed and why, the time of each suite, the slowest files, and the sums. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelatch-results-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface File {
  readonly name: string;
  /** Milliseconds from the start of the suite. */
  readonly from: number;
  readonly to: number;
  readonly failed?: boolean;
  /** Its beforeAll failed: vitest skips its tests. */
  readonly unprepared?: boolean;
}

const statusOf = ({ failed, unprepared }: File): string => {
  if (unprepared === true) return 'skipped';
  return failed === true ? 'failed' : 'passed';
};

/** As vitest's JSON reporter writes it. */
function suite(name: string, files: readonly File[]): void {
  const start = 1_700_000_000_000;
  const testResults = files.map((file) => ({
    name: join(process.cwd(), file.name),
    startTime: start + file.from,
    endTime: start + file.to,
    status: file.failed === true || file.unprepared === true ? 'failed' : 'passed',
    message: file.unprepared === true ? 'the probe failed' : '',
    assertionResults: [
      {
        fullName: 'does it',
        status: statusOf(file),
        failureMessages: file.failed === true ? ['Error: no\n    at x'] : [],
      },
    ],
  }));
  const failed = files.filter((file) => file.failed).length;
  const skipped = files.filter((file) => file.unprepared).length;
  const run = {
    ...{ startTime: start, numPassedTests: files.length - failed - skipped, numFailedTests: failed },
    ...{ numPendingTests: skipped, numTodoTests: 0, testResults },
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(run));
}

function sum(): { readonly code: number | null; readonly lines: readonly string[] } {
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'sum-results.mjs'), folder], { encoding: 'utf8' });
  return { code: ran.status, lines: ran.stdout.trimEnd().split('\n') };
}

it('prints the time of each suite, the ten slowest files and the sums', () => {
  suite('lab', [{ name: 'test/e2e/a.e2e.ts', from: 1_000, to: 61_250 }]);
  // They overlap: the suite takes as long as the last of them.
  suite(
    'unit',
    Array.from({ length: 12 }, (_, at) => ({ name: `test/u${at}.test.ts`, from: 0, to: 1_000 * (at + 1) })),
  );
  const { code, lines } = sum();
  expect(code).toBe(0);
  expect(lines).toEqual([
    '',
    'Suites',
    '   61.3 s  lab: 1 tests in 1 files',
    '   12.0 s  unit: 12 tests in 12 files',
    '',
    'The 10 slowest test files',
    '   60.3 s  test/e2e/a.e2e.ts',
    ...[11, 10, 9, 8, 7, 6, 5, 4, 3].map((at) => `${(at + 1).toFixed(1).padStart(7)} s  test/u${at}.test.ts`),
    '',
    '13 passed, 0 failed',
  ]);
});

it('names a failed test with its reason, and fails', () => {
  suite('unit', [
    { name: 'test/a.test.ts', from: 0, to: 10 },
    { name: 'test/b.test.ts', from: 0, to: 20, failed: true },
  ]);
  const { code, lines } = sum();
  expect(code).toBe(1);
  expect(lines.slice(0, 4)).toEqual(['', 'FAILED test/b.test.ts > does it', '    Error: no', '        at x']);
  expect(lines.at(-1)).toBe('1 passed, 1 failed');
});

it('counts a file whose preparation failed', () => {
  suite('lab', [{ name: 'test/e2e/a.e2e.ts', from: 0, to: 10, unprepared: true }]);
  const { code, lines } = sum();
  expect(code).toBe(1);
  expect(lines.at(1)).toMatch(/^FAILED .*a\.e2e\.ts$/);
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
});

it('fails where nothing ran', () => {
  expect(sum()).toEqual({ code: 1, lines: ['', '0 passed, 0 failed'] });
});

const trial = `
it('waits', () => new Promise(() => {}), 50);
it('compares', () => { expect(1).toBe(2); });
describe('with a scraper', () => {
  beforeAll(() => { throw new Error('no address is left'); });
  it('runs', () => {});
});`;

it('tells what a hook said, and which test took too long', () => {
  writeFileSync(join(folder, 'trial.test.js'), trial);
  const here = import.meta.dirname;
  const reporter = `--reporter=${join(here, 'results-reporter.ts')}`;
  const args = ['run', '--root', folder, '--globals', reporter, '--outputFile.json=unit.json'];
  spawnSync(join(here, '../node_modules/.bin/vitest'), args, { cwd: folder });
  const { code, lines } = sum();
  expect(code).toBe(1);
  const said = lines.filter((line) => /^(FAILED| {4}[A-Za-z])/.test(line) && !line.includes(' at '));
  expect(said.map((line) => line.replace(/\S*trial/, 'trial'))).toEqual([
    'FAILED trial.test.js',
    '    with a scraper: no address is left',
    'FAILED trial.test.js > waits',
    '    Error: the test took longer than its timeout',
    'FAILED trial.test.js > compares',
    '    AssertionError: expected 1 to be 2 // Object.is equality',
  ]);
  expect(lines.at(-1)).toBe('0 passed, 3 failed');
});
