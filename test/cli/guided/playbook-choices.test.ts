import { expect, it } from 'vitest';
import { playbookChoices } from '../../../src/cli/guided/playbook-choices.js';

it('offers the built-in playbooks and the families, baseline chosen', async () => {
  const choices = await playbookChoices(undefined);
  expect(choices.filter(({ isChosen }) => isChosen).map(({ name }) => name)).toEqual(['baseline']);
  expect(choices.find(({ name }) => name === 'cis')).toMatchObject({
    source: 'cis',
    title: 'picks the one that fits each node',
  });
  expect(choices.find(({ name }) => name === 'baseline')?.description).toMatch(
    /\d+ rules\. May break: anonymous-auth, /,
  );
});

it('begins with those that flags name, and chooses them alone', async () => {
  const choices = await playbookChoices(['tls', 'cis']);
  expect(choices.slice(0, 2).map(({ name }) => name)).toEqual(['tls', 'cis']);
  expect(choices.filter(({ isChosen }) => isChosen).map(({ name }) => name)).toEqual(['tls', 'cis']);
});
