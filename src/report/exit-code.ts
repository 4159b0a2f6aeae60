/** What a result is worth to a script: one number, the worst of all its hosts. */
import type { OutcomeKind } from '../run/outcome.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Severity } from '../playbook/schema.js';
import type { HostAudit, HostsResult, RunResult, ShownHost } from './model.js';
import { severityOrder } from './words.js';

export type ResultCode = 0 | 1 | 2 | 3 | 4 | 5;

/** The worst first. */
const worstFirst: readonly ResultCode[] = [5, 4, 1, 3, 2, 0];

export interface ExitOptions {
  /** 2 where a finding of this severity or above fails; without it findings do not count. */
  readonly failOn?: Severity | undefined;
  /** 2 where a client of a kubelet would break. */
  readonly failOnConsumers?: boolean | undefined;
  /** 2 where changes are pending. */
  readonly detailedExitcode?: boolean | undefined;
}

export const worstOf = (codes: readonly ResultCode[]): ResultCode =>
  worstFirst.find((code) => codes.includes(code)) ?? 0;

export function exitCodeOf(result: HostsResult, options: ExitOptions = {}): ResultCode {
  switch (result.kind) {
    case 'audit':
      return worstOf([
        findingsCode(result.clusterFindings, options),
        consumersCode(result.clusterFindings, options),
        result.drift?.drifted === true ? 2 : 0,
        ...result.hosts.map((host) => auditCode(host, options)),
      ]);
    case 'verify':
      return worstOf(
        result.hosts.map(({ status, checks }) => worstOf([status === 'judged' ? 0 : 3, findingsCode(checks, options)])),
      );
    case 'plan':
      return worstOf([
        findingsCode(result.clusterFindings, options),
        consumersCode(result.clusterFindings, options),
        ...result.hosts.map((host) => planCode(host, options)),
      ]);
    case 'apply':
    case 'rollback':
    case 'resume':
      return runCode(result);
  }
}

const auditCode = ({ status, findings }: HostAudit, options: ExitOptions): ResultCode =>
  status === 'judged' ? findingsCode(findings, options) : 3;

type Judged = Pick<HostAudit['findings'][number], 'status' | 'severity'>;

function findingsCode(findings: readonly Judged[], { failOn }: ExitOptions): ResultCode {
  if (failOn === undefined) return 0;
  const counts = ({ status, severity }: Judged): boolean =>
    status === 'fail' && severityOrder[severity] <= severityOrder[failOn];
  return findings.some(counts) ? 2 : 0;
}

/** Rules whose findings are clients that stop working. */
const consumerRules: readonly string[] = ['consumer-read-only-port', 'consumer-anonymous'];

function consumersCode(findings: readonly ClusterFinding[], { failOnConsumers }: ExitOptions): ResultCode {
  if (failOnConsumers !== true) return 0;
  return findings.some(({ rule, status }) => status === 'fail' && consumerRules.includes(rule)) ? 2 : 0;
}

function planCode(host: ShownHost, options: ExitOptions): ResultCode {
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

const runCode = ({ hosts, stopped, hooks }: RunResult): ResultCode =>
  worstOf([stopped === undefined ? 0 : 4, hooksCode(hooks), ...hosts.map(({ outcome }) => codeOf[outcome])]);

/** Before hooks that failed count by the hosts that they kept from starting; after hooks leave something to be done by hand. */
export const hooksCode = (hooks: RunResult['hooks'] = []): ResultCode =>
  hooks.some(({ hook, failure }) => failure !== undefined && hook.startsWith('after')) ? 1 : 0;
