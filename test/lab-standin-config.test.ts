// The stand-in kubelet's reading of flags, files and drop-ins, without running it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './lab/standin/go-duration.js';
import { mergePatch } from './lab/standin/json.js';
import { effectiveConfig } from './lab/standin/kubelet/config.js';
import { parseCommandLine } from './lab/standin/kubelet/flags.js';

const folder = mkdtempSync(join(tmpdir(), 'standin-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('effective configuration', () => {
  const config = (...args: string[]): Record<string, unknown> => effectiveConfig(parseCommandLine(args, 31), true);

  test('flags alone mean the legacy defaults', () => {
    expect(config()).toMatchObject({
      readOnlyPort: 10255,
      authentication: { anonymous: { enabled: true } },
      authorization: { mode: 'AlwaysAllow' },
    });
  });

  test('flags beat drop-ins, later drop-ins beat earlier ones, a zero in a drop-in survives', () => {
    const dir = join(folder, 'dropins');
    mkdirSync(join(dir, 'sub'), { recursive: true });
    const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
    writeFileSync(join(dir, '10-a.conf'), `${head}readOnlyPort: 0\nmaxPods: 1\neventRecordQPS: 3\n`);
    writeFileSync(join(dir, '20-b.conf'), `${head}maxPods: 2\nauthorization: {mode: Webhook}\n`);
    writeFileSync(join(dir, '30-c.yaml'), 'not read');
    expect(config(`--config-dir=${dir}`, '--event-qps', '9')).toMatchObject({
      readOnlyPort: 0,
      maxPods: 2,
      eventRecordQPS: 9,
      authorization: { mode: 'Webhook' },
    });
  });

  test('the last scalar flag wins, lists add up', () => {
    const { settings } = parseCommandLine(
      [
        '--read-only-port=1',
        '--read_only_port',
        '2',
        '--anonymous-auth',
        '--tls-cipher-suites=a',
        '--tls-cipher-suites=b,c',
      ],
      31,
    );
    expect(settings).toEqual({
      readOnlyPort: 2,
      authentication: { anonymous: { enabled: true } },
      tlsCipherSuites: ['a', 'b', 'c'],
    });
  });

  test.each([
    ['120s', '2m0s'],
    ['4h', '4h0m0s'],
    ['0', '0s'],
    ['1.5s', '1.5s'],
    ['100ms', '100ms'],
  ])('duration %s prints as %s', (source, printed) => {
    expect(formatDuration(parseDuration(source) ?? -1)).toBe(printed);
  });

  test('a merge patch deletes with null and replaces lists', () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2] }, { a: { b: null }, l: [3] })).toEqual({ a: { c: 2 }, l: [3] });
  });
});
