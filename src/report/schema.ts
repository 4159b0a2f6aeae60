/** The JSON of every result as a schema: what is published, what tests hold every result against, what is read back. */
import { z } from 'zod';
import { drift } from './drift-schema.js';
import { clusterFinding } from './finding-schema.js';
import { judgedRequest } from './csr-schema.js';
import {
  auditedHost,
  changedHost,
  hostBackups,
  listedRun,
  persistChange,
  persistPlace,
  plannedHost,
  shownRun,
  uninstalledHost,
  verifiedHost,
} from './host-schema.js';
import { inventory, inventoryCheck } from './inventory-schema.js';
import { netpol } from './netpol-schema.js';
import { rule, rules } from './rule-schema.js';
import {
  clusterName,
  count,
  head,
  hookResult,
  outcome,
  runCourse,
  runInfo,
  shard,
  text,
  texts,
  time,
  uninstallNames,
} from './schema-parts.js';

const times = { startedAt: time('When it began'), finishedAt: time('When it ended') };
const about = { cluster: clusterName, playbooks: texts('Names of the playbooks'), ...times };
const notes = texts('What holds for all hosts, such as an API server that was not asked');

const clusterFindings = z.array(clusterFinding).describe('What is found about the cluster, and not about one host');

const audit = z
  .object({
    ...head,
    kind: z.literal('audit'),
    ...about,
    shard: shard.optional(),
    hosts: z.array(auditedHost),
    clusterFindings,
    drift: drift.optional(),
    notes,
    summary: z.object({
      hosts: count('Hosts'),
      judged: count('Hosts that were judged'),
      pass: count('Findings that pass'),
      fail: count('Findings that fail'),
      unknown: count('Findings that are not known'),
      notApplicable: count('Findings that are not for this host'),
    }),
  })
  .describe('What `audit` found');

const verify = z
  .object({
    ...head,
    kind: z.literal('verify'),
    ...about,
    hosts: z.array(verifiedHost),
    notes: texts('What holds for all hosts, and what was removed from the cluster or is left in it'),
    summary: z.object({
      hosts: count('Hosts'),
      judged: count('Hosts that SSH reached and that were read'),
      pass: count('Checks that pass'),
      fail: count('Checks that fail'),
      unknown: count('Checks of which the outcome is not known'),
      notApplicable: count('Checks of what no chosen playbook wants'),
    }),
  })
  .describe('What `verify` saw');

const plan = z
  .object({
    ...head,
    kind: z.literal('plan'),
    ...about,
    saved: z
      .object({ path: text('Path of the file'), digest: text('What `apply --digest` takes') })
      .describe('File that `--out` wrote')
      .optional(),
    hosts: z.array(plannedHost),
    clusterFindings,
    notes,
    waves: z.array(z.array(z.string())).describe('Names of the hosts that change, per wave'),
    summary: z.object({
      hosts: count('Hosts'),
      change: count('Hosts that change'),
      restarts: count('Restarts of kubelets'),
      controlPlaneRestarts: count('Those of the control plane'),
      unchanged: count('Hosts with nothing to change'),
      refused: count('Hosts that cannot be changed'),
      notJudged: count('Hosts that were not reached or not read'),
    }),
  })
  .describe('What `plan` would change');

const run = {
  run: z.object(runInfo),
  ...about,
  ...runCourse,
  hooks: z.array(hookResult).describe('Calls of hooks, where hooks were asked for').optional(),
  hosts: z.array(changedHost),
  notes: texts('What holds for the run as a whole, such as clients that were turned away'),
  summary: z.record(outcome, z.int().min(0)).describe('Hosts per outcome'),
};
const apply = z.object({ ...head, kind: z.literal('apply'), ...run }).describe('What `apply` did');
const rollback = z.object({ ...head, kind: z.literal('rollback'), ...run }).describe('What `rollback` did');
const resumed = z.object({ ...head, kind: z.literal('resume'), ...run }).describe('What `resume` did');
const nothingToResume = z
  .object({
    ...head,
    kind: z.literal('resume'),
    run: z.null().describe('Every run of this machine ended, and no node that answered has an unfinished change'),
    hosts: z.array(z.never()),
    summary: z.object({}),
  })
  .describe('There was nothing to resume');

const uninstall = z
  .object({
    ...head,
    kind: z.literal('uninstall'),
    run: z.object(runInfo).nullable().describe('The run; null where no host could be asked, so that none began'),
    cluster: clusterName,
    ...times,
    hooks: z.array(hookResult).describe('Calls of hooks, where hooks were asked for').optional(),
    hosts: z.array(uninstalledHost),
    summary: z.record(z.enum(uninstallNames), z.int().min(0)).describe('Hosts per outcome'),
  })
  .describe('What `uninstall` removed');

const runs = z
  .object({ ...head, kind: z.literal('runs'), runs: z.array(listedRun).describe('Newest first') })
  .describe('Runs that this machine has a journal of');
const pastRun = z
  .object({ ...head, kind: z.literal('run'), run: shownRun })
  .describe('One of those runs, step by step');
const backups = z
  .object({ ...head, kind: z.literal('backups'), cluster: clusterName, hosts: z.array(hostBackups) })
  .describe('What the nodes keep of past runs');

const csr = {
  cluster: clusterName,
  ...times,
  requests: z.array(judgedRequest).describe('Oldest first'),
  summary: z.object({
    requests: count('Requests'),
    pending: count('Requests that are pending'),
    valid: count('Pending requests that pass every check'),
    refused: count('Pending requests that do not'),
    unknown: count('Pending requests that could not be checked'),
    approved: count('Requests that were approved, issued as requested, and are served'),
  }),
};
const csrList = z
  .object({ ...head, kind: z.literal('csr-list'), ...csr })
  .describe('Requests for serving certificates, each with its verdict');
const csrApprove = z.object({ ...head, kind: z.literal('csr-approve'), ...csr }).describe('What `csr approve` did');
const csrWatch = z.object({ ...head, kind: z.literal('csr-watch'), ...csr }).describe('What `csr watch` did');
const persist = z
  .object({
    ...head,
    kind: z.literal('persist'),
    ...about,
    to: persistPlace.nullable().describe('Where settings are kept; null where the places are compared'),
    changes: z.array(persistChange),
    commands: texts('What to run next; a line that begins with # is a comment'),
    places: z.array(
      z.object({
        to: persistPlace,
        title: text('What the place is'),
        pros: texts('What speaks for it'),
        cons: texts('What speaks against it'),
      }),
    ),
    warnings: texts('What to look at before you go on'),
    notes,
    notJudged: texts('Hosts that were not reached or not read'),
  })
  .describe('What `persist` keeps through upgrades and joins');

/** By `kind`. */
export const resultSchemas = {
  audit,
  verify,
  plan,
  apply,
  rollback,
  resume: z.union([resumed, nothingToResume]),
  uninstall,
  inventory,
  'inventory-check': inventoryCheck,
  runs,
  run: pastRun,
  backups,
  'csr-list': csrList,
  'csr-approve': csrApprove,
  'csr-watch': csrWatch,
  netpol,
  persist,
  rule,
  rules,
} as const;

export type ResultKind = keyof typeof resultSchemas;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** A result as its JSON holds it. */
export type ResultDocument<Kind extends ResultKind = ResultKind> = {
  readonly [Each in Kind]: DeepReadonly<z.infer<(typeof resultSchemas)[Each]>>;
}[Kind];
