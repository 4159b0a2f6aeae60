/** Each id that a result names can be explained: rules of playbooks, findings, checks of verify, of the gate and of requests. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkNumbers } from '../../src/csr/judgement.js';
import { checkIds, checkRule } from '../../src/playbook/check-rules.js';
import { ownRules } from '../../src/playbook/own-rules.js';
import { checkKinds } from '../../src/verify/check.js';
import { openPlace } from '../cli/program.js';
import { project } from '../source-file.js';

const place = openPlace();
const gateSources = readdirSync(join(project, 'src/gate')).map((name) =>
  readFileSync(join(project, 'src/gate', name), 'utf8'),
);
const gateIds = gateSources.flatMap((text) => [
  ...[...text.matchAll(/\bcheck: '([a-z0-9-]+)'/g)].map(([, id = '']) => id),
  ...[...text.matchAll(/httpProbe\(\w+, '([a-z0-9-]+)'/g)].map(([, id = '']) => id),
  ...(/\/\*\* (kubelet-process, [a-z0-9, -]+)\. \*\//.exec(text)?.[1]?.split(', ') ?? []),
]);

describe('the table of checks', () => {
  it('has those of verify that are no rules of audit, with their titles and severities', () => {
    const named = [...Object.keys(checkKinds), 'running-configuration'].filter((id) => !Object.hasOwn(ownRules, id));
    expect(checkIds.verify.toSorted()).toEqual(named.sort());
    for (const [id, { title, severity }] of Object.entries(checkKinds))
      if (!Object.hasOwn(ownRules, id)) expect(checkRule(id)).toMatchObject({ title, severity });
  });

  it('has those of the gate and of certificate requests', () => {
    expect(gateIds.length).toBeGreaterThan(10);
    expect([...new Set(gateIds)].filter((id) => !checkIds.gate.includes(id))).toEqual([]);
    expect(checkIds.csr.toSorted()).toEqual(Object.keys(checkNumbers).sort());
  });

  it('names each id once', () => {
    const all = [...Object.keys(ownRules), ...Object.values(checkIds).flat()];
    expect(all).toHaveLength(new Set(all).size);
  });
});

it.each(['tls-versions', 'running-configuration', 'kubelet-process', 'address-foreign'])(
  'explain %s: says what it is for, what to do and who checks it',
  async (id) => {
    const { code, stdout } = await place.kubelatch(['explain', id]);
    expect(code).toBe(0);
    for (const part of [`${id}: `, 'Why         ', 'To do       ', 'Playbooks   none: '])
      expect(stdout).toContain(part);
  },
);
