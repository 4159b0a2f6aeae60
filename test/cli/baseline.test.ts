/** audit --baseline and -o openmetrics, of the built program: what is refused before any host is asked, and what is written. */
import { chmodSync, readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatted } from '../../src/report/formats.js';
import type { Result } from '../../src/report/model.js';
import { plainStyle } from '../../src/report/style.js';
import { expectConforms } from '../report/conforms.js';
import { parseOpenMetrics } from '../report/openmetrics-parser.js';
import { auditResult, finding, hostAudit, planResult } from '../report/samples.js';
import { closedPort, inventoryOf, openPlace } from './program.js';

const place = openPlace();
const json = (result: Result): string =>
  formatted('json', result, { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' });
const baseline = { ...auditResult([hostAudit('n1', { findings: [finding()] })]), cluster: 'lab' };

beforeAll(async () => {
  place.file('inventory.yaml', inventoryOf(await closedPort()));
  place.file('good.json', json(baseline));
});

describe('audit --baseline', () => {
  it.each<[string, string | undefined, RegExp]>([
    ['missing', undefined, /no such file or folder/],
    ['no-json', 'nodes: 3', /is not JSON/],
    ['plan', json({ ...planResult([]), cluster: 'lab' }), /is a result of plan, not of audit/],
    ['other-cluster', json({ ...baseline, cluster: 'prod' }), /is of the cluster prod, and the inventory is of lab/],
    [
      'other-playbooks',
      json({ ...baseline, playbooks: ['stig', 'tls'] }),
      /was judged by stig,tls, and this audit is by baseline/,
    ],
    ['newer', json(baseline).replace('"schemaVersion": 1', '"schemaVersion": 9'), /schemaVersion 9/],
  ])('%s: exit 64 with one line and a hint, and no host is asked', async (name, text, message) => {
    if (text !== undefined) place.file(`${name}.json`, text);
    const { code, stdout, stderr } = await place.kubelatch(['audit', '--baseline', `${name}.json`]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^kubelatch: .*\n {2}\S.*\n$/);
    expect(stderr).not.toContain('unreachable');
  });

  it('a host that cannot be read any more: told, and exit 3', async () => {
    const { code, stdout } = await place.kubelatch(['audit', '--baseline', 'good.json', '-o', 'json']);
    expectConforms(stdout);
    const { drift } = JSON.parse(stdout) as { drift: object };
    expect(code).toBe(3);
    expect(drift).toMatchObject({
      drifted: true,
      hosts: [{ host: 'n1', change: 'unread', drifted: true }],
      findings: [],
    });
    const text = await place.kubelatch(['audit', '--baseline', 'good.json']);
    expect(text.stdout).toMatch(/^Drift since 2026-11-23 05:01:04 UTC \(good\.json\)$/m);
    expect(text.stdout).toContain('judged in the baseline, and not now: n1');
  });

  it('of a family of playbooks: what it was for the nodes then', async () => {
    const judgedBy = (name: string, ...playbooks: readonly string[]): string =>
      place.file(name, json({ ...baseline, playbooks }));
    judgedBy('chosen.json', 'cis-1.11', 'k3s-cis', 'tls');
    judgedBy('other.json', 'stig', 'tls');
    const compared = (name: string) =>
      place.kubelatch(['audit', '--baseline', name, '-p', 'cis', '-p', 'tls', '-o', 'json']);
    const { code, stdout } = await compared('chosen.json');
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { playbooks: ['cis', 'tls'], drift: { drifted: true } }]);
    expect((await compared('other.json')).code).toBe(64);
  });

  it('is no key of a folder’s file', async () => {
    place.file('kubelatch.yaml', 'baseline: good.json\n');
    const { code, stderr } = await place.kubelatch(['audit']);
    place.file('kubelatch.yaml', '');
    expect(code).toBe(64);
    expect(stderr).toContain('not allowed in a folder’s file');
  });
});

describe('audit -o openmetrics', () => {
  it('on stdout: nothing but metrics', async () => {
    const { code, stdout } = await place.kubelatch(['audit', '-o', 'openmetrics', '--baseline', 'good.json']);
    expect(code).toBe(3);
    const families = parseOpenMetrics(stdout);
    expect(families.get('kubelatch_audit_host_judged')?.samples).toEqual([
      { labels: { cluster: 'lab', host: 'n1' }, value: 0 },
    ]);
    expect(families.get('kubelatch_audit_drift')?.samples).toEqual([{ labels: { cluster: 'lab' }, value: 1 }]);
  });

  it('--output-file: by rename, with the mode of the file before, and nothing left beside it', async () => {
    const path = join(place.folder, 'kubelatch.prom');
    const write = (): ReturnType<typeof place.kubelatch> =>
      place.kubelatch(['audit', '-o', 'openmetrics', '--output-file', path]);
    await write();
    const first = statSync(path);
    expect(first.mode & 0o777).toBe(0o644);
    chmodSync(path, 0o640);
    await write();
    const second = statSync(path);
    expect([second.ino === first.ino, second.mode & 0o777]).toEqual([false, 0o640]);
    parseOpenMetrics(readFileSync(path, 'utf8'));
    expect(readdirSync(place.folder).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('--output-file that is a link: refused, and its target stays', async () => {
    place.file('target', 'mine\n');
    symlinkSync('target', join(place.folder, 'link.prom'));
    const { code, stderr } = await place.kubelatch(['audit', '-o', 'openmetrics', '--output-file', 'link.prom']);
    expect(code).toBe(64);
    expect(stderr).toContain('it is a symbolic link');
    expect(readFileSync(join(place.folder, 'target'), 'utf8')).toBe('mine\n');
  });

  it('is refused where there is no audit', async () => {
    for (const verb of ['plan', 'inventory', 'runs']) {
      const { code, stderr } = await place.kubelatch([verb, '-o', 'openmetrics']);
      expect({ code, verb }).toEqual({ code: 64, verb });
      expect(stderr).toMatch(/Allowed choices are table, wide, json, ndjson, csv, markdown(, html)?\./);
    }
  });
});
