import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NodeFacts, UnitFact } from '../../src/facts/node-facts.js';
import { type RecordedNode, type RecordedService, factsOfRecorded } from './service-texts/record.js';
import { type Verdict, verdictOn } from './service-texts/verdict.js';

/**
 * What systemd 252 (Debian 12) and 257 (Debian 13) did with services picked by hand and made up at random: recorded, not written by
 * hand, by test/e2e/systemd-text.e2e.ts with KUBELATCH_RECORD=test/facts/systemd-252.json.
 */
const versions = [252, 257].map((version) => {
  const text = readFileSync(new URL(`systemd-${version}.json`, import.meta.url), 'utf8');
  const [node, ...services] = JSON.parse(text) as [RecordedNode, ...RecordedService[]];
  return { version, node, services };
});

function verdictOf(node: RecordedNode, recorded: RecordedService, over: Partial<NodeFacts> = {}): Verdict {
  const facts = { ...factsOfRecorded(node, recorded), ...over };
  return verdictOn(facts, facts.units[0] as UnitFact).verdict;
}

describe.each(versions)('a service as systemd $version starts it, or not', ({ version, node, services }) => {
  it.each(services.map((one) => [one.name, one] as const))('%s', (_, recorded) => {
    const verdict = verdictOf(node, recorded);
    if (verdict !== 'unclear') expect(verdict).toEqual(recorded.started);
    // Where the version is not known, nothing is guessed.
    const unknown = verdictOf(node, recorded, { systemd: undefined });
    if (unknown !== 'unclear') expect(unknown).toEqual(recorded.started);
  });

  it('there are enough of them to mean something, and few are unclear', () => {
    expect(node.systemd).toBe(version);
    expect(services.length).toBeGreaterThan(300);
    expect(services.filter((one) => one.started !== 'not started').length).toBeGreaterThan(200);
    expect(services.filter((one) => one.started === 'not started').length).toBeGreaterThan(40);
    expect(services.filter((one) => verdictOf(node, one) === 'unclear').length).toBeLessThan(services.length * 0.15);
  });
});

it('the two versions do not read everything in the same way', () => {
  const [old, newer] = versions.map(
    ({ services }) => new Map(services.map((one) => [one.name, JSON.stringify(one.started)])),
  );
  const differing = [...(old ?? [])].filter(([name, started]) => newer?.get(name) !== started).map(([name]) => name);
  expect(differing).toContain('a comment that ends in a backslash');
});
