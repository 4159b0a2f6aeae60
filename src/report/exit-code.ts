/** What a result is worth to a script: one number, the worst of all its hosts. */
import type { OutcomeKind } from '../apply/outcome.js';
import type { Severity } from '../playbook/schema.js';
import type { HostAudit, HostPlanned, Result, RunResult } from './model.js';
import { severityOrder } from './words.js';

export type ResultCode = 0 | 1 | 2 | 3 | 4 | 5;

/** The worst first. */
const worstFirst: readonly ResultCode[] = [5, 4, 1, 3, 2, 0];

export interface ExitOptions {
  /** 2 where a finding of this severity or above fails; without it findings do not count. */
  readonly failOn?: Severity | undefined;
  /** 2 where changes are pending. */
  readonly detailedExitcode?: boolean | undefined;
}

export const worstOf = (codes: readonly ResultCode[]): ResultCode =>
  worstFirst.find((code) => codes.includes(code)) ?? 0;

export function exitCodeOf(result: Result, options: ExitOptions = {}): ResultCode {
  switch (result.kind) {
    case 'audit':
      return worstOf(result.hosts.map((host) => auditCode(host, options)));
    case 'plan':
      return worstOf(result.hosts.map((host) => planCode(host, options)));
    case 'apply':
    case 'rollback':
    case 'resume':
      return runCode(result);
  }
}

function auditCode({ status, findings }: HostAudit, { failOn }: ExitOptions): ResultCode {
  if (status !== 'judged') return 3;
  if (failOn === undefined) return 0;
  const counts = ({ status: verdict, severity }: HostAudit['findings'][number]): boolean =>
    verdict === 'fail' && severityOrder[severity] <= severityOrder[failOn];
  return findings.some(counts) ? 2 : 0;
}

function planCode(host: HostPlanned, options: ExitOptions): ResultCode {
  const pending = host.plan !== undefined && (host.plan.edits.length > 0 || host.plan.restart);
  return worstOf([
    auditCode(host, options),
    host.refused === undefined ? 0 : 1,
    pending && options.detailedExitcode === true ? 2 : 0,
  ]);
}

const codeOf: Readonly<Record<OutcomeKind, ResultCode>> = {
  unknown: 5,
  reverted: 4,
  skipped: 4,
  failed: 1,
  refused: 1,
  unreachable: 3,
  confirmed: 0,
  unchanged: 0,
};

const runCode = ({ hosts, stopped }: RunResult): ResultCode =>
  worstOf([stopped === undefined ? 0 : 4, ...hosts.map(({ outcome }) => codeOf[outcome])]);
