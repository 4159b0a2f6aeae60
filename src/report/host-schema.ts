/** The schema of one host in a result: how it was judged, its plan, how it came out of a run, what it keeps. */
import { z } from 'zod';
import { check, finding, severity } from './finding-schema.js';
import {
  count,
  error,
  flag,
  hostName,
  json,
  milliseconds,
  nodeName,
  outcome,
  refusal,
  runInfo,
  text,
  textOrNull,
  texts,
  time,
  timeOrNull,
  uninstallNames,
} from './schema-parts.js';

export const auditedHost = z.object({
  host: hostName,
  nodeName,
  role: text('`control-plane` or `worker`; `unknown` of a host whose shard is missing'),
  distro: textOrNull('Distribution of Kubernetes'),
  kubeletVersion: textOrNull('Version of the kubelet, such as `v1.31.4`'),
  status: z.enum(['judged', 'unreachable', 'unreadable']),
  error: error.optional(),
  findings: z.array(finding),
  notes: texts('What could not be asked although the host was judged'),
});

export const verifiedHost = auditedHost.omit({ findings: true }).extend({
  status: z.enum(['judged', 'unreachable', 'unreadable']).describe('Over SSH; other vantage points may know more'),
  checks: z.array(check),
  notes: texts('What holds for this host'),
});

const fileState = z.object({
  sha256: text('Digest of the content, where it was read').optional(),
  mode: text('Four octal digits'),
  uid: z.int(),
  gid: z.int(),
  owner: text('`user:group`'),
});

const edit = z.object({
  path: text('Path of the file'),
  action: z.enum(['create', 'edit', 'mode']).describe('`mode`: only mode or owner change'),
  before: fileState.nullable().describe('Null for a file that does not exist yet'),
  after: fileState,
  diff: text('Unified diff, in which values of unknown settings are `***`'),
});

const hostPlan = z.object({
  distro: text('Distribution of Kubernetes'),
  unit: text('systemd unit of the kubelet'),
  edits: z.array(edit),
  restart: flag('The unit is restarted'),
  reload: flag('systemd reads its unit files again'),
  expect: z
    .array(z.object({ setting: text('Setting'), value: json('Its value') }))
    .describe('What the gate expects of the restarted kubelet'),
  fixes: texts('Ids of the rules whose findings the plan ends'),
  mayBreak: texts('What may stop working'),
  overwrittenBy: texts('What will later undo the edits'),
  warnings: texts('What to look at before applying'),
  guards: z
    .array(z.enum(['packet-filter', 'address-list']))
    .describe('What keeps others from the kubelet; the gate checks that it is in effect')
    .optional(),
  serving: z
    .object({ certDir: text('Folder of its files'), kubeconfig: text('Kubeconfig with which the node asks') })
    .describe('A serving certificate that is requested before the node changes')
    .optional(),
  skippedRules: z
    .array(z.object({ rule: text('Id of the rule'), ...refusal }))
    .describe('Rules whose findings stay, since something has to be done by hand first'),
});

export const plannedHost = auditedHost.extend({
  plan: hostPlan.nullable().describe('Null where the host was refused or not judged'),
  unfixed: z
    .array(
      z.object({
        rule: text('Id of the rule'),
        title: text('What the rule says, in one line'),
        severity,
        status: z.enum(['fail', 'unknown']).describe('What it stays'),
        ...refusal,
      }),
    )
    .describe('Rules that the plan leaves failing or unknown; of a refused host, all that fail')
    .optional(),
  refused: z.object(refusal).nullable().describe('Why the host cannot be changed'),
});

export const changedHost = z.object({
  host: hostName,
  nodeName,
  outcome,
  reason: text('Why, in one line').optional(),
  hint: text('What to do next, in one line').optional(),
  edits: z.array(
    z.object({
      path: text('Path of the file'),
      action: text('As in the plan; in a rollback `restore`, or `remove` for a file that the run created'),
    }),
  ),
  gate: z
    .array(
      z.object({
        check: text('Name of the check'),
        passed: z.boolean(),
        expected: text('What had to be seen'),
        seen: text('What was seen last'),
        unchecked: z.literal(true).optional().describe('Nothing could be asked; never a pass'),
      }),
    )
    .describe('Health checks after the change'),
  timingsMs: z.record(z.string(), z.number()).describe('Milliseconds per step'),
  log: texts('Last error lines of the kubelet'),
});

export const uninstalledHost = z.object({
  host: hostName,
  outcome: z.enum(uninstallNames).describe('`nothing`: there was nothing to remove'),
  reason: text('Why, in one line').optional(),
  hint: text('What to do next, in one line').optional(),
  backupCount: count('Runs of which the node kept backups'),
});

export const persistPlace = z.enum(['configmap', 'patches', 'drop-in']);

