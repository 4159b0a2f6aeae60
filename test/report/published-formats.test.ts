/** CSV, Markdown, JUnit and SARIF: each by its own parser or schema, with texts of hostile nodes in every place. */
import { SaxesParser } from 'saxes';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { formatsFor } from '../../src/report/format-table.js';
import { checklists } from '../../src/report/cklb.js';
import { type Format, formatted } from '../../src/report/formats.js';
import type { Result } from '../../src/report/model.js';
import { plainStyle } from '../../src/report/style.js';
import { parseCsv } from './csv-parser.js';
import { canary, hostileTexts } from './hostile-texts.js';
import { oscalFaults, sarifFaults } from './schema-files.js';
import {
  auditResult,
  check,
  clusterFinding,
  finding,
  hostAudit,
  hostPlan,
  hostPlanned,
  manual,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';
import { verifyResult } from './verify-sample.js';

const time = '2026-11-23T05:01:04Z';
const options = { text: { width: 80, style: plainStyle }, time };
const write = (format: Format, result: Result): string => formatted(format, result, options);

const hostileFindings = hostileTexts.map((text, at) =>
  finding({
    ...{ rule: `rule-${at}`, title: text, setting: text, got: text, wantText: text, note: text },
    source: { kind: 'file', path: `/etc/${text}`, line: at, detail: text },
  }),
);
const hostile = {
  ...auditResult(
    [hostAudit('n1', { findings: hostileFindings, notes: hostileTexts }), unreachable('n2', hostileTexts[0])],
    hostileTexts,
  ),
  clusterFindings: hostileTexts.map((text) =>
    clusterFinding({ object: text, message: text, evidence: [text], fix: text }),
  ),
};
const plain = auditResult([
  hostAudit('n1', { findings: [finding(), finding({ rule: 'ok', status: 'pass' }), manual('firewall')] }),
  hostAudit('n2', {
    findings: [
      finding(),
      finding({ rule: 'ok', status: 'unknown', note: 'not read' }),
      finding({ rule: 'na', status: 'not-applicable' }),
    ],
  }),
  unreachable('n3'),
]);
const run = runResult([
  outcome('n1', 'confirmed'),
  outcome('n2', 'reverted', { reason: 'lease', gate: [check('lease')], log: hostileTexts }),
  outcome('n3', 'unknown'),
  outcome('n4', 'skipped'),
]);
const plan = planResult(
  [hostPlanned('n1'), hostPlanned('n2'), { ...hostAudit('n3'), refused: { reason: 'no CA', hint: 'set one' } }],
  [['n1'], ['n2']],
);

it('a format that does not fit a result is not written', () => {
  expect(formatsFor('inventory')).toEqual(['table', 'wide', 'json', 'ndjson', 'csv', 'markdown']);
  expect(() => write('sarif', plan)).toThrow(RangeError);
});

describe('secrets', () => {
  it.each(['csv', 'markdown', 'html', 'junit', 'sarif', 'oscal'] as const)('are masked in %s', (format) => {
    const text = write(format, hostile);
    expect(text).toContain('***');
    expect(text).not.toContain(canary);
  });
});

describe('CSV', () => {
  it('has a row for each finding, and for a host that was not judged', () => {
    const [header = [], ...rows] = parseCsv(write('csv', plain));
    expect(rows).toHaveLength(7);
    expect(rows.every((row) => row.length === header.length)).toBe(true);
    expect(rows[0]?.slice(0, 4)).toEqual(['n1', 'fail', 'critical', 'anonymous-auth']);
    expect(rows.at(-1)?.slice(0, 4)).toEqual(['n3', 'unreachable', '', '']);
  });

  it('holds hostile texts in their cells, and none that a spreadsheet would run', () => {
    const [header = [], ...rows] = parseCsv(write('csv', hostile));
    expect(rows).toHaveLength(2 * hostileTexts.length + 1);
    expect(rows.every((row) => row.length === header.length)).toBe(true);
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
  });

  it('is there for runs and plans', () => {
    expect(parseCsv(write('csv', run)).map((row) => row.slice(1, 4))).toEqual([
      ['host', 'node', 'outcome'],
      ['n1', 'n1', 'confirmed'],
      ['n2', 'n2', 'reverted'],
      ['n3', 'n3', 'unknown'],
      ['n4', 'n4', 'skipped'],
    ]);
    expect(parseCsv(write('csv', plan))).toHaveLength(6);
    const left = {
      rule: 'firewall',
      title: 'A firewall',
      severity: 'low',
      status: 'fail',
      reason: 'by hand',
      hint: 'x',
    };
    const unfixed = planResult([hostPlanned('n1', { unfixed: [left] as never })]);
    expect(parseCsv(write('csv', unfixed)).at(-1)).toEqual([
      ...['n1', 'n1', 'stays-fail', '', '', '', '', 'by hand', 'x', 'firewall', 'low'],
    ]);
  });
});

describe('JUnit', () => {
  const parsed = (text: string): { name: string; attributes: Record<string, string> }[] => {
    const found: { name: string; attributes: Record<string, string> }[] = [];
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      throw error;
    });
    parser.on('opentag', ({ name, attributes }) => found.push({ name, attributes: attributes }));
    parser.write(text).close();
    return found;
  };
  const number = (text: string, name: string): number => parsed(text).filter((one) => one.name === name).length;

  it('fails for what fails, errs for what is not known, skips what is not for it or for a person', () => {
    const text = write('junit', plain);
    const [root] = parsed(text);
    expect(root?.attributes).toMatchObject({ tests: '7', failures: '2', errors: '2', skipped: '2' });
    expect([number(text, 'failure'), number(text, 'error'), number(text, 'skipped')]).toEqual([2, 2, 2]);
    expect(
      parsed(text)
        .filter(({ name }) => name === 'testsuite')
        .map(({ attributes }) => attributes['name']),
    ).toEqual(['n1', 'n2', 'n3']);
  });

  it('is well formed with hostile texts, as many cases as findings', () => {
    expect(number(write('junit', hostile), 'testcase')).toBe(2 * hostileTexts.length + 1);
  });

  it('has a case for each host of a run', () => {
    const [root] = parsed(write('junit', run));
    expect(root?.attributes).toMatchObject({ tests: '4', failures: '1', errors: '1', skipped: '1' });
  });
});

