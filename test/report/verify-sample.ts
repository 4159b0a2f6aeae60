/** A result of verify that the writers' tests share. */
import type { VerifyResult } from '../../src/report/verify-model.js';
import { checkOf, unaskedChecks } from '../../src/verify/check.js';
import { auditResult, hostAudit } from './samples.js';

const { findings, ...host } = hostAudit('n1');
const { clusterFindings, ...base } = auditResult([hostAudit('n1')]);
const open = checkOf(
  'read-only-port-closed',
  { from: 'peer', via: 'n2' },
  { status: 'fail', seen: '200', note: 'every pod can be read' },
  { evidence: ['192.0.2.1:10255/pods: 200'] },
);

export const verifyResult: VerifyResult = {
  ...base,
  kind: 'verify',
  hosts: [{ ...host, checks: [open, ...unaskedChecks(['tls-versions'], { from: 'pod' }, 'no image')] }],
  notes: findings.length + clusterFindings.length === 0 ? [] : ['unexpected'],
};
