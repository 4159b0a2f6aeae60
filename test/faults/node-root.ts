/** The files of a running node as this machine sees them, its /run among them: a look that starts no process there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the node's first process; a path where nothing is while the node is down. */
export const rootOf = (node: string): string => join('/proc', firstProcess(node), 'root');

/** The pid of the node's first process; empty while the node is down. Another one after each start. */
export function firstProcess(node: string): string {
  const state = process.env['KUBELATCH_LAB_STATE'] ?? '/var/lib/kubelatch-lab';
  const [keeper = ''] = read(join(state, 'nodes', node, 'keeper')).split(' ');
  return firstChild(firstChild(keeper));
}

const firstChild = (pid: string): string => read(`/proc/${pid}/task/${pid}/children`).split(' ')[0] ?? '';

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
