/** Drift as the JSON of an audit holds it, and back. */
import type { Finding } from '../playbook/assess.js';
import type { Drift, DriftSide } from './drift-model.js';
import type { ResultDocument } from './schema.js';

type DriftDocument = NonNullable<ResultDocument<'audit'>['drift']>;

export function driftTree({ baseline, drifted, summary, hosts, findings }: Drift): DriftDocument {
  return {
    baseline,
    drifted,
    summary,
    hosts: hosts.map(({ host, change, drifted: isDrift }) => ({ host, change, drifted: isDrift })),
    findings: findings.map(({ host, subject, before, after, ...rest }) => ({
      ...rest,
      host: host ?? null,
      subject: subject ?? null,
      before: before === undefined ? null : sideTree(before),
      after: after === undefined ? null : sideTree(after),
    })),
  };
}

type SideDocument = NonNullable<DriftDocument['findings'][number]['before']>;

const sideTree = ({ status, got, source }: DriftSide): SideDocument => ({
  status,
  got: got ?? null,
  source: sourceTree(source),
});

export const sourceTree = (source: Finding['source']): SideDocument['source'] =>
  source === undefined ? null : { kind: source.kind, path: source.path, line: source.line, detail: source.detail };

export function driftOf({ findings, ...rest }: DriftDocument): Drift {
  return {
    ...rest,
    findings: findings.map(({ host, subject, before, after, ...one }) => ({
      ...one,
      host: host ?? undefined,
      subject: subject ?? undefined,
      before: sideOf(before),
      after: sideOf(after),
    })),
  };
}

const sideOf = (side: SideDocument | null): DriftSide | undefined =>
  side === null ? undefined : { status: side.status, got: side.got ?? undefined, source: side.source ?? undefined };
