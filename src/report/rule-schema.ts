/** The schemas of what `explain` tells of a rule, and of what `rules` lists. */
import { z } from 'zod';
import { fileWant, references, settingWant, severity, want, wantText } from './finding-schema.js';
import { head, json, text, texts } from './schema-parts.js';

const ruleBase = {
  id: text('Id of the rule'),
  title: text('What the rule says, in one line'),
  severity,
  why: text('Why the rule is there'),
  mayBreak: text('What may stop working').optional(),
  versions: text('Kubernetes versions that it is for').optional(),
  skip: z.record(z.string(), z.string()).describe('Reason per distribution that it is not for'),
  references,
  want,
  wantText,
};
const packetFilter = z.object({
  podNetworks: texts('Networks of pods'),
  ports: z.array(z.int()).describe('Ports that they are kept from').optional(),
  allow: texts('Pods that may still connect').optional(),
});
const addressList = z.object({
  apiServer: texts('Addresses of the API server'),
  nodes: texts('Addresses of nodes'),
  podNetworks: texts('Networks of pods'),
  others: texts('Others that the kubelet talks to').optional(),
});
export const rule = z
  .object({
    ...head,
    kind: z.literal('rule'),
    rule: z.union([
      z.object({
        kind: z.literal('setting'),
        ...ruleBase,
        setting: text('Path in KubeletConfiguration, or `flags.NAME`'),
        want: settingWant,
        set: json('What apply writes; left out where apply changes nothing').optional(),
      }),
      z.object({
        kind: z.literal('file'),
        ...ruleBase,
        want: fileWant,
        file: z.object({
          path: z.enum(['kubelet-unit', 'kubelet-config', 'kubelet-kubeconfig', 'client-ca', 'proxy-kubeconfig']),
          mode: z.object({ atMost: z.string() }).optional(),
          owner: z.string().optional(),
        }),
        fix: z.boolean().describe('apply corrects mode and owner'),
      }),
      z.object({
        kind: z.literal('network'),
        ...ruleBase,
        guard: z.union([
          z.object({ kind: z.literal('packet-filter'), filter: packetFilter }),
          z.object({ kind: z.literal('address-list'), list: addressList }),
        ]),
      }),
      z.object({ kind: z.literal('manual'), ...ruleBase, look: text('What a person has to look at') }),
      z.object({
        kind: z.literal('built-in').describe('Judged whatever the playbook'),
        ...ruleBase,
        about: z.enum(['host', 'cluster']).describe('What a finding of it is about'),
        fix: text('What to do about a finding'),
        checkedBy: z.enum(['verify', 'gate', 'csr']).describe('What makes this check where audit does not').optional(),
      }),
    ]),
    playbooks: texts('Names of the playbooks that hold it; none of a built-in rule'),
  })
  .describe('What `explain` tells of a rule');

export const rules = z
  .object({
    ...head,
    kind: z.literal('rules'),
    playbooks: z.array(
      z.object({
        name: text('Name of the playbook'),
        title: text('What it is, in one line'),
        rules: z.int().describe('How many rules it has'),
      }),
    ),
    rules: z.array(
      z.object({
        id: text('Id of the rule'),
        title: text('What the rule says, in one line'),
        severity,
        kind: z
          .enum(['setting', 'file', 'network', 'manual', 'built-in'])
          .describe('What it checks; `built-in` is judged whatever the playbook'),
        playbooks: texts('Names of the playbooks that hold it; none of a built-in rule'),
        references,
      }),
    ),
  })
  .describe('Playbooks and rules');
