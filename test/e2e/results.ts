/** What `-o json` promises to scripts, as the scenarios read it. */
import { expect } from 'vitest';

export interface Source {
  readonly kind: string;
  readonly path?: string;
  readonly line?: number;
  readonly detail?: string;
}

export interface Finding {
  readonly rule: string;
  readonly title: string;
  readonly playbook: string;
  readonly severity: string;
  readonly status: 'pass' | 'fail' | 'unknown' | 'not-applicable';
  readonly got: unknown;
  readonly source: Source | null;
  readonly note?: string;
}

/** What is found about the cluster, and not about one host. */
export interface ClusterFinding {
  readonly rule: string;
  readonly severity: string;
  readonly status: 'pass' | 'fail' | 'unknown' | 'not-applicable';
  readonly object: string | null;
  readonly message: string;
  readonly evidence: readonly string[];
  readonly fix: string;
}

interface Refusal {
  readonly kind: string;
  readonly message: string;
  readonly hint: string;
}

export interface AuditedHost {
  readonly host: string;
  readonly nodeName: string | null;
  readonly distro: string | null;
  readonly kubeletVersion: string | null;
  readonly status: 'judged' | 'unreachable' | 'unreadable';
  readonly error?: Refusal;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

export interface ClusterFinding {
  readonly rule: string;
  readonly status: Finding['status'];
  readonly object: string | null;
}

export interface Audit {
  readonly schemaVersion: number;
  readonly hosts: readonly AuditedHost[];
  readonly clusterFindings: readonly ClusterFinding[];
  readonly summary: Readonly<Record<string, number>>;
}

export interface Edit {
  readonly path: string;
  readonly action: 'create' | 'edit' | 'mode';
  readonly diff: string;
}

export interface PlannedHost extends AuditedHost {
  readonly plan: { readonly edits: readonly Edit[]; readonly restart: boolean; readonly warnings: string[] } | null;
  readonly refused: { readonly reason: string; readonly hint: string } | null;
}

export interface Plan {
  readonly hosts: readonly PlannedHost[];
  readonly clusterFindings: readonly ClusterFinding[];
  readonly waves: readonly (readonly string[])[];
}

export interface GateCheck {
  readonly check: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly seen: string;
  readonly unchecked?: boolean;
}

export interface ChangedHost {
  readonly host: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly hint?: string;
  readonly edits: readonly Pick<Edit, 'path' | 'action'>[];
  readonly gate: readonly GateCheck[];
  readonly timingsMs: Readonly<Record<string, number>>;
  readonly log: readonly string[];
}

export interface RunResult {
  readonly kind: string;
  readonly run: { readonly id: string; readonly kind: string; readonly of?: string; readonly plan?: unknown };
  readonly stopped: string | null;
  readonly hosts: readonly ChangedHost[];
  readonly notes: readonly string[];
  readonly summary: Readonly<Record<string, number>>;
}

/** The host of that name; fails the test when the result has none. */
export function hostOf<T extends { readonly host: string }>(result: { readonly hosts: readonly T[] }, name: string): T {
  const found = result.hosts.find(({ host }) => host === name);
  if (found === undefined) return expect.fail(`${name} is not in the result`);
  return found;
}

/** Outcome per host. */
export const outcomes = (result: RunResult): Readonly<Record<string, string>> =>
  Object.fromEntries(result.hosts.map(({ host, outcome }) => [host, outcome]));

/** Every check of the gate passed, and none was left out. */
export function expectFullGate({ host, gate }: ChangedHost): void {
  expect(
    gate.filter((one) => !one.passed || one.unchecked === true),
    host,
  ).toEqual([]);
}

/** Rules that fail, sorted. */
export const failing = (host: AuditedHost): readonly string[] =>
  host.findings
    .filter(({ status }) => status === 'fail')
    .map(({ rule }) => rule)
    .sort();

/** The gate's checks that were asked and did not hold. */
export const failedChecks = ({ gate }: ChangedHost): readonly string[] =>
  gate.filter((one) => !one.passed && one.unchecked !== true).map(({ check }) => check);

/** One line that a person can act on: something said, nothing broken over lines, and what to do. */
export function expectClear(said: { readonly reason?: string | undefined; readonly hint?: string | undefined }): void {
  expect(said.reason).toMatch(/^\S[^\r\n]*$/);
  expect(said.hint).toMatch(/^\S[^\r\n]*$/);
}

/**
 * What audit has left of hardened nodes: those of the lab that the scenario's inventory leaves out, and the weak settings of
 * kubeadm's ConfigMap, which an upgrade would bring back.
 */
export function expectNothingBut(audit: Audit, nodes: readonly string[], all: readonly string[]): void {
  const found = audit.hosts.flatMap(({ host, status, findings, notes }) => [
    ...findings
      .filter((one) => one.status === 'fail' || one.status === 'unknown')
      .map(({ rule }) => `${host}: ${rule}`),
    ...(status === 'judged' ? notes : [status]).map((text) => `${host}: ${text}`),
  ]);
  expect(audit.hosts.map(({ host }) => host).sort()).toEqual([...nodes].sort());
  expect(found).toEqual([]);
  const failing = audit.clusterFindings.filter(({ status }) => status === 'fail');
  const left = all.filter((node) => !nodes.includes(node)).map((node) => `Node ${node}`);
  const missing = failing.filter(({ rule }) => rule === 'node-not-in-inventory');
  expect(missing.map(({ object }) => object).sort()).toEqual(left.sort());
  const others = failing.filter((one) => !missing.includes(one)).map(({ rule }) => rule);
  expect([...new Set(others)].filter((rule) => rule !== 'setting-survives-upgrade')).toEqual([]);
}
