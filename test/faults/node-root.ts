/** The files of a running node as this machine sees them, its /run among them: a look that starts no process there. */
import { join } from 'node:path';
import { firstProcess as firstOf } from '../lab/node-access.js';

/** The pid of the node's first process; empty while the node is down. Another one after each start. */
export const firstProcess = (node: string): string =>
  firstOf(process.env['KUBELATCH_LAB_STATE'] ?? '/var/lib/kubelatch-lab', node);

/** The root of the node's first process; a path where nothing is while the node is down. */
export const rootOf = (node: string): string => join('/proc', firstProcess(node), 'root');
