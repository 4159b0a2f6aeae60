/** What a command of a simulated node is given, and how it reads its words. */
import type { Call } from '../shell/kernel.js';
import { type Disk, DiskError, type Inode } from './disk.js';

/** What a tool works with. */
export interface ToolContext {
  readonly disk: Disk;
  readonly call: Call;
  readonly args: readonly string[];
  readonly input: () => string;
  readonly out: (text: string) => void;
  /** Says why it fails; the exit status. */
  readonly fails: (why: string) => number;
}

export type Tool = (context: ToolContext) => number;

/** Options, then operands; `values`: letters of options that take the next word. */
export function parsed(
  args: readonly string[],
  values = '',
): { flags: string; operands: string[]; value: Map<string, string> } {
  const operands: string[] = [];
  const value = new Map<string, string>();
  let flags = '';
  let isOver = false;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (isOver || word === '-' || !word.startsWith('-')) operands.push(word);
    else if (word === '--') isOver = true;
    else {
      flags += word.slice(1);
      const last = word.at(-1) ?? '';
      if (values.includes(last)) {
        at += 1;
        value.set(last, args[at] ?? '');
      }
    }
  }
  return { flags, operands, value };
}

export const there = (disk: Disk, path: string, follow = true): Inode => {
  const found = disk.find(path, follow);
  if (found === undefined) throw new DiskError('No such file or directory');
  return found;
};
