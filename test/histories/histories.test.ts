/** The histories themselves: some hundreds hold, the same seed is the same history, and what is wrong is found and told. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bugs } from './bugs.js';
import { page, pageWith } from './page.js';
import { noTally } from './run.js';

const node = (...args: readonly string[]): { readonly code: number | null; readonly stdout: string } => {
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return { code: ran.status, stdout: ran.stdout + ran.stderr };
};
const play = (...args: readonly string[]): ReturnType<typeof node> => node('build/histories/main.mjs', ...args);

describe('histories', { timeout: 900_000 }, () => {
  beforeAll(() => {
    expect(node('test/histories/bundle.mjs', '--seeded-bugs')).toEqual({ code: 0, stdout: '' });
  }, 120_000);

  it('hold for 500 seeds', () => {
    const { code, stdout } = play('--seed', '1', '--count', '500');
    expect(stdout).toContain('500 histories, 0 violations');
    expect(code).toBe(0);
  });

  it('are the same for the same seed', () => {
    const [one, again, other] = ['7', '7', '8'].map((seed) => play('--seed', seed, '--count', '1').stdout);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    expect(one).toContain('apply on A calls prepare');
  });

  // Those that are found within a few histories; --seeded-bugs finds all of them.
  it.each([
    ['gate-skipped', 'gate'],
    ['switch-left-armed', 'plain'],
    ['revert-without-restart', 'rest'],
    ['exit-0-after-revert', 'journal'],
  ] as const)('show the seeded bug %s, which violates %s', (bug, invariant) => {
    const { code, stdout } = play('--bug', bug, '--count', '40');
    expect(stdout).toMatch(new RegExp(`^seed \\d+ violates ${invariant}: `, 'm'));
    expect(stdout).toContain('; shortened:\n');
    expect(code).toBe(1);
  });

  it('refuse options that there are not', () => {
    expect(play('--seeds', '1')).toMatchObject({ code: 64 });
    expect(play('--bug', 'no-such-bug')).toMatchObject({ code: 64 });
  });

  it('write their part of docs/proof.md', () => {
    const text = readFileSync('docs/proof.md', 'utf8');
    const figures = { tally: { ...noTally(), histories: 3 }, found: [], seconds: 1, seed: 5, date: '2026-11-29' };
    const written = pageWith(text, page(figures));
    expect(written).toContain(
      `3 histories (seeds 5 to 7), no violation; 0 of ${Object.keys(bugs).length} seeded bugs found`,
    );
    expect(written.split('<!-- generated').length).toBe(text.split('<!-- generated').length);
    expect(() => pageWith('no such page', '')).toThrow(RangeError);
  });
});
