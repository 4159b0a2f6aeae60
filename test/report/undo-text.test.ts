import { expect, it } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
import { undoText } from '../../src/report/undo-text.js';

const options = { width: 80, style: plainStyle };
const config = '/var/lib/kubelet/config.yaml';
const run = { run: '20261123T050100Z-3fa4c1', startedAt: '2026-11-23T05:01:00Z', operator: 'deploy@ops' };
const host = (name: string, fixes = ['anonymous-auth', 'read-only-port']) => ({
  ...{ host: name, restores: [config], removes: [], fixes },
});
const told = (hosts: Parameters<typeof undoText>[0]['hosts'], now = '2026-11-26T06:00:00Z'): string =>
  undoText({ ...run, hosts }, now, options);

it('names the run, its age, its files and what it reopens', () => {
  expect(told([host('n1'), host('n2')])).toBe(
    [
      'Run 20261123T050100Z-3fa4c1, started 3 days ago by deploy@ops, changed 2 hosts:',
      'n1,n2',
      `  restores: ${config}`,
      '  reopens: anonymous-auth, read-only-port',
    ].join('\n'),
  );
});

it('says which host has what where hosts differ, and what is not known', () => {
  const text = told([
    host('n1'),
    host('n2', ['authorization-mode']),
    { host: 'n3', restores: [], removes: [], fixes: [] },
  ]);
  expect(text).toContain(`restores: ${config} (n1,n2)\n  restores: no files (n3)`);
  expect(text).toContain('reopens: authorization-mode (n2)\n  reopens: no failing rule, as far as the nodes tell (n3)');
});

it('says that it removes files that the run created, and restores only the others', () => {
  const drop = '/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf';
  const text = told([{ ...host('n1'), removes: [drop] }, { ...host('n2'), restores: [], removes: [drop] }, host('n3')]);
  expect(text).toContain(`restores: ${config} (n1,n3)\n  removes: ${drop} (n1,n2)\n`);
  expect(told([{ ...host('n1'), restores: [], removes: [drop] }])).not.toContain('restores');
});

it.each([
  ['2026-11-23T05:01:20Z', 'less than a minute ago'],
  ['2026-11-23T05:02:30Z', '1 minute ago'],
  ['2026-11-23T12:01:00Z', '7 hours ago'],
  ['2026-11-22T00:00:00Z', 'at an unknown time'],
  ['', 'at an unknown time'],
])('its age at %j: %s', (now, age) => {
  expect(told([host('n1')], now).replaceAll('\n', ' ')).toContain(`started ${age}`);
});

it('lets nothing of a node steer the terminal', () => {
  const evil = '\u001b[2Jx\nRun y';
  const host = { host: 'n1', restores: [evil], removes: [evil], fixes: [evil] };
  const text = undoText({ ...run, operator: evil, hosts: [host] }, '', options);
  expect(text).not.toContain('\u001b');
  expect(text.split('\n').filter((line) => line.startsWith('Run y'))).toEqual([]);
});
