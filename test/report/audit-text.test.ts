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
  want: '0',
  source: { kind: 'default', detail: 'no --config is given' },
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
    'SEVERITY  RULE            GOT    WANT   HOSTS',
    'critical  anonymous-auth  true   false  node[1:3]',
    '    /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)',
    'critical  anonymous-auth  true   false  edge',
    '    /var/lib/kubelet/config.yaml:7',
    'high      read-only-port  10255  0      node[1:3]',
    '    default (no --config is given)',
    '',
    'Not judged',
    '! unreachable: node8,node9',
    '    nothing listens on node8:22 (this is node8; 1 more like it)',
    '    hint: check that sshd runs there, and the port in the inventory',
    '',
    'Not known',
    'RULE  REASON                 HOSTS',
    'tls   no kubelet is running  edge',
    '',
    '1 rule only a person can judge; -o wide lists what to look at.',
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
  expect(text).toContain('firewall  only a person can judge this: look at the firewall');
  expect(text).toContain('! unreachable: node9\n');
  expect(text).toContain('Passing\n');
  expect(text).toContain('Anonymous requests to the kubelet are refused');
});

test('findings of other values, places or severities are not merged', () => {
  const variants = [finding(), finding({ got: 'true' }), finding({ severity: 'high' }), finding({ want: 'true' })].map(
    (one, i) => hostAudit(`h${String.fromCharCode(97 + i)}`, { findings: [one] }),
  );
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
