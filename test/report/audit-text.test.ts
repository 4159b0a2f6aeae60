import { expect, test } from 'vitest';
import { auditText } from '../../src/report/audit-text.js';
import { widthOf } from '../../src/report/layout.js';
import { plainStyle } from '../../src/report/style.js';
import { createStyle } from '../../src/terminal/style.js';
import { auditResult, finding, hostAudit, manual, unreachable } from './samples.js';

const options = { width: 80, style: plainStyle };
const readOnlyPort = finding({
  rule: 'read-only-port',
  severity: 'high',
  got: 10255,
  wantText: '0',
  source: { kind: 'default', detail: 'kubelet default (no --config)' },
});
const hosts = [
  ...['node1', 'node2', 'node3'].map((name) =>
    hostAudit(name, {
      findings: [readOnlyPort, finding(), manual('firewall'), finding({ rule: 'x', status: 'pass' })],
    }),
  ),
  hostAudit('edge', {
    findings: [
      finding({ source: { kind: 'file', path: '/var/lib/kubelet/config.yaml', line: 7 } }),
      finding({ rule: 'tls', severity: 'medium', status: 'unknown', note: 'no kubelet is running' }),
    ],
    notes: ['10250 was not asked: the server forbids forwarding'],
  }),
  unreachable('node8'),
  unreachable('node9'),
];
const fleet = auditResult(hosts, ['the API server was not asked: no kubeconfig']);

test('a fleet at 80 columns: worst first, equal findings together, unknown and not judged named', () => {
  expect(auditText(fleet, options).split('\n')).toEqual([
    'Failing',
    'critical  anonymous-auth  (4 hosts)',
    '  Anonymous requests to the kubelet are refused',
    '  controls: 4.2.1 (cis-1.12), V-242391',
    '    true, must be false',
    '    /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)',
    '      node[1:3]',
    '    true, must be false',
    '    /var/lib/kubelet/config.yaml:7',
    '      edge',
    'high  read-only-port  (3 hosts)',
    '  Anonymous requests to the kubelet are refused',
    '  controls: 4.2.1 (cis-1.12), V-242391',
    '    10255, must be 0',
    '    kubelet default (no --config)',
    '      node[1:3]',
    '',
    'Unknown',
    '  no kubelet is running',
    '    rules: tls',
    '    hosts: edge',
    '',
    '1 rule must be checked by hand; -o wide lists them.',
    '',
    'Not judged',
    '! unreachable: node8,node9',
    '    nothing listens on node8:22 (node8 and 1 more)',
    '    hint: check that sshd is running, and check the port in the inventory',
    '',
    'Notes',
    '  the API server was not asked: no kubeconfig',
    '  edge: 10250 was not asked: the server forbids forwarding',
    '',
    'prod-eu, baseline; failing: 4 critical, 3 high; 2 hosts not judged',
    'Audit: 4 of 6 hosts judged, 7 fail, 3 pass, 4 unknown',
    '',
  ]);
});

test('wide: nothing is cut, manual rules and every host that was not judged are listed', () => {
  const text = auditText(fleet, { ...options, wide: true });
  expect(text).toContain('medium  firewall  (3 hosts)\n');
  expect(text).toContain('    check this by hand: look at the firewall\n');
  expect(text).toContain('! unreachable: node9\n');
  expect(text).toContain('Passing\n');
  expect(text).toContain('Anonymous requests to the kubelet are refused');
});

test('wide loses nothing that a finding or a host holds', () => {
  const long = 'v'.repeat(2000);
  const own = finding({
    title: 'a title',
    got: long,
    wantText: `at most ${long}`,
    source: { kind: 'file', path: `/etc/${long}`, line: 41, detail: `detail ${long}` },
    note: `note ${long}`,
    references: { cis: { 'cis-1.11': '4.2.9', 'cis-1.12': '4.2.8' }, stig: ['V-1'], docs: ['https://kubernetes.io/x'] },
  });
  const statuses = ['fail', 'pass', 'unknown', 'not-applicable'] as const;
  const findings = statuses.map((status) => ({ ...own, rule: `rule-${status}`, status }));
  const hosts = Array.from({ length: 40 }, (_, i) =>
    hostAudit(`${'h'.repeat(58)}${String.fromCharCode(97 + (i % 26))}${i < 26 ? 'x' : 'y'}`, {
      nodeName: `node-of-${i}`,
      findings,
    }),
  );
  for (const groupBy of ['rule', 'host'] as const) {
    const text = auditText(auditResult(hosts), { ...options, wide: true, groupBy });
    for (const { host } of hosts) expect(text).toMatch(new RegExp(`\\b${host}\\b`));
    for (const part of ['node-of-39', 'worker', 'kubeadm', 'v1.31.4']) expect(text).toContain(part);
    for (const { rule } of findings) expect(text).toContain(rule);
    for (const part of [long, `at most ${long}`, `/etc/${long}:41`, `detail ${long}`, `note ${long}`])
      expect(text.split(part).length - 1).toBeGreaterThanOrEqual(groupBy === 'rule' ? 4 : 4 * hosts.length);
    for (const part of ['a title', 'authentication.anonymous.enabled', '4.2.9 (cis-1.11)', '4.2.8 (cis-1.12)', 'V-1'])
      expect(text).toContain(part);
  }
});

