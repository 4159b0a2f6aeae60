/** Configurations at random, each asked of the node's kubelet program: never a value or a silence of kubelatch against its word. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { randomCases } from '../facts/config-texts/random.js';
import { attachLab } from '../lab/lab.js';
import { type Answer, kubeletMinor, placedCase, readAndAsked } from './kubelet-node.js';
import { disagreements } from './kubelet-values.js';
import { remove } from './systemd-node.js';

const lab = attachLab();
const node = 'n1';
const minor = await kubeletMinor(lab, node);
/** Others than the recorded ones: SEED=7 CASES=500. */
const seed = Number(process.env['SEED'] ?? '8');
const count = Number(process.env['CASES'] ?? '150');
const cases = randomCases(seed, count, minor >= 30);
const services = cases.map((one, index) => placedCase(one, index, minor));

// The stand-in is no judge: its own reading is simpler.
describe.runIf(lab.kind === 'real')('at random', () => {
  let facts: NodeFacts;
  let answers: ReadonlyMap<string, Answer>;
  beforeAll(async () => {
    ({ facts, answers } = await readAndAsked(lab, node, services));
  }, 600_000);
  afterAll(() => remove(lab, node));

  it(`agrees with the kubelet on each of ${count} (SEED=${seed})`, () => {
    const refused = [...answers.values()].filter((one) => 'refusal' in one).length;
    console.log(`SEED=${seed}: ${count} cases, ${refused} refused by a kubelet of 1.${minor}`);
    const wrong = cases.flatMap((one, index) => {
      const unit = facts.units[index];
      const answer = answers.get(unit?.name ?? '');
      if (unit === undefined || answer === undefined) return [`${one.name}: no answer`];
      const found = disagreements(facts, unit, answer, minor);
      return found.length === 0 ? [] : [`SEED=${seed} case ${index}: ${JSON.stringify(one)}\n  ${found.join('\n  ')}`];
    });
    expect(refused).toBeGreaterThan(count / 5);
    expect(refused).toBeLessThan(count * 0.9);
    expect(wrong.join('\n')).toBe('');
  });
});
