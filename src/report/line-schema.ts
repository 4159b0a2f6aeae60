/** The schema of a line of `-o ndjson`: an event of a run, a host or a run of the result, or the summary that ends it. */
import { z } from 'zod';
import { judgedRequest } from './csr-schema.js';
import { driftHead, driftedFinding, driftedHost } from './drift-schema.js';
import { clusterFinding } from './finding-schema.js';
import {
  auditedHost,
  changedHost,
  checkedHost,
  hostBackups,
  listedHost,
  listedRun,
  plannedHost,
  recordedHost,
  shownRun,
  uninstalledHost,
  verifiedHost,
} from './host-schema.js';
import { resultSchemas } from './schema.js';
import {
  count,
  hookKind,
  hostName,
  outcome,
  runInfo,
  runKind,
  savedPlanFile,
  text,
  texts,
  time,
} from './schema-parts.js';

const head = {
  time: time('When the line was written'),
  run: z.string().nullable().describe('Id of the run; null before it has begun, and in verbs without one'),
  host: z.string().nullable().describe('Name of the host; null for what concerns all of them'),
};
const reason = text('Why, in one line');
type Shape = Readonly<Record<string, z.ZodType>>;

const line = (event: string, about: string, shape: Shape = {}) =>
  z.object({ ...head, event: z.literal(event), ...shape }).describe(about);
const hostLine = (event: string, about: string, shape: Shape = {}) =>
  z.object({ ...head, host: hostName, event: z.literal(event), ...without(shape, 'host') }).describe(about);
const without = (shape: Shape, ...keys: readonly string[]): Shape =>
  Object.fromEntries(Object.entries(shape).filter(([key]) => !keys.includes(key)));

const runFields = {
  runKind: runKind.nullable().describe('What the run did; for a resume, of the run that it finished').optional(),
  of: runInfo.of,
  plan: savedPlanFile.optional(),
};

const events = [
  hostLine('connecting', 'A connection is being opened'),
  hostLine('read', 'The host was read, and nothing is judged'),
  hostLine('judged', 'The host was read and judged'),
  hostLine('planned', 'The host was read, judged and planned'),
  hostLine('unreachable', 'The host could not be reached', { reason }),
  hostLine('unreadable', 'The host could not be read', { reason }),
  line('run-started', 'A run begins to change hosts', {
    hosts: count('Hosts'),
    waves: count('Waves'),
    waveSizes: z.array(z.number().int()).describe('Hosts of each wave').optional(),
    atOnce: count('Hosts that may change at the same time').optional(),
  }),
  line('wave-started', 'A wave begins', {
    wave: count('Its number, from 1'),
    waves: count('Waves'),
    hosts: texts('Names of its hosts'),
  }),
  hostLine('step', 'A step on a host begins', { step: text('Name of the step') }),
  hostLine('gate', 'A host waits for this health check; written again when it begins or stops to hold', {
    check: text('Name of the check'),
    expected: text('What it must show'),
    seen: text('What it shows'),
    heldMs: z.number().describe('Milliseconds for which it has held').optional(),
    wantedMs: z.number().describe('Milliseconds for which it must hold').optional(),
  }),
  hostLine('host-done', 'A host has its outcome', { outcome, reason: reason.optional() }),
  line('hook', 'A hook begins or ends; `host` is null for the hook of a wave', {
    hook: hookKind,
    wave: count('Number of the wave'),
    state: z.enum(['started', 'done', 'failed']),
    reason: reason.optional(),
  }),
  line('hook-output', 'A line that a hook printed', {
    hook: hookKind,
    wave: count('Number of the wave'),
    line: text('The line, shortened, without control characters and secrets'),
  }),
  line('pause-ended', 'A person answered after a wave', {
    wave: count('Number of the wave'),
    waitedMs: z.number().describe('Milliseconds until the answer'),
    goesOn: z.boolean().describe('Whether the run goes on'),
  }),
  line('stopped', 'No further host is begun', { reason }),
  line('waiting', 'The run waits', { reason }),
];

const results = [
  hostLine('host-result', 'A host of `audit`', auditedHost.shape),
  hostLine('host-result', 'A host of `verify`', verifiedHost.shape),
  hostLine('host-result', 'A host of `plan`', plannedHost.shape),
  line('cluster-finding', 'A finding of `audit`, `plan` or `netpol` about the cluster', clusterFinding.shape),
  line('cluster-finding', 'A finding of `audit` or `plan` about the cluster', clusterFinding.shape),
  hostLine('drift-host', 'A host of `audit --baseline` that is not as in the baseline', driftedHost.shape),
  line(
    'drift-finding',
    'A finding of `audit --baseline` that is not as in the baseline',
    without(driftedFinding.shape, 'host'),
  ),
  hostLine('host-result', 'A host of `apply`, `rollback` or `resume`', changedHost.shape),
  hostLine('host-result', 'A host of `uninstall`', uninstalledHost.shape),
  hostLine('inventory-host', 'A host of `inventory`', listedHost.shape),
  hostLine('host-check', 'A host of `inventory check`', checkedHost.shape),
  hostLine('host-backups', 'A host of `runs backups`', hostBackups.shape),
  line('certificate-request', 'A request of `csr`', without(judgedRequest.shape, 'host')),
  line('run', 'A run of `runs list`', { ...runFields, ...without(listedRun.shape, ...Object.keys(runInfo)) }),
  hostLine('run-host', 'A host of `runs show`', recordedHost.shape),
];

/** All of a result but its hosts, its runs, and its run as an object. */
const summaries = Object.values(resultSchemas)
  .flatMap((schema): readonly z.ZodObject[] => (schema instanceof z.ZodObject ? [schema] : schema.options))
  .map((schema) => {
    const isShownRun = schema === (resultSchemas.run as z.ZodObject);
    const inner = isShownRun ? without(shownRun.shape, 'hosts', ...Object.keys(runInfo)) : {};
    const hasRun = 'run' in schema.shape && !(schema.shape['run'] instanceof z.ZodNull);
    const rest = without(schema.shape, 'run', 'hosts', 'runs', 'requests', 'clusterFindings', 'drift');
    const drift = 'drift' in schema.shape ? { drift: z.object(driftHead).optional() } : {};
    return line('summary', 'The last line: all of the result but its hosts or runs', {
      ...rest,
      ...drift,
      ...(hasRun ? runFields : {}),
      ...inner,
    });
  });

export const lineSchema = z.union([...events, ...results, ...summaries]);
