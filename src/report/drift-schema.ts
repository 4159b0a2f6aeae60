/** The schema of `drift` in the result of an audit. */
import { z } from 'zod';
import { findingChanges, hostChanges } from './drift-model.js';
import { findingSource, findingStatus, severity } from './finding-schema.js';
import { count, flag, hostName, json, text, textOrNull, time } from './schema-parts.js';

const side = z.object({
  status: findingStatus,
  got: json('Value that was found; null where none was; of a finding about the cluster in words'),
  source: findingSource,
});

export const driftedFinding = z.object({
  fingerprint: text('Fingerprint of the finding'),
  host: textOrNull('Name of the host in the inventory; null for a finding about the cluster'),
  rule: text('Id of the rule'),
  severity,
  subject: textOrNull('Setting or file, or object of the cluster'),
  change: z
    .enum(findingChanges)
    .describe(
      '`new`: fails, and did not. `changed`: fails with another value or source. `unverified`: not known any more. `gone`: its rule is not judged any more. `fixed`: fails no more',
    ),
  drifted: flag('It counts as drift'),
  before: side.nullable().describe('In the baseline; null where it was not there'),
  after: side.nullable().describe('Now; null where it is not there'),
});

export const driftedHost = z.object({
  host: hostName,
  change: z
    .enum(hostChanges)
    .describe(
      '`new`: not in the baseline. `gone`: not in the inventory any more. `unread`: judged in the baseline, and not now. `read`: the other way round',
    ),
  drifted: flag('It counts as drift'),
});

export const driftHead = {
  baseline: z.object({
    path: text('File of the baseline'),
    version: text('Version of kubelatch that wrote it'),
    startedAt: time('When that audit began'),
    finishedAt: time('When that audit ended'),
  }),
  drifted: flag('Something drifted: the exit code is 2, or worse'),
  summary: z.object({
    findings: z.object({
      new: count('New failing findings'),
      changed: count('Failing findings with another value or source'),
      unverified: count('Findings that are not known any more'),
      gone: count('Findings whose rule is not judged any more'),
      fixed: count('Findings that fail no more'),
      unchanged: count('Findings that fail as before'),
    }),
    hosts: z.object({
      new: count('Hosts that are not in the baseline'),
      gone: count('Hosts that are not in the inventory any more'),
      unread: count('Hosts that were judged in the baseline, and not now'),
      read: count('Hosts that are judged now, and were not in the baseline'),
    }),
  }),
};

export const drift = z
  .object({ ...driftHead, hosts: z.array(driftedHost), findings: z.array(driftedFinding) })
  .describe('What changed since the baseline; only with `--baseline`');
