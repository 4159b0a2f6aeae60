/** A plan as a file: what was shown is what is applied, on this machine or another, now or later. */
import { z } from 'zod';
import { ToolError } from '../lib/errors.js';
import type { HostPlan } from './host-plan.js';

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
// They come from nodes too, and are named in commands for people to copy.
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
    'its action does not fit what it holds',
  );
const hostPlan = z.object({
  host: text,
  distro: text,
  unit,
  nodeName: nodeName.optional(),
  role: z.enum(['control-plane', 'worker']),
  watch: z.object({ unit, processName: text, logPath: text.optional(), child: z.boolean().optional() }),
  ports: z.object({ kubelet: port, readOnly: port, healthz: port, healthzHost: text }),
  edits: z.array(edit),
  restart: z.boolean(),
  reload: z.boolean(),
  expect: z.array(z.object({ setting: text, value: z.json() })),
  fixes: z.array(text),
  mayBreak: z.array(text),
  undoneBy: z.array(text),
  warnings: z.array(text),
  leftOut: z.array(z.object({ rule: text, reason: text, hint: text })).optional(),
});
const savedPlan = z.object({
  kind: z.literal('kubelatch-plan'),
  schemaVersion: z.literal(1),
  cluster: text,
  madeAt: text,
  playbooks: z.array(text),
  hosts: z
    .array(hostPlan)
    .refine((hosts) => new Set(hosts.map(({ host }) => host)).size === hosts.length, 'a host is named twice'),
});

export const writeSavedPlan = (plan: SavedPlan): string => `${JSON.stringify(plan, null, 2)}\n`;

/** Throws ToolError 'plan' with the place of the first fault. */
export function readSavedPlan(path: string, content: string): SavedPlan {
  let data: unknown;
  try {
    data = JSON.parse(content);
  } catch (error) {
    throw new ToolError('plan', `${path}: not a saved plan: it is no JSON`, {
      hint: 'make one with kubelatch plan --out FILE',
      cause: error,
    });
  }
  const parsed = savedPlan.safeParse(data);
  if (parsed.success) return parsed.data as SavedPlan;
  const issue = parsed.error.issues[0];
  throw new ToolError('plan', `${path}: not a saved plan: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, {
    hint: 'make one with kubelatch plan --out FILE',
  });
}

/** A host's plan as its node kept it; undefined where it is none. Nodes are not trusted with more than their own files. */
export function readKeptPlan(data: unknown): HostPlan | undefined {
  const parsed = hostPlan.safeParse(data);
  return parsed.success ? (parsed.data as HostPlan) : undefined;
}