describe('SARIF', () => {
  const read = (result: Result): Log => JSON.parse(write('sarif', result)) as Log;

  it.each([
    ['an audit', plain],
    ['an audit of hostile nodes', hostile],
    ['an audit of nothing', auditResult([])],
    ['a verification', verifyResult],
    ['an audit whose times are not times', { ...plain, startedAt: 'yesterday', finishedAt: '' }],
  ])('%s is valid by the published schema', (_, result) => {
    expect(sarifFaults(read(result))).toEqual([]);
  });

  it('what is not valid would be found', () => {
    expect(sarifFaults({ ...read(plain), version: '2.2.0' })).not.toEqual([]);
    expect(sarifFaults({ ...read(plain), more: 1 })).not.toEqual([]);
  });

  it('names file and line below the host, level and fingerprint; a host that was not judged is a notification', () => {
    const [first] = read(plain).runs;
    const { ruleId, ruleIndex, level, kind, locations } = first?.results?.[0] ?? {};
    expect({ ruleId, ruleIndex, level, kind }).toEqual({
      ruleId: 'baseline/anonymous-auth',
      ruleIndex: 0,
      level: 'error',
      kind: 'fail',
    });
    expect(locations?.[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'n1/etc/default/kubelet' },
      region: { startLine: 3 },
    });
    expect(first?.invocations?.[0]?.executionSuccessful).toBe(false);
    expect(first?.invocations?.[0]?.toolExecutionNotifications?.[0]?.message.text).toContain('n3 is unreachable');
    const prints = first?.results?.map((one) => one.partialFingerprints?.['kubelatch/v1']);
    expect(new Set(prints).size).toBe(prints?.length);
  });
});

