/** A host of verify as its JSON holds it. */
import { checkFingerprintOf } from './fingerprint.js';
import { hostHead } from './host-document.js';
import type { VerifiedHost } from './verify-model.js';

export function verifiedTree(verified: VerifiedHost) {
  const { host, checks, notes } = verified;
  return {
    ...hostHead(verified),
    checks: checks.map((one) => ({
      fingerprint: checkFingerprintOf(host, one),
      check: one.check,
      title: one.title,
      severity: one.severity,
      status: one.status,
      from: one.from,
      via: one.via ?? null,
      playbook: one.playbook,
      setting: one.setting ?? null,
      expected: one.expected,
      seen: one.seen,
      evidence: one.evidence,
      ...(one.note === undefined ? {} : { note: one.note }),
    })),
    notes,
  };
}
