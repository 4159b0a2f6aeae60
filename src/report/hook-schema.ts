/** The schema of what a hook reads on its stdin. */
import { z } from 'zod';
import { clusterName, count, hookKind, hostName, nodeName, outcome, text } from './schema-parts.js';

const host = z.object({
  name: hostName,
  address: text('Address of the host in the inventory').optional(),
  role: z.enum(['control-plane', 'worker']).describe('Role of the host in the inventory').optional(),
  node: nodeName,
});

/** Of an after hook; a host that was not started has none in the hook of its wave. */
const ended = host.extend({
  outcome: outcome.describe('How it ended').optional(),
  reason: text('Why, in one line').optional(),
});

export const hookFacts = z
  .object({
    schemaVersion: z.literal(1).describe('Version of this format'),
    hook: hookKind.describe('Which hook this is'),
    verb: z.enum(['apply', 'rollback', 'resume', 'uninstall']).describe('What kubelatch is doing'),
    run: text('Id of the run'),
    cluster: clusterName,
    wave: count('Number of the wave, from 1'),
    waves: count('Waves of the run'),
    host: ended.describe('The host, in a hook before or after a host').optional(),
    hosts: z.array(ended).describe('The hosts of the wave, in a hook before or after a wave').optional(),
  })
  .describe('What a hook reads on its stdin');
