/** A breakpoint: the call of one step is held on the node (or in kubectl, for a cordon) until it is let go or lost. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/lab.js';
import { rootOf } from './node-root.js';
import type { Moment, Step } from './matrix.js';

export interface Hold {
  reached(): Promise<boolean>;
  /** The call was let go and has ended. */
  isDone(): Promise<boolean>;
  /** `drop`: the call is never carried out, or its answer never sent. */
  release(word: 'go' | 'drop'): Promise<void>;
}

const nodeFolder = '/run/lab-faults';
/** Milliseconds between two looks. */
const pause = 200;

/** To be set before the tool comes to that step. */
export async function setHold(
  { lab, node, local }: { readonly lab: Lab; readonly node: string; readonly local: string },
  step: Step,
  moment: Moment,
  name: string,
): Promise<Hold> {
  const at = `${step} ${moment} ${name}\n`;
  if (step === 'cordon') {
    mkdirSync(local, { recursive: true });
    writeFileSync(join(local, 'at'), at);
    return {
      reached: () => Promise.resolve(existsSync(join(local, `reached.${name}`))),
      isDone: () => Promise.resolve(false),
      release(word) {
        const file = join(local, `word.${name}`);
        writeFileSync(`${file}.new`, `${word}\n`);
        renameSync(`${file}.new`, file);
        return Promise.resolve();
      },
    };
  }
  await lab.on(node, `mkdir -p ${nodeFolder} && printf '%s' '${at}' >${nodeFolder}/at`);
  return {
    reached: () => Promise.resolve(existsSync(join(rootOf(node), nodeFolder, `reached.${name}`))),
    isDone: () => Promise.resolve(existsSync(join(rootOf(node), nodeFolder, `done.${name}`))),
    async release(word) {
      const file = `${nodeFolder}/word.${name}`;
      // After a reboot nobody waits any more.
      await lab.on(node, `[ ! -d ${nodeFolder} ] || { echo ${word} >${file}.new && mv ${file}.new ${file}; }`);
    },
  };
}

/** The next new connection is held by a firewall of the node that drops it; `go` lets its next attempt in. */
export async function setConnectHold(lab: Lab, node: string): Promise<Hold> {
  const table = 'inet labconnect';
  const rules = `table ${table} {
  chain in {
    type filter hook input priority -20;
    tcp dport 22 tcp flags & (syn | ack) == syn counter drop
  }
}`;
  await lab.on(node, `nft -f - <<'N'\n${rules}\nN`);
  return {
    // Asked of the kernel, by a process: not too often.
    reached: async () => /packets [1-9]/.test((await lab.on(node, `nft list table ${table}`)).stdout),
    isDone: () => Promise.resolve(false),
    async release() {
      await lab.on(node, `nft delete table ${table} 2>/dev/null || :`);
    },
  };
}

/** True once the call is held; false when `over` becomes true first, or `patience` milliseconds have gone by. */
export async function whenReached(hold: Hold, over: () => boolean, patience: number): Promise<boolean> {
  const end = performance.now() + patience;
  while (performance.now() < end) {
    if (await hold.reached()) return true;
    if (over()) return hold.reached();
    await sleep(pause);
  }
  return false;
}
