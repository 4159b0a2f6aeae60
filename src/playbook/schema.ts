/** The format of a playbook file, and the plain data that it is loaded into. */
import { z } from 'zod';
import type { Audience } from './audience.js';
import { parseAddress, parseCidr } from '../lib/cidr.js';
import { parseKubeRange } from '../lib/kube-version.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** Well-known files of a kubelet's setup. The distribution knows their paths. */
const fileNames = ['kubelet-unit', 'kubelet-config', 'kubelet-kubeconfig', 'client-ca', 'proxy-kubeconfig'] as const;
export type FileName = (typeof fileNames)[number];

/**
 * What an effective value must be. Null in `equals` and `oneOf` means not set and without default. `atLeast` and `atMost`
 * compare numbers, Go durations ("5m") or TLS versions ("VersionTLS12"); `subsetOf` requires a list that is not empty; `set`
 * requires a value other than null, "" or an empty collection.
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
  /** Control id per benchmark, because ids change between benchmarks. */
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
  /** Kubernetes versions the rule is for, in the form that `satisfies` of lib/kube-version accepts. */
  readonly versions?: string | undefined;
  /** By distribution: why the rule does not apply to it. */
  readonly skip: Readonly<Record<string, string>>;
  readonly references: References;
}

export interface SettingRule extends RuleBase {
  readonly kind: 'setting';
  /** A path in KubeletConfiguration, or `flags.<name>` for a flag without a field. */
  readonly setting: string;
  readonly want: Want;
  /** The value that apply writes; it always satisfies `want`. Undefined: audit only. */
  readonly set?: Json | undefined;
}

export interface FileRule extends RuleBase {
  readonly kind: 'file';
  readonly file: {
    readonly path: FileName;
    /** Four octal digits; bits not set in `atMost` must not be set. */
    readonly mode?: { readonly atMost: string } | undefined;
    /** `user:group`. */
    readonly owner?: string | undefined;
  };
  /** False: apply does not change the file's mode and owner. */
  readonly fix: boolean;
}

/** Keeps pods from the kubelet: an nftables table on the node. Addresses and networks in CIDR notation. */
export interface PacketFilter {
  readonly podNetworks: readonly string[];
  /** 10250 and 10255 if left out. */
  readonly ports?: readonly number[] | undefined;
  /** Pods that may still connect. */
  readonly allow?: readonly string[] | undefined;
}

/** systemd's address list for the kubelet's unit: whom it may talk to at all. */
export interface AddressAllowList {
  readonly apiServer: readonly string[];
  readonly nodes: readonly string[];
  readonly podNetworks: readonly string[];
  /** DNS servers, cloud metadata, monitoring. */
  readonly others?: readonly string[] | undefined;
}

export type NetworkGuard =
  | { readonly kind: 'packet-filter'; readonly filter: PacketFilter }
  | { readonly kind: 'address-list'; readonly list: AddressAllowList };

export interface NetworkRule extends RuleBase {
  readonly kind: 'network';
  readonly guard: NetworkGuard;
}

export interface ManualRule extends RuleBase {
  readonly kind: 'manual';
  /** What a person has to check. */
  readonly look: string;
}

export type Rule = SettingRule | FileRule | NetworkRule | ManualRule;

export interface Playbook {
  /** Where it was read from: the path that the user gave, or the name of a built-in. */
  readonly source: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The nodes that it is written for; undefined: all. */
  readonly appliesTo?: Audience | undefined;
  /** Playbooks of one family are for different nodes, and `-p FAMILY` takes for each node the one that fits. */
  readonly family?: string | undefined;
  /** It was named by its family: it counts only on nodes that it fits. */
  readonly byFamily?: true | undefined;
  readonly rules: readonly Rule[];
}

const text = z.string().min(1);
const idText = (what: string): z.ZodString =>
  z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, `${what} consists of lower-case letters, digits, "." and "-"`);
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

const address = z
  .string()
  .refine(
    (one) => parseAddress(one) !== undefined || parseCidr(one) !== undefined,
    'is neither an address nor a network',
  );
const addresses = z.array(address).min(1);
const network = z.string().refine((one) => parseCidr(one) !== undefined, 'is no network such as 10.244.0.0/16');

const packetFilter = z.strictObject({
  podNetworks: z.array(network).min(1),
  ports: z.array(z.int().min(1).max(65535)).min(1).optional(),
  allow: addresses.optional(),
});

const addressList = z.strictObject({
  apiServer: addresses,
  nodes: addresses,
  podNetworks: z.array(network).min(1),
  others: addresses.optional(),
});

const references = z.strictObject({
  cis: z
    .record(
      idText('the name of a benchmark'),
      z.string().regex(/^\d+(\.\d+)+$/, 'a control id is a string such as "4.2.1"'),
    )
    .optional(),
  stig: z.array(z.string().regex(/^V-\d+$/, 'a STIG id looks like V-242391')).optional(),
  docs: z.array(z.url({ protocol: /^https?$/, error: 'must be a URL' })).optional(),
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
    packetFilter: packetFilter.optional(),
    addressList: addressList.optional(),
    manual: z.literal(true).optional(),
    look: text.optional(),
    why: text,
    mayBreak: text.optional(),
    versions: text.optional(),
    skip: z.record(idText('the name of a distribution'), text).optional(),
    references: references.optional(),
  })
  .meta({
    oneOf: [
      { required: ['setting', 'want'] },
      { required: ['file'] },
      { required: ['packetFilter'] },
      { required: ['addressList'] },
      { required: ['manual', 'look'] },
    ],
    description: 'One of: setting with want, file, packetFilter, addressList, manual with look.',
  });

export const playbookSchema = z.strictObject({
  apiVersion: z.literal('kubelatch.dev/v1'),
  kind: z.literal('Playbook'),
  metadata: z.strictObject({
    name: idText('the name of a playbook'),
    title: text,
    description: text.optional(),
    appliesTo: z
      .strictObject({
        distros: z.array(idText('the name of a distribution')).min(1).optional(),
        versions: z
          .string()
          .refine((one) => parseKubeRange(one) !== undefined, 'is no range of versions such as >=1.29 <1.32')
          .optional(),
      })
      .optional(),
    family: idText('the name of a family').optional(),
  }),
  rules: z.array(ruleSchema).min(1),
});

export type RuleInput = z.infer<typeof ruleSchema>;
export type PlaybookInput = z.infer<typeof playbookSchema>;

/** The JSON Schema that editors use to check and complete playbooks. */
export function playbookJsonSchema(): Record<string, unknown> {
  return { title: 'kubelatch playbook', ...z.toJSONSchema(playbookSchema, { io: 'input', reused: 'inline' }) };
}
