/** One check of a node from one vantage point: what was expected, what was seen, and from where. Pure. */
import type { FindingStatus } from '../playbook/assess.js';
import type { Severity } from '../playbook/schema.js';

export const vantagePoints = ['node', 'controller', 'peer', 'api-server', 'pod'] as const;
/** `controller`: the machine that runs kubelatch. `peer`: another node, over its SSH session. */
export type VantagePoint = (typeof vantagePoints)[number];

export interface Check {
  /** Id of the check. */
  readonly check: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  readonly from: VantagePoint;
  /** The host through which a `peer` or `pod` asked; undefined for the others. */
  readonly via: string | undefined;
  /** The playbook whose rule wants it; `kubelatch` for what is checked with every playbook. */
  readonly playbook: string;
  /** The setting that decides it, as a path in KubeletConfiguration. */
  readonly setting: string | undefined;
  readonly expected: string;
  readonly seen: string;
  /** What was asked and what came back: one line each. */
  readonly evidence: readonly string[];
  /** Why the status is what it is, if expected and seen do not show it. */
  readonly note: string | undefined;
}

export interface Verdict {
  readonly status: FindingStatus;
  readonly seen: string;
  readonly note?: string | undefined;
}

/** Where a check was made from. */
export interface Origin {
  readonly from: VantagePoint;
  readonly via?: string | undefined;
}

interface CheckKind {
  readonly title: string;
  readonly severity: Severity;
  readonly expected: string;
  readonly setting?: string;
}

/** Every check but those of single settings of the running kubelet. */
export const checkKinds = {
  'anonymous-request-refused': {
    title: 'The kubelet refuses a request without credentials',
    severity: 'critical',
    expected: '401',
    setting: 'authentication.anonymous.enabled',
  },
  'read-only-port-closed': {
    title: 'Nothing listens on the read-only port',
    severity: 'critical',
    expected: 'refused',
    setting: 'readOnlyPort',
  },
  'health-port-local': {
    title: 'The health port answers on the loopback address only',
    severity: 'low',
    expected: 'refused on every other address',
    setting: 'healthzBindAddress',
  },
  'checkpoint-not-exposed': {
    title: 'Nobody can make checkpoints without credentials (CVE-2025-0426)',
    severity: 'high',
    expected: 'not reachable on the read-only port',
  },
  'serving-certificate-present': {
    title: 'The kubelet has a serving certificate',
    severity: 'high',
    expected: 'a certificate',
    setting: 'serverTLSBootstrap',
  },
  'serving-certificate-chain': {
    title: 'The serving certificate is signed by the cluster',
    severity: 'medium',
    expected: 'signed by a CA of the cluster',
    setting: 'serverTLSBootstrap',
  },
  'serving-certificate-name': {
    title: 'The serving certificate names the address that was dialled',
    severity: 'medium',
    expected: 'the address among its names',
    setting: 'serverTLSBootstrap',
  },
  'serving-certificate-dates': {
    title: 'The serving certificate is valid today',
    severity: 'medium',
    expected: 'valid now',
  },
  'serving-certificate-usage': {
    title: 'The serving certificate is for servers alone',
    severity: 'low',
    expected: 'serverAuth',
  },
  'tls-versions': {
    title: 'Only strong TLS versions are offered',
    severity: 'high',
    expected: 'as the playbook wants',
    setting: 'tlsMinVersion',
  },
  'tls-suites': {
    title: 'Only strong cipher suites are offered',
    severity: 'medium',
    expected: 'as the playbook wants',
    setting: 'tlsCipherSuites',
  },
  'token-without-right-refused': {
    title: 'A token without a right is refused',
    severity: 'critical',
    expected: '403',
    setting: 'authorization.mode',
  },
  'token-with-right-served': {
    title: 'A token with a right is served',
    severity: 'high',
    expected: '200',
    setting: 'authentication.webhook.enabled',
  },
  'api-server-reaches-kubelet': {
    title: 'The API server reaches the kubelet',
    severity: 'high',
    expected: '200',
  },
} as const satisfies Readonly<Record<string, CheckKind>>;

export type CheckName = keyof typeof checkKinds;
/** Over connections to the node's ports. */
export const portChecks = [
  'anonymous-request-refused',
  'read-only-port-closed',
  'checkpoint-not-exposed',
  'health-port-local',
] as const satisfies readonly CheckName[];
export const tlsChecks = [
  'serving-certificate-present',
  'serving-certificate-chain',
  'serving-certificate-name',
  'serving-certificate-dates',
  'serving-certificate-usage',
  'tls-versions',
  'tls-suites',
] as const satisfies readonly CheckName[];
export const tokenChecks = [
  'token-without-right-refused',
  'token-with-right-served',
] as const satisfies readonly CheckName[];
export const podChecks = [
  'anonymous-request-refused',
  'read-only-port-closed',
  'health-port-local',
] as const satisfies readonly CheckName[];
export const apiServerChecks = [
  'api-server-reaches-kubelet',
  'read-only-port-closed',
] as const satisfies readonly CheckName[];

interface Details {
  readonly playbook?: string | undefined;
  readonly expected?: string | undefined;
  readonly evidence?: readonly string[] | undefined;
}

/** A check of the table with its verdict. */
export function checkOf(name: CheckName, origin: Origin, verdict: Verdict, details: Details = {}): Check {
  const { title, severity, expected, setting }: CheckKind = checkKinds[name];
  return {
    check: name,
    title,
    severity,
    status: verdict.status,
    from: origin.from,
    via: origin.via,
    playbook: details.playbook ?? 'kubelatch',
    setting,
    expected: details.expected ?? expected,
    seen: verdict.seen,
    evidence: details.evidence ?? [],
    note: verdict.note,
  };
}

export const unknownVerdict = (note: string, seen = 'not asked'): Verdict => ({ status: 'unknown', seen, note });

/** The checks of `names` where nothing could be asked, each with the reason. */
export const unaskedChecks = (names: readonly CheckName[], origin: Origin, reason: string): Check[] =>
  names.map((name) => checkOf(name, origin, unknownVerdict(reason)));
