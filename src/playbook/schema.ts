/** What a playbook file may hold, and the plain data it becomes once it is loaded. */
import { z } from 'zod';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** Files with a well-known part in a kubelet's set-up; where they lie is the distribution's knowledge. */
const fileNames = ['kubelet-unit', 'kubelet-config', 'kubelet-kubeconfig', 'client-ca', 'proxy-kubeconfig'] as const;
export type FileName = (typeof fileNames)[number];

/**
 * What an effective value must be; null in `equals` and `oneOf` is a setting that is not given and has no default. `atLeast` and `atMost` compare numbers, Go durations ("5m") or TLS versions ("VersionTLS12");
 * `subsetOf` wants a list that is not empty; `set` wants a value that is neither null, "" nor empty.
 */
export type Want =
  | { readonly equals: Json }
  | { readonly oneOf: readonly Json[] }
  | { readonly atLeast: number | string }
  | { readonly atMost: number | string }
  | { readonly subsetOf: readonly string[] }
  | { readonly set: true }
  | { readonly absent: true };

export interface References {
  /** Control id per benchmark: ids move from one benchmark to the next, so none stands alone. */
  readonly cis: Readonly<Record<string, string>>;
  readonly stig: readonly string[];
  readonly docs: readonly string[];
}

interface RuleBase {
  /** Unique in its playbook. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  readonly mayBreak?: string | undefined;
  /** Kubernetes versions the rule is for, as `satisfies` of lib/kube-version reads it. */
  readonly versions?: string | undefined;
  /** Reason per distribution the rule is not for. */
  readonly skip: Readonly<Record<string, string>>;
  readonly references: References;
}

export interface SettingRule extends RuleBase {
  readonly kind: 'setting';
  /** A path in KubeletConfiguration, or `flags.<name>` for what only a flag can say. */
  readonly setting: string;
  readonly want: Want;
  /** What apply writes; undefined: audit only. It always meets `want`. */
  readonly set?: Json | undefined;
}

export interface FileRule extends RuleBase {
  readonly kind: 'file';
  readonly file: {
    readonly path: FileName;
    /** Four octal digits; no bit may be set that is not set in `atMost`. */
    readonly mode?: { readonly atMost: string } | undefined;
    /** `user:group`. */
    readonly owner?: string | undefined;
  };
  /** False: apply leaves the file's mode and owner alone. */
  readonly fix: boolean;
}

export interface ManualRule extends RuleBase {
  readonly kind: 'manual';
  /** What a person has to look at. */
  readonly look: string;
}

export type Rule = SettingRule | FileRule | ManualRule;

export interface Playbook {
  /** Where it was read from: a path as the user gave it, or the name of a built-in. */
  readonly source: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rules: readonly Rule[];
}

const text = z.string().min(1);
const idText = (what: string): z.ZodString =>
  z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, `${what} is made of small letters, digits, "." and "-"`);
const json = z.json() as z.ZodType<Json>;
const bound = z.union([z.number(), text]);

const want = z
  .strictObject({
    equals: json.optional(),
    oneOf: z.array(json).min(1).optional(),
    atLeast: bound.optional(),
    atMost: bound.optional(),
    subsetOf: z.array(text).min(1).optional(),
    set: z.literal(true).optional(),
    absent: z.literal(true).optional(),
  })
  .meta({ minProperties: 1, maxProperties: 1, description: 'Exactly one of these.' });

const file = z.strictObject({
  path: z.enum(fileNames),
  mode: z
    .strictObject({ atMost: z.string().regex(/^0[0-7]{3}$/, 'a mode is four octal digits in quotes, such as "0600"') })
    .optional(),
  owner: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*:[a-z_][a-z0-9_-]*$/, 'an owner is user:group, such as root:root')
    .optional(),
});

const references = z.strictObject({
  cis: z
    .record(
      idText('the name of a benchmark'),
      z.string().regex(/^\d+(\.\d+)+$/, 'a control id is a text such as "4.2.1"'),
    )
    .optional(),
  stig: z.array(z.string().regex(/^V-\d+$/, 'a STIG id looks like V-242391')).optional(),
  docs: z.array(z.url({ protocol: /^https?$/, error: 'must be a web address' })).optional(),
});

const ruleSchema = z
  .strictObject({
    id: idText('a rule id'),
    title: text,
    severity: z.enum(severities),
    setting: z
      .string()
      .regex(
        /^[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9_-]*)*$/,
        'a setting is a path such as authentication.anonymous.enabled',
      )
      .optional(),
    want: want.optional(),
    set: json.optional(),
    file: file.optional(),
    fix: z.boolean().optional(),
    manual: z.literal(true).optional(),
    look: text.optional(),
    why: text,
    mayBreak: text.optional(),
    versions: text.optional(),
    skip: z.record(idText('the name of a distribution'), text).optional(),
    references: references.optional(),
  })
  .meta({
    oneOf: [{ required: ['setting', 'want'] }, { required: ['file'] }, { required: ['manual', 'look'] }],
    description: 'One of: setting with want, file, manual with look.',
  });

export const playbookSchema = z.strictObject({
  apiVersion: z.literal('kubelatch.dev/v1'),
  kind: z.literal('Playbook'),
  metadata: z.strictObject({ name: idText('the name of a playbook'), title: text, description: text.optional() }),
  rules: z.array(ruleSchema).min(1),
});

export type RuleInput = z.infer<typeof ruleSchema>;
export type PlaybookInput = z.infer<typeof playbookSchema>;

/** The JSON Schema that editors use to check and complete playbooks. */
export function playbookJsonSchema(): Record<string, unknown> {
  return { title: 'kubelatch playbook', ...z.toJSONSchema(playbookSchema, { io: 'input', reused: 'inline' }) };
}
