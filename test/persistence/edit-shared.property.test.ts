/** The splice of the cluster's configuration: parse(after) is parse(before) with only the wanted keys changed; comments and order stay. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { kubeadmSharedConfig } from '../../src/distros/kubeadm-shared-config.js';
import { editShared } from '../../src/persistence/edit-shared.js';
import { judgeShared, sharedRules } from '../../src/persistence/judge-shared.js';
import { loadRules } from './rules.js';

const kubelets = { distro: 'kubeadm', version: 'v1.31.4' };
const rules = sharedRules([loadRules('baseline'), loadRules('cis-1.12')], kubelets);

type Tree = Readonly<Record<string, unknown>>;

/** Blocks as kubeadm writes them, each with another value or left out, in any order, with comments and blank lines between. */
const blocks = fc.record({
  authentication: fc.option(
    fc.record({ anonymous: fc.boolean(), webhook: fc.boolean(), cacheTTL: fc.constantFrom('0s', '2m0s', '9m0s') }),
  ),
  authorization: fc.option(fc.constantFrom('AlwaysAllow', 'Webhook')),
  readOnlyPort: fc.option(fc.constantFrom(0, 10255)),
  podPidsLimit: fc.option(fc.constantFrom(-1, 512, 4096)),
  seccompDefault: fc.option(fc.boolean()),
  tlsCipherSuites: fc.option(
    fc.constantFrom(['TLS_RSA_WITH_AES_128_CBC_SHA'], ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256']),
  ),
  other: fc.constantFrom('cgroupDriver: systemd', 'clusterDNS:\n- 10.96.0.10', 'evictionHard:\n  memory.available: 5%'),
  comments: fc.array(fc.constantFrom('# kept by the platform team', '', '# see TICKET-7   '), { maxLength: 4 }),
  order: fc.infiniteStream(fc.nat(1000)),
});

function textOf(one: typeof blocks extends fc.Arbitrary<infer T> ? T : never): string {
  const { authentication: auth, tlsCipherSuites: suites } = one;
  const scalar = (key: string, value: boolean | number | null): string[] =>
    value === null ? [] : [`${key}: ${String(value)} # why`];
  const parts = [
    ...(auth === null
      ? []
      : [
          `authentication:\n  anonymous:\n    enabled: ${String(auth.anonymous)}\n  webhook:\n    cacheTTL: ${auth.cacheTTL}\n    enabled: ${String(auth.webhook)}`,
        ]),
    ...(one.authorization === null ? [] : [`authorization:\n  mode: ${one.authorization}`]),
    ...scalar('readOnlyPort', one.readOnlyPort),
    ...scalar('podPidsLimit', one.podPidsLimit),
    ...scalar('seccompDefault', one.seccompDefault),
    ...(suites === null ? [] : [`tlsCipherSuites:\n${suites.map((suite) => `- ${suite}`).join('\n')}`]),
    one.other,
    ...one.comments,
  ];
  const keyed = parts.map((part): [number, string] => [one.order.next().value as number, part]);
  const sorted = keyed.sort(([left], [right]) => left - right).map(([, part]) => part);
  return `apiVersion: kubelet.config.k8s.io/v1beta1\n${sorted.join('\n')}\nkind: KubeletConfiguration\n`;
}

function withValue(tree: Tree, [key = '', ...rest]: readonly string[], value: unknown): Tree {
  const inner = tree[key];
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Tree) : {};
  return { ...tree, [key]: rest.length === 0 ? value : withValue(below, rest, value) };
}

const treeOf = (text: string): Tree => parse(text) as Tree;

/** Lines that are comments or blank, and keys at the start of a line, in their order. */
const comments = (text: string): string[] => text.split('\n').filter((line) => /^\s*(#.*)?$/.test(line));
const topKeys = (text: string): string[] => text.split('\n').flatMap((line) => /^(\w+):/.exec(line)?.[1] ?? []);

it('changes just what the rules want, and the rules hold then', () => {
  fc.assert(
    fc.property(blocks, (one) => {
      const before = textOf(one);
      const edited = editShared(before, kubeadmSharedConfig, kubelets, rules);
      if (!edited.ok) throw new Error(`${edited.error}\n${before}`);
      const { text, set } = edited.value;
      const wanted = set.reduce<Tree>(
        (tree, { rule, value }) => withValue(tree, rule.setting.split('.'), value),
        treeOf(before),
      );
      expect(parse(text)).toEqual(wanted);
      expect(comments(text)).toEqual(comments(before));
      expect(topKeys(text).filter((key) => topKeys(before).includes(key))).toEqual(topKeys(before));
      const judged = judgeShared(text, kubeadmSharedConfig, kubelets, rules);
      const failing = judged.ok ? judged.value.filter(({ meets, nodeValue }) => !meets && !nodeValue) : undefined;
      expect(failing?.map(({ rule }) => rule.id)).toEqual([]);
      expect(editShared(text, kubeadmSharedConfig, kubelets, rules)).toMatchObject({ value: { text, set: [] } });
    }),
    { numRuns: 150 },
  );
});

it('never writes a value of one node, whatever a rule wants', () => {
  const nodeRules = sharedRules([loadRules('tls-cert-rules')], kubelets);
  fc.assert(
    fc.property(blocks, (one) => {
      const edited = editShared(textOf(one), kubeadmSharedConfig, kubelets, nodeRules);
      if (!edited.ok) throw new Error(edited.error);
      expect(edited.value.set).toEqual([]);
      expect(edited.value.leftOut.map(({ rule }) => rule.setting)).toEqual(['tlsCertFile', 'providerID']);
      expect(edited.value.text).not.toMatch(/tlsCertFile|providerID/);
    }),
    { numRuns: 30 },
  );
});
