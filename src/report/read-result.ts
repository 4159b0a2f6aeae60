/** Reads a result's JSON back, so that it can be written in another format or compared with a newer one. */
import { z } from 'zod';
import { ToolError, messageOf } from '../lib/errors.js';
import { schemaProblems } from '../lib/schema-problems.js';
import { didYouMean } from '../lib/suggest.js';
import { pathText } from '../lib/yaml-source.js';
import type { Finding } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Json, Rule } from '../playbook/schema.js';
import type { Outcome } from '../run/outcome.js';
import type { CniName, Manifest } from '../netpol/model.js';
import { driftOf } from './drift-document.js';
import type {
  HostAudit,
  PastRunResult,
  Result,
  RunInfo,
  RunResult,
  RunsResult,
  ShownHost,
  ShownPlan,
} from './model.js';
import type { NetpolResult } from './netpol-model.js';
import type { VerifiedHost } from './verify-model.js';
import { type ResultDocument, type ResultKind, resultSchemas } from './schema.js';
import { nextCommand } from '../lib/next-command.js';

/** Past runs stay as their JSON has them: the journal knows more of them than a result does. */
export type ReadResult = Exclude<Result, RunsResult | PastRunResult> | ResultDocument<'runs' | 'run'>;

const newest = 1;

/** Throws ToolError 'usage' that names `place`, such as the path of the file, and where in it the first fault is. */
export function readResult(text: string, place = 'the result'): ReadResult {
  return modelOf(readDocument(text, place));
}

/** The JSON as it stands. Keys that this version does not know are left out. */
function readDocument(text: string, place: string): ResultDocument {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw refused(place, `is not JSON: ${messageOf(error)}`, error);
  }
  const { tool, kind, schemaVersion } = (typeof data === 'object' && data !== null ? data : {}) as Fields;
  if (kind === 'kubelatch-plan') {
    throw refused(
      place,
      'is a saved plan, not a result',
      undefined,
      `to carry it out: ${nextCommand('apply', 'FILE')}`,
    );
  }
  if (tool !== 'kubelatch' || typeof kind !== 'string') throw refused(place, 'is not a result of kubelatch');
  if (typeof schemaVersion === 'number' && schemaVersion > newest) {
    const message = `has schemaVersion ${schemaVersion}; this kubelatch reads ${newest}`;
    throw refused(place, message, undefined, 'read it with the version of kubelatch that wrote it, or a newer one');
  }
  if (!Object.hasOwn(resultSchemas, kind)) {
    throw refused(place, `kind: ${JSON.stringify(kind)} is no result${didYouMean(kind, Object.keys(resultSchemas))}`);
  }
  const schema = resultSchemas[kind as ResultKind];
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [problem] = schemaProblems(parsed.error.issues, data, z.toJSONSchema(schema, { io: 'input' }));
  const where = problem === undefined || problem.path.length === 0 ? '' : `${pathText(problem.path)}: `;
  throw refused(place, `${where}${problem?.message ?? 'does not fit'}`);
}

type Fields = Readonly<Record<string, unknown>>;

function refused(place: string, message: string, cause?: unknown, hint = 'make one with -o json'): ToolError {
  return new ToolError('usage', `${place}: ${message}`, { hint, cause });
}

function modelOf(read: ResultDocument): ReadResult {
  switch (read.kind) {
    case 'audit':
      return {
        ...read,
        hosts: read.hosts.map(auditOf),
        clusterFindings: read.clusterFindings.map(clusterFindingOf),
        drift: read.drift === undefined ? undefined : driftOf(read.drift),
      };
    case 'verify':
      return { ...read, hosts: read.hosts.map(verifiedOf) };
    case 'plan':
      return { ...read, hosts: read.hosts.map(plannedOf), clusterFindings: read.clusterFindings.map(clusterFindingOf) };
    case 'apply':
    case 'rollback':
      return runOf(read);
    case 'resume': {
      if ('stopped' in read) return runOf(read);
      const { schemaVersion, tool, version, kind } = read;
      return { schemaVersion, tool, version, kind, run: undefined };
    }
    case 'inventory-check':
      return {
        ...read,
        hosts: read.hosts.map(loginOf),
        apiServer: read.apiServer && { reached: read.apiServer.reached, reason: read.apiServer.reason ?? undefined },
      };
    case 'backups':
      return {
        ...read,
        hosts: read.hosts.map(({ host, error, backups }) => ({
          host,
          ...(error === undefined ? {} : { error }),
          backups: backups.map(({ bytes, ...backup }) => ({ ...backup, bytes: bytes ?? undefined })),
        })),
      };
    case 'csr-list':
    case 'csr-approve':
    case 'csr-watch':
      return {
        ...read,
        requests: read.requests.map((one) => ({ ...one, node: one.node ?? undefined, host: one.host ?? undefined })),
      };
    case 'persist': {
      const changes = read.changes.map(({ settings, ...change }) => ({
        ...change,
        settings: settings.map(({ value, ...one }) => ({ ...one, value: value as Json })),
      }));
      return { ...read, to: read.to ?? undefined, changes };
    }
    case 'rule': {
      const { rule, ...rest } = read;
      const { want, wantText, ...known } = rule;
      const whole = rule.kind === 'setting' ? { ...known, want } : known;
      return { ...rest, rule: whole as Rule, want: wantOf(want), wantText };
    }
    case 'netpol':
      return netpolOf(read);
    case 'uninstall':
      return { ...read, run: read.run === null ? undefined : infoOf(read.run), hooks: hooksOf(read.hooks) };
    case 'inventory':
    case 'rules':
    case 'runs':
    case 'run':
      return read;
  }
}

