import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { playbookJsonSchema } from '../../src/playbook/schema.js';
import { formatted } from '../formatted.js';

describe('playbooks/playbook.schema.json', () => {
  it('is what the loader checks; after a change: npx vitest run --config test/vitest.config.ts test/playbook/schema.test.ts -u', async () => {
    const text = await formatted('playbook.schema.json', JSON.stringify(playbookJsonSchema()));
    await expect(text).toMatchFileSnapshot('../../playbooks/playbook.schema.json');
  });

  it('says that a rule is one of five kinds, and a want one of seven', async () => {
    const schema = JSON.parse(await readFile('playbooks/playbook.schema.json', 'utf8')) as {
      properties: {
        rules: { items: { oneOf: unknown[]; additionalProperties: boolean; properties: { want: object } } };
      };
    };
    const rule = schema.properties.rules.items;
    expect(rule.oneOf).toHaveLength(5);
    expect(rule.additionalProperties).toBe(false);
    expect(rule.properties.want).toMatchObject({ minProperties: 1, maxProperties: 1, additionalProperties: false });
  });
});
