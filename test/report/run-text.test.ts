import { expect, test } from 'vitest';
import { invocation, rememberInvocation } from '../../src/lib/next-command.js';
import { widthOf } from '../../src/report/layout.js';
import { runText } from '../../src/report/run-text.js';
import { plainStyle } from '../../src/report/style.js';
import { check, outcome, runResult } from './samples.js';

const options = { width: 80, style: plainStyle };
const reverted = (name: string) =>
  outcome(name, 'reverted', {
    reason: 'the gate failed: lease',
    hint: `journalctl -u kubelet on the node`,
    gate: [check('healthz', { passed: true }), check('lease', { seen: `not renewed for ${name.slice(1)}1 s` })],
    log: ['E1123 05:00:00 "Failed to run kubelet" err="\u001b[31mno such CA"', 'token: abcdef.0123456789abcdef'],
  });

test('outcomes worst first, equal failures once with gate and log, then what to do', () => {
  const hosts = [
    outcome('n1', 'confirmed'),
    outcome('n2', 'confirmed', { gate: [check('configz', { unchecked: true, seen: 'no access to the API server' })] }),
    reverted('n3'),
    reverted('n4'),
    outcome('n5', 'skipped'),
    outcome('n6', 'unknown', { reason: 'the connection was lost while it was put back' }),
  ];
  expect(runText(runResult(hosts, { stopped: '2 hosts failed, --max-failures is 0' }), options).split('\n')).toEqual([
    'OUTCOME    HOSTS  EDITS  SECONDS  REASON',
    'unknown    n6     0      0        the connection was lost while it was put back',
    'reverted   n3,n4  0      0        the gate failed: lease (n3 and 1 more)',
    'skipped    n5     0      0',
    'confirmed  n1,n2  1      21',
    '',
    'reverted: n3,n4',
    '  GATE   EXPECTED                         SEEN',
    '  lease  renewed twice after the restart  not renewed for 31 s',
    '  last kubelet log lines on n3:',
    '    | E1123 05:00:00 "Failed to run kubelet" err="no such CA"',
    '    | token: ***',
    '  hint: journalctl -u kubelet on the node',
    '',
    'Health checks that could not run',
    '  configz on n2: no access to the API server',
    '',
    'Stopped: 2 hosts failed, --max-failures is 0',
    'The state of n6 is unknown. To finish or revert the change there:',
    '    kubelatch resume 20261123T050000Z-4f2a --limit n6',
    'Once the cause is fixed, continue with the remaining hosts:',
    "    kubelatch apply --limit 'n[3:5]'",
    'To roll back the confirmed changes:',
    '    kubelatch rollback 20261123T050000Z-4f2a',
    '',
    'Apply: 1 unknown, 2 reverted, 1 skipped, 2 confirmed in 64 s',
    '',
  ]);
});

test('failures of another kind, check or hint stay apart', () => {
  const hosts = [
    reverted('n3'),
    { ...reverted('n4'), gate: [check('ready')] },
    { ...reverted('n5'), hint: 'something else' },
    outcome('n6', 'failed', { reason: 'the gate failed: lease', hint: 'journalctl -u kubelet on the node' }),
  ];
  const text = runText(runResult(hosts), options);
  for (const line of ['reverted: n3', 'reverted: n4', 'reverted: n5', 'failed: n6'])
    expect(text).toContain(`\n${line}\n`);
});

test('a rollback speaks of rollbacks', () => {
  const hosts = [outcome('n1', 'confirmed'), outcome('n2', 'failed', { reason: 'config.yaml was edited since' })];
  const text = runText(runResult(hosts, { kind: 'rollback' }), options);
  expect(text).toContain('    kubelatch rollback 20261123T050000Z-4f2a --limit n2\n');
  expect(text).not.toContain('To roll back');
  expect(text).toContain('Rollback: 1 failed, 1 confirmed in 64 s\n');
});

test('nothing to do next when all is well, and no hosts', () => {
  expect(runText(runResult([outcome('n1', 'unchanged')]), options)).toBe(
    'OUTCOME    HOSTS  EDITS  SECONDS  REASON\nunchanged  n1     0      0\n\nApply: 1 unchanged in 64 s\n',
  );
  expect(runText(runResult([]), options)).toBe('Apply: no hosts\n');
});

