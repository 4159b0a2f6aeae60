/** The result of verify as a person, a program and an exit code see it. */
import { expect, it } from 'vitest';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { formatted } from '../../src/report/formats.js';
import { readResult } from '../../src/report/read-result.js';
import { plainStyle } from '../../src/report/style.js';
import type { VerifiedHost, VerifyResult } from '../../src/report/verify-model.js';
import { verifyText } from '../../src/report/verify-text.js';
import { type Check, checkOf, unaskedChecks } from '../../src/verify/check.js';
import { auditResult, hostAudit, unreachable } from './samples.js';

const open = (from: Check['from']): Check =>
  checkOf(
    'read-only-port-closed',
    { from },
    { status: 'fail', seen: '200', note: 'every pod can be read' },
    { evidence: ['192.0.2.1:10255/pods: 200'] },
  );
const host = (name: string, checks: readonly Check[]): VerifiedHost => {
  const { nodeName, role, distro, kubeletVersion, status, notes } = hostAudit(name);
  return { host: name, nodeName, role, distro, kubeletVersion, status, notes, checks };
};
const resultOf = (hosts: readonly VerifiedHost[]): VerifyResult => {
  const audits = hosts.map(({ host: name }) => hostAudit(name));
  const { clusterFindings, ...rest } = auditResult(audits, ['without the API server: no access']);
  expect(clusterFindings).toEqual([]);
  return { ...rest, kind: 'verify', hosts };
};
const result = resultOf([
  host('n1', [
    open('node'),
    open('controller'),
    ...unaskedChecks(['tls-versions', 'tls-suites', 'serving-certificate-name'], { from: 'peer' }, 'no other host'),
  ]),
  host('n2', [open('node')]),
]);

it('tells what fails once, with where it was seen from, and each reason once', () => {
  const text = verifyText(result, { width: 80, style: plainStyle });
  expect(text).toContain(
    'critical  read-only-port-closed  200   refused   n1,n2\n    from the node, this machine\n    every pod can be read\n    192.0.2.1:10255/pods: 200\n',
  );
  expect(text).toMatch(/another node {2}tls-versions, tls-suites and 1 more/);
  expect(text).toContain('without the API server: no access');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).not.toContain('undefined');
});

it('is read back from its JSON as it was', () => {
  const options = { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' };
  const json = formatted('json', result, options);
  const read = readResult(json);
  if (read.kind !== 'verify') throw new Error(read.kind);
  expect(formatted('json', read, options)).toBe(json);
  const lines = formatted('ndjson', result, options).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'host-result',
    'host-result',
    'summary',
  ]);
});

it('a fingerprint is one of host, check and vantage point', () => {
  const prints = (hosts: readonly VerifiedHost[]): string[] => {
    const json = formatted('json', resultOf(hosts), { text: { width: 80, style: plainStyle }, time: '' });
    const { hosts: all } = JSON.parse(json) as { hosts: { checks: { fingerprint: string }[] }[] };
    return all.flatMap(({ checks }) => checks.map(({ fingerprint }) => fingerprint));
  };
  expect(new Set(prints([host('n1', [open('node'), open('peer')]), host('n2', [open('node')])])).size).toBe(3);
  expect(prints([host('n1', [{ ...open('node'), seen: 'refused', status: 'pass' }])])).toEqual(
    prints([host('n1', [open('node')])]),
  );
});

it('exits as an audit does', () => {
  const lost = resultOf([{ ...host('n3', []), status: 'unreachable', error: unreachable('n3').error }]);
  expect([exitCodeOf(result), exitCodeOf(result, { failOn: 'critical' }), exitCodeOf(lost)]).toEqual([0, 2, 3]);
  expect(
    exitCodeOf(resultOf([host('n1', unaskedChecks(['tls-suites'], { from: 'node' }, 'x'))]), { failOn: 'low' }),
  ).toBe(0);
});
