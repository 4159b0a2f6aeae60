/** The text of the node helper: which units it may restart, the distributions know. */
import { probeRequest } from '../distros/index.js';
import { nodeHelper } from '../node/sudo-program.js';

export const nodeHelperText = (user: string): string => nodeHelper(probeRequest().units, user);
