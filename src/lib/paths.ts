/** Where things lie on this machine (XDG base directories). */
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder with one folder a run. */
export function runsFolder(env: Environment): string {
  const state = env['XDG_STATE_HOME'];
  const base = state !== undefined && state.startsWith('/') ? state : join(homedir(), '.local', 'state');
  return join(base, 'kubelatch', 'runs');
}
