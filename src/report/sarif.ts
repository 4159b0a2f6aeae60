/** An audit or a verification as SARIF 2.1.0, for code scanning and viewers of findings. */
import { type SafeText, safeJson } from '../lib/output.js';
import type { Severity } from '../playbook/schema.js';
import { unique } from '../lib/lists.js';
import { type JudgedRow, controlsOf, judgedRows, unjudgedRows } from './judged-row.js';
import type { AuditResult } from './model.js';
import type { VerifyResult } from './verify-model.js';
import { isoOf } from './time.js';
import { line } from './words.js';

type Tree = Readonly<Record<string, unknown>>;

const levels: Readonly<Record<Severity, string>> = { critical: 'error', high: 'error', medium: 'warning', low: 'note' };
/** As code scanning sorts: over 9 is critical, 7 high, 4 medium. */
const scores: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0' };
const kinds: Readonly<Record<JudgedRow['status'], string>> = {
  pass: 'pass',
  fail: 'fail',
  unknown: 'review',
  'not-applicable': 'notApplicable',
};

/** One run. Its exit is not successful where a host was not judged. */
export function sarif(result: AuditResult | VerifyResult): SafeText {
  const rows = judgedRows(result);
  const ids = unique(rows.map(idOf));
  const firsts = new Map(rows.toReversed().map((row) => [idOf(row), row]));
  const rules = ids.flatMap((id) => {
    const row = firsts.get(id);
    return row === undefined ? [] : [ruleTree(id, row)];
  });
  const missing = unjudgedRows(result.hosts);
  const places = new Map(ids.map((id, at) => [id, at]));
  const run = {
    tool: {
      driver: {
        ...{ name: 'kubelatch', version: line(result.version), rules },
        notifications: [{ id: 'not-judged', shortDescription: { text: 'The host was not reached or not read' } }],
      },
    },
    automationDetails: { id: `kubelatch/${result.kind}/${line(result.cluster)}/` },
    invocations: [
      {
        ...{ executionSuccessful: missing.length === 0 },
        ...timeTree('startTimeUtc', result.startedAt),
        ...timeTree('endTimeUtc', result.finishedAt),
        toolExecutionNotifications: missing.map(({ host, status, error, hint }) => ({
          ...{ descriptor: { id: 'not-judged' }, level: 'error' },
          message: { text: `${host} is ${status}: ${error}${hint === '' ? '' : ` (${hint})`}` },
          locations: [{ logicalLocations: [hostLocation(host)] }],
        })),
      },
    ],
    columnKind: 'utf16CodeUnits',
    results: rows.map((row) => resultTree(row, places.get(idOf(row)) ?? -1)),
    properties: { cluster: line(result.cluster), playbooks: result.playbooks.map((one) => line(one)) },
  };
  const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
  return safeJson({ $schema: schema, version: '2.1.0', runs: [run] }, 2);
}

/** Nothing for what is not a time. */
function timeTree(key: string, iso: string): Tree {
  const time = isoOf(iso);
  return time === undefined ? {} : { [key]: time };
}

/** Two playbooks may give one id to two rules. */
const idOf = ({ rule, playbook }: JudgedRow): string => (playbook === 'kubelatch' ? rule : `${playbook}/${rule}`);

function ruleTree(id: string, { title, severity, references, rule }: JudgedRow): Tree {
  const [help] = references.docs.filter((one) => /^https:\/\/[^\s"<>\\^`{|}]+$/.test(one));
  return {
    ...{ id, name: rule, shortDescription: { text: title || rule } },
    ...(help === undefined ? {} : { helpUri: help }),
    defaultConfiguration: { level: levels[severity] },
    properties: { 'security-severity': scores[severity], tags: ['security', 'kubelet', ...controlsOf(references)] },
  };
}

function resultTree(row: JudgedRow, ruleIndex: number): Tree {
  const { host, status, severity, subject, path, found, wanted, note, fingerprint } = row;
  return {
    ...{ ruleId: idOf(row), ruleIndex, kind: kinds[status], level: status === 'fail' ? levels[severity] : 'none' },
    message: { text: messageOf(row) },
    locations: [locationOf(row)],
    partialFingerprints: { 'kubelatch/v1': fingerprint },
    properties: {
      ...{ host: host || null, severity, setting: subject || null, found, wanted, source: row.source || null },
      ...(note === '' ? {} : { note }),
      ...(row.evidence.length === 0 ? {} : { evidence: row.evidence }),
      ...(path === '' ? {} : { path }),
    },
  };
}

function messageOf({ host, title, subject, found, wanted, note, fix }: JudgedRow): string {
  const values = found === '' ? '' : wanted === '' ? found : `${found}, wanted ${wanted}`;
  const where = host === '' ? 'the cluster' : host;
  return [`${where}: ${title}`, [subject, values].filter((one) => one !== '').join(': '), note, fix]
    .filter((one) => one !== '')
    .map((text) => text.replace(/[.]$/, ''))
    .join('. ');
}

/** A lone surrogate has no UTF-8. */
const uriSegment = (text: string): string => encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'));

const hostLocation = (host: string): Tree => ({ name: host, fullyQualifiedName: host, kind: 'resource' });

/** A file on a node is named below the name of its host, since every host has one of the same path. */
function locationOf({ host, path, line: startLine, subject }: JudgedRow): Tree {
  const segments = [host === '' ? 'cluster' : host, ...path.split('/').filter((one) => one !== '')];
  const name = subject === '' ? 'kubelet' : subject;
  const physical = {
    artifactLocation: { uri: segments.map(uriSegment).join('/') },
    region: { startLine: Math.max(startLine ?? 1, 1) },
  };
  const owner = host === '' ? 'cluster' : host;
  return {
    physicalLocation: physical,
    logicalLocations: [{ name, fullyQualifiedName: `${owner}/${name}`, kind: 'resource' }],
  };
}
