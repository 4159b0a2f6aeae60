import { expect, it } from 'vitest';
import { loadPlaybooks } from '../../src/playbook/load.js';
import { onlyRules } from '../../src/playbook/only-rules.js';

it('keeps the rules that are named, in the order of the playbook, and every playbook', async () => {
  const all = await loadPlaybooks(['baseline', 'cis']);
  const reduced = onlyRules(all, ['read-only-port', 'anonymous-auth']);
  expect(reduced.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
  expect(reduced[0]?.rules.map(({ id }) => id)).toEqual(
    all[0]?.rules.map(({ id }) => id).filter((id) => ['anonymous-auth', 'read-only-port'].includes(id)),
  );
});

it('refuses a rule that none of them has, and names the nearest', async () => {
  const baseline = await loadPlaybooks(['baseline']);
  expect(() => onlyRules(baseline, ['anonymous-auth', 'read-only-prot'])).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: 'no rule "read-only-prot" in baseline, did you mean "read-only-port"?',
      hint: 'to list the rules: kubelatch rules',
    }),
  );
});
