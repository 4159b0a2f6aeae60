/** The model with one fault at a time: no violation, and it finds what is wrong. The whole is in whole.test.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Bug } from './bugs.js';
import { page, pageWith } from './page.js';
import { runScope } from './run.js';
import { type Scope, scopes } from './scopes.js';

const withFaults = (name: string, faults: number): Scope => {
  const scope = scopes.find((one) => one.name === name);
  if (scope === undefined) throw new Error(`no world ${name}`);
  return { ...scope, first: { ...scope.first, left: { ...scope.first.left, faults } } };
};

describe('the model of the protocol', { timeout: 120_000 }, () => {
  it.each([
    ['rollback', 1],
    ['second-operator', 0],
  ])('holds in %s with faults: %i', (name, faults) => {
    const { violation, trace, states } = runScope(withFaults(name, faults));
    expect([violation, trace]).toEqual([undefined, []]);
    expect(states).toBeGreaterThan(1000);
  });

  it.each([
    ['gate-skipped', 'gate', 0],
    ['switch-left-armed', 'rest', 1],
    ['armed-before-flush', 'rest', 1],
    ['boot-unit-removed-too-early', 'start', 1],
    ['stale-nonce', 'gate', 1],
  ] as const)('finds %s, which violates %s, with faults: %i', (bug: Bug, invariant, faults) => {
    const { violation, trace } = runScope(withFaults('one-run', faults), bug);
    expect(violation?.invariant).toBe(invariant);
    expect(trace[0]).toBe('controller 1 notes prepare in its journal');
  });

  it('tells the same state and depth each time', () => {
    const [one, other] = [1, 2].map(() => runScope(withFaults('second-operator', 0)));
    expect([one?.states, one?.transitions, one?.depth]).toEqual([other?.states, other?.transitions, other?.depth]);
  });

  it('writes its part of docs/proof.md', () => {
    const text = readFileSync('docs/proof.md', 'utf8');
    const run = runScope(withFaults('one-run', 0));
    const written = pageWith(text, page([run], new Map(), '2026-11-29'));
    expect(written).toContain(`| \`one-run\` `);
    expect(written.split('<!-- generated').length).toBe(text.split('<!-- generated').length);
    expect(() => pageWith('no such page', '')).toThrow(RangeError);
  });
});
