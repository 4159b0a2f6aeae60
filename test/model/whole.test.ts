/** The whole model: every world with all its faults, and every seeded bug. */
import { describe, expect, it } from 'vitest';
import { type Bug, bugs } from './bugs.js';
import { findBug, runScope } from './run.js';
import { scopes } from './scopes.js';

describe('the whole model of the protocol', { timeout: 900_000 }, () => {
  it.each(scopes)('holds in $name', (scope) => {
    const { violation, trace } = runScope(scope);
    expect([violation, trace]).toEqual([undefined, []]);
  });

  it.each(Object.keys(bugs) as Bug[])('finds %s', (bug) => {
    expect(findBug(bug).violation).toBeDefined();
  });
});
