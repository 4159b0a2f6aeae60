/** An audit as OSCAL 1.1.3 assessment results: an observation for each finding of a host, a finding for each rule. */
import { uuidOf } from '../lib/digest.js';
import { unique } from '../lib/lists.js';
import { type SafeText, safeJson } from '../lib/output.js';
import { groupBy } from './group.js';
import { type JudgedRow, controlsOf, judgedRows, unjudgedRows } from './judged-row.js';
import type { AuditResult } from './model.js';
import { isoOf } from './time.js';
import { line } from './words.js';

type Tree = Readonly<Record<string, unknown>>;

/** `time`: for an audit whose own times are not times. Identifiers are the same for the same audit. */
export function oscal(audit: AuditResult, time: string): SafeText {
  const id = (...parts: readonly string[]): string =>
    uuidOf(JSON.stringify([audit.cluster, audit.startedAt, ...parts]));
  const end = isoOf(audit.finishedAt) ?? time;
  const rows = judgedRows(audit);
  const unjudged = unjudgedRows(audit.hosts);
  const observations = [
    ...rows.map((row) => observationTree(row, end, id)),
    ...unjudged.map(({ host, status, error }) => ({
      ...{ uuid: id('host', host), title: `${host} was not judged`, description: `${status}: ${error}` },
      ...{ methods: ['TEST'], subjects: [subjectOf(host, id)], collected: end },
    })),
  ];
  const findings = groupBy(rows, ({ playbook, rule }) => JSON.stringify([playbook, rule])).map((group) =>
    findingTree(group, unjudged, id),
  );
  const plan = id('plan');
  const result = {
    ...{ uuid: id('result'), title: `Audit of ${textOf(audit.cluster)}`, description: 'Kubelets judged by kubelatch' },
    ...{ start: isoOf(audit.startedAt) ?? end, end },
    ...listed('local-definitions', audit.hosts, (hosts) => ({
      'inventory-items': hosts.map((one) => itemTree(one, id)),
    })),
    'reviewed-controls': { 'control-selections': [selectionOf(rows)] },
    ...listed('observations', observations),
    ...listed('findings', findings),
    ...listed('remarks', audit.notes, (notes) => notes.map((one) => line(one, 2000)).join('\n')),
  };
  return safeJson(
    {
      'assessment-results': {
        uuid: id('document'),
        metadata: {
          ...{ title: `kubelatch audit of ${textOf(audit.cluster)}`, 'last-modified': end },
          ...{ version: textOf(audit.version), 'oscal-version': '1.1.3' },
        },
        'import-ap': { href: `#${plan}` },
        results: [result],
        'back-matter': {
          resources: [
            {
              ...{ uuid: plan, title: 'Playbooks of the audit' },
              description: `There is no assessment plan. The rules are those of: ${audit.playbooks.map((one) => line(one)).join(', ')}`,
            },
          ],
        },
      },
    },
    2,
  );
}

type Id = (...parts: readonly string[]) => string;

/** OSCAL has no empty lists. */
const listed = <T>(key: string, list: readonly T[], shape: (list: readonly T[]) => unknown = (all) => all): Tree =>
  list.length === 0 ? {} : { [key]: shape(list) };

/** No text of OSCAL may be empty. */
const textOf = (text: string): string => line(text) || 'unknown';
/** A token begins with a letter and holds letters, digits and `.-_`. */
const tokenOf = (text: string): string => `_${text.replace(/[^\p{L}\p{N}.\-_]/gu, '-')}`.replace(/^_(?=\p{L})/u, '');
const prop = (name: string, value: string): Tree[] => (value === '' ? [] : [{ name, ns: namespace, value }]);
const namespace = 'https://kubelatch.dev/ns/oscal';

const subjectOf = (host: string, id: Id): Tree => ({
  'subject-uuid': id('item', host),
  type: 'inventory-item',
  title: textOf(host),
});

const itemTree = (
  { host, role, nodeName = '', distro = '', kubeletVersion = '' }: AuditResult['hosts'][number],
  id: Id,
) => ({
  ...{ uuid: id('item', line(host)), description: `Host ${textOf(host)}` },
  ...listed('props', [
    ...[...prop('role', line(role)), ...prop('node', line(nodeName)), ...prop('distribution', line(distro))],
    ...prop('kubelet-version', line(kubeletVersion)),
  ]),
});

const observationId = (row: JudgedRow, id: Id): string => id('finding', row.fingerprint, row.playbook);

function observationTree(row: JudgedRow, collected: string, id: Id): Tree {
  const { host, rule, title, status, severity, subject, found, wanted, source, note, evidence, fix } = row;
  const words = [
    status,
    found === '' ? '' : `found ${found}`,
    wanted === '' ? '' : `wanted ${wanted}`,
    note,
    ...evidence,
  ];
  return {
    ...{
      uuid: observationId(row, id),
      title: title || rule,
      description: words.filter((one) => one !== '').join('; '),
    },
    props: [
      ...[...prop('status', status), ...prop('severity', severity), ...prop('setting', subject)],
      ...[...prop('source', source), ...prop('fingerprint', row.fingerprint)],
    ],
    methods: [row.manual ? 'UNKNOWN' : 'TEST'],
    ...listed('subjects', host === '' ? [] : [subjectOf(host, id)]),
    collected,
    ...listed('remarks', fix === '' ? [] : [fix], ([text]) => text),
  };
}

/** Satisfied only where every host was judged, and passes or is not concerned. */
function findingTree(group: readonly JudgedRow[], unjudged: readonly { readonly host: string }[], id: Id): Tree {
  const [first] = group;
  if (first === undefined) throw new RangeError('a rule without findings');
  const fails = group.some(({ status }) => status === 'fail');
  const open = group.some(({ status }) => status === 'unknown') || (first.host !== '' && unjudged.length > 0);
  const state = fails || open ? 'not-satisfied' : 'satisfied';
  const reason = fails ? 'fail' : open ? 'other' : 'pass';
  const related = [
    ...group.map((row) => observationId(row, id)),
    ...(first.host === '' ? [] : unjudged.map(({ host }) => id('host', host))),
  ];
  const title = first.title || first.rule;
  return {
    ...{ uuid: id('rule', first.playbook, first.rule), title, description: `Rule ${first.rule} of ${first.playbook}` },
    props: [
      ...prop('severity', first.severity),
      ...controlsOf(first.references).flatMap((one) => prop('control', one)),
    ],
    target: {
      ...{ type: 'objective-id', 'target-id': tokenOf(`${first.playbook}_${first.rule}`), status: { state, reason } },
      ...(reason === 'other' ? { description: 'Some hosts could not be judged by this rule.' } : {}),
    },
    'related-observations': unique(related).map((uuid) => ({ 'observation-uuid': uuid })),
  };
}

function selectionOf(rows: readonly JudgedRow[]): Tree {
  const controls = unique(rows.flatMap(({ references }) => controlsOf(references))).map((one) => tokenOf(one));
  if (controls.length === 0) return { 'include-all': {} };
  return { 'include-controls': unique(controls).map((one) => ({ 'control-id': one })) };
}
