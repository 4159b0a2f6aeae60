/** The schemas of the results of `inventory` and `inventory check`. */
import { z } from 'zod';
import { checkedHost, listedHost } from './host-schema.js';
import { clusterName, head, shard, text, textOrNull } from './schema-parts.js';

export const inventory = z
  .object({
    ...head,
    kind: z.literal('inventory'),
    cluster: clusterName,
    apiServer: z
      .object({
        kubeconfig: text('Path of the kubeconfig').optional(),
        context: text('Context in the kubeconfig').optional(),
        via: text('Host whose kubectl is used over SSH').optional(),
      })
      .describe('How the API server is reached'),
    shard: shard.optional(),
    hosts: z.array(listedHost),
  })
  .describe('Hosts of the inventory, with groups and defaults applied');

export const inventoryCheck = z
  .object({
    ...head,
    kind: z.literal('inventory-check'),
    cluster: clusterName,
    apiServer: z
      .object({ reached: z.boolean(), reason: textOrNull('Why it was not reached') })
      .describe('Whether the API server answers; absent where nothing says how to reach it')
      .optional(),
    shard: shard.optional(),
    hosts: z.array(checkedHost),
  })
  .describe('Whether each host can be used');
