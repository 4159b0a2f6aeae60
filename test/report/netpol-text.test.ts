/** What a person and a pipe see of network policies. */
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { choosePolicy } from '../../src/netpol/choose.js';
import { formatted } from '../../src/report/formats.js';
import type { NetpolChange, NetpolResult } from '../../src/report/netpol-model.js';
import { netpolNotes } from '../../src/report/netpol-text.js';
import { plainStyle } from '../../src/report/style.js';
import { network, request } from '../netpol/network.js';
import { clusterFinding } from './samples.js';

const { policy } = choosePolicy(network(), request({ namespaces: ['shop', 'web-auth'] }));
const result = (over: Partial<NetpolResult> = {}): NetpolResult => ({
  ...{ schemaVersion: 1, tool: 'kubelatch', version: '0.1.0', kind: 'netpol', cluster: 'lab' },
  ...{ startedAt: '2026-11-23T05:00:00Z', finishedAt: '2026-11-23T05:01:04Z' },
  cni: { name: 'kube-router', version: undefined, enforces: 'yes', ownNode: 'filtered' },
  policy: policy.kind,
  manifests: policy.manifests,
  files: [],
  limits: policy.limits,
  clusterFindings: [],
  changes: [],
  ...over,
});
const options = { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' };

it('is YAML that says what the objects are, nothing hidden in it', () => {
  const text = formatted('table', result(), options);
  expect(parseAllDocuments(text).map((one) => one.toJSON() as unknown)).toEqual(policy.manifests);
  expect(text).not.toContain('***');
  const tree = JSON.parse(formatted('json', result(), options)) as { manifests: unknown };
  expect(tree.manifests).toEqual(policy.manifests);
});

it('are files where the policy is for nodes', () => {
  const files = [
    { path: '/etc/a', text: 'x\n' },
    { path: '/etc/b', text: 'y\n' },
  ];
  expect(formatted('table', result({ manifests: [], files }), options)).toBe('# /etc/a\nx\n\n# /etc/b\ny\n');
});

it('is what was done, after it was applied', () => {
  const changes: NetpolChange[] = [
    { object: 'NetworkPolicy shop/p', outcome: 'created', diff: '+x' },
    { object: 'NetworkPolicy web/p', outcome: 'failed', diff: '', reason: 'HTTP 403', hint: 'ask for the right' },
  ];
  expect(formatted('table', result({ changes }), options)).toBe(
    '+ NetworkPolicy shop/p created\n! NetworkPolicy web/p failed: HTTP 403\n    hint: ask for the right\n',
  );
  const removed = { policy: undefined, cni: undefined, manifests: [] };
  expect(formatted('table', result(removed), options)).toBe('There are no policies of kubelatch in this cluster.\n');
});

it('comes with its limits in plain words', () => {
  const notes = netpolNotes(result({ clusterFindings: [clusterFinding({ status: 'pass' })] }), options.text);
  expect(notes).toMatch(/^Cluster\npass {2}node-not-in-inventory/);
  expect(notes).toContain('Policy: network-policy\nIt also cuts off:\n  - Pods of these namespaces');
  expect(notes).toContain('It does not reach:\n  - Network policies only add up');
  expect(notes).toContain('It needs:\n');
});
