/** An audit by the STIG as checklists of DISA's STIG Viewer 3 (CKLB 1.0): one for each host, as the format demands. */
import { uuidOf } from '../lib/digest.js';
import { unique } from '../lib/lists.js';
import { type SafeText, safeJson } from '../lib/output.js';
import { type JudgedRow, judgedRows, unjudgedRows } from './judged-row.js';
import type { AuditResult, HostAudit } from './model.js';
import { stigRules } from './stig-rules.js';
import { line } from './words.js';

type Tree = Readonly<Record<string, unknown>>;

export interface Checklist {
  readonly host: string;
  readonly text: SafeText;
}

/** Empty for an audit without rules of a STIG. */
export function checklists(audit: AuditResult): Checklist[] {
  const rows = judgedRows(audit).filter(({ references }) => references.stig.length > 0);
  const groups = unique(rows.flatMap(({ references }) => references.stig)).sort();
  if (groups.length === 0) return [];
  const unjudged = new Map(unjudgedRows(audit.hosts).map((one) => [one.host, `${one.status}: ${one.error}`]));
  return audit.hosts.map((host) => {
    const name = line(host.host);
    const own = rows.filter((row) => row.host === name);
    return { host: host.host, text: safeJson(checklistOf(audit, host, groups, own, unjudged.get(name)), 2) };
  });
}

function checklistOf(
  { cluster, startedAt }: AuditResult,
  { host, nodeName = '' }: HostAudit,
  groups: readonly string[],
  rows: readonly JudgedRow[],
  unjudged: string | undefined,
): Tree {
  const id = (...parts: readonly string[]): string =>
    uuidOf(JSON.stringify(['cklb', cluster, startedAt, host, ...parts]));
  const stig = id('stig');
  const rules = groups.map((group) => {
    const own = rows.filter(({ references }) => references.stig.includes(group));
    return ruleTree(group, own, unjudged, { uuid: id('rule', group), stig_uuid: stig });
  });
  const title = 'Kubernetes Security Technical Implementation Guide';
  return {
    ...{ title: `${line(host)} Kubernetes STIG, the kubelet`, id: id('document') },
    stigs: [
      {
        ...{ stig_name: title, display_name: 'Kubernetes', stig_id: 'Kubernetes_STIG', release_info: '', version: '' },
        ...{ uuid: stig, reference_identifier: '', size: rules.length, rules },
      },
    ],
    ...{ active: true, mode: 2, has_path: false },
    target_data: {
      ...{
        target_type: 'Computing',
        host_name: line(nodeName) || line(host),
        ip_address: '',
        mac_address: '',
        fqdn: '',
      },
      ...{ comments: `host ${line(host)} of ${line(cluster)}, audited ${line(startedAt)}`, role: 'None' },
      ...{ is_web_database: false, technology_area: '', web_db_site: '', web_db_instance: '', classification: null },
    },
    cklb_version: '1.0',
  };
}

/** The worst of several rules counts. Nothing that is not known is `not_a_finding`. */
function statusOf(rows: readonly JudgedRow[]): string {
  const has = (status: JudgedRow['status']): boolean => rows.some((row) => row.status === status);
  if (has('fail')) return 'open';
  if (rows.length === 0 || has('unknown')) return 'not_reviewed';
  return has('pass') ? 'not_a_finding' : 'not_applicable';
}

function ruleTree(group: string, rows: readonly JudgedRow[], unjudged: string | undefined, ids: Tree): Tree {
  const known = stigRules[group];
  const [first] = rows;
  const title = first?.title ?? '';
  const details = rows.map(({ status, subject, found, wanted, source, note, rule }) =>
    [`${rule}: ${status}`, subject, found && `found ${found}`, wanted && `wanted ${wanted}`, source, note]
      .filter((one) => one !== '')
      .join('; '),
  );
  const severity = first?.severity === 'critical' ? 'high' : (first?.severity ?? 'medium');
  // The revision of a rule (`r960792`) changes with each release of the STIG.
  const id = group.replace(/^V-/, 'SV-');
  return {
    group_id_src: group,
    group_tree: [{ id: group, title: known?.group ?? '', description: '<GroupDescription></GroupDescription>' }],
    ...{ group_id: group, severity: known?.severity ?? severity, group_title: known?.group ?? '' },
    ...{ rule_id_src: id, rule_id: id, rule_version: known?.version ?? '', rule_title: title },
    ...{ fix_text: '', weight: '10.0', check_content: '' },
    check_content_ref: { href: 'Kubernetes_STIG.xml', name: 'M' },
    ...{ classification: 'Unclassified', discussion: '', false_positives: '', false_negatives: '' },
    ...{ documentable: 'false', security_override_guidance: '', potential_impacts: '', third_party_tools: '' },
    ...{ ia_controls: '', responsibility: '', mitigations: '', mitigation_control: '', legacy_ids: [] },
    ...{ ccis: known?.ccis ?? [], reference_identifier: '', ...ids },
    ...{ status: statusOf(rows), overrides: {}, comments: unjudged ?? '' },
    ...{ finding_details: details.join('\n'), srg_id: known?.group ?? '' },
  };
}
