/** A second operator on another machine, who wants the same node: the holder of a lock, or the one who must be refused. */
import { join } from 'node:path';
import type { Lab } from '../lab/lab.js';
import { setHold, whenReached } from './hold.js';
import { leftoversOf } from './node-state.js';
import { type Home, type Said, makeHome, newestJournal, saidBy, startTool } from './tool.js';

export interface Intruder {
  /** Takes the node where it is free and dies with its transaction armed; else is refused. */
  enter(): Promise<void>;
  /** Ends a transaction of its own. */
  leave(): Promise<void>;
  /** What it was told where the node was taken. */
  said(): Said | undefined;
  /** The journal of its own run holds the node. */
  holds(): boolean;
}

export interface IntruderOptions {
  readonly lab: Lab;
  readonly node: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly main: string;
  /** Without the cluster: the Lease would stop it before the node's own lock is asked. */
  readonly apply: readonly string[];
  readonly resume: (run: string) => readonly string[];
}

export function makeIntruder({ lab, node, folder, env, main, apply, resume }: IntruderOptions): Intruder {
  const home: Home = makeHome(join(folder, 'intruder'), env);
  let said: Said | undefined;
  let holds = false;
  return {
    said: () => said,
    holds: () => holds,
    async enter() {
      const { pending } = await leftoversOf(lab, node);
      if (pending.length > 0) {
        said = saidBy(await startTool(main, apply, home, 60_000).ended);
        return;
      }
      const hold = await setHold({ lab, node, local: join(folder, 'intruder-hold') }, 'arm', 'after', 'intruder');
      const tool = startTool(main, apply, home, 60_000);
      holds = await whenReached(hold, tool.hasEnded, 40_000);
      tool.kill();
      await hold.release('drop');
      if (!holds) throw new Error(`the other operator did not get the node: ${saidBy(await tool.ended).reason}`);
    },
    async leave() {
      const run = holds ? newestJournal(home)?.run : undefined;
      if (run === undefined) return;
      const ended = saidBy(await startTool(main, resume(run), home, 120_000).ended);
      if (ended.outcome !== 'reverted' && ended.outcome !== 'failed')
        throw new Error(`the other operator could not put its change back: ${ended.outcome ?? ''} ${ended.reason}`);
    },
  };
}
