/** No inventory yet: the guided mode offers to make one. */
import { existsSync } from 'node:fs';
import type { CliContext } from '../context.js';

/** Asks what it needs and writes the inventory that the flags name; false: the person left before. */
export type MakeInventory = (cli: CliContext) => Promise<boolean>;

/** True once there is an inventory to read, or the person wants none: then reading it says what is missing. */
export async function ensureInventory(cli: CliContext, make: MakeInventory): Promise<boolean> {
  const path = cli.flags.inventory;
  if (path === '-' || existsSync(path)) return true;
  if (!(await cli.prompts.confirm(`There is no ${path} yet. Make one now?`))) return true;
  return make(cli);
}
