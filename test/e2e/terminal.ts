/** The command line on a terminal of its own, in the place of a scenario. */
import { type SessionOptions, type Terminal, openSession } from '../terminal/session.js';
import { main, type Scene } from './scene.js';

export { down, enter, interrupt, type Terminal } from '../terminal/session.js';

/** stdout goes to the terminal too, as it does for a person. */
export const openTerminal = (
  scene: Scene,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  size: Pick<SessionOptions, 'columns' | 'rows'> = {},
): Terminal =>
  openSession([process.execPath, main, ...args], {
    folder: scene.folder,
    env: { ...scene.env, ...env },
    ...size,
  });