function netpolOf({ cni, policy, manifests, clusterFindings, ...rest }: ResultDocument<'netpol'>): NetpolResult {
  return {
    ...rest,
    // What JSON.parse returned is as it was sent.
    cni: cni === null ? undefined : { ...cni, name: cni.name as CniName, version: cni.version ?? undefined },
    policy: policy ?? undefined,
    manifests: manifests as readonly Manifest[],
    clusterFindings: clusterFindings.map(clusterFindingOf),
  };
}

type Run = Extract<ResultDocument<'apply' | 'rollback' | 'resume'>, { readonly stopped: unknown }>;

function runOf({ run, stopped, hosts, hooks, ...rest }: Run): RunResult {
  return {
    ...rest,
    run: infoOf(run),
    stopped: stopped ?? undefined,
    hooks: hooksOf(hooks),
    hosts: hosts.map(outcomeOf),
  };
}

const hooksOf = (hooks: Run['hooks']) =>
  hooks?.map((one) => ({ ...one, host: one.host ?? undefined, failure: one.failure ?? undefined }));

const infoOf = (run: Run['run']): RunInfo => ({ ...run, kind: run.kind ?? undefined });

function outcomeOf({ nodeName, reason, hint, timingsMs, ...rest }: Run['hosts'][number]): Outcome {
  return { ...rest, nodeName: nodeName ?? undefined, reason, hint, timings: timingsMs };
}

type AuditedHost = ResultDocument<'audit'>['hosts'][number];
type PlannedHost = ResultDocument<'plan'>['hosts'][number];

function auditOf({ nodeName, distro, kubeletVersion, findings, ...rest }: AuditedHost): HostAudit {
  return {
    ...rest,
    nodeName: nodeName ?? undefined,
    distro: distro ?? undefined,
    kubeletVersion: kubeletVersion ?? undefined,
    findings: findings.map(findingOf),
  };
}

function verifiedOf({
  nodeName,
  distro,
  kubeletVersion,
  checks,
  ...rest
}: ResultDocument<'verify'>['hosts'][number]): VerifiedHost {
  return {
    ...rest,
    nodeName: nodeName ?? undefined,
    distro: distro ?? undefined,
    kubeletVersion: kubeletVersion ?? undefined,
    checks: checks.map((one) => ({
      ...one,
      via: one.via ?? undefined,
      setting: one.setting ?? undefined,
      note: one.note,
    })),
  };
}

/** Rules by the id that results of earlier versions have. */
const renamedRules: Readonly<Record<string, string>> = { 'change-put-back': 'revert-failed' };

function findingOf({ rule, setting, want, got, source, note, ...rest }: AuditedHost['findings'][number]): Finding {
  return {
    ...rest,
    rule: Object.hasOwn(renamedRules, rule) ? (renamedRules[rule] ?? rule) : rule,
    setting: setting ?? undefined,
    want: wantOf(want),
    got: got ?? undefined,
    source: source ?? undefined,
    note,
  };
}

// What is of type `unknown` here came out of JSON.parse.
const wantOf = (want: unknown): Finding['want'] => want ?? undefined;

function plannedOf({ plan, refused, ...host }: PlannedHost): ShownHost {
  const shown = plan === null ? undefined : { host: host.host, ...plan, expect: plan.expect as ShownPlan['expect'] };
  return { ...auditOf(host), plan: shown, refused: refused ?? undefined, unfixed: host.unfixed };
}

function loginOf({ host, user, sudo, error }: ResultDocument<'inventory-check'>['hosts'][number]) {
  return { host, login: error ?? { user: user ?? '', sudo: sudo === true } };
}

function clusterFindingOf(read: ResultDocument<'audit'>['clusterFindings'][number]): ClusterFinding {
  const { rule, title, severity, status, object, message, evidence, fix } = read;
  return { rule, title, severity, status, object: object ?? undefined, message, evidence, fix };
}
