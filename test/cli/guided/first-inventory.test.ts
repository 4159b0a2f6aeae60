import { expect, it, vi } from 'vitest';
import type { CliContext } from '../../../src/cli/context.js';
import { ensureInventory } from '../../../src/cli/guided/first-inventory.js';

const missing = '/nowhere/inventory.yaml';
const world = (inventory: string, answer: boolean) => {
  const confirm = vi.fn(() => Promise.resolve(answer));
  return { confirm, cli: { flags: { inventory }, prompts: { confirm } } as unknown as CliContext };
};

it('offers to make an inventory where there is none', async () => {
  const make = vi.fn(() => Promise.resolve(true));
  const { cli, confirm } = world(missing, true);
  expect(await ensureInventory(cli, make)).toBe(true);
  expect(confirm).toHaveBeenCalledWith(`There is no ${missing} yet. Make one now?`);
  expect(make).toHaveBeenCalledWith(cli);
  make.mockResolvedValue(false);
  expect(await ensureInventory(cli, make)).toBe(false);
});

it.each([
  ['a no', missing, false],
  ['stdin', '-', true],
  ['one that is there', import.meta.filename, true],
])('makes none after %s', async (_, path, answer) => {
  const make = vi.fn(() => Promise.resolve(true));
  expect(await ensureInventory(world(path, answer).cli, make)).toBe(true);
  expect(make).not.toHaveBeenCalled();
});