test('by host: those that look alike stand together, in the order of the inventory', () => {
  expect(
    auditText(fleet, { ...options, groupBy: 'host' })
      .split('\n')
      .slice(0, 20),
  ).toEqual([
    'node[1:3]',
    '  3 hosts, each worker, kubeadm, v1.31.4: 2 fail, 1 pass, 1 unknown',
    '  critical  anonymous-auth  4.2.1 (cis-1.12), V-242391',
    '    true, must be false',
    '    /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)',
    '  high  read-only-port  4.2.1 (cis-1.12), V-242391',
    '    10255, must be 0',
    '    kubelet default (no --config)',
    '',
    'edge',
    '  worker, kubeadm, v1.31.4: 1 fail, 0 pass, 1 unknown',
    '  critical  anonymous-auth  4.2.1 (cis-1.12), V-242391',
    '    true, must be false',
    '    /var/lib/kubelet/config.yaml:7',
    '  unknown: no kubelet is running',
    '    tls',
    '',
    'Not judged',
    '! unreachable: node8,node9',
    '    nothing listens on node8:22 (node8 and 1 more)',
  ]);
});

test.each([40, 80, 120])(
  '%i columns: names of 60 characters and rules that differ at their end stay whole',
  (width) => {
    const names = ['alpha', 'beta', 'gamma'].map((word) => `${word}.${'compute.internal.'.repeat(4)}x`.slice(0, 60));
    const rules = ['kubelet-kubeconfig-owner', 'kubelet-kubeconfig-mode'];
    const findings = rules.map((rule) => finding({ rule }));
    const result = auditResult(names.map((name) => hostAudit(name, { findings })));
    for (const groupBy of ['rule', 'host'] as const) {
      const lines = auditText(result, { ...options, width, groupBy }).split('\n');
      for (const name of names) expect(lines.join('\n')).toContain(name);
      for (const rule of rules)
        expect(lines.filter((text) => new RegExp(`critical  ${rule}(  |$)`).test(text))).toHaveLength(1);
      for (const text of lines) if (!/\.internal/.test(text)) expect(widthOf(text)).toBeLessThanOrEqual(width);
    }
  },
);

test('a rule with many places tells how many more there are', () => {
  const hosts = Array.from({ length: 3000 }, (_, i) => hostAudit(`n${i}`, { findings: [finding({ got: 1000 + i })] }));
  const text = auditText(auditResult(hosts), options);
  expect(text).toContain('critical  anonymous-auth  (3000 hosts)\n');
  expect(text).toContain('    and 2994 more values or places on 2994 hosts; -o wide lists all\n');
  expect(text.split('\n').length).toBeLessThan(40);
});

test('the last line is the command to run next, where something fails', () => {
  const next = 'kubelatch plan -i prod.yaml';
  expect(auditText(fleet, { ...options, next }).endsWith(`\n\nnext: ${next}\n`)).toBe(true);
  const passing = auditResult([hostAudit('n1', { findings: [finding({ status: 'pass' })] })]);
  expect(auditText(passing, { ...options, next })).not.toContain('next:');
});

test('the ids of one playbook stand alone; with several benchmarks each is named', () => {
  const references = { cis: { 'cis-1.11': '4.2.9', 'cis-1.12': '4.2.8' }, stig: [], docs: [] };
  const shown = (playbook: string): string =>
    auditText(auditResult([hostAudit('n1', { findings: [finding({ playbook, references })] })]), options);
  expect(shown('cis-1.12')).toContain('  controls: 4.2.8 (cis-1.12)\n');
  expect(shown('baseline')).toContain('  controls: 4.2.9 (cis-1.11), 4.2.8 (cis-1.12)\n');
});

test('findings of other values, places or severities are not merged', () => {
  const variants = [
    finding(),
    finding({ got: 'true' }),
    finding({ severity: 'high' }),
    finding({ wantText: 'true' }),
  ].map((one, i) => hostAudit(`h${String.fromCharCode(97 + i)}`, { findings: [one] }));
  const text = auditText(auditResult(variants), options);
  for (const name of ['ha', 'hb', 'hc', 'hd']) expect(text).toMatch(new RegExp(` ${name}\\n`));
});

test('no host, and nothing wrong', () => {
  expect(auditText(auditResult([]), options)).toBe('Audit: no hosts\n');
  expect(auditText(auditResult([hostAudit('n1', { findings: [finding({ status: 'pass' })] })]), options)).toBe(
    'prod-eu, baseline\nAudit: 1 of 1 host judged, 0 fail, 1 pass, 0 unknown\n',
  );
});

test('what a node says cannot steer the terminal, leak a secret or widen a line', () => {
  const evil = '\u001b]0;owned\u0007\u001b[2Jx\u202e\r\n https://ops:hunter2@proxy/ '.repeat(9);
  const host = hostAudit('n1', {
    findings: [
      finding({ got: evil, note: evil, source: { kind: 'file', path: `/etc/${evil}`, line: 1, detail: evil } }),
      finding({ rule: 'r'.repeat(200), status: 'unknown', note: evil }),
    ],
    notes: [evil],
  });
  const error = { kind: 'script', message: evil, hint: evil };
  const result = auditResult([host, { ...unreachable('n2'), error }]);
  for (const style of [plainStyle, createStyle(true)]) {
    const text = auditText(result, { width: 80, style });
    const plain = text.replace(/\u001b\[(?:1|2|22|3[1239])m/g, '');
    expect(plain).not.toMatch(/[^\n\x20-\x7e…]/u);
    expect(plain).not.toContain('hunter2');
    for (const line of plain.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
  }
});

test('colour adds nothing but colour', () => {
  const coloured = auditText(fleet, { width: 80, style: createStyle(true) });
  expect(coloured).not.toBe(auditText(fleet, options));
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(auditText(fleet, options));
});
