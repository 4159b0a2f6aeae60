/** What kubelatch makes of a kubelet's files and flags is what the kubelet itself makes of them: each value, or that it does not start. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { concerns } from '../facts/config-texts/config-case.js';
import { pickedCases } from '../facts/config-texts/picked.js';
import { attachLab } from '../lab/lab.js';
import { type Answer, kubeletMinor, placedCase, readAndAsked } from './kubelet-node.js';
import { disagreements } from './kubelet-values.js';
import { remove } from './systemd-node.js';

const lab = attachLab();
const node = 'n1';
const minor = await kubeletMinor(lab, node);
const cases = pickedCases.filter((one) => concerns(one, minor, lab.kind === 'standin'));
const services = cases.map((one, index) => placedCase(one, index, minor));

let facts: NodeFacts;
let answers: ReadonlyMap<string, Answer>;

beforeAll(async () => {
  ({ facts, answers } = await readAndAsked(lab, node, services));
});
afterAll(() => remove(lab, node));

it('has enough of them to mean something', () => {
  console.log(`${cases.length} of ${pickedCases.length} cases, asked of a ${lab.kind} kubelet of 1.${minor}`);
  expect(cases.length).toBeGreaterThan(lab.kind === 'standin' ? 40 : 60);
  expect(facts.units).toHaveLength(cases.length + 1);
});

describe('its values, or that it does not start', () => {
  it.each(cases.map(({ name }, index) => [name, index] as const))('%s', (_, index) => {
    const unit = facts.units[index];
    const answer = answers.get(unit?.name ?? '');
    if (unit === undefined || answer === undefined) throw new Error('there is no answer');
    expect(disagreements(facts, unit, answer, minor)).toEqual([]);
  });
});
