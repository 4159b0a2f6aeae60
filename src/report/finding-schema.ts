/** The schema of a finding, and of what a rule wants. */
import { z } from 'zod';
import { json, text, textOrNull, texts } from './schema-parts.js';

const bound = z.union([z.number(), z.string()]);
export const settingWant = z
  .union([
    z.strictObject({ equals: json('The value; null for a setting that is not given and has no default') }),
    z.strictObject({ oneOf: z.array(json('A value')).describe('One of these values') }),
    z.strictObject({ atLeast: bound.describe('A number, a duration or a TLS version') }),
    z.strictObject({ atMost: bound.describe('A number, a duration or a TLS version') }),
    z.strictObject({ subsetOf: texts('A list that is not empty and holds nothing but these') }),
    z.strictObject({ set: z.literal(true).describe('Any value that is not empty') }),
    z.strictObject({ absent: z.literal(true).describe('No value') }),
  ])
  .describe('What a setting must be');
export const fileWant = z
  .strictObject({
    mode: z
      .strictObject({ atMost: text('Four octal digits; no other bit may be set') })
      .describe('Permissions of the file')
      .optional(),
    owner: text('`user:group`').optional(),
  })
  .describe('What a file must be');
export const want = z
  .union([settingWant, fileWant])
  .nullable()
  .describe('What the rule wants, as in a playbook; null where no value can say it');
export const wantText = text('The same in words');

export const severity = z.enum(['low', 'medium', 'high', 'critical']);

export const references = z.object({
  cis: z.record(z.string(), z.string()).describe('Control per CIS benchmark'),
  stig: texts('STIG ids'),
  docs: texts('Web addresses'),
});

export const findingStatus = z
  .enum(['pass', 'fail', 'unknown', 'not-applicable'])
  .describe('`unknown`: it could not be read or judged');

export const findingSource = z
  .object({
    kind: z.enum(['flag', 'file', 'drop-in', 'default', 'configz', 'running', 'stat']),
    path: text('File that says it').optional(),
    line: z.int().optional().describe('Line of that file'),
    detail: text('In words, where the place needs them').optional(),
  })
  .nullable()
  .describe('Where the value comes from');

export const clusterFinding = z.object({
  fingerprint: text('Known by this from one audit to the next: made of rule and object alone'),
  rule: text('Id of the rule'),
  title: text('What the rule says, in one line'),
  severity,
  status: findingStatus,
  object: textOrNull('What it is about, such as `DaemonSet monitoring/agent`; null for the cluster as a whole'),
  message: text('What was found, or why it is not known'),
  evidence: texts('Where each fact comes from'),
  fix: text('What to do; empty where there is nothing to do'),
});

export const finding = z.object({
  fingerprint: text('Known by this from one audit to the next: made of host, rule and setting alone'),
  rule: text('Id of the rule'),
  playbook: text('Name of the playbook; `kubelatch` for what is judged whatever the playbook'),
  title: text('What the rule says, in one line'),
  severity,
  status: findingStatus,
  setting: textOrNull('Setting, flag (`flags.NAME`) or file that it is about'),
  want,
  wantText,
  got: json('Value that was found; null where none was'),
  source: findingSource,
  note: text('Why the status is what it is, where the values alone do not say it').optional(),
  manual: z.literal(true).optional().describe('Only a person can judge it'),
  references,
});

export const check = z.object({
  fingerprint: text('Known by this from one verification to the next'),
  check: text('Id of the check'),
  title: text('What it says, in one line'),
  severity,
  status: findingStatus,
  from: z
    .enum(['node', 'controller', 'peer', 'api-server', 'pod'])
    .describe('Vantage point; `controller` is the machine that runs kubelatch, `peer` another node'),
  via: textOrNull('Host through which a peer or a pod asked'),
  playbook: text('Name of the playbook that wants it; `kubelatch` for what is checked with every playbook'),
  setting: textOrNull('Setting that decides it'),
  expected: text('What is wanted'),
  seen: text('What was seen'),
  evidence: texts('What was asked, and what came back'),
  note: text('Why the status is what it is, where expected and seen do not say it').optional(),
});
