/** An audit, a plan and a run of a fleet of any size, as the page shows them. */
import type { Finding } from '../../src/playbook/assess.js';
import type { AuditResult, PlanResult, RunResult } from '../../src/report/model.js';
import {
  auditResult,
  check,
  clusterFinding,
  finding,
  hostAudit,
  hostPlanned,
  manual,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';

const names = [
  ...[
    'anonymous-auth',
    'read-only-port',
    'authorization-mode',
    'client-ca',
    'rotate-certificates',
    'tls-cipher-suites',
  ],
  ...['streaming-timeout', 'protect-kernel-defaults', 'pod-pids-limit', 'seccomp-default', 'hostname-override'],
  ...['event-record-qps', 'iptables-chains', 'kubelet-config-mode', 'kubelet-config-owner', 'kubeconfig-mode'],
  ...['kubeconfig-owner', 'client-ca-mode', 'client-ca-owner', 'unit-mode', 'unit-owner', 'serving-certificate'],
  ...['debugging-handlers', 'profiling'],
];
const severities = ['critical', 'high', 'medium', 'low'] as const;

function findingsOf(node: number): Finding[] {
  const judged = names.map((rule, at) => {
    const mix = (node * 7 + at * 13 + Math.floor(node / 9) * at) % 23;
    const status = mix < 4 ? 'fail' : mix === 4 ? 'unknown' : mix === 5 ? 'not-applicable' : 'pass';
    const setting = `settings.${rule}`;
    const got = status === 'pass' ? false : `value-${node % 40}`;
    const source = { kind: 'file', path: '/var/lib/kubelet/config.yaml', line: 3 + ((node + at) % 30) } as const;
    const note = status === 'unknown' ? 'the file could not be read' : undefined;
    return finding({ rule, setting, got, source, status, note, severity: severities[at % 4] ?? 'low' });
  });
  return [...judged, manual('firewall')];
}

const nameOf = (at: number): string => `node-${String(at + 1).padStart(4, '0')}`;

/** 25 rules a node; the last node was not reached. */
export function fleetAudit(nodes: number): AuditResult {
  const hosts = Array.from({ length: nodes - 1 }, (_, at) => hostAudit(nameOf(at), { findings: findingsOf(at) }));
  const audit = auditResult(
    [...hosts, unreachable(nameOf(nodes - 1))],
    ['The API server was asked as system:auditor.'],
  );
  return { ...audit, clusterFindings: [clusterFinding()] };
}

export function fleetPlan(nodes: number): PlanResult {
  const hosts = Array.from({ length: nodes }, (_, at) => hostPlanned(nameOf(at), { findings: findingsOf(at) }));
  return planResult(hosts, [[nameOf(0)], hosts.slice(1).map(({ host }) => host)]);
}

export function fleetRun(nodes: number): RunResult {
  const hosts = Array.from({ length: nodes }, (_, at) => {
    const timings = {
      prepare: 900,
      write: 200 + at * 20,
      restart: 900 + ((at * 373) % 900),
      gate: 10_000 + ((at * 997) % 8000),
    };
    if (at === 3) {
      const failed = { reason: 'the gate failed: lease', hint: 'read the log of the kubelet', gate: [check('lease')] };
      return outcome(nameOf(at), 'reverted', {
        ...failed,
        timings: { ...timings, revert: 4000 },
        log: ['E1123 failed to run Kubelet'],
      });
    }
    return outcome(nameOf(at), 'confirmed', { timings });
  });
  return runResult(hosts);
}
