/** The fields that several schemas of results share. */
import { z } from 'zod';
import type { HookKind } from '../run/hooks.js';

export const text = (about: string) => z.string().describe(about);
export const textOrNull = (about: string) => z.string().nullable().describe(about);
export const texts = (about: string) => z.array(z.string()).describe(about);
export const flag = (about: string) => z.boolean().describe(about);
export const count = (about: string) => z.int().min(0).describe(about);
export const milliseconds = (about: string) => z.number().min(0).nullable().describe(about);
/** Any value: what JSON.parse returned needs no proof that it is JSON. */
export const json = (about: string) => z.unknown().describe(about);

export const time = (about: string) => text(`${about}; ISO 8601, UTC`);
export const timeOrNull = (about: string) => textOrNull(`${about}; ISO 8601, UTC`);

export const hostName = text('Name of the host in the inventory');
export const nodeName = textOrNull('Name of the Node object, where it is known');
export const clusterName = text('Name of the cluster in the inventory');

/** Which part of the selected hosts a result is of. */
export const shard = z
  .object({
    index: z.int().min(1).describe('Number of the part, from 1'),
    count: z.int().min(1).describe('Number of parts'),
    hosts: texts('Names of the selected hosts of all parts, in inventory order'),
    unnamedOthers: count('Hosts of the inventory that were not selected and have no nodeName'),
  })
  .describe('Part of the selected hosts that `--shard` took');

export const head = {
  schemaVersion: z.literal(1).describe('Version of this format'),
  tool: z.literal('kubelatch'),
  version: text('Version of kubelatch that wrote it'),
};

export const error = z
  .object({
    kind: text('Kind of the error, for scripts'),
    message: text('What happened, in one line'),
    hint: text('What to do next, in one line'),
  })
  .describe('Why the host was not reached or read');

export const refusal = {
  reason: text('Why, in one line'),
  hint: text('What to do next, in one line'),
};

export const runKind = z.enum(['apply', 'rollback', 'uninstall']);

export const savedPlanFile = z
  .object({
    digest: text('`sha256:` and the digest of the file'),
    signers: texts('Who signed it, where signatures were demanded').optional(),
  })
  .describe('Saved plan that the run carried out');

export const runInfo = {
  id: text('Name of the run, as `rollback`, `resume` and `runs show` take it'),
  kind: runKind.nullable().describe('What the run did; for a resume, of the run that it finished'),
  of: text('Run that a rollback takes back').optional(),
  plan: savedPlanFile.optional(),
};

/** How a run went. */
export const runCourse = {
  durationMs: z
    .int()
    .min(0)
    .describe('Milliseconds from the start of the first host to the end, without waits for a person')
    .optional(),
  stopped: textOrNull('Why the run ended before its last wave'),
  next: text('Command that goes on with the hosts that were not started, where the run was paused').optional(),
};

/** As run/hooks names them. */
const hookNames = ['before-host', 'after-host', 'before-wave', 'after-wave'] as const satisfies readonly HookKind[];
export const hookKind = z.enum(hookNames);

export const hookResult = z
  .object({
    hook: hookKind.describe('When it ran'),
    host: textOrNull('Name of the host; null for the hook of a wave'),
    wave: count('Number of the wave, from 1'),
    failure: textOrNull('Why it failed; null where it exited with 0'),
    durationMs: z.number().min(0).describe('Milliseconds that it took'),
    output: texts('The last lines of one that failed'),
  })
  .describe('One call of a hook');

const outcomeNames = [
  'unchanged',
  'confirmed',
  'reverted',
  'unknown',
  'failed',
  'refused',
  'unreachable',
  'skipped',
] as const;
export const outcome = z.enum(outcomeNames);

export const uninstallNames = ['removed', 'nothing', 'refused', 'failed', 'unreachable', 'skipped'] as const;
