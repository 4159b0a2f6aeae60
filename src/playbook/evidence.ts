/** Findings that no playbook has to ask for: declarations without effect, and doors that stand open. Pure. */
import type { HttpAnswer } from '../facts/node-http.js';
import { findWithoutEffect } from '../facts/not-in-effect.js';
import type { Finding, NodeView } from './assess.js';

const noReferences = { cis: {}, stig: [], docs: [] };
const severityOf = {
  fault: 'critical',
  misspelt: 'high',
  differs: 'high',
  replaced: 'high',
  duplicate: 'medium',
} as const;

/** What is declared but not in effect, as findings: whatever playbook is asked for, these are told. */
export function assessEffect({ facts, setup, configz }: NodeView): Finding[] {
  return findWithoutEffect(facts, setup, configz).map((one) => ({
    rule: 'declared-not-in-effect',
    playbook: 'kubelatch',
    title: one.what,
    severity: one.kind === 'overridden' || one.kind === 'outdated' ? 'low' : severityOf[one.kind],
    status: 'fail',
    want: 'what is declared is in effect',
    got: undefined,
    source: one.source,
    note: one.message,
    references: noReferences,
  }));
}

/** Files that are in effect although nobody names them any more. */
export function assessLeftovers({ setup }: NodeView): Finding[] {
  return (setup.leftovers ?? []).map(({ path, message }) => ({
    rule: 'leftover-configuration',
    playbook: 'kubelatch',
    title: 'Nothing is in effect that no setting names',
    severity: 'medium',
    status: 'fail',
    want: 'no such file',
    got: undefined,
    source: { kind: 'drop-in', path },
    note: message,
    references: noReferences,
  }));
}

/** A change that the node could not put back: neither its old nor its new files may be whole, and nobody else will mend it. */
export function assessKept({ facts }: NodeView): Finding[] {
  return facts.transactions
    .filter(({ stuck = '' }) => stuck !== '')
    .map(({ id, stuck = '' }) => ({
      rule: 'change-put-back',
      playbook: 'kubelatch',
      title: 'A change that was not confirmed is put back',
      severity: 'critical',
      status: 'fail',
      want: 'put back',
      got: 'given up',
      source: { kind: 'file', path: `/var/lib/kubelatch/txn/${id}` },
      note: `run ${id}: ${stuck}; mend the cause, then: kubelatch resume ${id}`,
      references: noReferences,
    }));
}

/** What an anonymous request for the list of pods was answered. */
export function assessDoors({ doors }: NodeView): Finding[] {
  if (doors === undefined) return [];
  const { ports, kubelet, readOnly } = doors;
  return [
    door('anonymous-request-refused', `Port ${ports.kubelet} refuses an anonymous request`, kubelet, ['401', '403']),
    door('read-only-port-closed', `Nobody listens on port ${ports.readOnly}`, readOnly, ['refused']),
  ];
}

function door(rule: string, title: string, answer: HttpAnswer, closed: readonly string[]): Finding {
  const got = answer.kind === 'status' ? String(answer.status) : answer.kind;
  const known = answer.kind === 'status' || answer.kind === 'refused';
  return {
    rule,
    playbook: 'kubelatch',
    title,
    severity: 'critical',
    status: !known ? 'unknown' : closed.includes(got) || got === 'refused' ? 'pass' : 'fail',
    want: closed.join(' or '),
    got,
    source: undefined,
    note: known ? undefined : `not judged: ${answer.reason}`,
    references: noReferences,
  };
}