describe('Markdown', () => {
  it('groups hosts by finding, and names those that were not judged', () => {
    const text = write('markdown', plain);
    expect(text).toContain(
      '| critical | `anonymous-auth`<br>Anonymous requests to the kubelet are refused | `true` | `false` |',
    );
    expect(text).toContain('`n1,n2`');
    expect(text).toContain('## Not judged\n\n- `n3` is unreachable: `nothing listens on n3:22`');
    expect(text).toContain('## To be checked by hand');
  });

  it('keeps hostile texts in their cells: as many columns in each row, no tag, link or mention outside of code', () => {
    const text = write('markdown', hostile);
    const outside = text.replace(/\\.|(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, (part) =>
      part.startsWith('\\') ? '' : /\\\\\|/.test(part) ? '|' : 'CODE',
    );
    const rows = outside.split('\n').filter((one) => one.startsWith('|'));
    const columns = rows.map((row) => row.split('|').length);
    expect(new Set(columns)).toEqual(new Set([9]));
    expect(outside.replaceAll('<br>', '')).not.toMatch(/<[a-z!/]|https?:\/\/|@/i);
  });

  it('shows the diffs of a plan once for all hosts that share them, in a fence that they cannot end', () => {
    const edits = hostPlan('x').edits.map((one) => ({ ...one, diff: '--- a\n+++ a\n+````\n+# title\n' }));
    const text = write(
      'markdown',
      planResult(['n1', 'n2'].map((name) => hostPlanned(name, { plan: { ...hostPlan(name), edits } }))),
    );
    expect(text).toContain('## Edits on n1,n2');
    expect(text.match(/^`````diff$/gm)).toHaveLength(2);
    expect(text.match(/^`````$/gm)).toHaveLength(2);
  });

  it('tells of a run what failed, with the lines of the kubelet', () => {
    const text = write('markdown', run);
    expect(text).toContain('| `n2` | `n2` | `reverted` | `lease` |');
    expect(text).toContain('### `n2`\n\n- `lease`: `not renewed for 31 s`, expected `renewed twice after the restart`');
  });
});

describe('OSCAL', () => {
  interface Read {
    readonly 'assessment-results': {
      readonly results: readonly {
        readonly observations?: readonly { readonly uuid: string }[];
        readonly findings?: readonly { readonly target: { readonly status: object } }[];
      }[];
    };
  }
  const read = (result: Result): Read => JSON.parse(write('oscal', result)) as Read;

  it.each([
    ['an audit', plain],
    ['an audit of hostile nodes', hostile],
    ['an audit of nothing', auditResult([])],
    ['an audit whose times are not times', { ...plain, startedAt: 'yesterday', finishedAt: '' }],
  ])('%s is valid by the published schema', (_, result) => {
    expect(oscalFaults(read(result))).toEqual([]);
  });

  it('what is not valid would be found', () => {
    const document = read(plain);
    expect(oscalFaults({ 'assessment-results': { ...document['assessment-results'], more: 1 } })).not.toEqual([]);
  });

  it('is not satisfied where a host fails, or could not be judged', () => {
    const [result] = read(plain)['assessment-results'].results;
    expect(result?.findings?.map(({ target }) => target.status)).toEqual([
      { state: 'not-satisfied', reason: 'fail' },
      ...Array.from({ length: 3 }, () => ({ state: 'not-satisfied', reason: 'other' })),
    ]);
    const good = auditResult([hostAudit('n1', { findings: [finding({ status: 'pass' })] })]);
    expect(read(good)['assessment-results'].results[0]?.findings?.[0]?.target.status).toEqual({
      state: 'satisfied',
      reason: 'pass',
    });
  });

  it('has an identifier of its own for each observation, and the same ones each time', () => {
    const ids = read(plain)['assessment-results'].results[0]?.observations?.map(({ uuid }) => uuid) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
    expect(write('oscal', plain)).toBe(write('oscal', plain));
  });
});

describe('CKLB', () => {
  interface Read {
    readonly target_data: { readonly host_name: string };
    readonly stigs: readonly {
      readonly size: number;
      readonly uuid: string;
      readonly rules: readonly Record<string, unknown>[];
    }[];
  }
  const read = (audit: typeof plain): Read[] => checklists(audit).map(({ text }) => JSON.parse(text) as Read);

  it('is a checklist for each host, and what is not known is not reviewed', () => {
    const [one, two, three] = read(plain);
    const seen = [one, two, three].map((checklist) => [
      checklist?.target_data.host_name,
      ...(checklist?.stigs[0]?.rules.map(({ group_id, rule_version, severity, status }) => [
        group_id,
        rule_version,
        severity,
        status,
      ]) ?? []),
    ]);
    const rule = (status: string) => ['V-242391', 'CNTR-K8-000370', 'high', status];
    expect(seen).toEqual([
      ['n1', rule('open')],
      ['n2', rule('open')],
      ['n3', rule('not_reviewed')],
    ]);
    expect(three?.stigs[0]?.rules[0]?.['comments']).toBe('unreachable: nothing listens on n3:22');
    const pass = auditResult([hostAudit('n1', { findings: [finding({ status: 'pass' })] })]);
    expect(read(pass)[0]?.stigs[0]?.rules[0]?.['status']).toBe('not_a_finding');
  });

  it('has every key of STIG Viewer, in its order', () => {
    const [checklist] = read(plain);
    const [stig] = checklist?.stigs ?? [];
    expect(Object.keys(checklist ?? {})).toEqual([
      'title',
      'id',
      'stigs',
      'active',
      'mode',
      'has_path',
      'target_data',
      'cklb_version',
    ]);
    expect(Object.keys(stig ?? {})).toEqual([
      ...[
        'stig_name',
        'display_name',
        'stig_id',
        'release_info',
        'version',
        'uuid',
        'reference_identifier',
        'size',
        'rules',
      ],
    ]);
    expect(Object.keys(stig?.rules[0] ?? {})).toEqual([
      ...[
        'group_id_src',
        'group_tree',
        'group_id',
        'severity',
        'group_title',
        'rule_id_src',
        'rule_id',
        'rule_version',
      ],
      ...['rule_title', 'fix_text', 'weight', 'check_content', 'check_content_ref', 'classification', 'discussion'],
      ...['false_positives', 'false_negatives', 'documentable', 'security_override_guidance', 'potential_impacts'],
      ...[
        'third_party_tools',
        'ia_controls',
        'responsibility',
        'mitigations',
        'mitigation_control',
        'legacy_ids',
        'ccis',
      ],
      ...['reference_identifier', 'uuid', 'stig_uuid', 'status', 'overrides', 'comments', 'finding_details', 'srg_id'],
    ]);
    expect(stig?.size).toBe(stig?.rules.length);
    expect(stig?.rules.every((one) => one['stig_uuid'] === stig.uuid)).toBe(true);
  });

  it('there is none without rules of a STIG', () => {
    expect(read(auditResult([hostAudit('n1')]))).toEqual([]);
  });
});