test('2,000 hosts fit 80 columns', () => {
  const hosts = Array.from({ length: 2000 }, (_, i) => {
    const name = `node-${i}.example.com`;
    return i % 7 === 3 ? { ...reverted(name), reason: 'x'.repeat(300) } : outcome(name, 'confirmed');
  });
  const lines = runText(runResult(hosts), options).split('\n');
  expect(lines.length).toBeLessThan(80);
  for (const line of lines.filter((one) => !one.startsWith('    kubelatch ')))
    expect(widthOf(line)).toBeLessThanOrEqual(80);
});

test('a resumed run speaks of what it was about', () => {
  const hosts = [outcome('n1', 'unknown', { reason: 'cannot be asked' }), outcome('n2', 'skipped')];
  const applied = runText(runResult(hosts, { kind: 'resume' }), options);
  expect(applied).toContain('    kubelatch resume 20261123T050000Z-4f2a --limit n1');
  expect(applied).toContain('    kubelatch apply --limit n2');
  expect(applied).toContain('Resume: 1 unknown, 1 skipped in 64 s\n');
  const back = runText(
    runResult(hosts, {
      kind: 'resume',
      run: { id: '20261123T050000Z-4f2a', kind: 'rollback', of: '20261122T050000Z-1111' },
    }),
    options,
  );
  expect(back).toContain('    kubelatch rollback 20261122T050000Z-1111 --limit n1');
  expect(back).toContain('    kubelatch rollback 20261122T050000Z-1111 --limit n2');
});

test('40 columns: outcomes are whole words, and reasons have the room of the numbers', () => {
  const hosts = [
    outcome('n1', 'reverted', { reason: 'healthz: expected 200, saw refused' }),
    outcome('n2', 'confirmed'),
    outcome('n3', 'unreachable', { reason: 'nothing listens on n3:22' }),
  ];
  const lines = runText(runResult(hosts), { width: 40, style: plainStyle }).split('\n');
  expect(lines.slice(0, 7)).toEqual([
    'OUTCOME      HOSTS  REASON',
    'reverted     n1     healthz: expected',
    '                    200, saw refused',
    'unreachable  n3     nothing listens on',
    '                    n3:22',
    'confirmed    n2',
    '',
  ]);
});

test('a run that was only interrupted has no cause to fix', () => {
  const stopped = 'interrupted: hosts in progress were finished, and no new host was started';
  const interrupted = runText(runResult([outcome('n1', 'confirmed'), outcome('n2', 'skipped')], { stopped }), options);
  expect(interrupted).toContain('To continue with the remaining hosts:\n    kubelatch apply --limit n2\n');
  expect(interrupted).not.toContain('Once the cause is fixed');
  const failed = runText(runResult([outcome('n1', 'failed'), outcome('n2', 'skipped')], { stopped }), options);
  expect(failed).toContain('Once the cause is fixed, continue with the remaining hosts:');
});

test('tells how long the hosts took, and not how long somebody thought about the plan', () => {
  const result = runResult([outcome('n1', 'confirmed')], { durationMs: 41_400 });
  expect(runText(result, options)).toContain('Apply: 1 confirmed in 41 s\n');
  expect(runText({ ...result, durationMs: undefined }, options)).not.toContain(' in 41 s');
});

test('the command for the hosts that are left repeats the rollout that was chosen', () => {
  const before = invocation();
  const settings = [{ flag: '--waves', words: ['--waves', '2,100%'] }];
  const choices = [{ flag: '--limit', words: ['-l', 'n[1:9]'] }];
  rememberInvocation({ choices, settings, flagsOf: { apply: ['--limit', '--waves'], rollback: ['--waves'] } });
  const text = runText(runResult([outcome('n1', 'confirmed'), outcome('n2', 'skipped')]), options);
  rememberInvocation(before);
  expect(text).toContain('\n    kubelatch apply --limit n2 --waves 2,100%\n');
  expect(text).toContain('\n    kubelatch rollback 20261123T050000Z-4f2a\n');
});
