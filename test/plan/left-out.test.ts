import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { type Planned, planHost, completePlan } from '../../src/plan/host-plan.js';
import { withText } from '../../src/plan/simulate.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { planText } from '../../src/report/plan-text.js';
import type { PlanResult } from '../../src/report/model.js';
import { fileOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';

const cis = await loadPlaybook('k3s-cis');
const only = { ...cis, rules: cis.rules.filter(({ id }) => id === 'kernel-defaults') };
const panic = '/proc/sys/kernel/panic';

const withPanic = (text: string, facts = readNode('k3s-server-1.33').facts): NodeFacts => ({
  ...facts,
  files: new Map(facts.files).set(panic, fileOf(panic, text)),
});

function planFor(facts: NodeFacts, playbook = cis): Planned {
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error('no kubelet');
  const view = {
    facts,
    setup: { ...detected.setup, running: undefined },
    configz: undefined,
    kubeletVersion: undefined,
  };
  const evidence = { clientCertificates: [], clusterCa: undefined };
  const host = { host: 'n1', nodeName: 'n1', role: 'control-plane' } as const;
  return completePlan(planHost(host, view, detected.distro, [playbook]), evidence);
}

const leftOut = {
  rule: 'kernel-defaults',
  reason: 'the kubelet would not start with the current kernel settings: kernel.panic is 0',
  hint: 'first run: sysctl -w kernel.panic=10',
};

describe('a rule that something has to be done for by hand first', () => {
  it('is left out, and the rest is planned as if it were not asked for', () => {
    const unfit = planFor(withPanic('0\n'));
    const without = planFor(withPanic('0\n'), {
      ...cis,
      rules: cis.rules.filter(({ id }) => id !== 'kernel-defaults'),
    });
    if ('refused' in unfit || 'refused' in without) throw new Error('refused');
    expect(unfit.plan).toEqual({ ...without.plan, skippedRules: [leftOut] });
    expect(unfit.plan.edits.length).toBeGreaterThan(0);
    expect(unfit.plan.expect.map(({ setting }) => setting)).not.toContain('protectKernelDefaults');
    const fit = planFor(withPanic('10\n'));
    expect('plan' in fit && fit.plan).toMatchObject({ skippedRules: [] });
    expect('plan' in fit && fit.plan.fixes).toContain('kernel-defaults');
  });

  it('is the word of refusal where nothing else is to be done', () => {
    expect(planFor(withPanic('0\n'), only)).toEqual({
      refused: { reason: `kernel-defaults: ${leftOut.reason}`, hint: leftOut.hint },
    });
  });

  it('is skipped if a file of any folder undoes it at the next boot', () => {
    const path = '/usr/lib/sysctl.d/99-vendor.conf';
    const facts = withPanic('10\n');
    const planned = planFor({ ...facts, files: new Map(facts.files).set(path, fileOf(path, 'kernel.panic = 0\n')) });
    expect('plan' in planned && planned.plan.skippedRules).toEqual([
      expect.objectContaining({ reason: expect.stringContaining(`${path}:1 sets kernel.panic to 0`) as string }),
    ]);
  });

  it('refuses the whole node where the kubelet would not come back from any restart', () => {
    const facts = withPanic('0\n');
    const on = withText(facts, 'k3s.service', {
      path: '/etc/rancher/k3s/config.yaml',
      text: 'protect-kernel-defaults: true\n',
    });
    const planned = planFor(on);
    expect('refused' in planned && planned.refused.reason).toContain(
      'would not start with the current kernel settings: kernel.panic is 0',
    );
  });

  it('is shown with the plan', () => {
    const planned = planFor(withPanic('0\n'));
    if ('refused' in planned) throw new Error('refused');
    const host = { host: 'n1', role: 'control-plane', status: 'judged', findings: [], notes: [], plan: planned.plan };
    const result = { hosts: [host], clusterFindings: [], notes: [], waves: [], summary: {} } as unknown as PlanResult;
    const style = new Proxy({}, { get: () => (text: string) => text });
    const text = planText(result, { width: 300, style } as never);
    expect(text).toContain(`! skipped: kernel-defaults: ${leftOut.reason}; ${leftOut.hint}\n`);
  });
});

it('a node that cannot be changed is refused in one line, and left alone where nothing is to be done', () => {
  const { facts } = readNode('k3s-openrc');
  const refused = planFor(facts);
  expect('refused' in refused && refused.refused).toMatchObject({
    reason: expect.stringContaining('does not run systemd') as string,
    hint: expect.stringContaining('by hand') as string,
  });
  expect(planFor(facts, { ...cis, rules: [] })).toMatchObject({ plan: { edits: [], restart: false } });
});
