/** Reads and writes plan files. What was reviewed is what is applied, on this machine or another, now or later. */
import { z } from 'zod';
import { editFault } from './edit-limits.js';
import type { HostPlan } from './host-plan.js';
import { notAPlan } from './not-a-plan.js';

export interface SavedPlan {
  readonly kind: 'kubelatch-plan';
  readonly schemaVersion: 1;
  readonly cluster: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  readonly playbooks: readonly string[];
  readonly hosts: readonly HostPlan[];
}

const text = z.string();
const id = z.int().min(0).max(0xffffffff);
const port = z.int().min(0).max(65535);
const state = z.object({
  sha256: text.regex(/^[0-9a-f]{64}$/).optional(),
  mode: text.regex(/^[0-7]{4,5}$/),
  uid: id,
  gid: id,
  owner: text,
});
// Also checked because these names may come from nodes and appear in suggested commands.
const unit = text.regex(/^[A-Za-z0-9@:_.-]+\.service$/);
const nodeName = text.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/);
const edit = z
  .object({
    path: text.regex(/^\/[^\0\n]+$/),
    action: z.enum(['create', 'edit', 'mode']),
    before: state.nullable(),
    after: state,
    text: text.optional(),
    diff: text,
  })
  .refine(
    ({ action, before, text: content }) =>
      (action === 'create') === (before === null) && (action === 'mode') === (content === undefined),
    { message: 'its action does not match its content', abort: true },
  )
  .superRefine((one, context) => {
    const fault = editFault(one);
    if (fault !== undefined) context.addIssue(fault);
  });
const ports = z.object({
  kubelet: port,
  readOnly: port,
  healthz: port,
  healthzHost: text,
  // Older versions did not have these.
  address: text.optional(),
  readOnlyPorts: z.array(port).max(8).optional(),
});
const wholePlan = z.object({
  host: text,
  distro: text,
  unit,
  nodeName: nodeName.optional(),
  role: z.enum(['control-plane', 'worker']),
  watch: z.object({ unit, processName: text, logPath: text.optional(), child: z.boolean().optional() }),
  ports: ports.extend({ before: ports.optional() }),
  edits: z.array(edit),
  restart: z.boolean(),
  reload: z.boolean(),
  expect: z.array(z.object({ setting: text, value: z.json(), argument: text.optional() })),
  fixes: z.array(text),
  mayBreak: z.array(text),
  overwrittenBy: z.array(text),
  warnings: z.array(text),
  sources: z.array(z.object({ path: text.regex(/^\/[^\0\n]+$/), sha256: text.regex(/^[0-9a-f]{64}$/) })).optional(),
  serving: z.object({ certDir: text.regex(/^\/[^\0\n]+$/), kubeconfig: text.regex(/^\/[^\0\n]+$/) }).optional(),
  guards: z.array(z.enum(['packet-filter', 'address-list'])).optional(),
  skippedRules: z.array(z.object({ rule: text, reason: text, hint: text })).optional(),
});
/** Names of these fields in files and on nodes written by older versions. */
const earlierNames: Readonly<Record<string, string>> = { undoneBy: 'overwrittenBy', leftOut: 'skippedRules' };
const withTodaysNames = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(
        Object.entries(data).map(([name, value]) => [
          Object.hasOwn(earlierNames, name) ? earlierNames[name] : name,
          value,
        ]),
      )
    : data;
const hostPlan = z.preprocess(
  withTodaysNames,
  wholePlan
    .refine(
      ({ edits }) => new Set(edits.map(({ path }) => path)).size === edits.length,
      'the same file is edited twice',
    )
    .refine(
      ({ edits, restart }) => restart || edits.every(({ action }) => action === 'mode'),
      'the plan changes files that the kubelet reads but does not restart it, so the change could not be verified',
    ),
);
const storedPlan = z.preprocess(withTodaysNames, wholePlan.extend({ edits: z.array(z.unknown()) }));
const savedPlan = z.object({
  kind: z.literal('kubelatch-plan'),
  schemaVersion: z.literal(1),
  cluster: text,
  madeAt: text,
  playbooks: z.array(text),
  hosts: z
    .array(hostPlan)
    .refine((hosts) => new Set(hosts.map(({ host }) => host)).size === hosts.length, 'the same host appears twice'),
});

export const writeSavedPlan = (plan: SavedPlan): string => `${JSON.stringify(plan, null, 2)}\n`;

/** Throws ToolError `usage` with the place of the first fault and what the file is instead. */
export function readSavedPlan(path: string, content: string): SavedPlan {
  const data = parsedJson(content);
  const parsed = savedPlan.safeParse(data);
  if (parsed.success) return parsed.data as SavedPlan;
  throw notAPlan(path, content, data, parsed.error.issues);
}

/** Undefined where it is no JSON. */
function parsedJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/**
 * A host's plan as its node stored it. Undefined if the text is not one. Its edits are left out, because a node is trusted only
 * with its own files and a revert uses the copies stored there.
 */
export function readStoredPlan(data: unknown): HostPlan | undefined {
  const parsed = storedPlan.safeParse(data);
  return parsed.success ? ({ ...parsed.data, edits: [] } as unknown as HostPlan) : undefined;
}
