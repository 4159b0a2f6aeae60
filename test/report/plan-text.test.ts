import { expect, test } from 'vitest';
import { diffLines, planFolds, planText } from '../../src/report/plan-text.js';
import { paceOf } from '../../src/plan/rollout-time.js';
import { plainStyle } from '../../src/report/style.js';
import { turnsText } from '../../src/report/turns-text.js';
import { createStyle } from '../../src/terminal/style.js';
import { configEdit, hostAudit, hostPlan, hostPlanned, modeEdit, planResult, unreachable } from './samples.js';

const options = { width: 80, style: plainStyle };

test('hosts with the same diff share it, though their files differ elsewhere', () => {
  const hosts = [
    hostPlanned('n1'),
    hostPlanned('n2'),
    hostPlanned('cp1', {
      role: 'control-plane',
      plan: hostPlan('cp1', { edits: [modeEdit], warnings: ['one CA only'] }),
    }),
    hostPlanned('n4', { plan: hostPlan('n4', { edits: [], restart: false }) }),
    { ...hostAudit('n5'), refused: { reason: 'the client CA /etc/ca.crt does not exist', hint: 'put it there' } },
    unreachable('n6'),
  ];
  const text = planText(planResult(hosts, [['n1'], ['n2'], ['cp1']]), options);
  expect(text.split('\n')).toEqual([
    'n1,n2 (kubeadm): 2 edits, restart of kubelet.service',
    '  fixes: anonymous-auth, kubeconfig-mode',
    '  may break: Clients that ask the kubelet without a certificate or a token, such',
    '             as an old metrics scraper.',
    '  note: kubeadm upgrade writes /var/lib/kubelet/config.yaml anew from the',
    '        ConfigMap kube-system/kubelet-config',
    '--- /var/lib/kubelet/config.yaml',
    '+++ /var/lib/kubelet/config.yaml',
    '@@ -3,3 +3,3 @@',
    ' authentication:',
    '   anonymous:',
    '-    enabled: true # for the old monitoring, to be removed as soon as the new one is there',
    '+    enabled: false # for the old monitoring, to be removed as soon as the new one is there',
    '~ /etc/kubernetes/kubelet.conf: mode 0644 -> 0600',
    '',
    'cp1 (kubeadm): 1 edit, restart of kubelet.service',
    '  fixes: anonymous-auth, kubeconfig-mode',
    '  may break: Clients that ask the kubelet without a certificate or a token, such',
    '             as an old metrics scraper.',
    '  note: kubeadm upgrade writes /var/lib/kubelet/config.yaml anew from the',
    '        ConfigMap kube-system/kubelet-config',
    '  ! warning: one CA only',
    '~ /etc/kubernetes/kubelet.conf: mode 0644 -> 0600',
    '',
    'Nothing to change: n4',
    '',
    'Refused: these hosts will not be changed',
    '! n5',
    '    the client CA /etc/ca.crt does not exist',
    '    hint: put it there',
    '',
    'Not judged',
    '! unreachable: n6',
    '    nothing listens on n6:22',
    '    hint: check that sshd is running, and check the port in the inventory',
    '',
    'Waves (each starts after the previous one passed its health checks)',
    '  1. n1 (1 host)',
    '  2. n2 (1 host)',
    '  3. cp1 (1 host)',
    '',
    'Plan: change 3 hosts (1 control-plane), 3 restarts, 1 unchanged, 1 refused, 1',
    'not judged',
    '',
  ]);
});

test('another diff, mode or restart is a section of its own', () => {
  const other = { ...configEdit(), diff: configEdit().diff.replace('false', '"no"') };
  const hosts = [
    hostPlanned('n1'),
    hostPlanned('n2', { plan: hostPlan('n2', { edits: [other, modeEdit] }) }),
    hostPlanned('n3', { plan: hostPlan('n3', { restart: false }) }),
  ];
  const text = planText(planResult(hosts), options);
  for (const name of ['n1', 'n2', 'n3']) expect(text).toContain(`${name} (kubeadm): 2 edits, `);
  expect(text).toContain('n3 (kubeadm): 2 edits, no restart');
});

test('a restart alone is told with its reason, a new file with its mode', () => {
  const created = { ...configEdit(), action: 'create' as const, before: null };
  const hosts = [
    hostPlanned('n1', { plan: hostPlan('n1', { edits: [] }) }),
    hostPlanned('n2', { plan: hostPlan('n2', { edits: [created], reload: true }) }),
  ];
  const text = planText(planResult(hosts), options);
  expect(text).toContain('n1 (kubeadm): restart of kubelet.service (running settings differ from files)');
  expect(text).toContain('n2 (kubeadm): 1 edit, daemon-reload, restart of kubelet.service');
  expect(text).toContain('~ /var/lib/kubelet/config.yaml: new file, mode 0644, root:root');
});

