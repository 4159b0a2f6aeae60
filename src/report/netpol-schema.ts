/** The schema of netpol's result. */
import { z } from 'zod';
import { policyKinds } from '../netpol/model.js';
import { clusterFinding } from './finding-schema.js';
import { clusterName, head, json, text, textOrNull, time } from './schema-parts.js';

export const netpol = z
  .object({
    ...head,
    kind: z.literal('netpol'),
    cluster: clusterName,
    startedAt: time('When it began'),
    finishedAt: time('When it ended'),
    cni: z
      .object({
        name: text('Name of the CNI, as `--cni` takes it'),
        version: textOrNull('Version, where an image or a flag tells it'),
        enforces: z.enum(['yes', 'no', 'unknown']).describe('Whether it enforces network policies'),
        ownNode: z.enum(['filtered', 'allowed', 'unknown']).describe('What it does between a pod and its own node'),
      })
      .nullable()
      .describe('What connects pods; null after `netpol remove`'),
    policy: z.enum(policyKinds).nullable().describe('Policy that was chosen; null after `netpol remove`'),
    manifests: z.array(json('An object of the API server, as it is sent')),
    files: z
      .array(z.object({ path: text('Where it belongs on every node'), text: text('What it holds') }))
      .describe('Files of the policy `nftables`'),
    limits: z.array(
      z.object({
        kind: z
          .enum(['cuts-off', 'does-not-reach', 'needs'])
          .describe('What stops working too, what still reaches kubelets, or what has to be kept up'),
        text: text('One sentence'),
      }),
    ),
    clusterFindings: z.array(clusterFinding).describe('What is found about the network of the cluster'),
    changes: z
      .array(
        z.object({
          object: text('Kind, namespace and name'),
          outcome: z.enum(['created', 'updated', 'unchanged', 'removed', 'failed', 'skipped']),
          diff: text('Unified diff of labels and spec; empty where there is none'),
          reason: text('Why it failed, in one line').optional(),
          hint: text('What to do next, in one line').optional(),
        }),
      )
      .describe('What `--apply` and `remove` did'),
  })
  .describe('What `netpol` wrote, applied or removed');
