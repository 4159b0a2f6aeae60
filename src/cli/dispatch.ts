/** Runs one verb of the table: its context is opened before it and closed after it. */
import { collectSoon } from '../lib/heap.js';
import type { Flags } from './options.js';
import type { Shutdown } from './shutdown.js';
import type { Verb } from './verbs.js';

export async function dispatchVerb(
  verb: Verb,
  args: readonly (string | undefined)[],
  { flags, shutdown, version }: { readonly flags: Flags; readonly shutdown: Shutdown; readonly version: string },
): Promise<number> {
  collectSoon();
  if (verb.changesNodes) shutdown.mayChange();
  const { createContext } = await import('./context.js');
  const cli = createContext(flags, shutdown, version);
  try {
    return await verb.run(cli, args);
  } finally {
    await cli.progress.stop();
  }
}