test('a mode that changes along with the text is told once, above the diff', () => {
  const edit = configEdit();
  const both = {
    ...edit,
    after: { ...edit.after, mode: '0600' },
    diff: `${edit.path}: mode 0644 -> 0600\n${edit.diff}`,
  };
  const text = planText(planResult([hostPlanned('n1', { plan: hostPlan('n1', { edits: [both] }) })]), options);
  expect(text.split('mode 0644 -> 0600')).toHaveLength(2);
  expect(text).toContain(`~ ${edit.path}: mode 0644 -> 0600\n--- ${edit.path}\n`);
});

test('no host, and no change', () => {
  expect(planText(planResult([]), options)).toBe('Plan: no hosts\n');
  // Nothing is left to do, so no command follows.
  expect(planText(planResult([]), { ...options, next: 'kubelatch apply' })).toBe('Plan: no hosts\n');
  const same = hostPlanned('n1', { plan: hostPlan('n1', { edits: [], restart: false }) });
  expect(planText(planResult([same]), options)).toBe('Nothing to change: n1\n\nPlan: nothing to change, 1 unchanged\n');
});

test('a diff keeps its marks under colour, loses escape sequences and secrets, and is never cut short', () => {
  const diff = `--- /a\t\n+++ /a\t\n-x: \u001b[2Jold\n+password: hunter2\n ${'y'.repeat(9000)}\n`;
  const lines = diffLines(diff, createStyle(true));
  expect(lines[2]).toBe('\u001b[31m-x: old\u001b[39m');
  expect(lines[3]).toBe('\u001b[32m+password: ***\u001b[39m');
  expect(lines[4]).toHaveLength(9001);
});

test.each([
  [
    { atOnce: 4, perHost: 30_000 },
    'Takes about 2 min: 12 hosts in 3 waves, at most 4 at a time, about 30 s each for the',
  ],
  [{ atOnce: 1, perHost: 20_000 }, 'Takes about 4 min: 12 hosts in 3 waves, one at a time, about 20 s each for the'],
])('the plan tells how long it takes and why: %j', (pace, text) => {
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
  const waves = [names.slice(0, 1), names.slice(1, 4), names.slice(4)];
  const shown = planText({ ...planResult([]), waves }, { width: 120, style: plainStyle, pace });
  expect(shown).toContain(`  ${text} restart and the health checks\n`);
});

test('the plan tells which wave takes turns by default, and the flag that changes it', () => {
  const waves = [['n1'], ['n2', 'n3', 'n4', 'n5'], ['cp1']];
  const pace = paceOf({ settle: 10_000, forks: 32, hosts: 6, hasCluster: true });
  const shown = planText({ ...planResult([]), waves }, { width: 200, style: plainStyle, pace });
  const turns = turnsText([1, 4, 1], pace) ?? '';
  expect(turns).toBe(
    'the wave of 4 changes one by one, because --max-unavailable is 10% of 6 nodes by default; with --max-unavailable 4 it takes about 90 s instead of about 3 min, and up to 4 nodes may be down at once',
  );
  expect(shown.replaceAll('\n ', '')).toContain(`T${turns.slice(1)}`);
});

test('folds equal changes, and each different one can be read', () => {
  const same = ['n1', 'n2', 'n3'].map((name) => hostPlanned(name, { plan: hostPlan(name, { edits: [configEdit()] }) }));
  const other = hostPlanned('n9', { plan: hostPlan('n9', { edits: [modeEdit], restart: false }) });
  expect(planFolds(planResult([...same, other]), options).map(({ title }) => title)).toEqual([
    'n[1:3]: 3 nodes, the same change',
    'n9: 1 edit, no restart',
  ]);
  expect(planFolds(planResult(same), options)[0]?.text).toContain('+++ /var/lib/kubelet/config.yaml');
  const folded = planText(planResult([...same, other]), options, true);
  expect(folded).toMatch(/^n\[1:3\] \(kubeadm\): 1 edit, restart of kubelet\.service\n {2}3 nodes, the same change\n/);
  expect(folded).toContain('may break: Clients that ask');
  expect(folded).not.toContain('+++');
  // One change alone is shown as it is.
  expect(planText(planResult(same), options, true)).toBe(planText(planResult(same), options));
});

test('ends with the command that applies it, on one line', () => {
  const next = `kubelatch apply -i ${'far/'.repeat(40)}inventory.yaml`;
  const text = planText(planResult([hostPlanned('n1')]), { width: 80, style: plainStyle, next });
  expect(text.endsWith(`\n\nnext: ${next}\n`)).toBe(true);
});