export const persistChange = z.object({
  target: text('ConfigMap, or path of a file'),
  outcome: z
    .enum(['written', 'unchanged', 'pending', 'shown', 'refused', 'failed'])
    .describe('`pending`: it was not to be written; `shown`: its text is for you to put in place'),
  reason: text('Why, in one line').optional(),
  hint: text('What to do next, in one line').optional(),
  settings: z
    .array(z.object({ rule: text('Id of the rule'), setting: text('Setting'), value: json('Its value') }))
    .describe('What it gets'),
  leftOut: z
    .array(z.object({ rule: text('Id of the rule'), setting: text('Setting'), reason: text('Why, in one line') }))
    .describe('What it does not get although a rule wants it'),
  diff: text('Unified diff, in which values of unknown settings are `***`; empty for a new file'),
  text: text('Text of a new file').optional(),
});

export const listedHost = z.object({
  host: hostName,
  address: text('What is dialled'),
  nodeName: text('Name of the Node object, where the inventory says it').optional(),
  role: z.enum(['control-plane', 'worker']),
  group: text('Group in the inventory'),
  ssh: z.object({
    user: text('Login name').optional(),
    port: z.int().optional(),
    identityFile: text('Path of the private key').optional(),
    knownHostsFile: text('Path of the known_hosts file').optional(),
    jump: texts('Bastions, in the order in which they are passed'),
    jumpForks: z.int().min(1).max(1000).optional().describe('Most hosts behind these bastions at once'),
    transport: z
      .enum(['ssh2', 'openssh', 'auto'])
      .describe('What makes the connection; `ssh2` where it is not there')
      .optional(),
    direct: z.literal(true).optional().describe('The inventory says that there is no bastion'),
    become: z.enum(['sudo', 'helper', 'none']),
    becomePassword: z.literal('per-host').optional().describe('The sudo password is asked for each host'),
  }),
});

export const checkedHost = z.object({
  host: hostName,
  status: z.enum(['usable', 'unreachable', 'unreadable']),
  user: text('Login name, of a usable host').optional(),
  sudo: flag('sudo makes root of that user; of a usable host').optional(),
  transport: z.enum(['ssh2', 'openssh']).describe('What made the connection, of a usable host').optional(),
  error: error.optional(),
});

export const hostBackups = z.object({
  host: hostName,
  status: z.enum(['read', 'unreachable', 'unreadable']),
  error: error.optional(),
  backups: z
    .array(
      z.object({
        run: text('Id of the run that made it'),
        state: text('State of the change on the node'),
        startedAt: time('When the run changed the node; empty where the record cannot be read'),
        operator: text('Who ran it'),
        files: texts('Files that it holds'),
        verdict: text('Who ended the change, and when by the clock of the node'),
        bytes: z.number().nullable().describe('Size on the disk of the node'),
      }),
    )
    .describe('Newest first'),
});

const pastRun = {
  ...runInfo,
  cluster: text('Name of the cluster'),
  operator: text('Who ran it'),
  startedAt: time('When it began'),
  finishedAt: timeOrNull('When it ended; null where it did not'),
  durationMs: milliseconds('Milliseconds from start to end, without waits for a person'),
  state: z.enum(['ended', 'going on', 'left']).describe('`left`: `resume` has something to do'),
  next: textOrNull('Command that finishes it, where it is left'),
  stopped: textOrNull('Why it ended before its last wave'),
  outcomes: z.partialRecord(outcome, z.int()).describe('Hosts per outcome, of those that ended'),
  rolledBack: z
    .array(z.object({ run: text('Id of the rollback'), hosts: texts('Hosts that it restored') }))
    .describe('Rollbacks of this run that this machine knows of, the newest first'),
  playbooks: texts('Playbooks that the hosts were judged by; empty where the journal does not say'),
  rules: texts('Rules that failed and were to pass'),
};

export const listedRun = z.object({ ...pastRun, hosts: texts('Names of the hosts') });

export const recordedHost = z.object({
  host: hostName,
  outcome: outcome.nullable().describe('Null while the host has not ended'),
  reason: text('Why, in one line').optional(),
  finishedAt: timeOrNull('When it ended'),
  durationMs: milliseconds('Milliseconds from the first step to the end'),
  files: texts('Files that the run wrote'),
  steps: z.array(
    z.object({
      step: text('Name of the step'),
      startedAt: time('When it began'),
      durationMs: milliseconds('Milliseconds until the next step'),
    }),
  ),
});

export const shownRun = z.object({
  ...pastRun,
  inventory: text('Inventory file, as it was given'),
  resumed: z.array(z.object({ time: time('When'), operator: text('By whom') })).describe('Resumptions of the run'),
  hosts: z.array(recordedHost),
});
