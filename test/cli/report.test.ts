/** `kubelatch report` of the built program: what it reads, merges, refuses and writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatted } from '../../src/report/formats.js';
import type { Result } from '../../src/report/model.js';
import { plainStyle } from '../../src/report/style.js';
import { parseCsv } from '../report/csv-parser.js';
import { auditResult, finding, hostAudit, planResult, unreachable } from '../report/samples.js';
import { openPlace } from './program.js';

const place = openPlace();
const json = (result: Result): string =>
  formatted('json', result, { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' });
const audit = auditResult([hostAudit('n1', { findings: [finding()] }), unreachable('n2')]);
place.file('audit.json', json(audit));
place.file('later.json', json({ ...auditResult([hostAudit('n2')]), finishedAt: '2026-11-23T06:00:00Z' }));
place.file('plan.json', json(planResult([])));

it('writes a saved result in another format, and nothing else on stdout', async () => {
  const { code, stdout, stderr } = await place.kubelatch(['report', 'audit.json', '-o', 'csv']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(parseCsv(stdout).map(([host]) => host)).toEqual(['host', 'n1', 'n2']);
});

it('reads stdin, and writes the same JSON again', async () => {
  const { code, stdout } = await place.kubelatch(['report', '-', '-o', 'json'], { stdin: json(audit) });
  expect({ code, stdout }).toEqual({ code: 0, stdout: json(audit) });
});

it('merges, and says on stderr what a newer result leaves out', async () => {
  const { code, stdout, stderr } = await place.kubelatch(['report', 'audit.json', 'later.json', '-o', 'json']);
  expect(code).toBe(0);
  expect((JSON.parse(stdout) as typeof audit).hosts.map(({ status }) => status)).toEqual(['judged', 'judged']);
  expect(stderr).toBe(
    'kubelatch: n2: taken from later.json (2026-11-23 06:00:00 UTC), not from the older audit.json.\n',
  );
});

it('with --fail-on, ends as the audit would have', async () => {
  expect((await place.kubelatch(['report', 'audit.json', '--fail-on', 'high'])).code).toBe(3);
  expect((await place.kubelatch(['report', 'later.json', '--fail-on', 'low'])).code).toBe(0);
});

it('writes a checklist for each host into a file of its own', async () => {
  const { code, stdout } = await place.kubelatch([
    'report',
    'audit.json',
    '-o',
    'cklb',
    '--output-file',
    '{host}.cklb',
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  for (const host of ['n1', 'n2'])
    expect(JSON.parse(readFileSync(join(place.folder, `${host}.cklb`), 'utf8'))).toMatchObject({ cklb_version: '1.0' });
});

it.each([
  ['one checklist for two hosts', ['audit.json', '-o', 'cklb'], /a checklist is for one host, and there are 2/],
  [
    'a format that does not fit',
    ['plan.json', '-o', 'sarif'],
    /-o sarif does not fit a result of plan\n {2}choose one of: table, wide, json/,
  ],
  ['a format that is none', ['plan.json', '-o', 'pdf'], /Allowed choices are table, wide, json/],
  [
    'two kinds in one document',
    ['audit.json', 'plan.json', '-o', 'csv'],
    /does not fit results of audit and plan together/,
  ],
  ['a file that is not there', ['no.json'], /^kubelatch: no\.json: no such file or folder/],
  ['a run that is not here', ['20261123T050100Z-3fa4c1'], /no run 20261123T050100Z-3fa4c1 on this machine/],
  ['the newest run where there is none', ['last'], /no run last on this machine: it has no runs/],
  ['nothing', [], /missing required argument/],
])('refuses %s', async (_, args, message) => {
  const { code, stdout, stderr } = await place.kubelatch(['report', ...args]);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toMatch(message);
});
